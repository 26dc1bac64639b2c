"""Do what holders press: Extend, Return, Let it end, Remind me after all, and what asks about a request: Remind, Cancel and Decline."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.assignments.service import AssignmentService
from bot.messages.approvals.forms import reason_in
from bot.messages.assignments import changing, extension_form
from bot.messages.blocks.parts import Message
from bot.messages.phrases import waiting
from bot.messages.requests import on_behalf
from bot.requests.changes import RequestChanges
from bot.requests.model import Kind
from handlers.replying.errors import CHANGE_NOT_SAVED, REQUEST_NOT_SAVED, explain_errors
from handlers.replying.form_answers import FormAnswers
from handlers.replying.interaction import sending_of
from handlers.replying.replies import Replies, Reply
from handlers.routes import Routes


def register(
    routes: Routes,
    *,
    changes: RequestChanges,
    assignments: AssignmentService,
    replies: Replies,
) -> None:
    answers = FormAnswers()

    @routes.action("latchkey_extend")
    async def extend(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Ask for an extension; in a form where somebody must know why."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=REQUEST_NOT_SAVED):
            form = await changes.find_extension_form(
                slack_user=reply.user, assignment_id=reply.value
            )
            if form is None:
                submitted = await changes.extend(slack_user=reply.user, assignment_id=reply.value)
                await reply.done(changing.extending(submitted.request, is_new=submitted.created))
            else:
                hint = form.rule.hint if form.rule is not None else None
                view = extension_form.ask_why(
                    form.assignment,
                    form.offer,
                    is_required=form.is_required,
                    hint=hint,
                    key=answers.keep(reply),
                )
                reply.open_form(view)
        await ack()

    @routes.view("latchkey_extension")
    async def extend_by_form(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save the extension with its reason."""
        assignment_id, key = extension_form.about(view)

        async def refuse(said: Mapping[str, Any]) -> None:
            await ack(response_action="errors", errors={"reason": str(said["text"])[:2_000]})

        async with explain_errors(refuse, busy=REQUEST_NOT_SAVED):
            submitted = await changes.extend(
                slack_user=body["user"]["id"],
                assignment_id=assignment_id,
                reason=reason_in(view),
                sending=sending_of(view),
            )
            said = changing.extending(submitted.request, is_new=submitted.created)
            pressed = answers.take(key)
            if pressed is None:
                await ack(response_action="update", view=extension_form.asked(said))
                return
            await pressed.finish(ack, view, said)

    async def give_back(click: Reply) -> Message:
        submitted = await changes.return_access(slack_user=click.user, assignment_id=click.value)
        return changing.returning(submitted.request, is_new=submitted.created)

    async def let_end(click: Reply) -> Message:
        assignment = await assignments.let_end(slack_user=click.user, assignment_id=click.value)
        return changing.letting_end(assignment)

    async def remind_again(click: Reply) -> Message:
        assignment, is_to_come = await assignments.remind_again(
            slack_user=click.user, assignment_id=click.value
        )
        return changing.reminded_again(assignment, is_to_come=is_to_come)

    async def cancel(click: Reply) -> Message:
        request = await changes.cancel(slack_user=click.user, request_id=click.value)
        return changing.canceled(request)

    async def remind(click: Reply) -> Message:
        return waiting.reminding(
            await changes.remind(slack_user=click.user, request_id=click.value)
        )

    async def decline(click: Reply) -> Message:
        request = await changes.decline(slack_user=click.user, request_id=click.value)
        if request.kind is Kind.REMOVE:
            return changing.returning(request, is_new=True)
        return on_behalf.declined(request)

    def on(
        action_id: str,
        act: Callable[[Reply], Awaitable[Message]],
        *,
        busy: str = REQUEST_NOT_SAVED,
    ) -> None:
        @routes.action(action_id)
        async def clicked(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
            reply = replies.to_click(body, action)
            async with explain_errors(reply.refuse, busy=busy):
                await reply.done(await act(reply))
            await ack()

    on("latchkey_return", give_back)
    on("latchkey_let_end", let_end, busy=CHANGE_NOT_SAVED)
    on("latchkey_remind_again", remind_again, busy=CHANGE_NOT_SAVED)
    on("latchkey_remind", remind, busy=CHANGE_NOT_SAVED)
    on("latchkey_cancel", cancel, busy=CHANGE_NOT_SAVED)
    on("latchkey_decline", decline, busy=CHANGE_NOT_SAVED)

"""Do what holders press: Extend, Return, Let it end, and Cancel for what is still pending."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.assignments.service import AssignmentService
from bot.messages import asking
from bot.messages.parts import Message
from bot.requests.service import RequestService
from handlers.background import Background
from handlers.errors import CHANGE_NOT_SAVED, REQUEST_NOT_SAVED, explain_errors
from handlers.interaction import Click, ephemeral_reply, read_click
from handlers.routes import Routes


def register(
    routes: Routes,
    *,
    requests: RequestService,
    assignments: AssignmentService,
    background: Background,
) -> None:
    async def extend(click: Click) -> Message:
        submitted = await requests.extend(slack_user=click.user, assignment_id=click.value)
        return asking.extending(submitted.request, is_new=submitted.created)

    async def give_back(click: Click) -> Message:
        submitted = await requests.return_access(slack_user=click.user, assignment_id=click.value)
        return asking.returning(submitted.request, is_new=submitted.created)

    async def let_end(click: Click) -> Message:
        assignment = await assignments.let_end(slack_user=click.user, assignment_id=click.value)
        return asking.letting_end(assignment)

    async def cancel(click: Click) -> Message:
        request = await requests.cancel(slack_user=click.user, request_id=click.value)
        return asking.canceled(request)

    def on(
        action_id: str,
        act: Callable[[Click], Awaitable[Message]],
        *,
        busy: str = REQUEST_NOT_SAVED,
    ) -> None:
        @routes.action(action_id)
        async def clicked(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
            click = read_click(body, action)
            say = ephemeral_reply(background, click)
            async with explain_errors(say, busy=busy):
                await say(await act(click))
            await ack()

    on("latchkey_extend", extend)
    on("latchkey_return", give_back)
    on("latchkey_let_end", let_end, busy=CHANGE_NOT_SAVED)
    on("latchkey_cancel", cancel, busy=CHANGE_NOT_SAVED)

"""Open the form of an emergency's review, and save what it says."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot import clock
from bot.emergencies.service import EmergencyService
from bot.messages.blocks.modals import said_in_modal
from bot.messages.blocks.parts import message
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.emergencies import emergency_review as words
from bot.words import _, translate
from handlers.replying.errors import DECISION_NOT_SAVED, NOT_READ, explain_errors
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(routes: Routes, *, emergencies: EmergencyService, replies: Replies) -> None:
    @routes.action("latchkey_emergency_review")
    async def open_form(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form, from the card of the emergency, unless it is known in time that this person may not review it."""
        reply = replies.to_click(body, action)

        async def is_refused() -> bool:
            why = await emergencies.find_reason_against(
                request_id=reply.value, slack_user=reply.user, team=reply.team
            )
            if why is not None:
                await reply.refuse(message(escape_sentence(translate(why))))
            return why is not None

        async with explain_errors(reply.say, busy=NOT_READ):
            found = await emergencies.find(reply.value)
            form = words.form(
                found.emergency, found.request, now=clock.now(), is_over=found.is_over
            )
            # How a closed one was reviewed, everybody reads who sees its card.
            reply.open_form(form, unless=is_refused if found.emergency.is_open else None)
        await ack()

    @routes.view(words.CALLBACK)
    async def close(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save what somebody finds; who they are is read right after."""

        async def show_error(message: Mapping[str, Any]) -> None:
            errors = {words.COMMENT: str(message["text"])[:2000]}
            await ack(response_action="errors", errors=errors)

        async with explain_errors(show_error, busy=DECISION_NOT_SAVED):
            finding, comment = words.finding_in(view), words.comment_in(view)
            if finding is None:
                await ack(response_action="errors", errors={words.FINDING: _("Please choose one.")})
                return
            if not comment:
                await show_error({"text": _("Please say why.")})
                return
            await emergencies.review(
                request_id=str(view.get("private_metadata") or ""),
                slack_user=body["user"]["id"],
                team=body["user"].get("team_id"),
                finding=finding,
                comment=comment,
            )
            said = said_in_modal(words.saved(), title=words.title())
            await ack(response_action="update", view=said)

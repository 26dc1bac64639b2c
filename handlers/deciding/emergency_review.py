"""Open the form of an emergency's review, and save what it says."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot import clock
from bot.emergencies.service import EmergencyService
from bot.messages.blocks.modals import said_in_modal
from bot.messages.emergencies import emergency_review as words
from bot.words import _
from handlers.replying.errors import DECISION_NOT_SAVED, NOT_READ, explain_errors
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(routes: Routes, *, emergencies: EmergencyService, replies: Replies) -> None:
    @routes.action("latchkey_emergency_review")
    async def open_form(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form, from the card of the emergency."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=NOT_READ):
            found = await emergencies.find(reply.value)
            reply.open_form(words.form(found.emergency, found.request, now=clock.now()))
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

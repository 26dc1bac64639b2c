"""Adopt a mismatch of drift, or ignore it until a moment; Remove is the form of every other removal."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.drift.service import DriftService
from bot.messages.admins import drift as words
from bot.messages.approvals.forms import reason_in
from bot.messages.blocks.modals import said_in_modal
from bot.messages.blocks.parts import Message
from bot.people.guard import Guard
from bot.people.model import Verb
from bot.words import _
from handlers.replying.afterwards import say_if_refused
from handlers.replying.background import Background
from handlers.replying.errors import CHANGE_NOT_SAVED, explain_errors
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(
    routes: Routes, *, drift: DriftService, guard: Guard, replies: Replies, background: Background
) -> None:
    @routes.action("latchkey_drift_adopt")
    async def adopt(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Save that an admin says it is right as it is."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=CHANGE_NOT_SAVED):
            wanted = await drift.adopt(slack_user=reply.user, mismatch_id=reply.value)
            await reply.done(words.adopting(wanted))
        await ack()

    @routes.action("latchkey_drift_ignore")
    async def ask_until(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Ask until when it is ignored."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=CHANGE_NOT_SAVED):
            found = await drift.find(slack_user=reply.user, mismatch_id=reply.value)
            reply.open_form(words.form(found))
        await ack()

    @routes.view(words.UNTIL)
    async def ignore(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save until when it is ignored."""
        user, mismatch_id = body["user"]["id"], str(view.get("private_metadata") or "")

        async def show_error(said: Mapping[str, Any]) -> None:
            await ack(response_action="errors", errors={words.END: str(said["text"])[:2_000]})

        async with explain_errors(show_error, busy=CHANGE_NOT_SAVED):
            until = words.end_in(view)
            if until is None:
                await show_error({"text": _("Please choose a moment within the next year.")})
                return
            wanted = await drift.ignore(
                slack_user=user, mismatch_id=mismatch_id, until=until, why=reason_in(view) or None
            )
            said = said_in_modal(words.ignoring(wanted, until), title=_("Ignore until"))
            await ack(response_action="update", view=said)

            async def say(words: Message) -> None:
                refused = said_in_modal(words, title=_("Ignore until"))
                replies.update_view(view.get("id"), refused)

            say_if_refused(background, guard, user=user, verb=Verb.IGNORE, say=say)

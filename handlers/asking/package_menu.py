"""Offer packages while somebody types, and open the form from Home, an answer or a shortcut."""

from collections.abc import Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck

from bot.messages.requests import package_menu
from bot.messages.requests.shortcut_reason import reason_from_message
from bot.requests.asking.forms import RequestForms
from handlers.replying.errors import NOT_READ, explain_errors
from handlers.replying.replies import Replies
from handlers.replying.request_opening import open_request_form
from handlers.routes import Routes

NOTHING: Final = "-"


def register(routes: Routes, *, forms: RequestForms, replies: Replies) -> None:
    @routes.options("latchkey_package")
    async def suggest(ack: AsyncAck, body: dict[str, Any]) -> None:
        """Answer with the packages that have what was typed in their names, from our own rows."""
        # What cannot be read is no empty menu: without an answer of ours, Slack says itself that it could not load.
        found = await forms.suggest_packages(
            slack_user=body["user"]["id"], typed=str(body.get("value") or "")
        )
        if not found:
            await ack(options=[])
            return
        await ack(option_groups=package_menu.option_groups(found))

    @routes.action("latchkey_new_request")
    async def open_from_button(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the form from Home or from an answer, with the reason that was given before."""
        await ack()
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=NOT_READ):
            reason = None
            if reply.value != NOTHING:
                _, reason = await forms.find_form(slack_user=reply.user, about=reply.value)
            open_request_form(forms=forms, reply=reply, reason=reason)

    def open_from_shortcut(body: Mapping[str, Any], reason: str | None) -> None:
        open_request_form(forms=forms, reply=replies.to_shortcut(body), reason=reason)

    @routes.shortcut("latchkey_request_shortcut")
    async def open_anywhere(ack: AsyncAck, body: dict[str, Any]) -> None:
        """Open the form from the menu of shortcuts."""
        await ack()
        open_from_shortcut(body, None)

    @routes.shortcut("latchkey_request_message")
    async def open_from_message(ack: AsyncAck, body: dict[str, Any]) -> None:
        """Open the form from a message; its text and its address are the beginning of the reason."""
        await ack()
        message, team = body.get("message") or {}, body.get("team") or {}
        open_from_shortcut(
            body,
            reason_from_message(
                text=message.get("text"),
                domain=team.get("domain"),
                channel=(body.get("channel") or {}).get("id"),
                ts=message.get("ts") or body.get("message_ts"),
            ),
        )

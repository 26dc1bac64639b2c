"""Hear of links that people open, and list all that they can open of a package."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.assignments.openings import AccessOpenings
from bot.messages.assignments.opening import everything_to_open
from handlers.replying.errors import NOT_READ, explain_errors
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(routes: Routes, *, openings: AccessOpenings, replies: Replies) -> None:
    @routes.action("latchkey_open")
    @routes.action("latchkey_open_2")
    @routes.action("latchkey_open_3")
    async def opened(ack: AsyncAck) -> None:
        """Acknowledge that a link was opened: the browser goes there by itself."""
        await ack()

    @routes.action("latchkey_open_all")
    async def show(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """List everything that a package opens, for whoever has it."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=NOT_READ):
            held, found = await openings.of_package(slack_user=reply.user, package_id=reply.value)
            await reply.say(everything_to_open(held.package_name, found))
        await ack()

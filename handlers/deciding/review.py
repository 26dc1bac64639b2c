"""Show the whole card of a request in a modal, from a Review button."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.approvals.review import ReviewCards
from handlers.replying.errors import NOT_READ, explain_errors
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(routes: Routes, *, reviews: ReviewCards, replies: Replies) -> None:
    @routes.action("latchkey_review")
    async def review(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the card, unless it is known in time that this person may not see it."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=NOT_READ):
            found = await reviews.find(slack_user=reply.user, request_id=reply.value)
            reply.open_checked(lambda: reviews.drawn(found, team=reply.team))
        await ack()

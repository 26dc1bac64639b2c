"""Show every answer in full, from the "All answers" button of a card."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.approvals.review import ReviewCards
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(routes: Routes, *, reviews: ReviewCards, replies: Replies) -> None:
    @routes.action("latchkey_answers")
    async def show_answers(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Open the answers, or say why this person may not see them."""
        await ack()
        reply = replies.to_click(body, action)
        reply.open_checked(
            lambda: reviews.answers(slack_user=reply.user, request_id=reply.value, team=reply.team)
        )

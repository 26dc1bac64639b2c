"""Show the whole card of a request in a modal, from a Review button."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.approvals.review import Reviews
from handlers.background import Background
from handlers.errors import NOT_READ, explain_errors
from handlers.interaction import ephemeral_reply, read_click
from handlers.routes import Routes


def register(routes: Routes, *, reviews: Reviews, background: Background) -> None:
    @routes.action("latchkey_review")
    async def review(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        click = read_click(body, action)
        say = ephemeral_reply(background, click)
        async with explain_errors(say, busy=NOT_READ):
            view = await reviews.drawn(slack_user=click.user, request_id=click.value)
            background.open_form(
                trigger_id=click.trigger_id,
                view=view,
                channel=click.channel,
                user=click.user,
                is_over_modal=(body.get("view") or {}).get("type") == "modal",
            )
        await ack()

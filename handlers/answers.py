"""Show every answer in full, from the "All answers" button of a card."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.messages.answers import all_answers
from bot.requests.service import RequestService
from handlers.background import Background
from handlers.errors import NOT_READ, explain_errors
from handlers.interaction import ephemeral_reply, read_click
from handlers.routes import Routes


def register(routes: Routes, *, requests: RequestService, background: Background) -> None:
    @routes.action("latchkey_answers")
    async def show_answers(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        click = read_click(body, action)
        say = ephemeral_reply(background, click)
        async with explain_errors(say, busy=NOT_READ):
            request = await requests.read_answers(slack_user=click.user, request_id=click.value)
            background.open_form(
                trigger_id=click.trigger_id,
                view=all_answers(request),
                channel=click.channel,
                user=click.user,
            )

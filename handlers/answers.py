"""The "All answers" button of a card: everything that was answered, whole."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.desk import Desk
from bot.messages.answers import all_answers
from handlers.background import After
from handlers.errors import explained
from handlers.interaction import read_click, teller
from handlers.routes import Deeds


def register(deeds: Deeds, *, desk: Desk, after: After) -> None:
    @deeds.action("latchkey_answers")
    async def show_answers(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        click = read_click(body, action)
        say = teller(after, click)
        async with explained(say):
            request = await desk.answers(slack_user=click.user, request_id=click.value)
            after.open_form(
                trigger_id=click.trigger_id,
                view=all_answers(request),
                channel=click.channel,
                user=click.user,
            )

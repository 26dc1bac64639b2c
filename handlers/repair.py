"""The Retry and Give up buttons of requests that are held."""

from collections.abc import Callable
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.desk import Desk
from bot.messages import repairing
from bot.messages.parts import Message
from bot.people.model import Verb
from bot.requests.model import Request
from handlers.background import After
from handlers.errors import explained
from handlers.interaction import read_click, teller
from handlers.routes import Deeds


def register(deeds: Deeds, *, desk: Desk, after: After) -> None:
    def on(action_id: str, verb: Verb, words: Callable[[Request], Message]) -> None:
        @deeds.action(action_id)
        async def clicked(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
            click = read_click(body, action)
            say = teller(after, click)
            async with explained(say):
                request = await desk.repair(slack_user=click.user, hold_id=click.value, verb=verb)
                await say(words(request))
            await ack()

    on("latchkey_retry", Verb.RETRY, repairing.retrying)
    on("latchkey_give_up", Verb.GIVE_UP, repairing.giving_up)

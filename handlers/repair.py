"""Retry stuck requests, or give them up."""

from collections.abc import Callable
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.messages import repairing
from bot.messages.parts import Message
from bot.people.model import Verb
from bot.requests.model import Request
from bot.requests.service import RequestService
from handlers.background import Background
from handlers.errors import CHANGE_NOT_SAVED, explain_errors
from handlers.interaction import ephemeral_reply, read_click
from handlers.routes import Routes


def register(routes: Routes, *, requests: RequestService, background: Background) -> None:
    def on(action_id: str, verb: Verb, words: Callable[[Request], Message]) -> None:
        @routes.action(action_id)
        async def clicked(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
            click = read_click(body, action)
            say = ephemeral_reply(background, click)
            async with explain_errors(say, busy=CHANGE_NOT_SAVED):
                request = await requests.repair(
                    slack_user=click.user, hold_id=click.value, verb=verb
                )
                await say(words(request))
            await ack()

    on("latchkey_retry", Verb.RETRY, repairing.retrying)
    on("latchkey_give_up", Verb.GIVE_UP, repairing.giving_up)

"""Retry stuck requests, or give them up."""

from collections.abc import Callable
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.messages.admins import repairing
from bot.messages.blocks.parts import Message
from bot.people.model import Verb
from bot.requests.changes import RequestChanges
from bot.requests.model import Request
from handlers.replying.errors import CHANGE_NOT_SAVED, explain_errors
from handlers.replying.replies import Replies
from handlers.routes import Routes


def register(routes: Routes, *, changes: RequestChanges, replies: Replies) -> None:
    def on(action_id: str, verb: Verb, words: Callable[[Request], Message]) -> None:
        @routes.action(action_id)
        async def clicked(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
            reply = replies.to_click(body, action)
            async with explain_errors(reply.refuse, busy=CHANGE_NOT_SAVED):
                request = await changes.repair(
                    slack_user=reply.user, hold_id=reply.value, verb=verb
                )
                await reply.done(words(request))
            await ack()

    on("latchkey_retry", Verb.RETRY, repairing.retrying)
    on("latchkey_give_up", Verb.GIVE_UP, repairing.giving_up)

"""``/my-access``: what I have, until when, and what I wait for."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.access import Desk
from bot.messages import asking
from bot.messages.pages import split_page
from handlers.deeds import Deeds
from handlers.errors import explained


def register(deeds: Deeds, *, desk: Desk) -> None:
    @deeds.command("/my-access")
    async def my_access(ack: AsyncAck, command: dict[str, Any]) -> None:
        async def say(message: Mapping[str, Any]) -> None:
            await ack(**message)

        async with explained(say):
            standing = await desk.standing_of(command["user_id"])
            _, page = split_page(command.get("text") or "")
            await say(
                asking.my_access(
                    standing.held, standing.waiting, extendable=standing.extendable, page=page
                )
            )

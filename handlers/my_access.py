"""Answer ``/my-access``: the caller's access packages, until when, and their open requests, a page at a time."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.messages import asking
from bot.messages.pages import split_page
from bot.messages.parts import Message
from bot.paging import ListName, page_number
from bot.requests.lists import RequestLists
from bot.requests.overview import AccessOverview
from handlers.background import Background
from handlers.errors import NOT_READ, explain_errors
from handlers.interaction import ephemeral_reply, read_click, read_next
from handlers.routes import Routes

MINE = frozenset({ListName.MINE, ListName.ASKED})


def register(routes: Routes, *, request_lists: RequestLists, background: Background) -> None:
    @routes.command("/my-access")
    async def my_access(ack: AsyncAck, command: dict[str, Any]) -> None:
        async def say(message: Mapping[str, Any]) -> None:
            await ack(**message)

        async with explain_errors(say, busy=NOT_READ):
            _, page = split_page(command.get("text") or "")
            skip = page_number(page).skip
            await say(_shown(await request_lists.access_overview(command["user_id"], skip=skip)))

    @routes.action("latchkey_my_more")
    async def more(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Next, below that list: show the list of whoever presses it."""
        click = read_click(body, action)
        say = ephemeral_reply(background, click)
        async with explain_errors(say, busy=NOT_READ):
            place = read_next(click, MINE)
            await say(_shown(await request_lists.access_overview(click.user, place)))
        await ack()


def _shown(overview: AccessOverview) -> Message:
    return asking.my_access(
        overview.held,
        overview.waiting,
        asked=overview.asked,
        extendable=overview.extendable,
    )

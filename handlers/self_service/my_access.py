"""Answer ``/my-access``: the caller's access packages, until when, and their open requests, a page at a time; their past ones; and ``/my-access delegate``, ``connect`` and ``disconnect``."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.accounts.connecting import Connecting
from bot.approvals.delegations import DelegationService, read_words
from bot.errors import LatchkeyError
from bot.messages.approvals import delegating
from bot.messages.blocks.pages import read_page
from bot.messages.blocks.parts import Message
from bot.messages.overviews.helping import HELP, help_message, unknown_words
from bot.paging import NAMED_LISTS, ListName, Place, page_number
from bot.words import N_
from handlers.replying.accounts import connect_account, disconnect_account
from handlers.replying.errors import CHANGE_NOT_SAVED, NOT_READ, explain_errors
from handlers.replying.interaction import read_next
from handlers.replying.lists import Lists
from handlers.replying.replies import Replies
from handlers.routes import Routes

# What people type about their Microsoft account.
ABOUT_ACCOUNT = {"connect": connect_account, "disconnect": disconnect_account}
MINE = frozenset(
    {ListName.MINE, ListName.ASKED, ListName.PAST, ListName.DECIDED, ListName.TO_DECIDE}
)


def register(
    routes: Routes,
    *,
    lists: Lists,
    delegations: DelegationService,
    accounts: Connecting,
    replies: Replies,
) -> None:
    @routes.command("/my-access")
    async def my_access(ack: AsyncAck, command: dict[str, Any]) -> None:
        async def say(message: Mapping[str, Any]) -> None:
            await ack(**message)

        text = command.get("text") or ""
        if text.strip().lower() in HELP:
            await say(help_message())
            return
        first, _, rest = text.strip().partition(" ")
        if first.casefold() == "delegate":
            async with explain_errors(say, busy=CHANGE_NOT_SAVED):
                await say(await _delegate(lists, delegations, command["user_id"], rest))
            return
        about_account = ABOUT_ACCOUNT.get(text.strip().casefold())
        if about_account is not None:
            await about_account(accounts, replies.to_command(command))
            await ack()
            return
        async with explain_errors(say, busy=NOT_READ):
            named = NAMED_LISTS.get(text.strip().casefold())
            if named is not None:
                await say(await lists.draw(command["user_id"], Place(list=named)))
                return
            page = read_page(text)
            if page is None:
                await say(unknown_words(text.strip()))
                return
            place = Place(list=ListName.MINE, skip=page_number(page).skip)
            await say(await lists.draw(command["user_id"], place))

    @routes.action("latchkey_my_access")
    async def show(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Show the same list, from a My access button."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=NOT_READ):
            await reply.say(await lists.draw(reply.user, Place(list=ListName.MINE)))
        await ack()

    @routes.action("latchkey_my_more")
    async def more(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Next, below that list, Past requests, or Show all, in Home: show the list of whoever presses it."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=NOT_READ):
            place = read_next(reply.value, MINE)
            await reply.turn(await lists.draw(reply.user, place))
        await ack()


async def _delegate(lists: Lists, delegations: DelegationService, user: str, text: str) -> Message:
    """Let somebody decide for the caller, or list who does and for whom they do."""
    words = read_words(text)
    if words is None:
        return await lists.draw(user, Place(list=ListName.DELEGATIONS))
    if words.delegator not in {None, user}:
        raise LatchkeyError(
            N_("You can let somebody decide for yourself only; an admin can for others.")
        )
    made = await delegations.delegate(
        delegator=user,
        delegate=words.delegate,
        ends_at=delegations.read_end(words.until, slack_user=user),
    )
    return delegating.made(made, reader=user, limits=delegations.limits)

"""``/access-admin pending | held | assignments | remove``, and the Remove buttons."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from slack_bolt.async_app import AsyncAck

from bot.access import Desk
from bot.errors import LatchkeyError, UnknownPackage
from bot.messages import deciding, repairing, troubles
from bot.messages.pages import split_page
from bot.messages.parts import Message
from bot.patience import answered
from bot.whom import Listing
from handlers.after import After
from handlers.clicks import read_click, teller
from handlers.deeds import Deeds
from handlers.errors import Say, explained

# Slack waits three seconds; whom an admin means is sometimes known to Slack and Entra alone.
ANSWER_SECONDS: Final = 1.5


def register(deeds: Deeds, *, desk: Desk, after: After) -> None:
    @deeds.command("/access-admin")
    async def access_admin(ack: AsyncAck, command: dict[str, Any]) -> None:
        async def say(message: Mapping[str, Any]) -> None:
            await ack(**message)

        async def say_later(message: Mapping[str, Any]) -> None:
            after.whisper(
                channel=command.get("channel_id"), user=command["user_id"], message=message
            )

        answer = asyncio.ensure_future(_answer(desk, command["user_id"], command.get("text") or ""))
        await asyncio.wait({answer}, timeout=ANSWER_SECONDS)
        if answer.done():
            await _give(answer, say)
            return
        await say(deciding.looking())
        answered()
        after.start(partial(_give, answer, say_later))

    @deeds.action("latchkey_remove")
    async def remove(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """A Remove button, behind its confirm dialog."""
        click = read_click(body, action)
        say = teller(after, click)
        async with explained(say):
            taken = await desk.remove(slack_user=click.user, assignment_id=click.value)
            await say(deciding.removing(taken.request, is_new=taken.is_new))
        await ack()

    @deeds.action("latchkey_reprocess")
    async def reprocess(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """A Reprocess button, on a card or in a list."""
        click = read_click(body, action)
        say = teller(after, click)
        async with explained(say):
            row = await desk.reprocess(slack_user=click.user, assignment_id=click.value)
            await say(troubles.reprocessing(row))
        await ack()


async def _give(answer: asyncio.Future[Message], say: Say) -> None:
    """Say what was found, or why nothing was."""
    async with explained(say):
        try:
            await say(await answer)
        except UnknownPackage as unknown:
            names = [f"“{each}”" for each in unknown.near[:3]]
            near = f" Did you mean {' or '.join(names)}?" if names else ""
            raise LatchkeyError(f"{unknown}{near}") from None


async def _answer(desk: Desk, user: str, text: str) -> Message:
    verb, _, rest = text.strip().partition(" ")
    verb = verb.lower()
    if verb == "pending":
        _, page = split_page(rest)
        return deciding.pending(await desk.pending(slack_user=user), reader=user, page=page)
    if verb == "held":
        _, page = split_page(rest)
        return repairing.listed(await desk.held(slack_user=user), page=page)
    if verb == "assignments":
        narrowed, page = split_page(rest)
        return await _listed(desk, await desk.look_up(slack_user=user, text=narrowed), page=page)
    if verb == "remove":
        return await _remove(desk, user, rest)
    # Not even the help is for everybody: they are told what is for them.
    await desk.pending(slack_user=user)
    return deciding.admin_help()


async def _listed(desk: Desk, listing: Listing, *notes: str, page: int = 1) -> Message:
    whom = listing.whom
    said = [each for each in (whom and whom.doubt, listing.note, *notes) if each]
    return deciding.assignments(
        listing.rows,
        package=listing.package.name if listing.package else None,
        whom=whom.shown if whom else None,
        notes=said,
        automatic=await desk.automatic_policies(),
        page=page,
    )


async def _remove(desk: Desk, user: str, rest: str) -> Message:
    """Everything said, with a reason, of one person for certain: do it.  Otherwise the list, whose buttons ask once more."""
    wish = await desk.read_wish(slack_user=user, text=rest)
    # A page is behind a list, and may be the last words of a reason.
    named, page = (wish.name, 1) if wish.reason else split_page(rest)
    listing = await desk.look_up(slack_user=user, text=named)
    whom, package, rows = listing.whom, listing.package, listing.rows
    if whom is None or package is None or wish.reason is None:
        return await _listed(desk, listing, page=page)
    if not rows:
        raise LatchkeyError(f"They do not have {package.name}: neither I nor Entra know of it.")
    if whom.doubt is not None or len(rows) > 1:
        return await _listed(desk, listing, "Please press Remove for what you mean.")
    taken = await desk.remove(slack_user=user, assignment_id=rows[0].id, reason=wish.reason)
    return deciding.removing(taken.request, is_new=taken.is_new)

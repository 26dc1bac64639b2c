"""``/access-admin pending | held | assignments | remove``, and the Remove buttons."""

import re
from collections.abc import Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck

from bot.access import Desk
from bot.errors import LatchkeyError, UnknownPackage
from bot.messages import deciding, repairing
from bot.messages.pages import split_page
from bot.messages.parts import Message
from handlers.after import After
from handlers.clicks import read_click, teller
from handlers.deeds import Deeds
from handlers.errors import explained

MENTION: Final = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


def register(deeds: Deeds, *, desk: Desk, after: After) -> None:
    @deeds.command("/access-admin")
    async def access_admin(ack: AsyncAck, command: dict[str, Any]) -> None:
        async def say(message: Mapping[str, Any]) -> None:
            await ack(**message)

        async with explained(say):
            try:
                await say(await _answer(desk, command["user_id"], command.get("text") or ""))
            except UnknownPackage as unknown:
                names = [f"“{each}”" for each in unknown.near[:3]]
                near = f" Did you mean {' or '.join(names)}?" if names else ""
                raise LatchkeyError(f"{unknown}{near}") from None

    @deeds.action("latchkey_remove")
    async def remove(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """A Remove button, behind its confirm dialog."""
        click = read_click(body, action)
        say = teller(after, click)
        async with explained(say):
            taken = await desk.remove(slack_user=click.user, assignment_id=click.value)
            await say(deciding.removing(taken.request, is_new=taken.is_new))
        await ack()


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
        return await _assignments(desk, user, rest)
    if verb == "remove":
        return await _remove(desk, user, rest)
    # Not even the help is for everybody: they are told what is for them.
    await desk.pending(slack_user=user)
    return deciding.admin_help()


async def _assignments(desk: Desk, user: str, rest: str) -> Message:
    narrowed, page = split_page(rest)
    holder, package = _who_and_what(narrowed)
    rows, found = await desk.assignments(slack_user=user, package=package, holder=holder)
    return deciding.assignments(
        rows, package=found.name if found else None, holder=holder, page=page
    )


async def _remove(desk: Desk, user: str, rest: str) -> Message:
    """Everything said, with a reason: do it.  Otherwise the list, whose buttons ask once more."""
    wish = await desk.read_wish(slack_user=user, text=rest, ignoring=MENTION)
    holder, package = _who_and_what(wish.name)
    if holder is None or package is None or wish.reason is None:
        return await _assignments(desk, user, wish.name)
    rows, found = await desk.assignments(slack_user=user, package=package, holder=holder)
    if not rows:
        raise LatchkeyError(f"They do not have {found.name if found else package}.")
    taken = await desk.remove(slack_user=user, assignment_id=rows[0].id, reason=wish.reason)
    return deciding.removing(taken.request, is_new=taken.is_new)


def _who_and_what(text: str) -> tuple[str | None, str | None]:
    """The person mentioned in a text, and the rest of it as a package's name."""
    if len(set(MENTION.findall(text))) > 1:
        raise LatchkeyError("One person at a time, please: you named several.")
    mentioned = MENTION.search(text)
    rest = MENTION.sub(" ", text).strip()
    if mentioned is None and rest.startswith("@"):
        raise LatchkeyError(
            f"I do not know who {rest.split()[0]} is: pick the person from Slack's list while typing."
        )
    return (mentioned.group(1) if mentioned else None), rest or None

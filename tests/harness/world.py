"""A world by the clock: the stand-ins, the real bot between them, and people to act as."""

import asyncio
import copy
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bot import clock
from bot.app import Latchkey
from bot.database import Busy
from bot.database.audit_log import audit
from bot.database.replicas import turns
from bot.requests.store import requests
from bot.timing import WAITS, Waits
from sandbox.run import StandIns
from sandbox.slack import Message, Outcome, View, Workspace
from sandbox.tenant import Tenant, seed
from sandbox.tenant.exchange import Call
from tests.harness.simulation import QUICK, Pauses, Simulation, simulation

ANN, CY, BO, DANA, MIA, GUS, EVE = "U0ANN", "U0CY", "U0BO", "U0DANA", "U0MIA", "U0GUS", "U0EVE"
GENERAL, APPROVALS, PARTNERS = "C0GENERAL", "C0APPROVALS", "C0PARTNERS"
ENTRA_ID: Final = {
    ANN: seed.ANN,
    CY: seed.CY,
    BO: seed.BO,
    DANA: seed.DANA,
    MIA: seed.MIA,
    GUS: seed.GUS,
}
MONTH: Final = timedelta(days=30)
# Seconds before the second look for something that a test waits for, and between two at most.
FIRST_LOOK: Final = 0.02
LONGEST_LOOK: Final = 2.0
# For a form that may open or not.
FORM_LOOKS: Final = 100
# Longer than every lease, back-off and settle time on the way to anything.
PATIENCE: Final = 1_800.0


async def eventually(
    fact: Callable[..., Any], *, seconds: float = PATIENCE, about: str = ""
) -> Any:
    """
    Wait until *fact*, a function or a coroutine function, gives something true; return that.

    Args:
        seconds: How long, by the loop's own clock: in simulated time it costs nothing.

    Raises:
        AssertionError: It did not.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    pause = FIRST_LOOK
    while True:
        try:
            value = fact()
            if isinstance(value, Awaitable):
                value = await value
        except Busy:
            # Not yet, on a machine that has much to do.
            value = None
        if value:
            return value
        assert loop.time() < end, f"not within {seconds} s: {about or fact}"
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_LOOK)


def said(message: Message | Mapping[str, Any] | View | None) -> str:
    """Everything that a message or view says, its text and its blocks', in one string."""
    if message is None:
        return ""
    if isinstance(message, Message):
        return "\n".join([message.text, *_texts(message.blocks)])
    return "\n".join(_texts(message.blocks if isinstance(message, View) else message))


def _texts(part: Any) -> list[str]:
    if isinstance(part, Mapping):
        own = [part["text"]] if isinstance(part.get("text"), str) else []
        return own + [text for each in part.values() for text in _texts(each)]
    if isinstance(part, Sequence) and not isinstance(part, str):
        return [text for each in part for text in _texts(each)]
    return []


async def say_why_extended(
    slack: Workspace, user: str, why: str, *, about: str = ""
) -> Outcome | None:
    """
    Fill the form that Extend opens, if it opens soon.

    Args:
        about: The package, where another form may have been left open.
    """
    for _ in range(FORM_LOOKS):
        modals = slack.person(user).modals
        form = modals[-1] if modals else None
        is_form = form is not None and form.callback_id == "latchkey_extension"
        if form is not None and is_form and about in said(form):
            return await slack.submit(
                user=user, view_id=form.id, values={"reason": {"reason": why}}
            )
        await asyncio.sleep(FIRST_LOOK)
    return None


def buttons(shown: Message | View | None) -> list[dict[str, Any]]:
    """The buttons of a message or view, each with the ``block_id`` it stands in."""
    found = []
    for block in shown.blocks if shown else []:
        for element in (*block.get("elements", ()), block.get("accessory")):
            if isinstance(element, dict) and element.get("type") == "button":
                found.append({**element, "block_id": block.get("block_id")})
    return found


def labels(shown: Message | View | None) -> list[str]:
    """Return what stands on the buttons of a message or view."""
    return [button["text"]["text"] for button in buttons(shown)]


@dataclass
class World:
    """People in front of the stand-in Slack, the real bot, and the tenant behind it."""

    outside: StandIns
    bot: Latchkey

    @property
    def slack(self) -> Workspace:
        return self.outside.workspace

    @property
    def tenant(self) -> Tenant:
        return self.outside.tenant

    # -- what people do --------------------------------------------------------------------

    async def type(self, user: str, text: str, *, channel: str = GENERAL) -> Outcome:
        """Type a slash command, ``/request-access marketing-campaign``."""
        command, _, rest = text.partition(" ")
        return await self.slack.command(user=user, channel=channel, command=command, text=rest)

    async def press(
        self, user: str, shown: Message, label: str, *, about: str | None = None
    ) -> Outcome:
        """
        Press the button labeled *label* in a message.

        Args:
            about: A part of the accessibility label, where several buttons say the same.
        """
        button = _button(shown, label, about)
        return await self.slack.click(
            user=user,
            channel=shown.channel,
            ts=shown.ts,
            action_id=button["action_id"],
            block_id=button["block_id"],
            value=button["value"],
        )

    async def press_home(self, user: str, label: str, *, about: str | None = None) -> Outcome:
        """Press a button in somebody's App Home."""
        home = self.home(user)
        assert home is not None, f"{user} has no App Home yet"
        button = _button(home, label, about)
        return await self.slack.click_view(
            user=user,
            view_id=home.id,
            action_id=button["action_id"],
            block_id=button["block_id"],
            value=button["value"],
        )

    async def extend(
        self, user: str, shown: Message, *, why: str = "Still needed", about: str | None = None
    ) -> Outcome:
        """Press Extend in a message, and say why if a form opens, as it does where somebody must know."""
        pressed = await self.press(user, shown, "Extend", about=about)
        return await say_why_extended(self.slack, user, why) or pressed

    async def give_reason(self, user: str, reason: str) -> Outcome:
        """Fill the form that has just opened for *user*, and send it."""
        form = await eventually(lambda: self.form(user), about=f"a form for {user}")
        return await self.slack.submit(
            user=user, view_id=form.id, values={"reason": {"reason": reason}}
        )

    def leave_open(self, form: View) -> None:
        """Show a form as it was before it was sent: Slack has heard no answer in time, and leaves it open."""
        shown = copy.deepcopy(form)
        self.slack.views[form.id] = shown
        self.slack.person(form.user).modals[:] = [shown]

    async def later(self, by: timedelta) -> None:
        """Move the clock, and wait until everything that this made due has been looked at."""
        self.outside.clock.shift(by)
        await self.synced()

    async def looked_at_everything(self) -> None:
        """Wait for the bot's first look at Graph."""
        await eventually(
            lambda: self.bot.jobs.statuses["sync"].last_success,
            about=f"the first sync; {self.bot.jobs.statuses['sync'].last_error}",
        )

    async def synced(self) -> None:
        """Wait for a whole look at Graph that began after this call."""
        jobs, began = self.bot.jobs, clock.real()
        status, before = jobs.statuses["sync"], jobs.statuses["sync"].last_success
        jobs.wake_all()

        async def is_done() -> bool:
            if status.last_success == before:
                return False
            # One that was under way may have read before what the test has just done.
            state = await self.bot.store.read(turns.get, jobs._syncs["sync"].name)
            begun, ended = state.began_at, state.succeeded_at
            return begun is not None and ended is not None and began <= begun <= ended

        await eventually(is_done, about=f"a sync; {status.last_error}")

    # -- what people see -------------------------------------------------------------------

    def direct(self, user: str) -> list[Message]:
        """The direct messages between *user* and the bot, oldest first."""
        return [message for message in self.slack.dm(user).seen_by(user) if message.by_app]

    def cards(self, channel: str, about: str = "") -> list[Message]:
        """
        Approval cards, open and decided, that the bot has put into a channel or sent to a person.

        Args:
            about: A part of the title, "Ann Abara asks for Finance".
        """
        place = self.slack.dm(channel) if channel.startswith("U") else self.slack.channel(channel)
        return [
            message
            for message in place.messages
            if not message.deleted
            and re.search("asks for|asks to extend", message.text)
            and about in message.text
        ]

    async def card(self, channel: str, about: str = "") -> Message:
        """The newest card there, as soon as it is open for a decision."""

        def newest() -> Message | None:
            found = self.cards(channel, about)
            return found[-1] if found and "Approve" in labels(found[-1]) else None

        card: Message = await eventually(newest, about=f"an open card in {channel}")
        return card

    async def told(self, user: str, pattern: str, *, times: int = 1) -> Message:
        """The newest direct message to *user* that matches, once there are so many of them."""

        def matching() -> list[Message]:
            return [each for each in self.direct(user) if re.search(pattern, said(each))]

        await eventually(lambda: len(matching()) >= times, about=f"{user} is told {pattern!r}")
        assert len(matching()) == times, f"{user} was told {pattern!r} {len(matching())} times"
        return matching()[-1]

    def whispers(self, user: str, channel: str) -> list[str]:
        """Return what only *user* sees in a channel, oldest first."""
        return [
            said(message)
            for message in self.slack.channel(channel).seen_by(user)
            if message.ephemeral_to == user
        ]

    async def whispered(self, user: str, channel: str, pattern: str) -> str:
        """Return what only *user* was told in a channel, as soon as it is there."""

        def matching() -> str | None:
            found = [each for each in self.whispers(user, channel) if re.search(pattern, each)]
            return found[-1] if found else None

        whisper: str = await eventually(matching, about=f"{user} is whispered {pattern!r}")
        return whisper

    def form(self, user: str) -> View | None:
        """The modal on top, in front of *user*."""
        modals = self.slack.person(user).modals
        return modals[-1] if modals else None

    def home(self, user: str) -> View | None:
        return self.slack.person(user).home

    # -- what Microsoft and the database hold ----------------------------------------------

    def posts(self, kind: str = "") -> list[Call]:
        """The assignment requests that Graph was sent, of one kind (``adminAdd``) or of all."""
        return [
            call
            for call in self.tenant.calls
            if call.method == "POST"
            and call.path.lower().endswith("assignmentrequests")
            and kind.lower() in str((call.body or {}).get("requestType", "")).lower()
        ]

    def holders(self, group_id: str) -> set[str]:
        """The members of a group, by Entra id."""
        return set(self.tenant.world.groups[group_id].members)

    async def states(self) -> list[str]:
        """Every request, ``add delivered``, the oldest first."""
        rows = await self.bot.store.run(audit.rows)
        ids = dict.fromkeys(row["request_id"] for row in rows if row["request_id"])
        found = [await self.bot.store.run(requests.find, each) for each in ids]
        return [f"{each.kind} {each.state}" for each in found if each]

    async def deeds(self) -> list[tuple[str, str, str]]:
        """The audit trail: who, what, why."""
        rows = await self.bot.store.run(audit.rows)
        return [(row["actor"], row["verb"], row["why"] or "") for row in rows]


def _button(shown: Message | View, label: str, about: str | None) -> dict[str, Any]:
    for button in buttons(shown):
        fits = about is None or about in button.get("accessibility_label", "")
        shown_label = button["text"]["text"]
        # "Extend" stands for "Extend to 3 Feb", too.
        if (shown_label == label or shown_label.startswith(f"{label} to ")) and fits:
            return button
    raise AssertionError(f"no button {label!r} {about or ''}; there are {labels(shown)}")


@asynccontextmanager
async def living(
    database: Path | str,
    *,
    socket_mode: bool = False,
    delivery: timedelta = timedelta(0),
    waits: Waits = WAITS,
    pauses: Pauses = QUICK,
    prepare: Callable[[StandIns], None] | None = None,
    **environment: str,
) -> AsyncIterator[World]:
    """
    Stand-ins with the tutorial's world, and a bot that knows its packages already, in simulated time.

    Args:
        database: The SQLite file of the bot, or what DATABASE_URL says.
        delivery: How long Entra takes for a request; at once by default.
        waits: See `bot.timing`.
        pauses: How long transactions and calls take.
        prepare: Changes the stand-ins before the bot starts.
        environment: Settings of the bot, over those of the sandbox.
    """
    async with simulation(database, socket_mode=socket_mode, pauses=pauses) as around:
        around.outside.tenant.world.delivery = delivery
        if prepare is not None:
            prepare(around.outside)
        yield await begun(around, waits=waits, **environment)


async def begun(around: Simulation, *, waits: Waits = WAITS, **environment: Any) -> World:
    """One more bot between the stand-ins, once it has looked at everything; it ends with them."""
    bot = await around.start(waits=waits, **environment)
    world = World(around.outside, bot.latchkey)
    await world.looked_at_everything()
    return world

"""Two replicas on one database, and two people who do things to one request at the same moment."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.app import Latchkey
from bot.approvals.model import Outcome
from bot.approvals.store import decisions
from bot.database import Transaction
from bot.database.audit_log import audit
from bot.database.tables import decisions as decision_table
from bot.errors import LatchkeyError
from bot.packages import policy_terms
from bot.people.model import DONE, Verb
from bot.requests.model import Request, State
from bot.requests.store import request_lists, requests
from sandbox.tenant import seed
from tests.bot.samples import click, terms, wish
from tests.harness.real import stand_ins_in_memory, standing_here

NAMES: Final = {"U0BO": "Bo Berg", "U0DANA": "Dana Diaz"}
# Nobody waits longer for the other: whoever was faster has been.
TOGETHER_SECONDS: Final = 2.0
WRITE: Final = "UPDATE request "
THE_CLICK: Final = sa.select(decision_table.c.outcome, decision_table.c.why).where(
    decision_table.c.id == sa.bindparam("click")
)

Deed = Callable[[Latchkey, Request], Awaitable[str | None]]
Pair = tuple[Latchkey, Latchkey]


@asynccontextmanager
async def two_replicas(address: str) -> AsyncIterator[Pair]:
    """Two Latchkeys by hand between one tenant and one workspace, each with threads and connections of its own."""
    outside = stand_ins_in_memory(address)
    try:
        async with standing_here(outside) as first, standing_here(outside) as second:
            yield first, second
    finally:
        await outside.workspace.aclose()


# -- what two people do --------------------------------------------------------------------------


def decides(user: str, verb: Verb) -> Deed:
    """Press the button, give a reason, and have it processed here."""

    async def do(bot: Latchkey, request: Request) -> str | None:
        # In time: a click after the deadline counts for nothing, however fast it is processed.
        in_time = (request.lapses_at or clock.now()) - timedelta(seconds=1)
        pressed = click(
            request, slack_user=user, verb=verb, reason="I have thought about it", at=in_time
        )
        await bot.store.run(
            decisions.add,
            pressed,
            holder=request.holder,
            holder_entra_id=request.entra_id,
            is_draft=False,
        )
        await bot.jobs.decision_processor.process(pressed)
        return await bot.store.run(_answer_to, pressed.id)

    return do


def _answer_to(db: Transaction, decision_id: str) -> str | None:
    row = db.execute(THE_CLICK, {"click": decision_id}).one()
    return None if row.outcome == Outcome.ACCEPTED else str(row.why)


async def withdraws(bot: Latchkey, request: Request) -> str | None:
    """Whoever asked presses Cancel."""
    try:
        await bot.services.request_changes.cancel(
            slack_user=request.asked_by, request_id=request.id
        )
    except LatchkeyError as error:
        return str(error)
    return None


async def lapses(bot: Latchkey, request: Request) -> str | None:
    """The clock; it is owed no answer."""
    overdue, _ = await bot.store.run(request_lists.overdue_decisions)
    moved = [
        await bot.store.run(requests.move, each, State.LAPSED)
        for each in overdue
        if each.id == request.id
    ]
    return None if any(moved) else "The clock hears nothing."


RACES: Final[dict[str, tuple[Deed, Deed]]] = {
    "approve and approve": (decides("U0BO", Verb.APPROVE), decides("U0DANA", Verb.APPROVE)),
    "approve and cancel": (decides("U0BO", Verb.APPROVE), withdraws),
    "approve and deny": (decides("U0BO", Verb.APPROVE), decides("U0DANA", Verb.DENY)),
    "approve and lapse": (decides("U0BO", Verb.APPROVE), lapses),
}


# -- the race, and what must come of it ------------------------------------------------------------


@dataclass
class Tally:
    """
    Who won how often; and how many races were so close that the loser had not seen the winner yet.

    Attributes:
        met: Both replicas had read the request as it was when the first of them wrote to it.
    """

    first: int = 0
    second: int = 0
    met: int = 0


# Watches one race, and says afterwards whether the two met.
Watch = Callable[[Pair], AbstractContextManager[Callable[[], bool]]]


async def race(
    bots: Pair,
    name: str,
    *,
    tally: Tally,
    watch: Watch,
    pauses: tuple[float, float] = (0, 0),
) -> None:
    """
    Let two people do two things to one request at once, and look what came of it.

    Args:
        watch: `abreast` or `by_chance`.
        pauses: Seconds until each of the two acts.

    Raises:
        AssertionError: Not one of them counted, or somebody was not told who was first.
    """
    request = await bots[0].store.run(_pending)

    async def act(deed: Deed, bot: Latchkey, pause: float) -> str | None:
        await asyncio.sleep(pause)
        return await deed(bot, request)

    with watch(bots) as met:
        answers = await asyncio.gather(*map(act, RACES[name], bots, pauses))
    assert None in answers, f"who counted: {answers}"
    tally.met += met() and answers.count(None) == 1
    winner = answers.index(None)
    tally.first, tally.second = tally.first + (winner == 0), tally.second + (winner == 1)
    await bots[0].store.run(_check, request, told=answers[1 - winner])


def _pending(db: Transaction) -> Request:
    """A request that waits for its only decision, and whose time for it has just run out."""
    new = wish()
    asked = requests.add(db, replace(new, package_id=f"package-{new.id}", entra_id=seed.ANN))
    assert asked is not None
    agreed = terms()
    moved = requests.move(
        db,
        asked,
        State.PENDING,
        terms=asdict(agreed),
        terms_hash=policy_terms.hash_of(agreed),
        deciders=sorted(NAMES),
        lapses_at=clock.now() - timedelta(seconds=1),
    )
    assert moved is not None
    return moved


@contextmanager
def abreast(
    bots: Pair, *, write: str | tuple[str, ...] = WRITE, seconds: float = TOGETHER_SECONDS
) -> Iterator[Callable[[], bool]]:
    """
    Hold each replica, in its thread, before its first write until the other is there, too.

    Args:
        write: How the statements begin: that to the request, if that is not said.
        seconds: No replica waits longer for the other.
    """
    line = threading.Barrier(len(bots))
    arrived: set[int] = set()
    met: list[bool] = []

    def hold(connection: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        engine = id(connection.engine)
        if not statement.startswith(write) or engine in arrived:
            return
        arrived.add(engine)
        with suppress(threading.BrokenBarrierError):
            line.wait(seconds)
            met.append(True)

    with _told_of(bots, hold):
        yield lambda: len(met) == len(bots)


@contextmanager
def by_chance(bots: Pair) -> Iterator[Callable[[], bool]]:
    """Only watch whether both tried to write, which nobody tries who knows that the other was first."""
    tried: set[int] = set()

    def look(connection: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(WRITE):
            tried.add(id(connection.engine))

    with _told_of(bots, look):
        yield lambda: len(tried) == len(bots)


@contextmanager
def _told_of(bots: Pair, listener: Callable[..., None]) -> Iterator[None]:
    for bot in bots:
        sa.event.listen(bot.store.engine, "before_cursor_execute", listener)
    try:
        yield
    finally:
        for bot in bots:
            sa.event.remove(bot.store.engine, "before_cursor_execute", listener)


def _check(db: Transaction, request: Request, *, told: str | None) -> None:
    now = requests.find(db, request.id)
    assert now is not None
    counted = decisions.accepted_of(db, now)
    moves = [
        (row["before"], row["after"], row["actor"])
        for row in audit.rows(db, request_id=request.id)
        if row["verb"] == "move"
    ]
    assert now.version == len(moves)
    # One row for the way into pending, and one out of it.
    _, *out = moves
    if told is None:
        # What is approved may be withdrawn until it is sent: only in this order do both count.
        (by,) = counted
        assert out == [
            (State.PENDING, State.APPROVED, by.slack_user),
            (State.APPROVED, State.CANCELED, request.asked_by),
        ]
        return
    assert out == [(State.PENDING, now.state, _actor(now, out[-1][2]))]
    if now.state in {State.APPROVED, State.DENIED}:
        (by,) = counted
        assert now.state == DONE[by.verb]
        assert out[-1][2] == by.slack_user
        assert "hears nothing" in told or f"{DONE[by.verb]} by {NAMES[by.slack_user]}" in told
    else:
        assert counted == []
        assert "canceled" in told or "expired" in told


def _actor(request: Request, actual: str) -> str:
    """Return who must have made the last move."""
    known = {State.CANCELED: request.asked_by, State.LAPSED: audit.LATCHKEY}
    return known.get(request.state, actual)

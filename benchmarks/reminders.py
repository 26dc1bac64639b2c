"""
Everybody's access ends tomorrow: target 9.

The stand-in holds the bot to Slack's limits.  Meanwhile people ask for access, and it counts how soon the approval
card is out; and others look at what they have.
"""

import asyncio
import contextlib
import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from benchmarks.load import Answer, Load, commands, load
from benchmarks.stand_ins import (
    ENDS_IN,
    LIMITS,
    assignment_id,
    entra_id,
    package_id,
    package_name,
    user_id,
)
from benchmarks.table import Database, Options, Result
from benchmarks.worlds import World, asking, world
from bot.assignments.model import Assignment, AssignmentState
from bot.assignments.store import assignments
from bot.database import Transaction, open_store
from bot.database.tables import notices
from sandbox.slack.tiers import MESSAGES_A_MINUTE

PEOPLE: Final = 5_000
QUICK_PEOPLE: Final = 300
# Who asks meanwhile.
ASKERS: Final = 60
LIMIT: Final = MESSAGES_A_MINUTE / 60
SHARE: Final = 0.9
# The pace begins at 5 a second, and needs some hundred messages to come near the limit.
QUICK_SHARE: Final = 0.6
CARD_SECONDS: Final = 1
WHY: Final = (
    "a card comes after nine calls of Graph and a dozen transactions, beside the reminders'; which of them was late in the slowest case is "
    "not known. Next: its trace."
)
ASK_EVERY: Final = 10
LOOK_SECONDS: Final = 0.25
CARD_LOOK_SECONDS: Final = 0.02
GIVE_UP: Final = timedelta(minutes=20)
EVERYBODY_LOOKED: Final = 100

SENT: Final = sa.select(
    sa.func.count(), sa.func.min(notices.c.sent_at), sa.func.max(notices.c.sent_at)
).where(notices.c.kind == "reminder", notices.c.sent_at.is_not(None))
CARDS: Final = (
    sa.select(notices.c.sent_at)
    .where(notices.c.kind == "card", notices.c.sent_at.is_not(None))
    .order_by(notices.c.sent_at.desc())
)


@dataclass
class Measured:
    """Seconds until each card was out, and what the commands in between took."""

    cards: list[float] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


def measure(options: Options) -> list[Result]:
    return [asyncio.run(_measure(database, options)) for database in options.databases]


async def _measure(database: Database, options: Options) -> Result:
    size = QUICK_PEOPLE if options.quick else PEOPLE
    with tempfile.TemporaryDirectory() as folder:
        async with world(
            database,
            Path(folder),
            people=size + ASKERS,
            holders=size,
            prepare=lambda url: _hold(url, size),
            environment={"LATCHKEY_APPROVAL": "always"},
        ) as bot:
            await bot.outside.ask(json.dumps(LIMITS))
            found = Measured()
            asking = asyncio.create_task(_ask_now_and_then(bot, found, first=size))
            looking = asyncio.create_task(_look_now_and_then(bot, found))
            seconds = await _all_reminded(bot, size)
            for task in (asking, looking):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
            refused = json.loads(await bot.outside.ask(json.dumps(LIMITS)))
            quiet = await load(bot.address, bot.app, _looks(bot, EVERYBODY_LOOKED), connections=1)
    return _result(database, size, seconds, found, quiet, refused)


def _hold(url: str, size: int) -> None:
    """The database knows who holds what, and who they are in Slack."""
    store = open_store(url)
    ends_at = datetime.now(UTC) + ENDS_IN
    try:
        store.run_patiently(_save, ends_at, size)
    finally:
        store.close()


def _save(db: Transaction, ends_at: datetime, size: int) -> None:
    for number in range(size):
        row = Assignment(
            id=assignment_id(number),
            entra_id=entra_id(number),
            package_id=package_id(0),
            package_name=package_name(0),
            policy_id=package_id(0).replace("d1", "91", 1),
            state=AssignmentState.LIVE,
            holder=user_id(number),
            holder_name=f"Person {number}",
            ends_at=ends_at,
        )
        assignments.save_live(db, row)


async def _all_reminded(bot: World, size: int) -> float:
    """Wait until all are; return the seconds from the first reminder to the last."""
    engine = sa.create_engine(bot.database, poolclass=sa.NullPool)
    async with asyncio.timeout(GIVE_UP.total_seconds()):
        while True:
            with engine.connect() as db:
                count, first, last = db.execute(SENT).one()
            if count >= size:
                return float((last - first).total_seconds())
            await asyncio.sleep(LOOK_SECONDS)


async def _ask_now_and_then(bot: World, found: Measured, *, first: int) -> None:
    """One after the other asks for something that an admin must approve."""
    engine = sa.create_engine(bot.database, poolclass=sa.NullPool)
    for number in range(ASKERS):
        await asyncio.sleep(ASK_EVERY)
        began = datetime.now(UTC)
        await load(bot.address, bot.app, asking(bot, first + number, 1, package=1), connections=1)
        while True:
            with engine.connect() as db:
                sent = db.execute(CARDS).scalars().first()
            if sent is not None and sent > began:
                found.cards.append((sent - began).total_seconds())
                break
            await asyncio.sleep(CARD_LOOK_SECONDS)


async def _look_now_and_then(bot: World, found: Measured) -> None:
    while True:
        looked = await load(bot.address, bot.app, _looks(bot, 1), connections=1)
        found.answers += looked.answers
        await asyncio.sleep(LOOK_SECONDS)


def _looks(bot: World, count: int) -> Iterator[Mapping[str, str]]:
    return commands(bot.app, (user_id(number) for number in range(count)), command="/my-access")


def _result(
    database: Database,
    size: int,
    seconds: float,
    found: Measured,
    quiet: Load,
    refused: dict[str, int],
) -> Result:
    pace = (size - 1) / seconds
    looked = Load(answers=found.answers, seconds=seconds)
    slowest = max(found.cards, default=float("inf"))
    usual = statistics.median(found.cards or [slowest])
    share = SHARE if size == PEOPLE else QUICK_SHARE
    no = refused.get("chat.postMessage", 0)
    return Result(
        number=9,
        work=f"{size:,} reminders due at once, {len(found.cards)} cards in between, {database}",
        target=f"≥ {share:g} x Slack's limit, each card within {CARD_SECONDS} s",
        floor=f"{LIMIT:.2f} messages/s; /my-access afterwards p99 {quiet.p99:.0f} ms",
        result=f"{pace:.2f} messages/s, {no} refused; card after {usual:.2f} s, {slowest:.2f} s at most; "
        f"/my-access p50 {looked.p50:.0f}, p99 {looked.p99:.0f} ms",
        ratio=pace / LIMIT,
        met=pace >= share * LIMIT and slowest < CARD_SECONDS,
        why=WHY,
    )

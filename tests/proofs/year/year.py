"""
A year of reminders in one process: exactly one for each assignment, end, rung and person, and none after the end.

Run it with `make year`.  What must be sent is worked out from Entra's side alone, tick by tick, and compared
with what reached Slack.  The bot looks at Entra before something there changes and after it, twice, as only the
second look makes it believe that something is gone; while nothing changes, only what a look does after reading is
done.  Ticks come at moments drawn by chance, many of them at the very moment of an end or a rung and a second
before it: what is sent too early shows at the one, what is missing at the other.
"""

import asyncio
import functools
import itertools
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import httpx
import structlog

from bot import chance as bot_chance
from bot import clock
from bot.app import Latchkey, assembled
from bot.configuration.settings import read_settings
from bot.database.audit_log import audit
from bot.machine import GRAPH_TIMEOUT, Machine
from bot.sync.links import LOOKUPS_A_SYNC
from graph import StaticToken
from tests.harness.loop import SimulatedLoop, simulated
from tests.proofs.year.count import (
    DAY,
    HOUR,
    RUNGS,
    Ending,
    Expected,
    Figures,
    Key,
    describe,
    edges,
    minute_of,
)
from tests.proofs.year.story import story
from tests.proofs.year.world import (
    BUSY_FOR,
    GRAPH,
    NOT_IN_SLACK,
    PACKAGES,
    START,
    Entra,
    Held,
    Reminder,
    SlackOnPaper,
)

T = TypeVar("T")

SYNC: Final = timedelta(minutes=5)
SECOND: Final = timedelta(seconds=1)
INSTANT: Final = timedelta(microseconds=2)
# Between two ticks at most; the nearest rung is twice as long.
LONGEST: Final = 12 * HOUR
ON_AN_EDGE: Final = 1 / 3
# Hours between two days' work of administrators.
OUTSIDE: Final = (60, 84)
# Access is over when it was missing twice, a settle time apart, which is shorter than from one look to the next.
LOOKS_TO_BELIEVE: Final = 2
# Day of the year, and for how long the bot is down.
OUTAGES: Final = ((60, HOUR), (120, 3 * DAY), (250, 40 * DAY))
KEY: Final = "the-key-of-the-simulated-years-audit-log"
SETTINGS: Final = {
    "SLACK_BOT_TOKEN": "xoxb-year",
    "SLACK_SIGNING_SECRET": "a" * 32,
    "SLACK_API_URL": "https://slack.test/api/",
    "AZURE_TENANT_ID": "7e000000-0000-4000-8000-00000000c0a1",
    "AZURE_CLIENT_ID": "7e000000-0000-4000-8000-00000000c0a2",
    "AZURE_CLIENT_SECRET": "secret",
    "GRAPH_URL": GRAPH,
    "LATCHKEY_ADMINS": "U0ADMIN00",
    "LATCHKEY_ADMIN_CHANNEL": "C0ADMIN00",
    "LATCHKEY_AUDIT_KEY": KEY,
}


class Year:
    """One bot, one Entra, one Slack, and the days that pass."""

    def __init__(
        self,
        *,
        latchkey: Latchkey,
        entra: Entra,
        slack: SlackOnPaper,
        figures: Figures,
        moves_at_once: int,
    ) -> None:
        self.latchkey, self.jobs = latchkey, latchkey.jobs
        self.entra, self.slack, self.figures = entra, slack, figures
        self.expected = Expected()
        self._moves_at_once = moves_at_once
        self._seen: Counter[Key] = Counter()
        self._went: set[Reminder] = set()
        self._owed: Counter[Ending] = Counter()
        # What Slack has turned away, and when it may be tried again.
        self._again_at: dict[Reminder, datetime] = {}
        self._next_edge: datetime | None = None

    async def run(self, *, outages: Sequence[tuple[int, timedelta]]) -> None:
        """Live through every day."""
        end = START + timedelta(days=self.figures.days)
        down = [(START + timedelta(days=day), long) for day, long in outages]
        outside_at = START
        is_back = False
        while self.entra.now < end:
            now = self.entra.now
            is_down = any(at <= now < at + long for at, long in down)
            self._pass()
            outside = now >= outside_at
            if outside:
                if not is_down:
                    # All was seen a moment ago, as always: what is gone now is not out of date, too.
                    await self._look_once()
                    await self._until(self.entra.now + SYNC)
                    self._pass()
                self._outside()
                outside_at = self._next_outside()
            if is_down:
                is_back = True
            elif outside or is_back:
                await self._look()
                is_back = False
            else:
                await self._tick(self.jobs.ends.send_reminders())
            await self._until(min(self._next_tick(), max(outside_at, self.entra.now), end))
        await self._last_look()

    async def _until(self, moment: datetime) -> None:
        # The loop takes two moments of the same microsecond for one, and its clock would stand still.
        await asyncio.sleep(max(moment - self.entra.now, INSTANT).total_seconds())

    def _next_outside(self) -> datetime:
        """Days later; if it can be, so that a rung is reached between the look before and the deeds."""
        entra = self.entra
        moment = entra.now + timedelta(hours=entra.chance.randint(*OUTSIDE))
        near = [at - SYNC / 2 for at in edges(entra) if abs(at - moment) < LONGEST / 2]
        return entra.chance.choice(near) if near else moment

    def _next_tick(self) -> datetime:
        """Some moment of the next hours; often the very moment of an end or a rung, and one second before it."""
        now, chance = self.entra.now, self.entra.chance
        if self._next_edge is not None:
            edge, self._next_edge = self._next_edge, None
            return max(edge, now)
        again = [at for at in self._again_at.values() if at > now]
        if again:
            return min(again)
        moment = now + SECOND * chance.randint(600, LONGEST // SECOND)
        if chance.random() < ON_AN_EDGE:
            near = [at for at in edges(self.entra) if now + SECOND < at <= moment]
            if near:
                self._next_edge = chance.choice(near)
                self.figures.on_the_edge += 2
                return self._next_edge - SECOND
        return moment

    def _pass(self) -> None:
        for held in self.entra.expire():
            self.figures.ran_out += 1
            self._ended(held)

    def _ended(self, held: Held) -> None:
        # Whose access was not known to be theirs before it ended is told when they are found.  It is owed from
        # the end on, and told once the bot has believed it, at the second look that does not show it.
        if held.id in self.entra.looked_up:
            self._owed[_ending(held)] += 1

    def _outside(self) -> None:
        """Deeds of administrators, and of people who are fine with an end."""
        chance = self.entra.chance
        for held in chance.choices(self.entra.live(), k=self._moves_at_once):
            self.figures.moves[self.entra.move(held)] += 1
        victims = chance.sample(self.entra.live(), k=min(6, len(self.entra.live())))
        # And of what the next look would remind of.
        victims += [each for each in self._just_due() if each not in victims][:1]
        for held in victims:
            self.entra.take_away(held)
            self.figures.removed += 1
            self._ended(held)
        # Whoever has lost theirs gets it again, so that there are always as many.
        taken = {(each.person, each.package) for each in self.entra.live()}
        gone = {(each.person, each.package) for each in self.entra.held.values()} - taken
        for person, package in sorted(gone):
            self.entra.give(person, package)
            self.figures.given += 1

    def _just_due(self) -> list[Held]:
        """Return what has come to a rung since the look before."""
        now = self.entra.now
        return [
            each
            for each in self.entra.live()
            if each.end is not None and any(now - SYNC < each.end - rung <= now for rung in RUNGS)
        ]

    async def _sync(self) -> None:
        """A sync, and everything that is told after it."""
        await self.jobs.sync()
        await self.jobs.reminders()
        await self.jobs.messages.run()
        await self.jobs.endings()
        await self.jobs.redraws()
        await self.jobs.publish_homes()

    async def _look_once(self) -> None:
        await self._tick(self._sync())
        self.figures.looks += 1

    async def _look(self) -> None:
        """What the job does, until it believes what is gone, and knows who most people are."""
        for looks in itertools.count(1):
            await self._look_once()
            live = [each for each in self.entra.live() if each.person >= NOT_IN_SLACK]
            # Who is found much later is not told of an end that is no news any more.
            unknown = sum(each.id not in self.entra.looked_up for each in live)
            if unknown < LOOKUPS_A_SYNC // 4 and looks >= LOOKS_TO_BELIEVE:
                break
            await self._until(self.entra.now + SYNC)
            self._pass()
        await self._be_fine()

    async def _be_fine(self) -> None:
        """Somebody presses “Let it end”."""
        known = [each for each in self.entra.live() if each.end and each.id in self.entra.looked_up]
        for held in self.entra.chance.sample(known, k=min(2, len(known))):
            if held.end is None:
                continue
            await self.latchkey.services.assignments.let_end(
                slack_user=held.user, assignment_id=held.id
            )
            self.expected.fine[held.id] = minute_of(held.end)
            self.figures.let_end += 1

    async def _tick(self, work: Awaitable[object]) -> None:
        """Do the work; what reached Slack must be exactly what was due."""
        sent, away = len(self.slack.reminders), len(self.slack.turned_away)
        await work
        self.figures.ticks += 1
        due = self.expected.due(self.entra)
        went = self.slack.reminders[sent:]
        turned = self.slack.turned_away[away:]
        for reminder in went:
            self._count(reminder, due)
        now = self.entra.now
        self._again_at = {
            **{reminder: at for reminder, at in self._again_at.items() if at > now},
            **dict.fromkeys(turned, now + BUSY_FOR * SECOND),
        }
        for reminder in sorted(due.keys() - {*went, *self._again_at}):
            if due[reminder] not in self.figures.missing:
                told = await self._story("missing", self.entra.held[reminder.assignment_id])
                self.figures.missing[due[reminder]] = told
        for reminder in sorted({*went, *turned} - due.keys()):
            told = await self._story("not due", self.entra.held[reminder.assignment_id])
            self.figures.unexpected.append(told)

    async def _ending_story(self, ending: Ending) -> str:
        what = f"end told {self.slack.endings[ending]} times, not {self._owed[ending]},"
        each = [held for held in self.entra.held.values() if _ending(held) == ending]
        return "\n".join([await self._story(what, held) for held in each])

    async def _story(self, what: str, held: Held) -> str:
        return await story(self.jobs.store, what, held, now=self.entra.now)

    def _count(self, reminder: Reminder, due: dict[Reminder, Key]) -> None:
        key = due.get(reminder)
        held = self.entra.held[reminder.assignment_id]
        if held.end is None or self.entra.now >= held.end or not held.is_live:
            self.figures.after_the_end += 1
        if key is None:
            self.figures.doubled += reminder in self._went
            return
        self._went.add(reminder)
        self._seen[key] += 1
        self.figures.doubled += self._seen[key] > 1
        self.expected.settled.add(key)

    async def _last_look(self) -> None:
        # Nothing ends after this: it would be told only after one more look than there is.
        self._pass()
        for _ in range(LOOKS_TO_BELIEVE + 3):
            await self._tick(self._sync())
            await self._until(self.entra.now + SYNC)
        figures, slack = self.figures, self.slack
        figures.sent, figures.superseded = len(slack.reminders), self.expected.superseded
        figures.turned_away, figures.redrawn = len(slack.turned_away), slack.updates
        figures.endings = sum(slack.endings.values())
        self._owed.update(map(_ending, self.entra.found_late))
        for ending in {*self._owed, *slack.endings}:
            if self._owed[ending] != slack.endings[ending]:
                figures.endings_wrong[ending] = await self._ending_story(ending)
        chain = await self.jobs.store.run(audit.verify, KEY.encode())
        figures.chain_wrong = chain.wrong


def _ending(held: Held) -> Ending:
    return held.user, f"Package {held.package:03}"


class AtOnce(Executor):
    """Transactions at once: nobody else is at work here."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@asynccontextmanager
async def _bot(database: Path, entra: Entra, slack: SlackOnPaper) -> AsyncIterator[Latchkey]:
    """A bot by hand between them."""
    machine = Machine(
        time=entra.time_now,
        seconds=entra.loop.time,
        chance=random.Random(entra.chance.random()),  # noqa: S311
        threads=lambda workers: AtOnce(),
        graph_client=lambda: httpx.AsyncClient(
            transport=entra.transport(), timeout=GRAPH_TIMEOUT, trust_env=False
        ),
        slack_session=lambda: slack,  # type: ignore[return-value,arg-type]
        tokens=lambda settings: StaticToken("t"),
    )
    settings = read_settings({**SETTINGS, "DATABASE_URL": f"sqlite:///{database}"})
    try:
        with _quiet():
            async with assembled(settings, machine=machine) as latchkey:
                # A tick is one moment: the pace of messages is another proof's.
                limits = latchkey.slack.limits
                limits.pace = limits.fastest = 1e9
                limits.channel_pause = timedelta(0)
                yield latchkey
    finally:
        clock.use(clock.machine_time)
        bot_chance.use(bot_chance.secure)


@contextmanager
def _quiet() -> Iterator[None]:
    """Nobody reads a year of logs, unless somebody has configured them."""
    if structlog.is_configured():
        yield
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.reset_defaults()


async def simulate(
    database: Path,
    *,
    days: int,
    assignments: int,
    moves: int,
    outages: Sequence[tuple[int, timedelta]] = OUTAGES,
    busy: float = 0.01,
    loses: float = 0,
    denies: float = 0,
) -> Figures:
    """
    Live through *days* days, by the seed of the simulated loop that runs just now.

    Args:
        database: The bot's SQLite file.
        moves: How many ends are moved outside, in all.
        busy: Of so many messages Slack says that it is busy.
        loses: So many it takes, and shows to nobody.
        denies: So many it takes, breaks off, and later says that it has not got them.
    """
    loop = simulated()
    chance = random.Random(f"year {loop.seed}")  # noqa: S311
    entra = Entra(loop, chance)
    slack = SlackOnPaper(chance, busy=busy, loses=loses, denies=denies)
    people = -(-assignments // 4)
    for number in range(assignments):
        nth, person = divmod(number, people)
        entra.give(NOT_IN_SLACK - 5 + person, (person + nth * PACKAGES // 4) % PACKAGES)
    figures = Figures(days=days, seed=loop.seed)
    started = time.process_time()
    async with _bot(database, entra, slack) as latchkey:
        year = Year(
            latchkey=latchkey,
            entra=entra,
            slack=slack,
            figures=figures,
            moves_at_once=-(-moves * sum(OUTSIDE) // (days * 48)),
        )
        await year.run(outages=outages)
    figures.seconds = time.process_time() - started
    return figures


@click.command()
@click.option("--seed", default=1)
@click.option("--days", default=365)
@click.option("--assignments", default=1_000)
@click.option("--moves", default=10_000)
def main(seed: int, days: int, assignments: int, moves: int) -> None:
    """Live through a year."""
    memory = Path("/dev/shm")  # noqa: S108
    folder = tempfile.mkdtemp(dir=memory if memory.is_dir() else None)
    try:
        with asyncio.Runner(loop_factory=functools.partial(SimulatedLoop, seed)) as runner:
            figures = runner.run(
                simulate(
                    Path(folder) / "latchkey.db", days=days, assignments=assignments, moves=moves
                )
            )
    finally:
        shutil.rmtree(folder)
    describe(figures)
    if not figures.is_clean:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

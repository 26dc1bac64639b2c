"""
A year of reminders in one process: exactly one for each assignment, end, rung and person, and none after the end.

Run it with `make year`.  What must be sent is worked out from Entra's side alone, tick by tick, and compared
with what reached Slack.  A look at Entra comes whenever something there has changed; while nothing has, only
what a look does after reading is done, at each tick at which a rung may have been reached.
"""

import asyncio
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from unittest import mock

import click
import httpx

from bot import clock, intake, migrate
from bot.authority import Authority
from bot.delivery import Delivery
from bot.effects import Effects
from bot.home import Homes
from bot.jobs import Jobs
from bot.logs import configure_logs
from bot.mirror import LOOKUPS_A_SWEEP, Mirror
from bot.notices import Notices
from bot.people import People
from bot.review import Review
from bot.slack import Slack
from bot.store import Store, Transaction, audit, open_store
from bot.verdicts import Verdicts
from graph import Graph, StaticToken
from tests.proofs.year.count import (
    DAY,
    HOUR,
    RUNGS,
    Ending,
    Expected,
    Figures,
    Key,
    describe,
    minute_of,
)
from tests.proofs.year.story import story
from tests.proofs.year.world import (
    NOT_IN_SLACK,
    PACKAGES,
    START,
    Entra,
    Held,
    Reminder,
    SlackOnPaper,
)

P = ParamSpec("P")
R = TypeVar("R")

SYNC = timedelta(minutes=5)
# Day of the year, and for how long the bot is down.
OUTAGES = ((60, HOUR), (120, 3 * DAY), (250, 40 * DAY))
NEVER_DOWN = START - 365 * DAY


def latchkey(store: Store, slack: Slack, graph: Graph) -> Jobs:
    """The bot's jobs, rung by hand."""
    people = People(slack=slack, graph=graph, store=store, email_domains=())
    authority = Authority(slack=slack, graph=graph, people=people, admins=())
    review = Review(
        store=store, graph=graph, people=people, authority=authority, always_approve=False
    )
    return Jobs(
        store=store,
        review=review,
        verdicts=Verdicts(store=store, authority=authority, review=review, home_team="T0"),
        effects=Effects(store=store, graph=graph, recheck=review.recheck),
        delivery=Delivery(store=store, graph=graph),
        notices=Notices(store=store, slack=slack, admin_channel="C0", rungs=RUNGS),
        mirror=Mirror(store=store, graph=graph, people=people),
        homes=Homes(store=store, slack=slack, authority=authority),
        authority=authority,
        poll_every=SYNC,
        sync_every=SYNC,
    )


class Year:
    """One bot, one Entra, one Slack, and the days that pass."""

    def __init__(
        self, *, jobs: Jobs, entra: Entra, slack: SlackOnPaper, figures: Figures, moves_at_once: int
    ) -> None:
        self.jobs, self.entra, self.slack, self.figures = jobs, entra, slack, figures
        self.expected = Expected()
        self._moves_at_once = moves_at_once
        self._seen: Counter[Key] = Counter()
        self._owed: Counter[Ending] = Counter()
        self._up_since = NEVER_DOWN

    async def run(self, *, outages: Sequence[tuple[int, timedelta]], tick: timedelta) -> None:
        """Live through every tick of every day."""
        end = START + timedelta(days=self.figures.days)
        down = [(START + timedelta(days=day), long) for day, long in outages]
        outside_at = START
        while self.entra.now < end:
            self._pass()
            outside = self.entra.now >= outside_at
            if outside:
                await self._outside()
                outside_at += timedelta(hours=self.entra.chance.randint(30, 42))
            out = next((long for at, long in down if at <= self.entra.now < at + long), None)
            if out is not None:
                self._up_since = self.entra.now + tick
            elif outside or self._up_since == self.entra.now:
                await self._look()
            else:
                await self._tick(self.jobs.notices.send_reminders())
            self.entra.now += tick
        await self._last_look()

    def _pass(self) -> None:
        for held in self.entra.expire():
            self.figures.ran_out += 1
            self._ended(held)

    def _ended(self, held: Held) -> None:
        # Whose access was not known to be theirs before it ended is told when they are found.
        if held.id in self.entra.looked_up:
            self._owed[_ending(held)] += 1

    async def _outside(self) -> None:
        """Deeds of administrators, and of people who are fine with an end."""
        chance = self.entra.chance
        for held in chance.choices(self.entra.live(), k=self._moves_at_once):
            self.figures.moves[self.entra.move(held)] += 1
        for held in chance.sample(self.entra.live(), k=3):
            held.is_live = False
            self.figures.removed += 1
            self._ended(held)
        # Whoever has lost theirs gets it again, so that there are always as many.
        taken = {(each.person, each.package) for each in self.entra.live()}
        gone = {(each.person, each.package) for each in self.entra.held.values()} - taken
        for person, package in sorted(gone):
            self.entra.give(person, package)
            self.figures.given += 1

    async def _look(self) -> None:
        """What the job does; again five minutes later while it still finds out who people are."""
        while True:
            before = len(self.entra.looked_up)
            await self._tick(self.jobs.sync())
            await self.jobs.messages()
            self.figures.looks += 1
            if len(self.entra.looked_up) - before < LOOKUPS_A_SWEEP // 4:
                break
            self.entra.now += SYNC
            self._pass()
        await self._be_fine()

    async def _be_fine(self) -> None:
        """Somebody presses “Let it end”."""
        known = [each for each in self.entra.live() if each.end and each.id in self.entra.looked_up]
        for held in self.entra.chance.sample(known, k=min(2, len(known))):
            if held.end is None:
                continue
            await self.jobs.store.run(intake.let_end, held.user, held.id)
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
        for reminder in sorted(due.keys() - {*went, *turned}):
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
            return
        self._seen[key] += 1
        self.figures.doubled += self._seen[key] > 1
        self.expected.settled.add(key)
        assert held.end is not None
        reached = held.end - key[2]
        known = self.expected.known_since[key[0], key[1]]
        is_catching_up = reached < self._up_since <= self.entra.now < self._up_since + DAY
        late = self.entra.now - (reached if is_catching_up else max(reached, known))
        (self.figures.late_after_outage if is_catching_up else self.figures.late).append(late)

    async def _last_look(self) -> None:
        self._pass()
        for _ in range(3):
            await self._tick(self.jobs.sync())
            await self.jobs.messages()
            self.entra.now += SYNC
            self._pass()
        await self._tick(self.jobs.sync())
        await self.jobs.messages()
        figures, slack = self.figures, self.slack
        figures.sent, figures.superseded = len(slack.reminders), self.expected.superseded
        figures.turned_away, figures.redrawn = len(slack.turned_away), slack.updates
        figures.endings = sum(slack.endings.values())
        self._owed.update(map(_ending, self.entra.found_late))
        for ending in {*self._owed, *slack.endings}:
            if self._owed[ending] != slack.endings[ending]:
                figures.endings_wrong[ending] = await self._ending_story(ending)
        chain = await self.jobs.store.run(audit.verify, b"")
        figures.chain_wrong = chain.wrong


def _ending(held: Held) -> Ending:
    return held.user, f"Package {held.package:03}"


class StoreHere(Store):
    """A store without threads: nobody waits for an answer here, and the hand-overs took a third of the year."""

    async def run(
        self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return self.run_here(function, *args, **kwargs)


@asynccontextmanager
async def _parts(folder: Path, entra: Entra, slack: SlackOnPaper) -> AsyncIterator[Jobs]:
    store = StoreHere(open_store(f"sqlite+pysqlite:///{folder / 'latchkey.db'}").engine)
    migrate.upgrade(store)
    try:
        with (
            mock.patch.object(clock, "now", entra.time_now),
            mock.patch.object(clock, "real", entra.time_now),
        ):
            async with httpx.AsyncClient(transport=entra.transport()) as http:
                ours = Slack(slack)
                await ours.identify()
                yield latchkey(store, ours, Graph(http, StaticToken("t")))
    finally:
        store.close()


async def simulate(
    folder: Path,
    *,
    seed: int,
    days: int,
    assignments: int,
    moves: int,
    outages: Sequence[tuple[int, timedelta]] = OUTAGES,
    tick: timedelta = HOUR,
    busy: float = 0.01,
) -> Figures:
    """
    Live through *days* days.

    Args:
        moves: How many ends are moved outside, in all.
        busy: Of so many messages Slack says that it is busy.
    """
    chance = random.Random(seed)  # noqa: S311
    entra, slack = Entra(START, chance), SlackOnPaper(chance, busy=busy)
    for number in range(assignments):
        entra.give(NOT_IN_SLACK - 5 + number // 4, number % PACKAGES)
    figures = Figures(days=days, seed=seed)
    started = time.perf_counter()
    async with _parts(folder, entra, slack) as jobs:
        year = Year(
            jobs=jobs,
            entra=entra,
            slack=slack,
            figures=figures,
            moves_at_once=-(-moves * 3 // (days * 2)),
        )
        await year.run(outages=outages, tick=tick)
    figures.seconds = time.perf_counter() - started
    return figures


@click.command()
@click.option("--seed", default=1)
@click.option("--days", default=365)
@click.option("--assignments", default=1_000)
@click.option("--moves", default=10_000)
def main(seed: int, days: int, assignments: int, moves: int) -> None:
    """Live through a year."""
    configure_logs(level=50)
    memory = Path("/dev/shm")  # noqa: S108
    folder = tempfile.mkdtemp(dir=memory if memory.is_dir() else None)
    try:
        figures = asyncio.run(
            simulate(Path(folder), seed=seed, days=days, assignments=assignments, moves=moves)
        )
    finally:
        shutil.rmtree(folder)
    describe(figures)
    if not figures.is_clean:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

"""
Chaos in simulated time: faults on every fifth call, deaths at any moment, and the product's own waits; then a count.

Replicas die where something outside could tell it: before or after a transaction, before or after a call.  What
real processes add (kill -9, SIGSTOP, PostgreSQL's crashes, sockets) is in `tests.proofs.chaos.chaos`.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from bot.errors import ConfigurationError
from bot.messages.assignments import extending
from bot.patience import BEAT
from bot.timing import WAITS, Waits
from sandbox.run import StandIns
from tests.harness.accounts import SETTINGS as ACCOUNTS
from tests.harness.accounts import registered
from tests.harness.process import Process
from tests.harness.simulation import LIFELIKE, Bot, DiedEarly, Simulation, simulation
from tests.harness.world import DANA
from tests.proofs.chaos.accounts import connect_all
from tests.proofs.chaos.count import Count, count
from tests.proofs.chaos.faults import EVERYWHERE, let_loose, make_strict
from tests.proofs.chaos.people import UNHURRIED, Acting, Story, repair, stories
from tests.proofs.chaos.watch import Watch

REPLICAS = 2
# Seconds until an orchestrator has started another one.
RESTART_SECONDS = 5
# Moments among which the next death is drawn, once it is due.
WITHIN_MOMENTS = 200
PEOPLE_AT_ONCE = 100
# How long Graph's lists lag behind, and how long a delivery takes: just within what the product counts on.
LAG = timedelta(seconds=25)
# Longer than any lease, back-off and settle time: whatever would come twice has come by then.
QUIET = timedelta(minutes=20)
# After so long whoever is not at the end is lost.
LONGEST = timedelta(hours=5)
# What is doubled stays so; whoever is not at the end yet may come there.
FOR_GOOD: Final = frozenset({"doubled grants", "doubled notices"})
ENTRA_DECIDES: Final = Path(__file__).parent / "entra.yml"
SETTINGS: Final[Mapping[str, Any]] = {"LATCHKEY_SYNC_SECONDS": "900", "LATCHKEY_POLL_SECONDS": "30"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    What to run.

    Attributes:
        freezes: They last longer than a lease.
        where: Whose calls meet faults.
        in_part: The chance that Entra delivers a part only.
        limits: Slack takes each method so often a minute as it says, and no more.
        entra_decides: People ask and approve in Entra in their own name, with accounts that they have connected.
    """

    requests: int
    deaths: int
    freezes: int = 0
    faults: float = 0.2
    where: Collection[str] = EVERYWHERE
    in_part: float = 0.1
    limits: bool = True
    entra_decides: bool = False
    waits: Waits = WAITS
    lag: timedelta = LAG
    longest: timedelta = LONGEST


@dataclass
class Reaper:
    """Lets replicas die, or stop for a while, at moments that chance names, evenly over the stories' progress."""

    dice: random.Random
    plan: Plan
    done: Counter[str] = field(default_factory=Counter)
    _next: str | None = None
    _due_in: int = 0

    def __post_init__(self) -> None:
        self._harm = ["death"] * self.plan.deaths + ["freeze"] * self.plan.freezes
        self.dice.shuffle(self._harm)
        self._all = len(self._harm)

    def arm(self, share: float) -> None:
        """Somebody is harmed within the next moments, if so much of the stories asks for it."""
        so_far = self._all - len(self._harm)
        if self._next is None and self._harm and so_far < self._all * share + 1:
            self._next = self._harm.pop()
            self._due_in = self.dice.randrange(WITHIN_MOMENTS)

    def moment(self, process: Process, what: str) -> None:
        """A replica passes a moment at which it could die."""
        if self._next is None:
            return
        self._due_in -= 1
        if self._due_in >= 0:
            return
        self.done[self._next] += 1
        if self._next == "death":
            process.die()
        else:
            process.freeze(WAITS.lease * self.dice.uniform(1, 3))
        self._next = None


@dataclass(kw_only=True)
class Report:
    """How it went."""

    seed: int
    count: Count
    stories: Sequence[Story]
    deaths: int
    freezes: int
    starts: int
    faults: int
    in_part: int
    refused: int
    lasted: timedelta
    alarms: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        over = sum(story.is_over for story in self.stories)
        wishes = sum(story.wishes for story in self.stories)
        lines = [
            f"seed {self.seed}: {wishes} wishes in {len(self.stories)} stories, {over} told to the end in {self.lasted}",
            f"{self.count.requests} requests in Entra, {self.count.notices} messages, {self.faults} faults, "
            f"{self.deaths} deaths, {self.freezes} freezes, {self.starts} starts, {self.in_part} deliveries in part, "
            f"{self.refused} calls beyond Slack's limits",
        ]
        for name, broken in self.count.broken.items():
            lines += [f"{name}: {len(broken)}", *(f"  {each}" for each in broken[:8])]
        return "\n".join(lines)


async def chaos(plan: Plan, database: str, *, part: int = 0, until: Collection[str] = ()) -> Report:
    """
    Run *plan* on an empty database.

    Args:
        part: Makes another run of the same seed.
        until: End as soon as one of these promises is broken; of those that nothing mends: see `FOR_GOOD`.
    """
    async with (
        simulation(database, pauses=LIFELIKE, part=part, beat=BEAT) as around,
        _extensions_at_once(),
    ):
        outside = around.outside
        make_strict(outside, lag=plan.lag)
        told = stories(
            outside,
            plan.requests,
            around.dice("stories"),
            entra_decides=plan.entra_decides,
        )
        if plan.entra_decides:
            registered(outside)
            outside.environment |= {**ACCOUNTS, "LATCHKEY_PACKAGE_SETTINGS": str(ENTRA_DECIDES)}
        watch = Watch(outside)
        watch.begin()
        reaper = Reaper(around.dice("harm"), plan)
        around.moment = reaper.moment
        keepers = [Keeper(around, plan.waits) for _ in range(REPLICAS)]
        keeping = [asyncio.create_task(each.keep()) for each in keepers]
        try:
            await _known(outside)
            if plan.entra_decides:
                await connect_all(outside, told, around.some_bot)
                login = around.dice("faults of the login")
                around.login_fails = lambda: login.random() < plan.faults
            let_loose(
                outside,
                rate=plan.faults,
                lag=plan.lag,
                where=plan.where,
                in_part=plan.in_part,
                limits=plan.limits,
            )
            began = outside.clock.now()
            if not await _play(plan, outside, watch, told, reaper, FOR_GOOD.intersection(until)):
                await _quiet(watch)
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
        faults = [*outside.tenant.faults.counts.values(), *outside.workspace.faults.counts.values()]
        return Report(
            seed=around.seed,
            count=count(outside, watch, told, entra_decides=plan.entra_decides),
            stories=told,
            deaths=reaper.done["death"],
            freezes=reaper.done["freeze"],
            starts=sum(each.starts for each in keepers),
            faults=sum(faults),
            in_part=outside.tenant.faults.counts["delivery_partial"],
            refused=sum(outside.workspace.tiers.refused.values()),
            lasted=outside.clock.now() - began,
        )


@dataclass
class Keeper:
    """Starts a replica again whenever it has died, as an orchestrator does."""

    around: Simulation
    waits: Waits
    starts: int = 0

    async def keep(self) -> None:
        while True:
            bot = await self._started()
            await bot.fell.wait()
            await bot.stop()
            await asyncio.sleep(RESTART_SECONDS)

    async def _started(self) -> Bot:
        """Another one, however often Slack or Graph keep it from starting."""
        while True:
            self.starts += 1
            try:
                return await self.around.start(waits=self.waits, **SETTINGS)
            except (DiedEarly, ConfigurationError):
                # It said why, and ended; the next one may be luckier.
                await asyncio.sleep(RESTART_SECONDS)


@contextlib.asynccontextmanager
async def _extensions_at_once() -> AsyncIterator[None]:
    """Offer Extend minutes after access was given, when it brings minutes: people here do not wait for a day."""
    worth = extending.WORTH
    extending.WORTH = timedelta(0)  # type: ignore[misc]
    try:
        yield
    finally:
        extending.WORTH = worth  # type: ignore[misc]


async def _known(outside: StandIns) -> None:
    """Wait until the bot has read what there is to ask for."""
    while True:
        shown = await outside.workspace.command(
            user=DANA, channel=outside.workspace.dm(DANA).id, command="/request-access", text="list"
        )
        if "guarded-beta-00" in (shown.text or ""):
            return
        await asyncio.sleep(5)


async def _play(
    plan: Plan,
    outside: StandIns,
    watch: Watch,
    told: Sequence[Story],
    reaper: Reaper,
    until: Collection[str],
) -> bool:
    """Let everybody act, and replicas die evenly over the stories' progress; True if *until* ended it."""
    at_once = asyncio.Semaphore(PEOPLE_AT_ONCE)
    done = 0

    async def act(story: Story) -> None:
        nonlocal done
        async with at_once:
            await Acting(outside, watch, story, UNHURRIED).play()
        done += 1

    repairing = asyncio.create_task(repair(outside, UNHURRIED))
    acts = [asyncio.create_task(act(story)) for story in told]
    end = asyncio.create_task(asyncio.wait(acts, timeout=plan.longest.total_seconds()))
    is_broken = False
    while not end.done() and not is_broken:
        reaper.arm(done / len(told))
        await asyncio.wait({end}, timeout=20)
        is_broken = bool(until) and not count(outside, watch, told).broken.keys().isdisjoint(until)
    # Whoever is not at the end is lost; and nobody else acts any more.
    outside.tenant.faults.clear()
    outside.workspace.faults.clear()
    for task in (repairing, *acts):
        task.cancel()
    for result in await asyncio.gather(repairing, *acts, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
    return is_broken


async def _quiet(watch: Watch) -> None:
    while True:
        before = watch.messages
        await asyncio.sleep(QUIET.total_seconds())
        if watch.messages == before:
            return

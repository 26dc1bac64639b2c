"""A small world in simulated time: stand-ins that outlive every bot, and bots that start, stop and die in it."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import structlog

from bot import chance as bot_chance
from bot import clock as bot_clock
from bot.app import Latchkey, assembled, running
from bot.configuration.settings import Settings, read_settings
from bot.database.connections.postgresql_limits import SessionLimits
from bot.machine import GRAPH_TIMEOUT, SLACK_TIMEOUT, Machine, people_sign_in
from bot.serving.outage_watch import AlarmNotTaken
from bot.timing import WAITS, Waits
from bot.webhooks.client import WebhookClient
from sandbox import chance as sandbox_chance
from sandbox.clock import SandboxClock
from sandbox.on_call import OnCallStandIn
from sandbox.run import StandIns, tutorial_world, wired
from sandbox.tenant import Tenant
from tests.harness.login import LoginSession
from tests.harness.loop import SimulatedLoop, simulated
from tests.harness.process import Process, SimulatedScheduler, SimulatedThreads, drawn
from tests.harness.receiver import Receiver
from tests.harness.sockets import SocketHandler
from tests.harness.wakeups import SimulatedWires
from tests.harness.wires import GraphWire, SlackSession, ToBot, Wire

SLACK: Final = "http://slack.test"
MICROSOFT: Final = "https://microsoft.test"
# Commits wake the jobs anyway; each look by the clock costs CPU, and waiting for one costs nothing.
LOOKS: Final = {"LATCHKEY_POLL_SECONDS": "60", "LATCHKEY_SYNC_SECONDS": "300"}

# A beat each second for simulated months would be most of the work.
SELDOM: Final = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """
    How long things take, in seconds at most; drawn anew each time, and never nothing: no two moments are the same.

    Attributes:
        database: A transaction.
        wire: The way of a call, there.
    """

    database: float
    wire: float


# No slow machine may meet the product's time limits on PostgreSQL, but in tests that are about these.
WITHOUT_LIMITS: Final = SessionLimits(lock_ms=0, statement_ms=0, idle_ms=0, answer_ms=0)
QUICK: Final = Pauses(database=0.001, wire=0.001)
LIFELIKE: Final = Pauses(database=0.01, wire=0.05)


class Simulation:
    """
    Stand-ins, and the chance and the time that everything in it shares.

    Attributes:
        moment: Told of each moment at which a bot could die in a way that somebody outside could tell; it may
            let it die there.
    """

    def __init__(
        self,
        database: Path | str,
        *,
        socket_mode: bool = False,
        pauses: Pauses = QUICK,
        part: int = 0,
        beat: timedelta = SELDOM,
    ) -> None:
        """
        Args:
            database: The SQLite file of every bot, or what DATABASE_URL says.
            socket_mode: Let the bots connect; otherwise Slack posts to them.
            pauses: How long things take.
            part: Makes another run of the same seed.
            beat: How often a bot notes that it is awake; what stands still needs the product's own.
        """
        self.beat = beat
        # By how much the database server's clock is ahead of everybody else's.
        self.database_ahead = timedelta(0)
        self.loop: SimulatedLoop = simulated()
        self.seed = self.loop.seed + part
        self.pauses = pauses
        self.moment: Callable[[Process, str], None] = lambda process, what: None
        self.bots: list[Bot] = []
        # What the alarms' webhook has taken; and whether it takes any.
        self.alarms: list[dict[str, Any]] = []
        self.alarms_refused = False
        # Tells whether Microsoft's login fails to answer this time.
        self.login_fails: Callable[[], bool] = lambda: False
        self.wires = SimulatedWires()
        self.receiver = Receiver(self.loop.now)
        self.on_call = OnCallStandIn()
        self._numbers = itertools.count()
        sandbox_chance.use(self.dice("stand-ins"))
        self._ids = self.dice("ids")
        self._choice = self.dice("replicas")
        workspace, tenant = tutorial_world(SandboxClock(machine=self.loop.now))
        workspace.base_url = SLACK
        workspace.request_url = "http://latchkey.test/slack/events"
        workspace.transport = ToBot(self._some_bot, pause=drawn(self.dice("to bot"), pauses.wire))
        tenant.faults._random = self.dice("faults of Graph")
        workspace.faults._random = self.dice("faults of Slack")
        self.outside: StandIns = wired(
            workspace, tenant, microsoft=MICROSOFT, database=Path(database), socket_mode=socket_mode
        )
        if isinstance(database, str):
            self.outside.environment["DATABASE_URL"] = database
        self.outside.environment |= LOOKS
        self.outside.clock.subscribe(self._time_moved)

    async def take_alarm(self, body: Mapping[str, Any]) -> bool:
        """The alarms' webhook: takes everything, unless a test says otherwise."""
        if self.alarms_refused:
            raise AlarmNotTaken("HTTP 500")
        self.alarms.append(dict(body))
        return True

    def dice(self, purpose: str) -> random.Random:
        """Chance for one purpose: what is drawn for another does not change it."""
        return random.Random(f"{purpose} {self.seed}")  # noqa: S311

    def _some_bot(self) -> tuple[Process, Any] | None:
        listening = [each for each in self.bots if each.listens]
        if not listening:
            return None
        chosen = self._choice.choice(listening)
        return chosen.process, chosen.latchkey.asgi

    def some_bot(self) -> Any:
        """The web app of a bot that listens, as a browser comes to one."""
        chosen = self._some_bot()
        assert chosen is not None, "no bot listens"
        return chosen[1]

    def _time_moved(self) -> None:
        bot_clock.set_offset(self.outside.clock.offset)
        for each in self.bots:
            if each.is_up:
                each.latchkey.jobs.wake_all()

    async def aclose(self) -> None:
        """Stop what still runs."""
        for each in list(self.bots):
            await each.stop()
        await self.outside.workspace.aclose()

    async def start(self, *, waits: Waits = WAITS, works: bool = True, **environment: str) -> "Bot":
        """
        Start one more bot, and wait until it is up.

        Args:
            waits: See `bot.timing`.
            works: Let its jobs run; without, each of its parts is moved by hand.
            environment: Settings, over those that the stand-ins need.

        Raises:
            ConfigurationError: It refuses to start.
        """
        bot_clock.set_offset(self.outside.clock.offset)
        bot = Bot(self, number=next(self._numbers))
        settings = read_settings({**self.outside.environment, **environment})
        await bot.start(settings, waits=waits, works=works)
        return bot


class DiedEarly(Exception):
    """A bot died before it was up."""


class Bot:
    """One bot: a process of its own, the wires that lead from it, and its parts."""

    latchkey: Latchkey

    def __init__(self, simulation: Simulation, *, number: int) -> None:
        self.simulation = simulation
        self.process = Process(simulation.loop, f"bot {number}")
        self.listens = False
        self.fell = asyncio.Event()
        self._life: Any = None
        self._stopping = simulation.loop.create_future()
        outside = simulation.outside
        chance = simulation.dice(f"wires of bot {number}")
        pause = drawn(chance, simulation.pauses.wire)
        self._threads_pause = drawn(chance, simulation.pauses.database)
        self._to_others_pause = drawn(
            simulation.dice(f"wakeups of bot {number}"), simulation.pauses.wire
        )
        self.line = GraphWire(
            Wire(self.process, outside.tenant.app, pause=pause, moment=self._moment)
        )
        self._to_slack = Wire(self.process, outside.workspace.app, pause=pause, moment=self._moment)
        self.to_receiver = GraphWire(
            Wire(self.process, simulation.receiver.app, pause=pause, moment=self._moment)
        )
        self.to_on_call = GraphWire(
            Wire(self.process, simulation.on_call.app, pause=pause, moment=self._moment)
        )

    def _moment(self, what: str) -> None:
        self.simulation.moment(self.process, what)

    def _way_to_login(self, method: str, path: str) -> None:
        if self.process.is_dead or self.simulation.login_fails():
            raise ConnectionError("no answer")

    @property
    def is_up(self) -> bool:
        """Tell whether it has started, and neither stopped nor died."""
        return self.listens and not self.process.is_dead

    def machine(self) -> Machine:
        """The machine that it believes it runs on."""
        loop, process, outside = self.process.loop, self.process, self.simulation.outside
        total = SLACK_TIMEOUT.total

        def threads(workers: int) -> SimulatedThreads:
            return SimulatedThreads(process, pause=self._threads_pause, moment=self._moment)

        return Machine(
            time=loop.now,
            seconds=loop.time,
            beat=self.simulation.beat,
            chance=self.simulation._ids,
            scheduler=lambda: SimulatedScheduler(process),
            threads=threads,
            session_limits=WITHOUT_LIMITS,
            graph_client=lambda: httpx.AsyncClient(
                transport=self.line, timeout=GRAPH_TIMEOUT, trust_env=False
            ),
            webhook_client=lambda: WebhookClient(
                httpx.AsyncClient(
                    transport=self.to_receiver, timeout=GRAPH_TIMEOUT, trust_env=False
                )
            ),
            on_call_client=lambda: httpx.AsyncClient(
                transport=self.to_on_call, timeout=GRAPH_TIMEOUT, trust_env=False
            ),
            slack_session=lambda: SlackSession(self._to_slack, within=total),  # type: ignore[return-value,arg-type]
            tokens=lambda settings: TenantTokens(outside.tenant),
            people_sign_in=lambda settings: people_sign_in(
                settings,
                client=lambda: LoginSession(
                    outside.tenant.app, fault=self._way_to_login, moment=self._moment
                ),
            ),
            wire=lambda store: self.simulation.wires.of(
                store, process, pause=self._to_others_pause
            ),
            database_time=lambda db: loop.now() + self.simulation.database_ahead,
            alarm_webhook=lambda url: self.simulation.take_alarm,
            socket_mode=lambda bolt, token: SocketHandler(
                bolt, token, process=process, workspace=outside.workspace
            ),
        )

    async def start(self, settings: Settings, *, waits: Waits, works: bool) -> None:
        """Start it; returns when it is up."""
        up = self.process.loop.create_future()
        begin = running if works else assembled

        async def live() -> None:
            try:
                async with begin(settings, waits=waits, machine=self.machine()) as latchkey:
                    self.latchkey = latchkey
                    self.listens = True
                    up.set_result(None)
                    await self._stopping
            except Exception as error:
                if up.done():
                    raise
                up.set_exception(error)
            finally:
                self.listens = False

        self.simulation.bots.append(self)
        self._life = self.process.start(live())
        self.process.at_death(self._fallen)
        await asyncio.wait({self._life, up}, return_when=asyncio.FIRST_COMPLETED)
        if not up.done():
            self.simulation.bots.remove(self)
            raise DiedEarly(self.process.name)
        if (error := up.exception()) is not None:
            self.simulation.bots.remove(self)
            raise error

    def _fallen(self) -> None:
        self.listens = False
        self.fell.set()

    async def stop(self) -> None:
        """Stop it as SIGTERM does, or wait for the end of a dead one."""
        if self.process.is_dead:
            await self.process.gone()
        else:
            if not self._stopping.done():
                self._stopping.set_result(None)
            await self._life
            self.process.is_dead = True
            await self.process.gone()
        if self in self.simulation.bots:
            self.simulation.bots.remove(self)

    async def die(self) -> None:
        """Die as SIGKILL does it: whatever it is doing."""
        self.process.die()
        await self.stop()


class TenantTokens:
    """Tokens straight from the stand-in tenant, renewed in time; the way through msal is tried where sockets are."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._token = ""
        self._renew_at = 0.0

    async def token(self) -> str:
        if self._tenant.clock.machine_seconds() >= self._renew_at:
            return await self.refresh()
        return self._token

    async def refresh(self, claims: str | None = None) -> str:
        self._token = self._tenant.application_token()
        self._renew_at = self._tenant.clock.machine_seconds() + 1_800
        return self._token


@asynccontextmanager
async def simulation(
    database: Path | str,
    *,
    socket_mode: bool = False,
    pauses: Pauses = QUICK,
    part: int = 0,
    beat: timedelta = SELDOM,
) -> AsyncIterator[Simulation]:
    """A world for as long as the block runs; time and chance are the machine's own again afterwards."""
    made = Simulation(database, socket_mode=socket_mode, pauses=pauses, part=part, beat=beat)
    with _short_logs():
        try:
            yield made
        finally:
            await made.aclose()
            bot_clock.use(bot_clock.machine_time)
            bot_chance.use(bot_chance.secure)
            sandbox_chance.use(sandbox_chance.secure)


@contextmanager
def _short_logs() -> Iterator[None]:
    """
    Log exceptions without the values of every variable on their way, which takes seconds for one.

    Whoever reads the logs has configured them already, and keeps them so.
    """
    if structlog.is_configured():
        yield
        return
    *before, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*before, plain])
    try:
        yield
    finally:
        structlog.reset_defaults()

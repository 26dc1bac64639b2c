"""The way between replicas without a server: what one commits, the others hear a moment later, or never."""

import weakref
from collections.abc import Callable, Collection
from typing import Any, Final

import sqlalchemy as sa

from bot.database import Store, Transaction
from bot.database.replicas.wire import Heard
from tests.harness.process import Process

# Where a connection keeps the jobs that its transaction wakes.
TOLD: Final = "simulated_wakeups"


class SimulatedWires:
    """
    The wires of all replicas of a simulation.

    Attributes:
        lose: Says of each word whether it gets lost.
        said: How many words were said.
    """

    def __init__(self) -> None:
        self.lose: Callable[[], bool] = lambda: False
        self.said = 0
        self._wires: list[SimulatedWire] = []

    def of(self, store: Store, process: Process, pause: Callable[[], float]) -> "SimulatedWire":
        made = SimulatedWire(self, store.engine, process, pause)
        self._wires.append(made)
        return made

    def carry(self, sender: "SimulatedWire", jobs: Collection[str]) -> None:
        self.said += 1
        for each in self._wires:
            if each is not sender and not self.lose():
                each.receive(jobs)


class SimulatedWire:
    """A replica's end."""

    silent_because: str | None = None

    def __init__(
        self,
        wires: SimulatedWires,
        engine: sa.Engine,
        process: Process,
        pause: Callable[[], float],
    ) -> None:
        self._wires = wires
        self._process = process
        self._pause = pause
        self._heard: Heard | None = None
        self._follow(engine.dialect)

    def _follow(self, dialect: Any) -> None:
        """In the dialect, because an engine with listeners asks for them around every statement."""
        begin, commit = dialect.do_begin, dialect.do_commit
        # Compiled statements are kept for all tests, and each knows a dialect: through it, it must not keep a whole world.
        this = weakref.ref(self)

        def do_begin(connection: sa.PoolProxiedConnection) -> None:
            # Of a transaction that was taken back.
            connection.info.pop(TOLD, None)
            begin(connection)

        def do_commit(connection: sa.PoolProxiedConnection) -> None:
            told: Any = connection.info.pop(TOLD, None)
            commit(connection)
            wire = this()
            if told and wire is not None:
                wire.carry(sorted(told))

        dialect.do_begin, dialect.do_commit = do_begin, do_commit

    def wake(self, db: Transaction, jobs: Collection[str]) -> None:
        db.info.setdefault(TOLD, set()).update(jobs)

    async def listen(self, heard: Heard) -> None:
        self._heard = heard
        try:
            await self._process.loop.create_future()
        finally:
            self._heard = None

    def carry(self, jobs: Collection[str]) -> None:
        """Let the others hear."""
        self._wires.carry(self, jobs)

    def receive(self, jobs: Collection[str]) -> None:
        # In its own context, so that what is frozen hears nothing.
        self._process.loop.call_later(
            self._pause(), self._hear, jobs, context=self._process.context.copy()
        )

    def _hear(self, jobs: Collection[str]) -> None:
        if self._heard is not None and not self._process.is_dead:
            self._heard(jobs)

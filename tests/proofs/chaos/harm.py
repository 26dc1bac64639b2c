"""Replicas as real processes, and what is done to them: killed, frozen, their database stopped."""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.proofs.chaos.replica import LEASE

ROOT: Final = Path(__file__).resolve().parents[3]
# Longer than a lease: somebody else has taken over when the frozen one wakes up.
FROZEN_SECONDS: Final = LEASE.total_seconds() + 2
DATABASE_GONE_SECONDS: Final = 1.5


@dataclass
class Replica:
    """One process that is started again whenever it ends, as an orchestrator does."""

    environment: Mapping[str, str]
    folder: Path
    options: tuple[str, ...]
    number: int
    process: asyncio.subprocess.Process | None = None
    starts: int = 0

    async def keep_running(self) -> None:
        """Run it, again and again, until canceled."""
        try:
            while True:
                await self._run_once()
                await asyncio.sleep(0.2)
        finally:
            if self.process is not None and self.send(signal.SIGKILL):
                await self.process.wait()

    async def _run_once(self) -> None:
        self.starts += 1
        with (self.folder / f"replica-{self.number}.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.proofs.chaos.replica", *self.options),
                env={**self.environment, "PYTHONPATH": str(ROOT)},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        await self.process.wait()

    def send(self, number: signal.Signals) -> bool:
        """Send a signal; False when there is nobody to get it."""
        if self.process is None or self.process.returncode is not None:
            return False
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
            return True
        return False


@dataclass
class Harm:
    """Does harm at random moments, and remembers when."""

    replicas: list[Replica]
    server: Any
    dice: random.Random
    kills: int = 0
    freezes: int = 0
    stops: int = 0
    struck: list[tuple[float, float]] = field(default_factory=list)

    def plan(self, *, kills: int, freezes: int, stops: int) -> list[str]:
        """The order of what will happen, by the seed alone."""
        plan = ["kill"] * kills + ["freeze"] * freezes + ["stop"] * stops
        self.dice.shuffle(plan)
        return plan

    async def do(self, what: str) -> None:
        """One deed, from its beginning to its end."""
        began = time.time()
        victim = self.dice.choice(self.replicas)
        if what == "kill":
            self.kills += victim.send(signal.SIGKILL)
        elif what == "freeze":
            await self._freeze(victim)
        else:
            await self._stop_database()
        self.struck.append((began, time.time()))

    async def _freeze(self, victim: Replica) -> None:
        if victim.send(signal.SIGSTOP):
            self.freezes += 1
            try:
                await asyncio.sleep(FROZEN_SECONDS)
            finally:
                victim.send(signal.SIGCONT)

    async def _stop_database(self) -> None:
        # SIGQUIT is PostgreSQL's immediate shutdown: no checkpoint, every connection cut, recovery at the start.
        os.kill(self.server.get_pid(), signal.SIGQUIT)
        self.stops += 1
        await asyncio.sleep(DATABASE_GONE_SECONDS)
        await asyncio.to_thread(self.server.ensure_postgres_running)

    def struck_around(self, moment: float, within: float) -> bool:
        """Tell whether something was done within so many seconds after *moment*."""
        return any(began - within <= moment <= ended for began, ended in self.struck)

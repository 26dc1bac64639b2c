"""The programs of an installation, each as Debian has it: started, stopped, killed and frozen by hand."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PATH: Final = "/usr/sbin:/usr/bin:/usr/local/bin:/usr/lib/postgresql/15/bin"
FAKETIME: Final = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
# On a machine with much else to do.
START_SECONDS: Final = 300
END_SECONDS: Final = 120


class Missing(Exception):
    """A program is not installed here; ``str(error)`` says which, and Debian's package."""


def program(name: str, package: str) -> str:
    """
    Return the path of a program.

    Raises:
        Missing: Debian's *package* is not installed.
    """
    found = shutil.which(name, path=PATH)
    if found is None:
        raise Missing(f"{name} is not here (Debian: {package})")
    return found


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


async def listens(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


@dataclass
class Program:
    """
    One process in a session of its own.

    Attributes:
        port: Where it listens; it is up once somebody does.
        user: Whom it runs as.
        stop_by: What ends it in an orderly way.
        before: Done before each start.
    """

    name: str
    command: Sequence[str]
    log: Path
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    stop_by: signal.Signals = signal.SIGTERM
    before: Callable[[], Awaitable[None]] | None = None
    process: asyncio.subprocess.Process | None = None

    @property
    def runs(self) -> bool:
        """Tell whether the process lives."""
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        """
        Start it, unless it lives, and wait until it listens.

        Raises:
            RuntimeError: It ended, or does not listen after minutes; the end of its log is in it.
        """
        if self.runs:
            return
        if self.before is not None:
            await self.before()
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command,
                env={"PATH": PATH, **self.environment},
                cwd=self.log.parent,
                user=self.user,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while self.process.returncode is None:
                    if await listens(self.port):
                        return
                    await asyncio.sleep(0.2)
        raise RuntimeError(f"{self.name} does not start: {self.log.read_text()[-2_000:]}")

    async def stop(self) -> None:
        """End it in an orderly way, or at once if it takes too long."""
        if not self.runs:
            return
        self.send(signal.SIGCONT)
        self.send(self.stop_by, only_itself=True)
        await self._ended()

    async def kill(self) -> None:
        """End it at once, with whatever it has started."""
        self.send(signal.SIGKILL)
        await self._ended()

    def freeze(self) -> None:
        """Let it stand still, with whatever it has started."""
        self.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.send(signal.SIGCONT)

    def send(self, number: signal.Signals, *, only_itself: bool = False) -> None:
        """Send a signal to its whole session, or to the first process alone."""
        if self.process is None or not self.runs:
            return
        with contextlib.suppress(ProcessLookupError):
            if only_itself:
                self.process.send_signal(number)
            else:
                os.killpg(self.process.pid, number)

    async def _ended(self) -> None:
        if self.process is None:
            return
        try:
            async with asyncio.timeout(END_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.process.wait()


async def ran(
    *command: str, environment: Mapping[str, str], folder: Path, user: str | None = None
) -> tuple[int, str, str]:
    """Run a command to its end; returns its exit code, its output and its errors."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": PATH, **environment},
        cwd=folder,
        user=user,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode or 0, output.decode(), errors.decode()

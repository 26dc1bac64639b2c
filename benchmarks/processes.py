"""Processes that a benchmark starts: each says in its first line where it can be reached."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import psutil

ROOT: Final = Path(__file__).parent.parent
START_SECONDS: Final = 60
STOP_SECONDS: Final = 15


class Process:
    """A running Python module; *said* is the first line that it printed."""

    def __init__(self, process: asyncio.subprocess.Process, said: str) -> None:
        self._process = process
        self.said = said

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def cpu_seconds(self) -> float:
        """CPU that it has used so far, which counts where others keep the machine busy."""
        used = psutil.Process(self.pid).cpu_times()
        return float(used.user + used.system)

    async def ask(self, line: str) -> str:
        """Write *line* to it, and return the line that it answers."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("it was started without pipes")
        self._process.stdin.write(line.encode() + b"\n")
        return (await self._process.stdout.readline()).decode()

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Stop it meanwhile, so that it takes nothing from what is measured; for seconds, not for minutes."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


@asynccontextmanager
async def started(
    module: str, *arguments: str, environment: Mapping[str, str], log: Path
) -> AsyncIterator[Process]:
    """
    Run ``python -m module`` while the block runs, from when it has said its first line.

    Args:
        environment: All of its environment, but for where Python finds this checkout.
        log: A file for what it writes to stderr.

    Raises:
        RuntimeError: It ended, or said nothing in time; its log tells why.
    """
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
            cwd=log.parent,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    try:
        if process.stdout is None:
            raise RuntimeError("it was started without pipes")
        async with asyncio.timeout(START_SECONDS):
            said = (await process.stdout.readline()).decode()
        if not said:
            raise RuntimeError(f"{module} ended at once; {log} tells why")
        yield Process(process, said)
    finally:
        await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

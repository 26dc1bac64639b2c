"""A simulated process: it starts, works and dies, and of what it has not handed over nothing remains."""

import asyncio
import random
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future
from contextvars import Context, ContextVar, copy_context
from datetime import timedelta
from typing import Any, Final, TypeVar

from tests.harness.loop import SimulatedLoop

T = TypeVar("T")

# The process that the running code belongs to; None outside of every process, where the stand-ins live.
CURRENT: Final[ContextVar["Process | None"]] = ContextVar("process", default=None)


class Process:
    """
    Tasks, timers and transactions that die together.

    A death takes effect at once: what the process does afterwards (the ``finally`` blocks of its tasks run, as
    Python insists) reaches neither the database nor a wire.
    """

    def __init__(self, loop: SimulatedLoop, name: str) -> None:
        self.name = name
        self.loop = loop
        self.is_dead = False
        self.context = copy_context()
        self.context.run(CURRENT.set, self)
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._at_death: dict[Callable[[], None], None] = {}
        loop.on_task = _take_note

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run *work* in this process."""
        return self.loop.create_task(work, context=self.context, name=self.name)

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """Call *function* as code of this process."""
        return self.context.copy().run(function, *args)

    def freeze(self, wait: timedelta) -> None:
        """Stop for a while, as SIGSTOP does: nothing of it runs, and then everything that has come due."""
        if self.is_dead or self in _frozen:
            return
        _frozen[self] = []
        self.loop.park = _park
        # Of no process, or it would be stopped itself.
        self.loop.call_later(wait.total_seconds(), self._thaw, context=Context())

    def _thaw(self) -> None:
        self.loop.go_on(_frozen.pop(self))
        if not _frozen:
            self.loop.park = None

    def at_death(self, close: Callable[[], None]) -> Callable[[], None]:
        """Close a connection when the process dies, as its machine does; the returned function ends that."""
        self._at_death[close] = None

        def forget() -> None:
            self._at_death.pop(close, None)

        return forget

    def own(self, task: asyncio.Task[Any]) -> None:
        self._tasks[task] = None
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.pop(task, None)

    def die(self) -> None:
        """Die now, wherever it is; safe to call from inside and from outside."""
        if self.is_dead:
            return
        self.is_dead = True
        for close in list(self._at_death):
            close()
        for task in list(self._tasks):
            task.cancel()

    async def gone(self) -> None:
        """Wait until the last task of a dead process has ended."""
        while self._tasks:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.wait(list(self._tasks), timeout=1)

    async def rest_in_peace(self) -> None:
        """Never go on: for code of a dead process."""
        await self.loop.create_future()


_frozen: Final[dict[Process, list[asyncio.Handle]]] = {}


def _park(handle: asyncio.Handle) -> bool:
    process = handle._context.get(CURRENT)  # type: ignore[attr-defined]
    parked = _frozen.get(process) if process is not None else None
    if parked is None or process.is_dead:
        return False
    parked.append(handle)
    return True


def _take_note(task: asyncio.Task[Any], context: Context | None) -> None:
    process = CURRENT.get() if context is None else context.get(CURRENT)
    if process is not None:
        process.own(task)
        if process.is_dead:
            task.cancel()


class SimulatedThreads(Executor):
    """
    Transactions one after the other, in the loop's own thread; each takes a moment, and a death forgets the rest.

    Args:
        process: Whose they are.
        pause: Draws how long each takes, in seconds.
        moment: Told before and after each.
    """

    def __init__(
        self,
        process: Process,
        *,
        pause: Callable[[], float],
        moment: Callable[[str], None],
    ) -> None:
        self._process = process
        self._pause = pause
        self._moment = moment
        self._free_at = 0.0

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        future: Future[T] = Future()
        loop = self._process.loop
        self._free_at = max(self._free_at, loop.time()) + self._pause()
        loop.call_at(self._free_at, self._work, future, fn, args, kwargs)
        return future

    def _work(self, future: Future[T], fn: Callable[..., T], args: Any, kwargs: Any) -> None:
        if not self._process.is_dead:
            self._moment("before a transaction")
        if self._process.is_dead or not future.set_running_or_notify_cancel():
            return
        try:
            result = fn(*args, **kwargs)
        except BaseException as error:
            future.set_exception(error)
            return
        self._moment("after a transaction")
        if not self._process.is_dead:
            future.set_result(result)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is left running."""


class SimulatedScheduler:
    """Triggers jobs by the simulated clock."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._triggers: list[tuple[float, Callable[[], None]]] = []
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def every(self, interval: timedelta, trigger: Callable[[], None]) -> None:
        self._triggers.append((interval.total_seconds(), trigger))

    def start(self) -> None:
        for number in range(len(self._triggers)):
            self._set(number)

    def stop(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _set(self, number: int) -> None:
        seconds, _ = self._triggers[number]
        self._timers[number] = self._process.loop.call_later(seconds, self._ring, number)

    def _ring(self, number: int) -> None:
        if not self._process.is_dead:
            self._set(number)
            self._triggers[number][1]()


def drawn(chance: random.Random, most: float) -> Callable[[], float]:
    """Draws seconds: at least a tenth of *most*."""
    return lambda: chance.uniform(most / 10, most)

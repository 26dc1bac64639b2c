"""An event loop whose clock jumps to the next timer when nothing else is left to do."""

import asyncio
import heapq
import random
from collections.abc import Callable, Coroutine, Generator, Iterable
from concurrent.futures import Executor
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import Any, Final

# When every simulation begins: a Monday morning.  Nothing may depend on which.
START: Final = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
# Turns in which no time passes, after which somebody goes round in circles: hundreds of times more than any test needs.
CIRCLES: Final = 1_000_000
# Canceled timers are swept out when there are so many, and they are half of all.
SWEEP_FROM: Final = 100

Work = Coroutine[Any, Any, Any] | Generator[Any, None, Any]


class Stuck(AssertionError):
    """No test can end any more: everybody waits and nothing will ever happen, or time stands still."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """
    Runs tasks as asyncio does, without sockets, threads or waiting.

    * `time` is simulated: it stands still while somebody works, and jumps to the next timer when nobody does.
    * Tasks that are ready at the same moment run in an order drawn from *seed*, as they may in any event loop.
    * Work for threads is done at once, in the loop's own.
    * When everybody waits for somebody else and no timer is left, or when somebody works for ever in no time, the
      test fails with `Stuck`.

    The same seed makes the same run.  (`looptime` jumps, too; but it keeps selectors, threads and asyncio's order.)
    """

    # What BaseEventLoop has, and its stubs do not.
    _ready: Any
    _scheduled: Any
    _stopping: bool
    _timer_cancelled_count: int
    _clock_resolution: float

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed
        self.chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._now = self._read_at = 0.0
        self._read = START
        self._turns = 0
        self._clock_resolution = 1e-6
        self.on_task: Callable[[asyncio.Task[Any], Context | None], None] | None = None
        # Takes what must not run now, because its process is stopped; it hands it back to `go_on`.
        self.park: Callable[[asyncio.Handle], bool] | None = None

    def time(self) -> float:
        """Simulated seconds since the loop was made."""
        return self._now

    def stand_still(self, wait: timedelta) -> None:
        """Let the machine stop for a while: time goes on, and nobody does anything meanwhile."""
        self._now += wait.total_seconds()

    def go_on(self, handles: Iterable[asyncio.Handle]) -> None:
        """Run what was parked."""
        self._ready.extend(handles)

    def now(self) -> datetime:
        """The simulated machine's own time, aware UTC."""
        if self._now != self._read_at:
            self._read_at, self._read = self._now, START + timedelta(seconds=self._now)
        return self._read

    def create_task(
        self, coro: Work, *, name: object = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = super().create_task(coro, name=name, context=context)
        if self.on_task is not None:
            self.on_task(task, context)
        return task

    def call_soon_threadsafe(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future = self.create_future()

        def work() -> None:
            if future.cancelled():
                return
            try:
                result = func(*args)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self.call_soon(work)
        return future

    async def shutdown_default_executor(self) -> None:
        """There is none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector, so nobody need be woken."""

    def _run_once(self) -> None:
        """One turn: everything that is ready; if nothing is, the next timers."""
        self._sweep_timers()
        ready, scheduled = self._ready, self._scheduled
        if not ready and not self._stopping:
            if not scheduled:
                raise Stuck(_who_waits(self))
            if scheduled[0]._when > self._now:
                self._now, self._turns = scheduled[0]._when, 0
        self._turns += 1
        if self._turns > CIRCLES:
            raise Stuck(f"time stands still; {len(ready)} are ready: {list(ready)[:5]}")
        end = self._now + self._clock_resolution
        while scheduled and scheduled[0]._when <= end:
            handle = heapq.heappop(scheduled)
            handle._scheduled = False
            ready.append(handle)
        if len(ready) > 1:
            self._shuffle()
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled and (self.park is None or not self.park(handle)):
                handle._run()

    def _sweep_timers(self) -> None:
        scheduled = self._scheduled
        canceled = self._timer_cancelled_count
        if canceled > SWEEP_FROM and canceled * 2 > len(scheduled):
            for handle in scheduled:
                handle._scheduled = not handle._cancelled
            kept = [handle for handle in scheduled if not handle._cancelled]
            heapq.heapify(kept)
            self._scheduled, self._timer_cancelled_count = kept, 0
            scheduled = kept
        while scheduled and scheduled[0]._cancelled:
            self._timer_cancelled_count -= 1
            heapq.heappop(scheduled)._scheduled = False

    def _shuffle(self) -> None:
        """
        Let chance say which of the tasks that are ready goes first.

        Only the steps of tasks change places: a task has one step at most, so no order that asyncio promises is
        broken, while callbacks, which are called in the order in which they were asked for, keep theirs.
        """
        ready = self._ready
        places = [
            place
            for place, handle in enumerate(ready)
            if isinstance(getattr(handle._callback, "__self__", None), asyncio.Task)
        ]
        if len(places) < 2:
            return
        steps = [ready[place] for place in places]
        self.chance.shuffle(steps)
        for place, step in zip(places, steps, strict=True):
            ready[place] = step


def _who_waits(loop: asyncio.AbstractEventLoop) -> str:
    waiting = sorted(
        f"{task.get_name()}: {frames[-1] if (frames := task.get_stack(limit=1)) else task}"
        for task in asyncio.all_tasks(loop)
    )
    return "everybody waits, and nothing will ever happen:\n" + "\n".join(waiting)


def simulated() -> SimulatedLoop:
    """
    The simulated event loop that runs just now.

    Raises:
        TypeError: A real one runs.
    """
    loop = asyncio.get_running_loop()
    if not isinstance(loop, SimulatedLoop):
        raise TypeError("this needs simulated time: see docs/explanation/testing.md")
    return loop

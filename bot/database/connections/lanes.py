"""Order transactions: those that somebody waits for go before those of jobs."""

import asyncio
import functools
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from concurrent.futures import Future as Done
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from bot.database.connections.faults import Busy, Unusable
from bot.priority import give_way, is_background

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")

# Slack waits 3 s for an answer: a command must hear "busy" before that, whether it waits for a lock or
# behind others for its turn.
QUEUE_SECONDS: Final = 1.7
# However many people wait, a job's transaction is next when so much time has passed since the last.
TURN_SECONDS: Final = 0.1
# As many share one transaction at most, so that the first of them does not wait for all.
MOST_TOGETHER: Final = 64

Together = Callable[[Sequence[I]], Sequence[R | Exception]]


@dataclass(eq=False, kw_only=True)
class _Waiter:
    """Something that a future waits for; *item* of what is done together."""

    work: Callable[[], Any] | None = None
    item: Any = None
    future: asyncio.Future[Any]
    timer: asyncio.TimerHandle | None = None
    is_background: bool = False

    def begin(self) -> None:
        """Nobody can be turned away any more."""
        if self.timer is not None:
            self.timer.cancel()

    def give_up(self) -> None:
        """It has not begun, and so has certainly not happened."""
        self.end(Busy("too much waits for the database"))

    def end(self, result: Any) -> None:
        """Give whoever waits its result, or the exception that stands in its place."""
        if self.future.done():
            return
        if not isinstance(result, Exception):
            self.future.set_result(result)
            return
        self.future.set_exception(result)
        # Seen: whoever was canceled meanwhile does not ask for it, and asyncio would log it as an error that nobody has met.
        self.future.exception()


@dataclass(eq=False, kw_only=True)
class _Group:
    """The waiting callers of one kind of transaction, which takes as many as there are."""

    together: Together[Any, Any]
    waiting: deque[_Waiter] = field(default_factory=deque)
    is_queued: bool = False


class Lane:
    """
    Runs transactions in an executor, so many at a time; those that somebody waits for before those of jobs.

    What jobs want waits as long as it must.  Whoever somebody waits for is turned away in time, which happens only
    when the database does not get on at all.
    """

    def __init__(self, threads: Executor, *, width: int, for_jobs: int) -> None:
        """
        Args:
            width: How many transactions run at the same time.
            for_jobs: How many of them may be of jobs.
        """
        self._threads = threads
        self._width = width
        self._for_jobs = for_jobs
        self._first: Final[deque[_Waiter | _Group]] = deque()
        self._jobs: Final[deque[_Waiter]] = deque()
        self._groups: Final[dict[Together[Any, Any], _Group]] = {}
        self._running = self._jobs_running = 0
        self._jobs_turn_at = 0.0

    async def run(self, work: Callable[[], R]) -> R:
        """
        Run *work* when it is its turn.

        Raises:
            Busy: It did not get its turn in time.
        """
        await give_way()
        waiting = self._new(is_background=is_background(), work=work)
        (self._jobs if waiting.is_background else self._first).append(waiting)
        return await self._wait_for(waiting)  # type: ignore[no-any-return]

    async def run_together(self, together: Together[I, R], item: I) -> R:
        """
        Run *together* with *item*, and with whatever else waits for the same function by then.

        It returns a result, or an exception, for each.  Raises it, it is run once more for each alone: nobody fails
        for what is wrong with another.

        Raises:
            Busy: It did not get its turn in time.
        """
        await give_way()
        group = self._groups.setdefault(together, _Group(together=together))
        waiting = self._new(is_background=False, item=item)
        group.waiting.append(waiting)
        self._queue(group)
        return await self._wait_for(waiting)  # type: ignore[no-any-return]

    def _new(self, *, is_background: bool, **what: Any) -> _Waiter:
        loop = asyncio.get_running_loop()
        waiting = _Waiter(future=loop.create_future(), is_background=is_background, **what)
        if not is_background:
            waiting.timer = loop.call_later(QUEUE_SECONDS, waiting.give_up)
        return waiting

    async def _wait_for(self, waiting: _Waiter) -> Any:
        self._go_on()
        # Whoever is canceled leaves it to be done: it may have begun.
        return await asyncio.shield(waiting.future)

    def _queue(self, group: _Group) -> None:
        if group.waiting and not group.is_queued:
            group.is_queued = True
            self._first.append(group)

    def _go_on(self) -> None:
        while self._running < self._width:
            following = self._next()
            if following is None:
                return
            if isinstance(following, _Group):
                self._begin_together(following)
            elif following.work is not None and not following.future.done():
                following.begin()
                self._begin(following.work, functools.partial(self._end, following))
                self._jobs_running += following.is_background

    def _next(self) -> _Waiter | _Group | None:
        if self._jobs and self._jobs_running < self._for_jobs:
            now = asyncio.get_running_loop().time()
            if not self._first or now >= self._jobs_turn_at:
                self._jobs_turn_at = now + TURN_SECONDS
                return self._jobs.popleft()
        return self._first.popleft() if self._first else None

    def _begin(self, work: Callable[[], Any], end: Callable[[Any], None]) -> None:
        self._running += 1
        loop = asyncio.get_running_loop()

        def done(result: Done[Any]) -> None:
            # A loop that is closed hears of nothing any more.
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._ended, result, end)

        self._threads.submit(work).add_done_callback(done)

    def _ended(self, result: Done[Any], end: Callable[[Any], None]) -> None:
        self._running -= 1
        end(result.exception() or result.result())
        self._go_on()

    def _end(self, waiting: _Waiter, result: Any) -> None:
        self._jobs_running -= waiting.is_background
        waiting.end(result)

    def _begin_together(self, group: _Group) -> None:
        taken: list[_Waiter] = []
        while group.waiting and len(taken) < MOST_TOGETHER:
            waiting = group.waiting.popleft()
            if not waiting.future.done():
                waiting.begin()
                taken.append(waiting)
        if not taken:
            group.is_queued = False
            return
        work = functools.partial(group.together, [waiting.item for waiting in taken])
        self._begin(work, functools.partial(self._end_together, group, taken))

    def _end_together(self, group: _Group, taken: Sequence[_Waiter], results: Any) -> None:
        group.is_queued = False
        self._queue(group)
        if not isinstance(results, Exception):
            for waiting, result in zip(taken, results, strict=True):
                waiting.end(result)
        elif len(taken) == 1 or (isinstance(results, Busy) and not isinstance(results, Unusable)):
            for waiting in taken:
                waiting.end(results)
        else:
            for waiting in taken:
                waiting.work = functools.partial(_alone, group.together, waiting.item)
                self._first.append(waiting)


def _alone(together: Together[I, R], item: I) -> R:
    (result,) = together([item])
    if isinstance(result, Exception):
        raise result
    return result

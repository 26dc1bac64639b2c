"""Measure something in a process of its own: what it costs there, and how much memory it takes at most."""

import asyncio
import multiprocessing
import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import psutil

MB: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Cost:
    """
    What a piece of work took.

    Attributes:
        seconds: Of CPU, of all threads.
        megabytes: How much more memory at most than before.
    """

    seconds: float
    megabytes: float


def apart(work: Callable[[], Awaitable[Any]]) -> Cost:
    """Do *work* in a forked child, so that nothing that was done before is in its memory or its caches."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(work, theirs))
    child.start()
    theirs.close()
    try:
        cost: Cost = ours.recv()
    finally:
        child.join()
    return cost


def _child(work: Callable[[], Awaitable[Any]], answer: Any) -> None:
    answer.send(measured(work))


def measured(work: Callable[[], Awaitable[Any]]) -> Cost:
    """The same in this process, whose memory must not have been larger before."""
    before = psutil.Process().memory_info().rss
    started = time.process_time()
    asyncio.run(_awaited(work))
    seconds = time.process_time() - started
    # Linux counts it in kilobytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Cost(seconds=seconds, megabytes=max(0, peak - before) / MB)


async def _awaited(work: Callable[[], Awaitable[Any]]) -> None:
    await work()

"""Measure something in a process of its own: what it costs there, and how much memory it takes at most."""

import asyncio
import multiprocessing
import resource
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Final, TypeVar

import psutil

T = TypeVar("T")

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


def apart(work: Callable[[], T]) -> T:
    """
    Do *work* in a forked child, so that nothing that was done before is in its memory or its caches.

    Raises:
        EOFError: It raised; what, the child has said on stderr.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(work, theirs))
    child.start()
    theirs.close()
    try:
        answer: T = ours.recv()
    finally:
        child.join()
    return answer


def _child(work: Callable[[], Any], answer: Connection) -> None:
    answer.send(work())


def measured(work: Callable[[], Coroutine[Any, Any, None]]) -> Cost:
    """Return what *work* costs in this process, which must not have been larger before."""
    before = memory()
    started = time.process_time()
    asyncio.run(work())
    return Cost(
        seconds=time.process_time() - started, megabytes=max(0, largest_memory() - before) / MB
    )


def memory() -> int:
    """Bytes that this process has in memory now."""
    return int(psutil.Process().memory_info().rss)


def largest_memory() -> int:
    """Bytes that it has had in memory at most."""
    # Linux counts kilobytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

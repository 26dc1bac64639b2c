"""Repeat what failed until it succeeds, and look for something until it is there: each such loop once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import TypeVar

Result = TypeVar("Result")
Sleep = Callable[[float], Awaitable[object]]


async def until_done(
    work: Callable[[], Awaitable[Result]],
    *,
    pause_after: Callable[[Exception], timedelta | None],
    sleep: Sleep = asyncio.sleep,
) -> Result:
    """
    Do *work* until it succeeds, and return what came of it.

    Args:
        pause_after: Says after each failure how long to wait before the next try; None: it was the last.
        sleep: Waits so many seconds.

    Raises:
        Exception: What *work* raised last.
    """
    while True:
        try:
            return await work()
        except Exception as error:
            pause = pause_after(error)
            if pause is None:
                raise
        await sleep(pause.total_seconds())


async def until_found(
    look: Callable[[], Awaitable[Result | None]],
    *,
    pauses: Iterable[timedelta],
    sleep: Sleep = asyncio.sleep,
) -> Result | None:
    """
    Look until something is found, and return it; None: it was not there after the last pause either.

    Args:
        pauses: Between one look and the next; each is only asked for once it is needed.
        sleep: Waits so many seconds.
    """
    left = iter(pauses)
    while (found := await look()) is None:
        pause = next(left, None)
        if pause is None:
            return None
        await sleep(pause.total_seconds())
    return found

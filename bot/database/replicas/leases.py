"""Keep a lease ours for as long as the work goes on that it stands for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.database.connections.faults import Busy


@asynccontextmanager
async def renewed(
    renew: Callable[[], Awaitable[bool]],
    *,
    every: timedelta,
    name: str,
    lost: Callable[[], object] = lambda: None,
) -> AsyncIterator[None]:
    """
    Renew a lease again and again while the body works; the body goes on if it is lost.

    Args:
        renew: Makes it last longer; False: it is somebody else's by now.  A busy database only means later.
        name: Of the task, for whoever looks at those that run.
        lost: Told once that it is somebody else's: whatever the body still writes must not count.
    """

    async def keep() -> None:
        while True:
            await asyncio.sleep(every.total_seconds())
            try:
                ours = await renew()
            except Busy:
                continue
            if not ours:
                lost()
                return

    renewing = asyncio.create_task(keep(), name=name)
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)

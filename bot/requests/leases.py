"""A worker and its claim on a request: renewed as long as the work goes on, and given up after a while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from bot.database import Store
from bot.database.replicas.leases import renewed
from bot.errors import TooSlow
from bot.requests.model import Request
from bot.requests.store import claims
from bot.timing import Waits
from bot.words import N_

log = structlog.get_logger(__name__)


@asynccontextmanager
async def kept(store: Store, request: Request, waits: Waits) -> AsyncIterator[None]:
    """Say again and again that we are at *request*, so that nobody takes over what only takes its time."""

    async def renew() -> bool:
        return await store.run(claims.renew, request, lease=waits.lease)

    def lost() -> None:
        log.warning("claim-lost", request=request.id)

    async with renewed(renew, every=waits.beat, name=f"lease of {request.id}", lost=lost):
        yield


@asynccontextmanager
async def in_time(limit: timedelta) -> AsyncIterator[None]:
    """
    Cut off a step that does not come to its end: like a death, it leaves nothing that is not found again.

    Raises:
        TooSlow: It was cut off.
    """
    try:
        async with asyncio.timeout(limit.total_seconds()) as within:
            yield
    except TimeoutError:
        if not within.expired():
            raise
        raise TooSlow(
            N_(
                "Slack or Microsoft Entra took so long that it was not done within {minutes} minutes."
            ).format(minutes=f"{limit.total_seconds() / 60:g}")
        ) from None

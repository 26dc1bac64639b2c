"""Tells every open page that something changed (server-sent events)."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta

from sse_starlette import ServerSentEvent

from sandbox.clock import SandboxClock
from sandbox.slack import Workspace
from sandbox.tenant import Tenant

GATHER = timedelta(milliseconds=60)
"""Changes that come together are told once."""
TICK = timedelta(seconds=1)
"""How often the tenant is asked to let its time pass while somebody is looking."""


class Live:
    """One source of "something changed" for any number of pages."""

    def __init__(self, workspace: Workspace, tenant: Tenant, clock: SandboxClock) -> None:
        self._tenant = tenant
        self._waiting: set[asyncio.Event] = set()
        self.version = 0
        self._closed = asyncio.Event()
        self._unsubscribe: list[Callable[[], None]] = [
            workspace.subscribe(lambda change: self.changed()),
            tenant.subscribe(self.changed),
            clock.subscribe(self.changed),
        ]

    def changed(self) -> None:
        """Wake every open page."""
        self.version += 1
        for event in self._waiting:
            event.set()

    def close(self) -> None:
        """End every open stream, and stop listening to the workspace, the tenant and the clock."""
        self._closed.set()
        for event in self._waiting:
            event.set()
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()

    async def events(self) -> AsyncGenerator[ServerSentEvent, None]:
        """One ``changed`` at the start (a page may have missed some), then one per gathering."""
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            yield ServerSentEvent(event="changed", data=str(self.version), retry=1000)
            while not self._closed.is_set():
                try:
                    await asyncio.wait_for(news.wait(), TICK.total_seconds())
                except TimeoutError:
                    self._tenant.tick()
                    continue
                if self._closed.is_set():
                    return
                await asyncio.sleep(GATHER.total_seconds())
                news.clear()
                yield ServerSentEvent(event="changed", data=str(self.version))
        finally:
            self._waiting.discard(news)

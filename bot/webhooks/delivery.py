"""
Tell every endpoint of every event, in order and at least once.

One event of an endpoint is on its way at a time, so that what happened to a request arrives in the order in which it
happened.  Whoever dies between an answer and its note sends that event again, under the same id.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from bot import clock
from bot.database import Store
from bot.timing import backoff
from bot.webhooks import events, signatures
from bot.webhooks.client import WITHIN, Receipt, Tried, WebhookClient
from bot.webhooks.events import WebhookEvent
from bot.webhooks.model import Feed, WebhookEndpoint
from bot.webhooks.store import feeds

log = structlog.get_logger(__name__)

# Longer than a try takes, so that nobody else begins before it is over.
LEASE: Final = 4 * WITHIN
# Tries of an event that the endpoint refuses, most of an hour with the pauses between them; then it goes on behind it.
MOST_TRIES: Final = 12
ROWS_TOGETHER: Final = 100


class Webhooks:
    """Posts what happens to the endpoints of the settings."""

    def __init__(
        self, *, store: Store, client: WebhookClient, endpoints: Sequence[WebhookEndpoint]
    ) -> None:
        self._store = store
        self._client = client
        self._endpoints = {each.name: each for each in endpoints}
        self._is_stopping = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the endpoints are called."""
        return tuple(self._endpoints)

    def close(self) -> None:
        """Begin nothing more."""
        self._is_stopping = True

    async def begin(self) -> None:
        """Let endpoints that are new in the settings be told of what happens from now on."""
        if self._endpoints:
            await self._store.run(feeds.begin, self.names)

    async def work(self, name: str, *, goes_on: Callable[[], None] = lambda: None) -> None:
        """
        Tell one endpoint all that it can be told now.

        Args:
            goes_on: Called after each try.
        """
        while not self._is_stopping and await self._store.read(feeds.is_any_due, (name,)):
            claimed = await self._store.run(feeds.claim, (name,), lease=LEASE)
            # A replay keeps nothing new waiting for longer than some of its rows take.
            await asyncio.gather(*(self._tell(feed, goes_on) for feed in claimed))

    async def _tell(self, feed: Feed, goes_on: Callable[[], None]) -> None:
        """Tell an endpoint the next events of a feed, one after the other."""
        kept_at = clock.real()
        rows = await self._store.read(feeds.rows_after, feed, limit=ROWS_TOGETHER)
        for row in rows:
            event = events.event_of(row)
            if event is None:
                continue
            if self._is_stopping:
                break
            if clock.real() - kept_at > LEASE - WITHIN:
                # This process stood still: somebody else may have begun.
                return
            kept = await self._try(feed, row, event)
            goes_on()
            if kept is None:
                return
            feed, kept_at = kept, clock.real()
        else:
            if rows and rows[-1]["position"] > feed.position:
                await self._store.run(
                    feeds.advance,
                    feed,
                    position=rows[-1]["position"],
                    lease=LEASE,
                    delivered=False,
                )
        await self._store.run(feeds.release, feed)

    async def _try(self, feed: Feed, row: Mapping[str, Any], event: WebhookEvent) -> Feed | None:
        """Post an event and write down what came of it; None: the feed goes on another time, or elsewhere."""
        position = row["position"]
        tried = await self._post(self._endpoints[feed.endpoint], row, events.body_of(event))
        if tried.receipt is Receipt.TAKEN:
            done = await self._store.run(
                feeds.advance, feed, position=position, lease=LEASE, delivered=True
            )
            return _behind(feed, position) if done else None
        log.warning("webhook-failed", endpoint=feed.endpoint, position=position, said=tried.said)
        if tried.receipt is Receipt.GONE:
            await self._store.run(feeds.disable, feed, error=tried.said)
            return None
        is_refused = tried.receipt is Receipt.REFUSED
        # An endpoint that cannot be reached, for hours or now and then, has not refused the event. A replica of a version that
        # does not count refusals leaves those of an event before: there cannot be more of them than failures.
        refusals = min(feed.refusals, feed.failures) + is_refused
        if is_refused and refusals >= MOST_TRIES:
            log.error("webhook-dead", endpoint=feed.endpoint, position=position, said=tried.said)
            done = await self._store.run(
                feeds.bury, feed, position=position, error=tried.said, lease=LEASE
            )
            return _behind(feed, position) if done else None
        due_at = clock.real() + (
            tried.pause or backoff(refusals - 1 if is_refused else feed.failures)
        )
        await self._store.run(
            feeds.postpone, feed, due_at=due_at, refusals=refusals, error=tried.said
        )
        return None

    async def _post(self, endpoint: WebhookEndpoint, row: Mapping[str, Any], body: bytes) -> Tried:
        headers = signatures.headers(
            events.event_id(row), at=clock.real(), body=body, keys=endpoint.secrets
        )
        return await self._client.post(
            endpoint.url, headers={**headers, "content-type": "application/json"}, body=body
        )


def _behind(feed: Feed, position: int) -> Feed:
    return replace(feed, position=position, failures=0, refusals=0, error=None)

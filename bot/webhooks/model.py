"""An endpoint that is told of events, and how far it is."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class WebhookEndpoint:
    """
    An address where events are posted.

    Attributes:
        name: As settings, metrics and logs call it; the address may hold a secret, and is shown nowhere.
        secrets: Keys to sign with; several while one is being changed.
    """

    name: str
    url: str
    secrets: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Feed:
    """
    The events that an endpoint is still to be told: all that comes, or one replay.  Moments in real time.

    Attributes:
        position: The row of the audit log up to which all is done.
        until: The last row of a replay; None: it goes on.
        failures: Tries in a row of the next event that failed.
        refusals: How many of these the endpoint has refused, whatever else went wrong between.
        error: Why the last one did, "HTTP 503".
    """

    id: str
    endpoint: str
    position: int
    until: int | None
    generation: int
    lease_until: datetime | None
    due_at: datetime
    failures: int
    refusals: int
    error: str | None
    disabled_at: datetime | None
    delivered_at: datetime | None

    @property
    def is_replay(self) -> bool:
        return self.until is not None


@dataclass(frozen=True, kw_only=True)
class FeedState:
    """
    The state of a feed, for people and metrics.

    Attributes:
        behind: Rows of the audit log that it is still to go through.
        oldest_at: When the first of these was written (business time); None: there are none.
    """

    feed: Feed
    behind: int
    oldest_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DeadEvent:
    """An event that an endpoint would not take, however often it was tried."""

    endpoint: str
    position: int
    at: datetime
    error: str


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """
    Say what an endpoint is not told.

    Attributes:
        after, until: The places in the audit log behind which and up to which it is told nothing.
        refused: How many events it would not take before.
        replays: How many replays end that were under way.
    """

    after: int
    until: int
    refused: int
    replays: int

"""
Give the figures to Prometheus: those of this replica, and those that are made anew from the tables.

The latter are the same on every replica.  While the database does not answer they are missing, and the others are there.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest

from bot import clock
from bot.assignments.model import TroubleKind
from bot.assignments.store import troubles, unsure
from bot.database import Busy, Store, Transaction, flags
from bot.database.replicas import outages
from bot.drift.model import DriftKind
from bot.drift.store import mismatches
from bot.emergencies.store import emergencies
from bot.jobs import due
from bot.jobs.table import Jobs
from bot.monitoring import definitions as names
from bot.monitoring.definitions import METRICS, MetricSource
from bot.monitoring.figures import Figures, make
from bot.requests.model import OPEN, SENDING, State
from bot.requests.store import claims, holds, request_lists
from bot.serving.health import Health
from bot.webhooks.store import feeds

# The text format of Prometheus that every version of it reads.
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Exposition:
    """Answers /metrics."""

    def __init__(self, *, store: Store, jobs: Jobs, health: Health, figures: Figures) -> None:
        self._store = store
        self._jobs = jobs
        self._health = health
        self._figures = figures
        self._ended: request_lists.Ended = request_lists.NONE_ENDED
        self._failures: dict[str, int] = {}

    async def metrics(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        self._figures.set(names.READY, 0 if await self._health.problems() else 1)
        self._figures.set(names.ADMINS_REFUSED, 0 if self._health.admins_refused() is None else 1)
        for name, status in self._jobs.statuses.items():
            more = status.failures - self._failures.get(name, 0)
            self._failures[name] = status.failures
            self._figures.count(names.JOB_FAILURES, name, by=more)
            if status.last_success is not None:
                age = (clock.real() - status.last_success).total_seconds()
                self._figures.set(names.JOB_AGE, age, name)
        own = generate_latest(self._figures.registry)
        try:
            return own + generate_latest(await self._of_tables())
        except Busy:
            return own

    async def _of_tables(self) -> CollectorRegistry:
        counts, self._ended = await self._store.read(request_lists.counts, self._ended)
        endpoints = self._jobs.webhooks.names if self._jobs.webhooks else ()
        found = await self._store.read(_look, endpoints)
        registry = CollectorRegistry()
        made = {
            metric.name: make(metric, registry)
            for metric in METRICS
            if metric.source is MetricSource.TABLES
        }
        for state in (*State, SENDING):
            made[names.REQUESTS.name].labels(state).set(counts[state])
        for name, value in found.items():
            if isinstance(value, Mapping):
                for label, each in value.items():
                    made[name].labels(label).set(each)
            else:
                made[name].set(value)
        return registry


def _look(db: Transaction, endpoints: Collection[str]) -> dict[str, Any]:
    """Return the figures by metric; of a metric with a label, by its values."""
    alive_at, outage = outages.find(db)
    open_since = claims.oldest_open_seconds(db)
    wrong, drifted = troubles.count(db), mismatches.count(db)
    retrying, oldest_retrying = claims.retrying(db)
    alive_for = (clock.real() - alive_at).total_seconds() if alive_at else 0
    return {
        names.OLDEST_OPEN.name: {
            state: open_since.get(state, 0) for state in sorted((*OPEN, SENDING))
        },
        names.OLDEST_DUE.name: claims.oldest_due_seconds(db),
        names.RETRYING.name: retrying,
        names.OLDEST_RETRYING.name: oldest_retrying,
        names.ON_HOLD.name: holds.count(db),
        names.TROUBLES.name: {kind: wrong.get(kind, 0) for kind in TroubleKind},
        names.DRIFT.name: {kind: drifted.get(kind, 0) for kind in DriftKind},
        names.REVIEWS.name: emergencies.review_counts(db),
        names.UNREADABLE.name: sum(unsure.unreadable(db).values()),
        names.OWED.name: due.owed_messages(db),
        names.PAUSED.name: 0 if flags.pause_reason(db) is None else 1,
        names.ALIVE_AGE.name: max(alive_for, 0),
        names.OUTAGE.name: 1 if outage is not None and outage.over_at is None else 0,
        **_of_webhooks(db, endpoints),
    }


def _of_webhooks(db: Transaction, endpoints: Collection[str]) -> dict[str, dict[str, float]]:
    """Return how far each endpoint is; replays are left out."""
    if not endpoints:
        return {}
    states = [each for each in feeds.states(db, endpoints) if not each.feed.is_replay]
    now = clock.now()
    return {
        names.WEBHOOK_LAG.name: {
            each.feed.endpoint: max((now - each.oldest_at).total_seconds(), 0)
            if each.oldest_at
            else 0
            for each in states
        },
        names.WEBHOOK_FAILURES.name: {each.feed.endpoint: each.feed.failures for each in states},
        names.WEBHOOK_DISABLED.name: {
            each.feed.endpoint: float(each.feed.disabled_at is not None) for each in states
        },
        names.WEBHOOK_DEAD.name: {**feeds.count_dead(db, endpoints)},
    }

"""Whether Latchkey can work: for /readyz, the metrics and `latchkey doctor`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bot import clock
from bot.assignments.model import TroubleKind
from bot.assignments.store import troubles, unsure
from bot.database import Busy, Store, flags, ping
from bot.database.wire import Wire
from bot.jobs.table import Jobs
from bot.requests.model import OPEN, State
from bot.requests.store import claims, holds, request_lists
from bot.slack.api import Slack

# A job that has not succeeded for so many of its intervals (and at least a minute) is in trouble.
MISSED_INTERVALS: Final = 4
AT_LEAST: Final = timedelta(minutes=1)
# An error of the database's that waiting does not mend is shown for so long after it last happened.
FAULT_SHOWN: Final = timedelta(minutes=10)
# Seen only when somebody opens a page that the other one has published.
ANOTHER_SHOWN: Final = timedelta(hours=1)


@dataclass
class Health:
    """Looks at everything Latchkey needs."""

    store: Store
    slack: Slack
    jobs: Jobs
    wire: Wire
    socket_connected: Callable[[], Awaitable[bool]] | None = None
    _ended: request_lists.Ended = request_lists.NONE_ENDED

    async def problems(self) -> list[str]:
        """Why Latchkey cannot work now, a line each; empty when it can."""
        found = []
        try:
            await self.store.run(ping)
        except Busy:
            found.append("database: does not answer")
        fault = self.store.fault
        if fault is not None and clock.real() - fault.at < FAULT_SHOWN:
            found.append(f"database: {fault.sentence}")
        if self.slack.healthy is False:
            found.append("slack: the last call failed")
        if self.socket_connected is not None and not await self.socket_connected():
            found.append("slack: the Socket Mode connection is down")
        now = clock.real()
        another = self.jobs.homes.another_seen_at
        if another is not None and now - another < ANOTHER_SHOWN:
            found.append("slack: another Latchkey, with a database of its own, uses this Slack app")
        for name, status in self.jobs.statuses.items():
            if name == "clock" and status.last_error:
                found.append(f"clock: {status.last_error}")
            elif status.last_success is None:
                found.append(f"job {name}: has not succeeded yet{_because(status.last_error)}")
            elif now - status.last_success > max(status.every * MISSED_INTERVALS, AT_LEAST):
                found.append(
                    f"job {name}: last succeeded {status.last_success:%H:%M:%S} UTC{_because(status.last_error)}"
                )
            elif name == "sync" and status.last_error:
                found.append(f"graph: {status.last_error}")
        return found

    @property
    def wakes_by(self) -> str:
        """How this replica learns of what others commit: at once, or with its next look by the clock, and why."""
        silent = self.wire.silent_because
        return "notifications" if silent is None else f"the clock ({silent})"

    async def paused_why(self) -> str | None:
        """Why granting is switched off; None if it is not, or cannot be told."""
        try:
            return await self.store.read(flags.pause_reason)
        except Busy:
            return None

    async def metrics(self) -> bytes:
        """The figures, in Prometheus' text format; made anew from the rows, so every replica says the same."""
        registry = CollectorRegistry()
        by_state = Gauge("latchkey_requests", "Requests by state.", ["state"], registry=registry)
        counts, self._ended = await self.store.read(request_lists.counts, self._ended)
        for state in State:
            by_state.labels(state).set(counts[state])
        age = Gauge(
            "latchkey_job_age_seconds", "Since the job last succeeded.", ["job"], registry=registry
        )
        failures = Gauge(
            "latchkey_job_failures", "Failed runs since the start.", ["job"], registry=registry
        )
        for name, status in self.jobs.statuses.items():
            failures.labels(name).set(status.failures)
            if status.last_success is not None:
                age.labels(name).set((clock.real() - status.last_success).total_seconds())
        held = Gauge(
            "latchkey_held",
            "Requests that failed too often and wait for an admin.",
            registry=registry,
        )
        held.set(await self.store.read(holds.count))
        wrong = Gauge(
            "latchkey_troubles",
            "What is wrong with access that somebody has, by kind.",
            ["kind"],
            registry=registry,
        )
        found = await self.store.read(troubles.count)
        for kind in TroubleKind:
            wrong.labels(kind).set(found.get(kind, 0))
        unreadable = Gauge(
            "latchkey_unreadable_assignments",
            "Assignments that Graph did not let the last sync read.",
            registry=registry,
        )
        unreadable.set(sum((await self.store.read(unsure.unreadable)).values()))
        open_since = Gauge(
            "latchkey_oldest_open_seconds",
            "How long ago the oldest open request was asked for, by state.",
            ["state"],
            registry=registry,
        )
        ages = await self.store.read(claims.oldest_open_seconds)
        for state in OPEN:
            open_since.labels(state).set(ages.get(state, 0))
        oldest = Gauge(
            "latchkey_oldest_due_seconds",
            "How late the most overdue request is.",
            registry=registry,
        )
        oldest.set(await self.store.read(claims.oldest_due_seconds))
        return generate_latest(registry)


def _because(error: str | None) -> str:
    return f" ({error})" if error else ""

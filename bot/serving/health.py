"""Tell whether Latchkey can work: for /readyz, the metrics, the alarm of an outage and `latchkey doctor`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot import clock
from bot.database import Busy, Store, flags, ping
from bot.database.replicas import outages
from bot.database.replicas.wire import Wire
from bot.jobs.table import Jobs
from bot.monitoring.figures import Figures

# A job that has not succeeded for so many of its intervals (and at least a minute) is in trouble.
MISSED_INTERVALS: Final = 4
AT_LEAST: Final = timedelta(minutes=1)
# An error of the database's that waiting does not mend is shown for so long after it last happened.
FAULT_SHOWN: Final = timedelta(minutes=10)
# Seen only when somebody opens a page that the other one has published.
ANOTHER_SHOWN: Final = timedelta(hours=1)
# The job that compares the clocks may fail for other reasons, such as a database that does not answer.
SKEWED: Final = "SkewedClock: "
# Slack refuses nothing for that, and we refuse Slack's requests from five minutes on.
MOST_SKEW: Final = timedelta(minutes=1)
# SQLite's words that say more than that it does not answer.
DATABASE_SAYS: Final = {"database or disk is full": "the disk is full"}
# Jobs that one replica does for all; each knows how the last turn ended.
FOR_ALL: Final = frozenset({"sync", "roster", "made in entra"})
# The kinds of error that a sync says Graph is the reason by; the database and Slack may be, too.
OF_GRAPH: Final = frozenset(
    {
        *("GraphError", "Forbidden", "NotFound", "Conflict", "Throttled", "Rejected"),
        *("GraphUnavailable", "BadAnswer", "AuthError", "LoginUnreachable", "Unsupported"),
    }
)


@dataclass
class Health:
    """
    Looks at everything Latchkey needs.

    Attributes:
        rejections: Says what may be wrong with the signing secret; None where there is no endpoint.
        admins_refused: Says why the admins' channel takes nothing.  That is no problem of a replica's: everything else goes on, and
            no other replica does better.
    """

    store: Store
    jobs: Jobs
    wire: Wire
    figures: Figures
    rejections: Callable[[], str | None] | None = None
    socket_connected: Callable[[], Awaitable[bool]] | None = None
    admins_refused: Callable[[], str | None] = lambda: None

    async def problems(self) -> list[str]:
        """Return why Latchkey cannot work now, a line each; empty when it can."""
        found = [*await self._of_database(), *await self._of_slack()]
        graph = self.figures.graph
        if graph.failing_since is not None:
            found.append(f"graph: {_since(graph.error, f'{graph.failing_since:%H:%M:%S}')}")
        found += self._of_clocks()
        now = clock.real()
        for name, status in self.jobs.statuses.items():
            if name == "clock" and (status.last_error or "").startswith(SKEWED):
                found.append(f"clock: {(status.last_error or '').removeprefix(SKEWED)}")
            elif status.last_success is None:
                found.append(f"job {name}: has not succeeded yet{_because(status.last_error)}")
            elif now - status.last_success > max(status.every * MISSED_INTERVALS, AT_LEAST):
                found.append(
                    f"job {name}: last succeeded {status.last_success:%H:%M:%S} UTC{_because(status.last_error)}"
                )
            elif name in FOR_ALL and status.last_error:
                found.append(f"{_whose(name, status.last_error)}: {status.last_error}")
        return found

    async def _of_database(self) -> list[str]:
        found = []
        refusal = self.store.refusal
        try:
            # It may answer, and take no writes.
            await self.store.run(ping if refusal is None else outages.probe)
        except Busy as busy:
            found.append(f"database: {DATABASE_SAYS.get(str(busy), 'does not answer')}")
        if refusal is not None and not found:
            # Where there is no room a small write may still find some: only one that matters shows that there is.
            said = DATABASE_SAYS.get(refusal.sentence)
            if said is not None and clock.real() - refusal.at < FAULT_SHOWN:
                found.append(f"database: {said}")
            else:
                self.store.refusal = None
        fault = self.store.fault
        if fault is not None and clock.real() - fault.at < FAULT_SHOWN:
            found.append(f"database: {fault.sentence}")
        return found

    async def _of_slack(self) -> list[str]:
        found = []
        slack = self.figures.slack
        if slack.failing_since is not None:
            found.append(f"slack: {_since(slack.error, f'{slack.failing_since:%H:%M:%S}')}")
        if self.socket_connected is not None and not await self.socket_connected():
            found.append("slack: the Socket Mode connection is down")
        rejected = self.rejections() if self.rejections is not None else None
        if rejected:
            found.append(f"slack: {rejected}")
        another = self.jobs.homes.another_seen_at
        if another is not None and clock.real() - another < ANOTHER_SHOWN:
            found.append("slack: another Latchkey, with a database of its own, uses this Slack app")
        return found

    def _of_clocks(self) -> list[str]:
        skewed = [
            (name, status.skew)
            for name, status in (("Slack", self.figures.slack), ("Graph", self.figures.graph))
            if status.skew is not None and abs(status.skew) > MOST_SKEW
        ]
        return [
            f"clock: this machine's clock is {abs(skew).total_seconds():.0f} s "
            f"{'ahead of' if skew > timedelta(0) else 'behind'} {name}'s; set it by NTP"
            for name, skew in skewed
        ]

    @property
    def wakes_by(self) -> str:
        """Return how this replica learns of what others commit: at once, or with its next look by the clock, and why."""
        silent = self.wire.silent_because
        return "notifications" if silent is None else f"the clock ({silent})"

    async def paused_why(self) -> str | None:
        """Return why granting is switched off; None if it is not, or cannot be told."""
        try:
            return await self.store.read(flags.pause_reason)
        except Busy:
            return None


def _whose(job: str, error: str) -> str:
    """Return who is the reason that a job of all replicas failed."""
    kind = error.partition(":")[0]
    if kind in OF_GRAPH:
        return "graph"
    return "slack" if kind.startswith("Slack") else f"job {job}"


def _because(error: str | None) -> str:
    return f" ({error})" if error else ""


def _since(error: str | None, since: str) -> str:
    return f"{(error or 'no call works').rstrip('.')} (since {since} UTC)"

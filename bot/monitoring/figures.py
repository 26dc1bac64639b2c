"""Keep the figures of this replica, each from the list in `bot.monitoring.definitions`."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from bot.database import Committed
from bot.monitoring import definitions as names
from bot.monitoring.definitions import METRICS, Metric, MetricKind, MetricSource
from bot.monitoring.services import ServiceStatus
from bot.slack.calls import SlackCall
from graph.calls.deadlines import machine_seconds
from graph.calls.observed import TOKEN_ROUTE, ObservedCall

# Otherwise each counter has a second series that says since when, which nobody reads.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

TOTAL: Final = "_total"
# Graph refuses everything when it says these: they are about us, and not about what was asked for.
OUT_OF_ORDER: Final = frozenset({"no_token", "unauthorized", "unavailable", "unreachable"})
OF_GRAPH_ITSELF: Final = frozenset({"unavailable", "unreachable"})
# Ends of an approval.
# Submitted: where Entra decides, it is approved there.
DECIDED: Final[Mapping[str, str]] = {
    "approved": "approved",
    "submitted": "approved",
    "denied": "denied",
    "lapsed": "lapsed",
    "canceled": "canceled",
}


def make(metric: Metric, registry: CollectorRegistry) -> Any:
    """Make the metric of a definition."""
    name = metric.name.removesuffix(TOTAL)
    if metric.kind is MetricKind.COUNTER:
        return Counter(name, metric.help, metric.labels, registry=registry)
    if metric.kind is MetricKind.GAUGE:
        return Gauge(name, metric.help, metric.labels, registry=registry)
    return Histogram(name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)


class Figures:
    """
    The figures of one replica.

    Attributes:
        registry: All of them, with those about the process.
        seconds: The clock that durations are measured by.
        slack, graph: How the two have answered last.
    """

    def __init__(self, seconds: Callable[[], float] = machine_seconds) -> None:
        self.registry = CollectorRegistry()
        self.seconds = seconds
        self.slack = ServiceStatus()
        self.graph = ServiceStatus()
        self._made = {
            metric.name: make(metric, self.registry)
            for metric in METRICS
            if metric.source is MetricSource.PROCESS
        }
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        for reason in ("unsigned", "wrong", "stale"):
            self._labeled(names.REJECTED, reason)
        for service in ("slack", "graph"):
            self._labeled(names.THROTTLED, service)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        self._labeled(metric, *labels).set(value)

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Add to a counter."""
        self._labeled(metric, *labels).inc(by)

    def observe(self, metric: Metric, seconds: float, *labels: str) -> None:
        """Add to a histogram."""
        self._labeled(metric, *labels).observe(max(seconds, 0))

    def _labeled(self, metric: Metric, *labels: str) -> Any:
        made = self._made[metric.name]
        return made.labels(*labels) if metric.labels else made

    def describe_build(self, *, version: str, schema: str, graph_api: str) -> None:
        """Note what runs."""
        self.set(names.BUILD, 1, version, schema, graph_api)

    def describe_credentials(self, ends: Mapping[str, datetime]) -> None:
        """Note when credentials end."""
        for credential, end in ends.items():
            self.set(names.CREDENTIAL, end.timestamp(), credential)

    def slack_called(self, call: SlackCall) -> None:
        """Count a call to Slack, and remember how Slack is."""
        self.count(names.SLACK_CALLS, call.method, call.outcome)
        if call.outcome == "throttled":
            self.count(names.THROTTLED, "slack")
        if call.seconds is not None:
            self.observe(names.SLACK_SECONDS, call.seconds, call.method)
        if call.is_down:
            self.slack.fail(call.error or call.outcome)
        elif call.was_sent:
            self.slack.succeed()
        took = timedelta(seconds=call.seconds or 0)
        self._compare_clock("slack", self.slack, call.server_time, took)

    def graph_called(self, call: ObservedCall) -> None:
        """Count an exchange with Graph, and remember how Graph is."""
        self.count(names.GRAPH_CALLS, call.method, call.route, call.outcome)
        if call.outcome == "throttled":
            self.count(names.THROTTLED, "graph")
        if call.status is not None:
            self.observe(names.GRAPH_SECONDS, call.seconds, call.method)
        if _says_how_graph_is(call):
            if call.outcome in OUT_OF_ORDER:
                self.graph.fail(str(call.error or f"it answers with HTTP {call.status}."))
            else:
                self.graph.succeed()
        took = timedelta(seconds=call.seconds)
        self._compare_clock("graph", self.graph, call.server_time, took)

    def _compare_clock(
        self, server: str, status: ServiceStatus, theirs: datetime | None, took: timedelta
    ) -> None:
        status.compare_clock(theirs, took=took)
        if theirs is not None and status.skew is not None:
            self.set(names.SKEW, status.skew.total_seconds(), server)

    def committed(self, rows: Iterable[Committed]) -> None:
        """Count the transitions that a transaction has committed."""
        for row in rows:
            if row.verb != "move" or row.before is None or row.after is None:
                continue
            kind = str(row.context.get("kind", ""))
            self.count(names.TRANSITIONS, kind, row.before, row.after)
            waited = row.context.get("waited_seconds")
            if waited is None:
                continue
            if row.before == "pending" and row.after in DECIDED and kind != "remove":
                self.observe(names.DECISION, waited, DECIDED[row.after])
            elif row.after == "delivered":
                self.observe(names.DELIVERY, waited, kind)


def _says_how_graph_is(call: ObservedCall) -> bool:
    if call.is_a_persons:
        # Whether Graph takes a person's token says nothing of ours; a login that is down, the app's own token tells of.
        return call.outcome in OF_GRAPH_ITSELF and call.route != TOKEN_ROUTE
    # A token may have been revoked: whether a new one is to be had, and is taken, shows at once.
    return call.outcome != "unauthorized" or call.with_fresh_token

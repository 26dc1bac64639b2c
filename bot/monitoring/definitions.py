"""
List every metric: its name, kind, labels, and where its figures come from.

By Prometheus' conventions: counters end in ``_total``, units are seconds, and no label is called ``job`` or ``instance``, which are
Prometheus' own.  docs/reference/metrics.md is made from this list.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# Slack waits for three seconds.
ACK_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0)
CALL_BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# From a minute to a week, as people decide.
DECISION_BUCKETS: Final = (
    *(60.0, 300.0, 900.0, 3_600.0, 4 * 3_600.0, 8 * 3_600.0),
    *(24 * 3_600.0, 2 * 86_400.0, 4 * 86_400.0, 7 * 86_400.0),
)
DELIVERY_BUCKETS: Final = (5.0, 15.0, 60.0, 300.0, *DECISION_BUCKETS[2:])


class MetricKind(StrEnum):
    """A kind of metric, as Prometheus calls it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class MetricSource(StrEnum):
    """The source of a metric's figures."""

    PROCESS = "this replica"
    TABLES = "the database"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """
    One metric.

    Attributes:
        name: As Prometheus shows it, with ``_total`` for a counter.
        buckets: Of a histogram: upper bounds in seconds.
    """

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    source: MetricSource = MetricSource.PROCESS
    buckets: tuple[float, ...] = ()


def _counter(name: str, help: str, *labels: str) -> Metric:
    return Metric(name=name, kind=MetricKind.COUNTER, help=help, labels=labels)


def _gauge(name: str, help: str, *labels: str) -> Metric:
    return Metric(name=name, kind=MetricKind.GAUGE, help=help, labels=labels)


def _from_tables(name: str, help: str, *labels: str) -> Metric:
    return Metric(
        name=name, kind=MetricKind.GAUGE, help=help, labels=labels, source=MetricSource.TABLES
    )


def _histogram(name: str, help: str, buckets: tuple[float, ...], *labels: str) -> Metric:
    return Metric(name=name, kind=MetricKind.HISTOGRAM, help=help, labels=labels, buckets=buckets)


REQUESTS: Final = _from_tables("latchkey_requests", "Requests by state.", "state")
OLDEST_OPEN: Final = _from_tables(
    "latchkey_oldest_open_seconds",
    "How long ago the open request that waits longest was got on with, or its access was to begin, by state; 0 if there is none.",
    "state",
)
OLDEST_DUE: Final = _from_tables(
    "latchkey_oldest_due_seconds",
    "How late the most overdue request is: above a minute, nobody works on what is due.",
)
RETRYING: Final = _from_tables(
    "latchkey_requests_retrying",
    "Open requests whose last step could not be done, and is tried again.",
)
OLDEST_RETRYING: Final = _from_tables(
    "latchkey_oldest_retrying_seconds",
    "How long ago the oldest request that is tried again was last got on with; 0 if there is none.",
)
ON_HOLD: Final = _from_tables(
    "latchkey_held", "Requests that failed too often and wait for an admin."
)
TROUBLES: Final = _from_tables(
    "latchkey_troubles", "What is wrong with access that somebody has, by kind.", "kind"
)
DRIFT: Final = _from_tables(
    "latchkey_drift",
    "Where Entra and what was approved do not agree, and no admin has said what it is, by kind.",
    "kind",
)
REVIEWS: Final = _from_tables(
    "latchkey_emergency_reviews",
    "Emergency access that nobody has reviewed, by whether its review is due later or overdue.",
    "state",
)
UNREADABLE: Final = _from_tables(
    "latchkey_unreadable_assignments", "Assignments that Graph did not let the last sync read."
)
OWED: Final = _from_tables(
    "latchkey_messages_owed", "Messages that are owed and not sent yet, by what owes them.", "what"
)
PAUSED: Final = _from_tables("latchkey_paused", "1 while granting is paused, otherwise 0.")
ALIVE_AGE: Final = _from_tables(
    "latchkey_last_alive_seconds",
    "How long ago any replica could last do all of its work.",
)
OUTAGE: Final = _from_tables(
    "latchkey_outage", "1 while an outage is noted of which the admins have been told, otherwise 0."
)

READY: Final = _gauge("latchkey_ready", "1 if /readyz says 200, otherwise 0.")
ADMINS_REFUSED: Final = _gauge(
    "latchkey_admin_channel_refused",
    "1 while Slack refuses what is for the admins' channel, as of the last hour; otherwise 0.",
)
JOB_AGE: Final = _gauge(
    "latchkey_job_age_seconds",
    "Since the job last succeeded here; for sync and roster: on any replica, as this one knows.",
    "name",
)
WEBHOOK_LAG: Final = _from_tables(
    "latchkey_webhook_lag_seconds",
    "How long ago the oldest row of the audit log was written that a webhook has not gone through.",
    "endpoint",
)
WEBHOOK_FAILURES: Final = _from_tables(
    "latchkey_webhook_failures",
    "Tries in a row of a webhook's next event that failed.",
    "endpoint",
)
WEBHOOK_DISABLED: Final = _from_tables(
    "latchkey_webhook_disabled",
    "1 if a webhook has answered that it is gone, and is told nothing more.",
    "endpoint",
)
WEBHOOK_DEAD: Final = _from_tables(
    "latchkey_webhook_dead_events",
    "Events that a webhook would not take, and that were not replayed since.",
    "endpoint",
)
JOB_FAILURES: Final = _counter("latchkey_job_failures_total", "Failed runs of a job.", "name")
ACKS: Final = _histogram(
    "latchkey_ack_seconds",
    "How long Slack waited for the answer to a command, click, form, menu or event.",
    ACK_BUCKETS,
    *("kind", "outcome"),
)
REJECTED: Final = _counter(
    "latchkey_rejected_signatures_total",
    "Requests to /slack/events that were refused before anything in them was read, by reason.",
    "reason",
)
TRANSITIONS: Final = _counter(
    "latchkey_transitions_total", "State transitions of requests.", *("kind", "before", "after")
)
DECISION: Final = _histogram(
    "latchkey_decision_seconds",
    "From asking to the end of the approval, by how it ended; new requests and extensions.",
    DECISION_BUCKETS,
    "outcome",
)
DELIVERY: Final = _histogram(
    "latchkey_delivery_seconds",
    "From asking until Graph showed the result, by kind of request.",
    DELIVERY_BUCKETS,
    "kind",
)
SLACK_CALLS: Final = _counter(
    "latchkey_slack_calls_total", "Calls to Slack's Web API.", *("method", "outcome")
)
SLACK_SECONDS: Final = _histogram(
    "latchkey_slack_call_seconds", "How long calls to Slack took.", CALL_BUCKETS, "method"
)
GRAPH_CALLS: Final = _counter(
    "latchkey_graph_calls_total",
    "Calls to Microsoft Graph, and for tokens.",
    *("method", "route", "outcome"),
)
GRAPH_SECONDS: Final = _histogram(
    "latchkey_graph_call_seconds", "How long calls to Graph took.", CALL_BUCKETS, "method"
)
THROTTLED: Final = _counter(
    "latchkey_throttled_total",
    "Calls that were answered with 429, or not made because of one.",
    "service",
)
SKEW: Final = _gauge(
    "latchkey_clock_skew_seconds",
    "How far this machine's clock is ahead of a server's, as of its last answer.",
    "server",
)
CREDENTIAL: Final = _gauge(
    "latchkey_credential_expiry_timestamp_seconds",
    "When a credential ends, in seconds since 1970; only those whose end is known.",
    "credential",
)
BUILD: Final = _gauge(
    "latchkey_build_info",
    "Always 1; the labels say what runs.",
    *("version", "schema", "graph_api"),
)

METRICS: Final = (
    *(REQUESTS, OLDEST_OPEN, OLDEST_DUE, RETRYING, OLDEST_RETRYING, ON_HOLD, TROUBLES, UNREADABLE),
    *(DRIFT, REVIEWS, OWED, PAUSED, ALIVE_AGE, OUTAGE, READY, ADMINS_REFUSED),
    *(JOB_AGE, JOB_FAILURES, ACKS, REJECTED, TRANSITIONS),
    *(DECISION, DELIVERY, SLACK_CALLS, SLACK_SECONDS, GRAPH_CALLS, GRAPH_SECONDS, THROTTLED, SKEW),
    *(CREDENTIAL, BUILD, WEBHOOK_LAG, WEBHOOK_FAILURES, WEBHOOK_DISABLED, WEBHOOK_DEAD),
)

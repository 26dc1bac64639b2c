"""Write docs/reference/metrics.md from the list of metrics: ``python -m bot.monitoring.reference > docs/reference/metrics.md``."""

from bot.monitoring.definitions import METRICS, Metric, MetricKind

HEAD = """# Metrics

`GET /metrics` answers in Prometheus' text format. What is read from the database is the same on every replica: take `max`. What a
replica counts by itself is its own: take `sum`. While the database does not answer, only the latter are there. Counters begin anew with
each start. The metrics of the process (`process_…`, `python_…`) are those of Prometheus' client library. How to alarm by them is in the
[runbook](../how-to/runbook.md).

This page is made from the program: `make docs`.

| Metric | Kind | From | What |
| --- | --- | --- | --- |
"""


def reference() -> str:
    """Return the page."""
    return HEAD + "".join(f"{_row(each)}\n" for each in METRICS)


def _row(metric: Metric) -> str:
    labels = f"{{{','.join(metric.labels)}}}" if metric.labels else ""
    name = f"`{metric.name}{labels}`"
    kind: str = metric.kind
    if metric.kind is MetricKind.HISTOGRAM:
        kind = f"histogram, up to {_length(metric.buckets[-1])}"
    return f"| {name} | {kind} | {metric.source} | {metric.help} |"


def _length(seconds: float) -> str:
    if seconds >= 86_400:
        return f"{seconds / 86_400:g} days"
    return f"{seconds:g} s"


if __name__ == "__main__":
    print(reference(), end="")  # noqa: T201

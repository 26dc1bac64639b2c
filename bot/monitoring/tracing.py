"""
Trace requests from Slack to Graph, if OpenTelemetry's own variables ask for that; otherwise do nothing, and import nothing.

A request of ours is one trace, whose id is the request's own: what is done for it minutes later, by a job on another replica, belongs to
it without anything being kept.  `bot.monitoring.opentelemetry` does the work; its packages are the optional extra ``otel``.

Source: OpenTelemetry specification, "Environment Variable Specification".
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Protocol

from bot.errors import ConfigurationError
from bot.monitoring.interactions import SlackInteraction
from bot.slack.calls import SlackCall
from graph.calls.observed import ObservedCall

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
EXPORTER: Final = "OTEL_TRACES_EXPORTER"
DISABLED: Final = "OTEL_SDK_DISABLED"
NONE: Final = "none"


class Tracer(Protocol):
    """A maker of spans."""

    def slack_interaction(
        self, interaction: SlackInteraction, *, seconds: float, failed: bool
    ) -> None: ...

    def begin_step(self, request_id: str, state: str) -> Iterator[None]: ...

    def slack_called(self, call: SlackCall) -> None: ...

    def graph_called(self, call: ObservedCall) -> None: ...

    def close(self) -> None: ...


_tracer: Tracer | None = None


def is_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether OpenTelemetry's variables ask for traces."""
    if environment.get(DISABLED, "").strip().lower() == "true":
        return False
    exporter = environment.get(EXPORTER, "").strip().lower()
    if exporter:
        return exporter != NONE
    return any(environment.get(name, "").strip() for name in ENDPOINTS)


def use_opentelemetry(version: str) -> None:
    """
    Make spans by OpenTelemetry, if its variables ask for that.

    Raises:
        ConfigurationError: They do, and its packages are not installed.
    """
    if not is_wanted():
        return
    try:
        from bot.monitoring.opentelemetry import OpenTelemetryTracer
    except ImportError:
        raise ConfigurationError(
            [
                "OpenTelemetry's variables ask for traces, and its packages are not installed: install latchkey[otel], or set "
                "OTEL_TRACES_EXPORTER=none."
            ]
        ) from None
    use(OpenTelemetryTracer(version=version))


def use(tracer: Tracer | None) -> None:
    """Make spans by *tracer* from now on; None: no more."""
    global _tracer
    _tracer = tracer


def close() -> None:
    """Send what is left, and make no more spans."""
    if _tracer is not None:
        _tracer.close()
    use(None)


def slack_interaction(interaction: SlackInteraction, *, seconds: float, failed: bool) -> None:
    """Trace something that was answered in Slack just now, in the trace of each request that it is about."""
    if _tracer is not None:
        _tracer.slack_interaction(interaction, seconds=seconds, failed=failed)


@contextmanager
def request_step(request_id: str, state: str) -> Iterator[None]:
    """Trace a step of a request; calls in this block are within it."""
    if _tracer is None:
        yield
        return
    yield from _tracer.begin_step(request_id, state)


def slack_called(call: SlackCall) -> None:
    """Trace a call to Slack."""
    if _tracer is not None:
        _tracer.slack_called(call)


def graph_called(call: ObservedCall) -> None:
    """Trace an exchange with Graph."""
    if _tracer is not None:
        _tracer.graph_called(call)

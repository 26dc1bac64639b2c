"""
Make spans by OpenTelemetry's SDK, which its own variables configure; imported only when they ask for traces.

The id of a request's trace is the request's own id, and that of its first span, the command in Slack, is its beginning: replicas
and jobs find both without asking anybody.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

from bot import clock
from bot.monitoring.interactions import SlackInteraction
from bot.slack.calls import SlackCall
from graph.calls.observed import ObservedCall

REQUEST_ID: Final = re.compile(r"[0-9a-f]{32}")
NANOSECONDS: Final = 1_000_000_000
SERVICE: Final = "latchkey"


class _Ids(RandomIdGenerator):
    """Gives random ids, but for the first span of a request's trace."""

    def __init__(self) -> None:
        super().__init__()
        self.next_trace: int | None = None

    def generate_trace_id(self) -> int:
        return super().generate_trace_id() if self.next_trace is None else self.next_trace

    def generate_span_id(self) -> int:
        if self.next_trace is None:
            return super().generate_span_id()
        return root_span_of(self.next_trace)


def root_span_of(trace_id: int) -> int:
    """Return the id of a trace's first span: the first half of the trace's."""
    return (trace_id >> 64) or 1


class OpenTelemetryTracer:
    """Makes a span of everything that it is told of."""

    def __init__(self, *, version: str, processor: SpanProcessor | None = None) -> None:
        """
        Args:
            version: Of Latchkey.
            processor: Gets the spans; the exporter that OTEL_TRACES_EXPORTER names, without.
        """
        self._ids = _Ids()
        resource = Resource.create({"service.name": SERVICE, "service.version": version})
        if "service.name=" in _resource_attributes():
            resource = Resource.create({"service.version": version})
        self._provider = TracerProvider(resource=resource, id_generator=self._ids)
        self._provider.add_span_processor(processor or BatchSpanProcessor(_exporter()))
        self._tracer = self._provider.get_tracer("latchkey", version)

    def slack_interaction(
        self, interaction: SlackInteraction, *, seconds: float, failed: bool
    ) -> None:
        """Make the first span of each new request that it has made, and one more in the trace of each other."""
        attributes = {"latchkey.slack.kind": interaction.kind}
        if interaction.trigger:
            attributes["latchkey.slack.trigger"] = interaction.trigger
        for request_id in sorted(interaction.requests) or [""]:
            trace_id = _trace_of(request_id)
            is_first = request_id in interaction.created and trace_id is not None
            if is_first:
                self._ids.next_trace = trace_id
            try:
                self._span(
                    f"slack {interaction.kind}",
                    seconds=seconds,
                    kind=SpanKind.SERVER,
                    failed="it broke" if failed else None,
                    context=Context() if is_first or trace_id is None else _within(trace_id),
                    attributes=attributes | _about(request_id),
                )
            finally:
                self._ids.next_trace = None

    def begin_step(self, request_id: str, state: str) -> Iterator[None]:
        """Make a span of what happens until this generator goes on."""
        trace_id = _trace_of(request_id)
        with self._tracer.start_as_current_span(
            f"request {state}",
            context=None if trace_id is None else _within(trace_id),
            attributes=_about(request_id) | {"latchkey.request.state": state},
            record_exception=False,
        ):
            yield

    def slack_called(self, call: SlackCall) -> None:
        """Make a span of a call to Slack, within what it was made for."""
        if call.seconds is None:
            return
        self._span(
            f"slack {call.method}",
            seconds=call.seconds,
            kind=SpanKind.CLIENT,
            failed=call.error,
            attributes={"latchkey.slack.method": call.method},
        )

    def graph_called(self, call: ObservedCall) -> None:
        """Make a span of an exchange with Graph, within what it was made for."""
        attributes: dict[str, Any] = {
            "http.request.method": call.method,
            "url.template": call.route,
        }
        if call.status is not None:
            attributes["http.response.status_code"] = call.status
        if call.client_request_id:
            attributes["latchkey.graph.client_request_id"] = call.client_request_id
        if call.request_id:
            attributes["latchkey.graph.request_id"] = call.request_id
        self._span(
            f"{call.method} {call.route}",
            seconds=call.seconds,
            kind=SpanKind.CLIENT,
            failed=None if call.outcome == "ok" else call.outcome,
            attributes=attributes,
        )

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    def _span(
        self,
        name: str,
        *,
        seconds: float,
        kind: SpanKind,
        failed: str | None,
        attributes: dict[str, Any],
        context: Context | None = None,
    ) -> None:
        end = clock.real()
        span = self._tracer.start_span(
            name,
            context=context,
            kind=kind,
            attributes=attributes,
            start_time=_nanoseconds(end - timedelta(seconds=seconds)),
        )
        if failed is not None:
            span.set_status(Status(StatusCode.ERROR, failed))
        span.end(end_time=_nanoseconds(end))


def _exporter() -> SpanExporter:
    # Its endpoint, headers and time-outs come from OTEL_EXPORTER_OTLP_….
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _resource_attributes() -> str:
    import os

    name = os.environ.get("OTEL_SERVICE_NAME")
    return f"service.name={name}" if name else os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")


def _trace_of(request_id: str) -> int | None:
    """Return the trace of a request; None for an id that cannot be one."""
    return int(request_id, 16) or None if REQUEST_ID.fullmatch(request_id) else None


def _within(trace_id: int) -> Context:
    root = SpanContext(
        trace_id=trace_id,
        span_id=root_span_of(trace_id),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return trace.set_span_in_context(NonRecordingSpan(root), Context())


def _about(request_id: str) -> dict[str, Any]:
    return {"latchkey.request.id": request_id} if request_id else {}


def _nanoseconds(moment: Any) -> int:
    return int(moment.timestamp() * NANOSECONDS)

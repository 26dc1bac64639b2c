"""One trace a request, from Slack to Graph; and nothing imported while nobody asks for traces."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.monitoring import tracing
from bot.monitoring.opentelemetry import OpenTelemetryTracer, root_span_of
from tests.harness.world import ANN


@pytest.fixture
def spans():
    """Yield what is traced while the test runs."""
    exporter = InMemorySpanExporter()
    tracing.use(OpenTelemetryTracer(version="1", processor=SimpleSpanProcessor(exporter)))
    yield exporter.get_finished_spans
    tracing.close()


async def test_a_request_is_one_trace_from_slack_to_graph(world, spans):
    """Its id is the request's; the command is its first span, and the POST to Graph is in a step below that."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")

    (command,) = [span for span in spans() if span.name == "slack command" and span.parent is None]
    request_id = command.attributes["latchkey.request.id"]
    assert f"{command.context.trace_id:032x}" == request_id
    assert command.context.span_id == root_span_of(command.context.trace_id)
    ours = {
        span.context.span_id: span
        for span in spans()
        if span.context.trace_id == command.context.trace_id
    }
    (post,) = [
        span
        for span in ours.values()
        if span.attributes.get("http.request.method") == "POST"
        and span.name.endswith("assignmentRequests")
    ]
    step = ours[post.parent.span_id]
    assert step.name == "request approved" or step.name == "request received"
    assert step.parent.span_id == command.context.span_id
    assert post.attributes["latchkey.graph.client_request_id"]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
    ],
)
def test_the_standard_variables_decide(given, wanted):
    """As OpenTelemetry's specification says."""
    assert tracing.is_wanted(given) is wanted


def test_nothing_of_it_is_imported_by_itself():
    """The whole bot without the optional packages."""
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, bot.cli.operations.bot; print([n for n in sys.modules if n.startswith('opentelemetry')])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"

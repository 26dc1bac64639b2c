"""docs/reference/metrics.md is made from the list of metrics, which keeps to Prometheus' conventions."""

import re
from pathlib import Path

import httpx

from bot.monitoring.definitions import METRICS, MetricKind
from bot.monitoring.reference import reference
from tests.deploy.conftest import debian_tool, ran

__all__ = ["debian_tool"]
ROOT = Path(__file__).parents[3]


def test_the_page_is_up_to_date():
    """`make docs` writes it."""
    assert (ROOT / "docs" / "reference" / "metrics.md").read_text() == reference()


def test_names_keep_to_the_conventions():
    """Counters end in _total, and nothing else does; no label is Prometheus' own."""
    for metric in METRICS:
        assert metric.name.endswith("_total") is (metric.kind is MetricKind.COUNTER), metric.name
        assert not {"job", "instance", "le"} & set(metric.labels), metric.name
    assert len({metric.name for metric in METRICS}) == len(METRICS)


async def test_promtool_has_nothing_to_remark(world, debian_tool):
    """About a real scrape, which has every metric of the list."""
    await world.type("U0ANN", "/request-access marketing-campaign")
    await world.told("U0ANN", "You now have access")
    transport = httpx.ASGITransport(app=world.bot.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
        figures = (await http.get("/metrics")).text

    checked = ran(debian_tool("promtool"), "check", "metrics", given=figures)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    there = set(re.findall(r"^# TYPE (\S+)", figures, re.M))
    assert {metric.name for metric in METRICS} - there == set()


def test_every_alarm_has_its_paragraph():
    """And the runbook has none of an alarm that is not there."""
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text()
    runbook = (ROOT / "docs" / "how-to" / "runbook.md").read_text()
    alarms = re.findall(r"- alert: (\w+)", rules)
    assert alarms == re.findall(r"^## (\w+)$", runbook, re.M)
    assert re.findall(r"runbook: docs/how-to/runbook.md#(\w+)", rules) == [
        each.lower() for each in alarms
    ]

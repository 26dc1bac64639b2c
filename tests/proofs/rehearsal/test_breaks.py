"""The table of breaks: it names alerts and metrics that there are, and can be read as a table."""

import re

import yaml

from bot.monitoring.definitions import METRICS
from tests.harness.world import living
from tests.proofs.rehearsal.breaks import BREAKS
from tests.proofs.rehearsal.rehearsal import Result, overview
from tests.proofs.rehearsal.rules import RULES


def test_each_alert_is_one_of_the_rules():
    """A slip would wait for what never fires."""
    rules = {each["alert"] for each in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]}
    for each in BREAKS:
        assert each.fires | each.may_fire <= rules, each.name


def test_each_metric_is_one_of_ours():
    """Or says whether somebody answers."""
    ours = {each.name for each in METRICS} | {"up", "probe_success"}
    ours |= {f"{each.name}_total" for each in METRICS}
    for each in BREAKS:
        for expression in each.metrics:
            named = set(re.findall(r"\b(latchkey_\w+|up|probe_success)\b", expression))
            assert named - {"latchkey_endpoint"} <= ours, expression


def test_no_two_breaks_have_one_name():
    """By which --only chooses."""
    names = [each.name for each in BREAKS]
    assert len(set(names)) == len(names)


def test_the_overview_has_a_row_for_each_break_and_marks_what_was_wrong():
    """With what was not tried, too."""
    shown = overview(
        [
            Result("Something is down", seen={"ready A": "3 s", "alert LatchkeyDown": "40 s"}),
            Result("Another", wrong=["a sign was not seen"]),
            Result("A third", skipped="it is not here"),
        ]
    ).splitlines()
    assert len(shown) == 5
    assert {each.count("|") for each in shown} == {shown[0].count("|")}
    assert "Down 40 s" in shown[2]
    assert "WRONG" in shown[3]
    assert "not tried" in shown[4]


async def test_what_a_wrong_clock_says_of_each_job_follows_from_it(database):
    """Whatever a job is called: one that is named by two words is no lie."""
    (moved,) = [each for each in BREAKS if "clock" in each.name]
    async with living(database) as world:
        names = set(world.bot.jobs.statuses)
    assert any(" " in each for each in names)
    for name in names:
        assert re.search(moved.follows, f"job {name}: last succeeded 09:00:00 UTC"), name

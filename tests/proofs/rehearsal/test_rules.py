"""The rules of a rehearsal are those of deploy/, and differ by how long they wait."""

import re

import yaml

from tests.proofs.rehearsal.rules import RULES, hurried


def test_ten_times_faster_is_a_tenth_of_each_wait_window_and_age():
    """And nothing else changes."""
    rules = yaml.safe_load(hurried(RULES.read_text(), 10))["groups"][0]["rules"]
    by_name = {each["alert"]: each for each in rules}

    assert by_name["LatchkeyNotReady"]["for"] == "30s"
    assert by_name["LatchkeyJobFails"]["expr"] == (
        "sum by (name) (increase(latchkey_job_failures_total[90s])) > 10"
    )
    assert by_name["LatchkeySyncIsOld"]["expr"].endswith("> 180")
    assert by_name["LatchkeyClockSkew"]["expr"].endswith("> 60")
    assert "14 * 86400" in by_name["LatchkeyCredentialEndsSoon"]["expr"]


def test_no_wait_is_left_as_it_was():
    """Each length in the rules is a whole number of tens of seconds: halved, all differ."""
    text = RULES.read_text()
    lengths = re.compile(r"\[\d+[smhd]\]|for: \d+[smhd]$", re.MULTILINE)

    before, after = lengths.findall(text), lengths.findall(hurried(text, 2))
    assert len(before) == len(after)
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_as_they_are_they_are_the_same():
    """By one nothing is divided."""
    text = RULES.read_text()
    as_seconds = yaml.safe_load(hurried(text, 1))["groups"][0]["rules"]
    assert [each["alert"] for each in as_seconds] == [
        each["alert"] for each in yaml.safe_load(text)["groups"][0]["rules"]
    ]

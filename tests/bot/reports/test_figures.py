"""The figures: what is counted, and what is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.packages.offers import OfferedPolicy
from bot.reports.figures import GONE, share_within
from bot.reports.model import ONE_WEEK, Period, RequestOutcome, UnusedPolicy
from tests.bot.reports.made import AT, DAY, HOUR, WEEK, access, finished, made, package


@pytest.mark.parametrize(
    ("waits", "half", "most"),
    [
        ([], None, None),
        ([3], 3, 3),
        ([2, 1], 1, 2),
        ([1, 2, 3], 2, 3),
        (range(1, 11), 5, 9),
        (range(1, 101), 50, 90),
    ],
)
def test_half_and_nine_of_ten_are_waits_that_somebody_had(waits, half, most):
    """The nearest rank, and no mean of two."""
    hours = [each * HOUR for each in waits]
    assert share_within(hours, 0.5) == (half and half * HOUR)
    assert share_within(hours, 0.9) == (most and most * HOUR)


def test_only_what_somebody_decided_has_a_time_to_decide():
    """What nobody had to approve would make the approvers look fast."""
    found = made(requests=[finished(1, waits=None), finished(2, waits=5 * HOUR)])
    assert found.decided_in == 5 * HOUR
    assert [each.granted for each in found.packages] == [2]
    assert [(each.name, each.approved) for each in found.approvers] == [("Bo Berg", 1)]


def test_what_is_over_is_no_access_any_more():
    """Whatever Entra still shows; what has no end is listed last, and never ends soon."""
    found = made(
        current=[
            access(1, ends_at=None),
            access(2, ends_at=AT),
            access(3, ends_at=AT + 30 * DAY),
            access(4, ends_at=AT + DAY),
        ]
    )
    assert [each.id for each in found.current] == ["00004", "00003", "00001"]
    assert [each.id for each in found.ending] == ["00004"]
    assert (found.packages[0].holders, found.packages[0].ending) == (3, 1)
    assert found.people == 3


def test_what_begins_later_is_no_access_yet():
    """Somebody in Entra may have given it from a day on."""
    found = made(current=[access(1, starts_at=AT + DAY), access(2, starts_at=AT)])
    assert [each.id for each in found.current] == ["00002"]


def test_who_has_it_longest_comes_first():
    """Of whom Entra says since when."""
    found = made(current=[access(1), access(2, starts_at=None), access(3)])
    assert [each.id for each in found.longest_held] == ["00003", "00001"]


def test_weeks_before_the_period_are_in_the_trend_alone():
    """The digest shows eight weeks, and counts one."""
    trend = Period(since=AT - 3 * ONE_WEEK, until=AT)
    old = finished(1, ended_at=AT - 10 * DAY, outcome=RequestOutcome.DENIED)
    found = made(requests=[old, finished(2)], trend=trend)
    assert found.outcomes == {RequestOutcome.GRANTED: 1}
    assert [(each.granted, each.denied) for each in found.weeks] == [(0, 0), (0, 1), (1, 0)]
    assert [each.denied for each in found.packages] == [0]


def test_a_period_has_its_weeks():
    """The last ends with it, and the first may be shorter."""
    period = Period(since=AT - 10 * DAY, until=AT)
    assert [each.days for each in period.weeks()] == [3, 7]
    assert WEEK.weeks() == [WEEK]


def test_reasons_are_counted_whatever_their_capitals():
    """As the newest spells it.  Those that were given once stay out: they say nothing about the many."""
    said = ["For Q4", "for  q4", "audit", None]
    found = made(requests=[finished(n, justification=each) for n, each in enumerate(said)])
    assert [(each.reason, each.count) for each in found.reasons] == [("for q4", 2)]
    assert found.reasonless == 1


def test_a_denial_has_its_reason_and_a_refusal_its_own():
    """An approver's words, or Latchkey's."""
    denied = [finished(n, outcome=RequestOutcome.DENIED) for n in range(2)]
    refused = finished(3, waits=None, outcome=RequestOutcome.REFUSED, why="You are a guest.")
    found = made(requests=[*denied, refused, finished(4)])
    assert [(each.outcome, each.reason, each.count) for each in found.why_not] == [
        (RequestOutcome.DENIED, "No", 2),
        (RequestOutcome.REFUSED, "You are a guest.", 1),
    ]


def test_two_who_decide_under_one_name_are_two():
    """Told apart by their ids; who has decided in Entra as well keeps their name."""

    def by(number, who, name="Chris Lee", **more):
        decision = replace(finished().decisions[0], by=name, by_id=who, **more)
        return finished(number, decisions=(decision,))

    found = made(requests=[by(1, "U1"), by(2, "U2"), by(3, "U2"), by(4, "guid", in_entra=True)])
    assert {each.name: each.approved for each in found.approvers} == {
        "Chris Lee (U1)": 1,
        "Chris Lee (U2)": 2,
        "Chris Lee (in Microsoft Entra)": 1,
    }


def test_who_has_another_name_now_is_still_one():
    """By the newest of their names."""
    before = replace(finished().decisions[0], by="Bo Bang")
    found = made(requests=[finished(1, decisions=(before,), ended_at=AT - DAY), finished(2)])
    newest = max(found.finished, key=lambda each: each.ended_at).decisions[0].by
    assert [(each.name, each.approved) for each in found.approvers] == [(newest, 2)]


def test_what_was_asked_of_a_package_that_is_gone_is_counted():
    """Behind those that are there, as it was called last."""
    gone = [
        finished(n, package_id="gone", package_name=name, ended_at=AT - n * DAY)
        for n, name in ((2, "Old name"), (1, "Gone"))
    ]
    found = made(requests=[*gone, finished(3)])
    assert [(each.name, each.catalog, each.granted) for each in found.packages] == [
        ("Finance", "General", 1),
        ("Gone", GONE, 2),
    ]


def test_a_policy_under_which_nobody_ever_had_access_is_named():
    """And none of those that somebody used."""
    policies = tuple(OfferedPolicy(id=each, name=each, rank=0, lasts="30 days") for each in "ab")
    found = made([package("Finance", policies=policies)], used={"a"})
    assert found.unused == [UnusedPolicy(package_name="Finance", policy_name="b")]


def test_waits_are_of_the_whole_request():
    """From asking to the last of several decisions."""
    one = finished(1)
    later = one.decisions[0].__class__(
        by="Mia", by_id="U0MIA", approves=True, at=one.asked_at + DAY
    )
    two = finished(1, decisions=(later, *one.decisions))
    assert two.decided_in == timedelta(days=1)

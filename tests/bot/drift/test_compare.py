"""Test what is drift, and what is not: facts in, mismatches out."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import clock
from bot.assignments.model import AssignmentState, DeliveryProgress, EndReason
from bot.drift import compare
from bot.drift.compare import Approved, GivenGroup
from bot.drift.model import DriftKind
from bot.requests.model import Kind, State
from bot.sync.drift import given_groups
from graph.models import AccessPackage
from graph.values import LAST_MOMENT
from tests.bot.samples import ANN, BO, held, terms, wish

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
GROUP = GivenGroup(id="group", name="Finance readers", packages={"campaign": "Campaign"})
ANNS = (ANN, "campaign")


def gave(**changes):
    """Return what gave Ann her access, ten days before its end."""
    now = clock.now()
    facts = {"state": State.DELIVERED, "ended_at": now - 20 * DAY, "ends_at": now + 10 * DAY}
    return wish(**{**facts, **changes})


def found(row, request=None, **approved):
    known = {"gave": {row.id: request} if request else {}, "given": {}, "made_longer": {}}
    facts = Approved(**{**known, **approved})
    return [each.kind for each in compare.of_assignments([row], facts, now=clock.now())]


def test_what_a_request_gave_is_none():
    """It is there, until when it was approved."""
    assert found(held(), gave()) == []


def test_what_no_request_gave_is_unasked():
    """Whatever policy of people's it is under."""
    assert found(held()) == [DriftKind.UNASKED]


@pytest.mark.parametrize(
    "known",
    [
        {"under_way": {ANNS}},
        {"given": {ANNS: [clock.now() - 20 * DAY]}},
        {"automatic": {"policy"}},
        {"told": {"assignment"}},
    ],
)
def test_there_are_other_reasons_to_have_it(known):
    """A request that is not done, an operator, Entra's own policy, or an alarm of another kind."""
    assert found(held(), **known) == []


@pytest.mark.parametrize(
    ("starts", "is_theirs"),
    [
        (-2 * HOUR, False),
        (timedelta(minutes=-30), True),
        (timedelta(0), True),
        (timedelta(hours=23), True),
        (timedelta(hours=25), False),
        (300 * DAY, False),
        (None, True),
    ],
)
def test_an_operator_gave_what_starts_about_then(starts, is_theirs):
    """What was removed since and given in Entra by hand is not theirs, though their grant is still in the log."""
    given = clock.now() - 400 * DAY
    row = replace(held(), starts_at=given + starts if starts is not None else None)
    kinds = [] if is_theirs else [DriftKind.UNASKED]
    assert found(row, given={ANNS: [given]}) == kinds
    assert found(row, given={ANNS: [given - 100 * DAY, given]}) == kinds
    assert found(row, given={(BO, "campaign"): [given]}) == [DriftKind.UNASKED]


def test_what_is_being_removed_is_left_alone():
    """Somebody has seen it already."""
    assert found(held(state=AssignmentState.REMOVING)) == []


@pytest.mark.parametrize(("hours", "kinds"), [(23, []), (25, [DriftKind.STUCK])])
def test_a_delivery_of_a_day_is_stuck(hours, kinds):
    """Whoever asked for it."""
    since = clock.now() - timedelta(hours=hours)
    row = held(progress=DeliveryProgress.DELIVERING, progress_at=since)
    assert found(row, gave()) == kinds


@pytest.mark.parametrize(
    ("later", "kinds"),
    [
        (timedelta(0), []),
        (timedelta(minutes=30), []),
        (2 * DAY, [DriftKind.LATER_END]),
        (None, [DriftKind.LATER_END]),
    ],
)
def test_a_later_end_than_was_approved(later, kinds):
    """No end at all is later than any."""
    row = held()
    moved = replace(row, ends_at=row.ends_at + later if later is not None else None)
    assert found(moved, gave()) == kinds


def test_an_end_that_an_operator_moved_is_none():
    """And neither is that of an extension which is on its way."""
    late = replace(held(), ends_at=clock.now() + 90 * DAY)
    assert found(late, gave(), made_longer={ANNS: clock.now()}) == []
    assert found(late, gave(), extending={"assignment"}) == []
    before = clock.now() - 30 * DAY
    assert found(late, gave(), made_longer={ANNS: before}) == [DriftKind.LATER_END]


def test_the_earliest_of_what_was_approved_counts():
    """What Entra showed at the delivery may have been too late by then."""
    now = clock.now()
    long = gave(
        ends_at=now + 300 * DAY, ended_at=now - 20 * DAY, terms=terms(longest_seconds=30 * 86_400)
    )
    assert compare.approved_end(long) == now + 10 * DAY
    short = gave(terms=terms(approved_until=(now + DAY).isoformat()))
    assert compare.approved_end(short) == now + DAY
    day = gave(terms=terms(latest_end=(now + 2 * DAY).isoformat()))
    assert compare.approved_end(day) == now + 2 * DAY
    ever = gave(ends_at=None, terms=terms(longest_seconds=10**12))
    assert compare.approved_end(ever) == LAST_MOMENT
    assert compare.approved_end(gave(ends_at=None)) is None
    extended = gave(kind=Kind.EXTEND, terms=terms(longest_seconds=60))
    assert compare.approved_end(extended) == extended.ends_at


def test_only_what_we_gave_can_be_ended_outside():
    """And not what they have again."""
    row = held(state=AssignmentState.ENDED, ended_at=clock.now(), ended_why=EndReason.OUTSIDE)

    def kinds(request, has_now=()):
        known = {row.id: request} if request else {}
        return [e.kind for e in compare.ended_in_entra([row], known, has_now=has_now)]

    assert kinds(gave()) == [DriftKind.ENDED_OUTSIDE]
    assert kinds(None) == []
    assert kinds(gave(), {ANNS}) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"progress_at": clock.now() - timedelta(minutes=5)},
        {"progress_at": None},
        {"state": AssignmentState.REMOVING},
        {"progress": DeliveryProgress.PARTIAL},
        {"unreadable_since": clock.real()},
        {"gone_at": clock.real()},
        {"ends_at": clock.now() - timedelta(minutes=1)},
    ],
)
def test_who_has_it_for_certain_and_for_long_must_be_in_the_group(changes):
    """Anything less is no mismatch."""
    row = held(progress_at=clock.now() - DAY)
    now = clock.now()
    assert [e.kind for e in compare.missing_members(GROUP, (), [row], now=now)] == [
        DriftKind.NOT_MEMBER
    ]
    assert list(compare.missing_members(GROUP, {ANN}, [row], now=now)) == []
    assert list(compare.missing_members(GROUP, (), [replace(row, **changes)], now=now)) == []


def strangers(members, *, past=None, told=None, direct=None):
    """Return who is in the group and has no package that gives it."""
    return list(
        compare.extra_members(
            GROUP,
            members,
            direct=members if direct is None else direct,
            past=past or {},
            told=told or {},
            now=clock.now(),
        )
    )


def test_who_had_it_is_told_from_who_never_did():
    """And what has only just ended is left to the next check."""
    now = clock.now()
    ended = held(
        state=AssignmentState.ENDED, ended_at=now - DAY, ended_why=EndReason.RAN_OUT, entra_id=ANN
    )
    extra = strangers({ANN: "Ann", BO: "Bo"}, past={ANN: ended})
    assert [(e.kind, e.entra_id) for e in extra] == [
        (DriftKind.STILL_MEMBER, ANN),
        (DriftKind.MEMBER, BO),
    ]
    fresh = replace(ended, ended_at=now)
    assert strangers({ANN: "Ann"}, past={ANN: fresh}) == []
    never = replace(ended, ended_why=EndReason.NEVER_DELIVERED)
    (only,) = strangers({ANN: "Ann"}, past={ANN: never})
    assert only.kind is DriftKind.MEMBER


def test_who_is_in_a_group_within_it_is_no_stranger():
    """But whoever had the access, and has what it gave by that, is told."""
    ended = held(
        state=AssignmentState.ENDED,
        ended_at=clock.now() - DAY,
        ended_why=EndReason.RAN_OUT,
        entra_id=ANN,
    )
    (extra,) = strangers({ANN: "Ann", BO: "Bo"}, past={ANN: ended}, direct=())
    assert (extra.kind, extra.entra_id) == (DriftKind.STILL_MEMBER, ANN)
    (nested,) = compare.nested_groups(GROUP, {"inner": "Inner"})
    assert (nested.kind, nested.entra_id, nested.person_name) == (
        DriftKind.NESTED,
        "inner",
        "Inner",
    )


def test_who_had_it_is_known_as_long_as_they_are_in_the_group():
    """Even if the row of their access was deleted since, or another one never came to be."""
    ended_at = clock.now() - 400 * DAY
    ended = held(state=AssignmentState.ENDED, ended_at=ended_at, ended_why=EndReason.RAN_OUT)
    (known,) = strangers({ANN: "Ann"}, past={ANN: ended})
    assert strangers({ANN: None}, told={ANN: known}) == [known]
    never = replace(ended, ended_at=clock.now(), ended_why=EndReason.NEVER_DELIVERED)
    assert strangers({ANN: None}, past={ANN: never}, told={ANN: known}) == [known]
    # What access has ended since is told by its own row.
    later = replace(ended, id="another", ended_at=clock.now() - DAY)
    (anew,) = strangers({ANN: "Ann"}, past={ANN: later}, told={ANN: known})
    assert (anew.kind, anew.since) == (DriftKind.STILL_MEMBER, later.ended_at)
    (member,) = strangers({BO: "Bo"})
    assert strangers({BO: "Bo"}, told={BO: member}) == [member]


def test_only_members_of_groups_are_compared():
    """Not owners, not who may only become a member, no apps."""

    def gives(role, system, origin):
        scope = {"originId": origin, "originSystem": system}
        return {"role": {"originId": role, "originSystem": system}, "scope": scope}

    package = AccessPackage.model_validate(
        {
            "id": "campaign",
            "displayName": "Campaign",
            "resourceRoleScopes": [
                gives("Member_g1", "AadGroup", "g1"),
                gives("Owner_g2", "AadGroup", "g2"),
                gives("EligibleMember_g3", "AadGroup", "g3"),
                gives("Member_a1", "AadApplication", "a1"),
            ],
        }
    )
    assert [(each.id, each.packages) for each in given_groups([package])] == [
        ("g1", {"campaign": "Campaign"})
    ]

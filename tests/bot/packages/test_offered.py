"""Policies as a form offers them: which must be chosen among, what is asked, and from when until when."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.packages.named_stages import ApproverKind, NamedApprover, NamedStage
from bot.packages.offered_policies import offered, offered_policy
from bot.packages.offers import OfferedPolicy, agreed_dates, find_wrong_dates, needs_choice
from tests.bot.samples import approval, package, policy, question, role_scope, user
from tests.bot.samples import offered as offered_sample

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BO = NamedStage(approvers=(NamedApprover(kind=ApproverKind.PERSON, name="Bo"),))


def way(**changes):
    facts = {
        "id": "p",
        "name": "P",
        "rank": 1,
        "lasts": "14 days",
        "stages": (),
        "has_own_dates": True,
        "longest_seconds": 14 * 86_400,
    }
    return OfferedPolicy(**{**facts, **changes})


@pytest.mark.parametrize(
    ("ranks", "is_so"),
    [([], False), ([1], False), ([1, 2], False), ([2, 2], True), ([1, 2, 2], True)],
)
def test_only_equal_policies_must_be_chosen_among(ranks, is_so):
    """A more specific one comes before the others by itself."""
    assert needs_choice([way(rank=rank) for rank in ranks]) is is_so


@pytest.mark.parametrize(
    ("changes", "start", "end", "wrong"),
    [
        ({}, None, None, set()),
        ({}, DAY, None, set()),
        ({}, timedelta(minutes=-4), None, set()),
        ({}, timedelta(minutes=-6), None, {"start"}),
        ({}, None, 14 * DAY, set()),
        ({}, None, 14 * DAY + timedelta(minutes=1), {"end"}),
        ({}, DAY, 15 * DAY, set()),
        ({}, DAY, DAY, {"end"}),
        ({"has_own_dates": False}, DAY, None, {"start"}),
        ({"has_own_dates": False}, DAY, 2 * DAY, {"start", "end"}),
        ({"longest_seconds": None}, None, 5_000 * DAY, set()),
        # Longer than the calendar.
        ({"longest_seconds": 10**12}, None, 5_000 * DAY, set()),
        ({"longest_seconds": None, "latest_end": NOW + DAY}, None, 2 * DAY, {"end"}),
        ({"longest_seconds": None, "latest_end": NOW + DAY}, 2 * DAY, None, {"start"}),
    ],
)
def test_dates_must_be_what_the_policy_gives(changes, start, end, wrong):
    """Each complaint stands at its field."""
    found = find_wrong_dates(
        way(**changes),
        start=NOW + start if start is not None else None,
        end=NOW + end if end is not None else None,
        now=NOW,
    )
    assert set(found) == wrong


def test_a_later_start_without_an_end_gets_the_policys():
    """Counted from then; what has begun already begins at once."""
    start = NOW + DAY
    assert agreed_dates(way(), start=start, end=None, now=NOW) == (start, start + 14 * DAY)
    assert agreed_dates(way(), start=NOW, end=None, now=NOW) == (None, None)
    assert agreed_dates(way(longest_seconds=None), start=start, end=None, now=NOW) == (start, None)


def test_a_policy_is_offered_with_what_it_asks():
    """As Graph shows it whole."""
    whole = policy(
        questions=[question(sequence=2), question(id="first", sequence=1)],
        requestApprovalSettings=approval(
            {"primaryApprovers": [user("bo") | {"description": "Bo"}]}
        ),
    )
    found = offered_policy(package(role_scope()), whole)

    assert [each.id for each in found.questions] == ["first", "q"]
    assert (found.stages, found.lasts, found.not_askable) == ((BO,), "30 days", None)


@pytest.mark.parametrize(
    ("kind", "level", "named"),
    [
        ("targetManager", 1, NamedApprover(kind=ApproverKind.MANAGER)),
        ("targetManager", None, NamedApprover(kind=ApproverKind.MANAGER)),
        ("targetManager", 2, NamedApprover(kind=ApproverKind.MANAGER, level=2)),
        ("requestorManager", 2, NamedApprover(kind=ApproverKind.MANAGER, level=2, of_asker=True)),
    ],
)
def test_a_manager_is_one_of_somebody_and_so_many_levels_up(kind, level, named):
    """Both are kept: whose, and how far up."""
    manager = {"@odata.type": f"#microsoft.graph.{kind}"}
    if level is not None:
        manager["managerLevel"] = level
    whole = policy(requestApprovalSettings=approval({"primaryApprovers": [manager]}))

    assert offered_policy(package(role_scope()), whole).stages == (NamedStage(approvers=(named,)),)


@pytest.mark.parametrize(
    ("stages", "for_update", "approving"),
    [(True, True, (BO,)), (True, False, ()), (False, True, (NamedStage(),)), (False, False, ())],
)
def test_who_approves_an_extension_is_known(stages, for_update, approving):
    """By the policy's word about updates, which is not the one about requests."""
    bo = {"primaryApprovers": [user("bo") | {"description": "Bo"}]}
    settings = approval(*([bo] if stages else []), isApprovalRequiredForUpdate=for_update)
    found = offered_policy(package(role_scope()), policy(requestApprovalSettings=settings))

    assert found.extension_stages == approving


def test_questions_that_were_not_read_are_not_none():
    """The form says so, instead of asking nothing."""
    listed = policy(questions=None)
    synced = package(role_scope(), assignmentPolicies=[listed.to_graph() | {"id": "policy"}])
    [found] = offered(synced, {}, at=NOW)

    assert "could not be read" in (found.not_askable or "")


def test_a_question_that_is_not_understood_is_not_asked():
    """And neither is the rest of its policy."""
    whole = policy(questions=[question(regexPattern="(?=a)"), question(id="b")])
    found = offered_policy(package(role_scope()), whole)

    assert found.questions == ()
    assert "My Access" in (found.not_askable or "")


def test_a_policy_under_which_people_may_ask_by_now_is_not_what_it_was_before():
    """The sync of a replica of an older version knows of the others nothing, and leaves them as they were."""
    before, now = way(needs_reason=True), way(needs_reason=False)
    kept = offered_sample(policies=(now,), other_policies=(before,), can_extend=(now.id,))
    assert kept.held_under == {now.id: now}

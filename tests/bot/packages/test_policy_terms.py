"""Test who decides, until when, and what makes it another decision."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.packages import policy_terms
from bot.packages.model import Stage
from graph.models import Expiration
from tests.bot.samples import BO, approval, members, package, policy, role_scope, user

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BO_DECIDES = approval({"primaryApprovers": [user(BO)]})


def test_a_policy_without_approval_asks_nobody():
    """Nothing is decided by people then."""
    assert policy_terms.stages_for(policy(), extending=False, always=False) == ()


def test_always_puts_the_admins_in_where_the_policy_asks_nobody():
    """One stage without approvers of its own: the configured admins decide."""
    assert policy_terms.stages_for(policy(), extending=False, always=True) == (Stage(),)


def test_always_adds_nothing_to_a_policy_that_asks_somebody():
    """The policy's own stages are a human's decision already."""
    chosen = policy(requestApprovalSettings=BO_DECIDES)

    stages = policy_terms.stages_for(chosen, extending=False, always=True)

    assert [stage.approvers for stage in stages] == [({"kind": "singleuser", "user_id": BO},)]


def test_approval_without_stages_is_the_admins():
    """Required, and nobody named: not free for all."""
    chosen = policy(requestApprovalSettings=approval(isApprovalRequiredForAdd=True))

    assert policy_terms.stages_for(chosen, extending=False, always=False) == (Stage(),)


def test_stages_do_not_count_where_approval_is_off():
    """Graph keeps old stages when somebody switches approval off."""
    chosen = policy(requestApprovalSettings={**BO_DECIDES, "isApprovalRequiredForAdd": False})

    assert policy_terms.stages_for(chosen, extending=False, always=False) == ()


@pytest.mark.parametrize(("for_add", "for_update"), [(True, False), (False, True)])
def test_extending_has_an_approval_switch_of_its_own(for_add, for_update):
    """Access may need approval and its extension not, or the other way round."""
    chosen = policy(
        requestApprovalSettings={
            **BO_DECIDES,
            "isApprovalRequiredForAdd": for_add,
            "isApprovalRequiredForUpdate": for_update,
        }
    )

    assert bool(policy_terms.stages_for(chosen, extending=False, always=False)) is for_add
    assert bool(policy_terms.stages_for(chosen, extending=True, always=False)) is for_update


def test_an_extension_is_not_free_where_graph_does_not_say_so():
    """Whether somebody must decide about more time is not to be guessed: not extendable, or the admins' to decide."""
    chosen = policy(requestApprovalSettings={**BO_DECIDES, "isApprovalRequiredForUpdate": None})

    decided = policy_terms.stages_for(chosen, extending=True, always=False)

    assert decided or not policy_terms.may_extend(chosen)


def test_a_stage_keeps_all_that_decides_about_it():
    """Approvers, stand-ins, deadlines, and whether a reason is wanted."""
    chosen = policy(
        requestApprovalSettings=approval(
            {
                "primaryApprovers": [
                    {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 2}
                ],
                "fallbackPrimaryApprovers": [user(BO)],
                "escalationApprovers": [members("board")],
                "fallbackEscalationApprovers": [user("dana")],
                "isApproverJustificationRequired": True,
                "isEscalationEnabled": True,
                "durationBeforeAutomaticDenial": "P14D",
                "durationBeforeEscalation": "P2D",
            }
        )
    )

    assert policy_terms.stages_for(chosen, extending=False, always=False) == (
        Stage(
            approvers=({"kind": "requestormanager", "manager_level": 2},),
            fallback=({"kind": "singleuser", "user_id": BO},),
            escalation=({"kind": "groupmembers", "group_id": "board"},),
            fallback_escalation=({"kind": "singleuser", "user_id": "dana"},),
            reason_required=True,
            deny_after_seconds=14 * 86_400,
            escalate_after_seconds=2 * 86_400,
        ),
    )


def test_escalation_after_no_time_asks_the_alternates_at_once():
    """They decide together with the first ones, and not never."""
    [stage] = policy_terms.stages_for(
        policy(
            requestApprovalSettings=approval(
                {
                    "primaryApprovers": [user("bo")],
                    "isEscalationEnabled": True,
                    "escalationApprovers": [user("eve")],
                    "durationBeforeEscalation": "PT0S",
                }
            )
        ),
        extending=False,
        always=False,
    )
    assert stage.escalate_after_seconds == 0


def test_escalation_that_is_off_names_nobody():
    """Approvers of a switched-off escalation must not decide."""
    chosen = policy(
        requestApprovalSettings=approval(
            {
                "primaryApprovers": [user(BO)],
                "escalationApprovers": [user("eve")],
                "durationBeforeEscalation": "P2D",
            }
        )
    )

    (stage,) = policy_terms.stages_for(chosen, extending=False, always=False)

    assert stage.escalation == ()
    assert stage.escalate_after_seconds is None


@pytest.mark.parametrize(("settings", "wanted"), [(True, True), (False, False), (None, False)])
def test_a_reason_is_wanted_where_the_policy_says_so(settings, wanted):
    """Requestor justification."""
    chosen = policy(requestApprovalSettings=approval(isRequestorJustificationRequired=settings))

    assert policy_terms.needs_reason(chosen) is wanted


EXTENDABLE = [
    ({}, True),
    ({"expiration": {"type": "noExpiration"}}, False),
    ({"expiration": {"type": "notSpecified"}}, False),
    ({"expiration": None}, False),
    ({"expiration": {"type": "afterDateTime", "endDateTime": "2027-01-31T00:00:00Z"}}, True),
    ({"requestorSettings": {"enableTargetsToSelfUpdateAccess": False}}, False),
    ({"requestorSettings": {"enableTargetsToSelfUpdateAccess": None}}, False),
    ({"requestorSettings": None}, False),
]


@pytest.mark.parametrize(("changes", "expected"), EXTENDABLE)
def test_only_access_that_ends_and_may_be_extended_is_extended(changes, expected):
    """What Graph leaves out is a no."""
    assert policy_terms.may_extend(policy(**changes)) is expected


LASTS = [
    ({"type": "afterDuration", "duration": "P30D"}, "30 days"),
    ({"type": "afterDuration", "duration": "P1D"}, "1 day"),
    ({"type": "afterDuration", "duration": "PT8H"}, "8 hours"),
    ({"type": "afterDuration", "duration": "PT1H"}, "1 hour"),
    ({"type": "afterDuration", "duration": "PT24H"}, "1 day"),
    ({"type": "afterDuration", "duration": "P1DT12H"}, "36 hours"),
    ({"type": "AfterDuration", "duration": "P365D"}, "365 days"),
    ({"type": "afterDuration", "duration": "P365DT12H"}, "8772 hours"),
    ({"type": "afterDateTime", "endDateTime": "2027-01-31T00:00:00Z"}, "until 31 Jan 2027"),
    ({"type": "noExpiration"}, "no end date"),
    ({"type": "notSpecified"}, "no end date"),
    (None, "no end date"),
]


@pytest.mark.parametrize(("expiration", "words"), LASTS)
def test_how_long_is_said_in_words(expiration, words):
    """Whole days as days, anything else as hours."""
    assert policy_terms.lasts(policy(expiration=expiration).expiration) == words


def test_an_extension_is_one_more_period_from_now():
    """Under a 30-day policy nobody holds access that ends more than 30 days ahead."""
    end = policy_terms.extended_end(
        Expiration.after(timedelta(days=30)), now=NOW, current=NOW + timedelta(days=3)
    )

    assert end == NOW + timedelta(days=30)


@pytest.mark.parametrize(
    ("current", "brings_something"),
    [
        (timedelta(days=30) - timedelta(seconds=1), True),
        (timedelta(days=30), False),
        (timedelta(days=30) + timedelta(seconds=1), False),
    ],
)
def test_an_extension_never_shortens(current, brings_something):
    """To the second."""
    end = policy_terms.extended_end(
        Expiration.after(timedelta(days=30)), now=NOW, current=NOW + current
    )

    assert (end is not None) is brings_something


@pytest.mark.parametrize("expiration", [None, Expiration.never(), Expiration(type="notSpecified")])
def test_what_does_not_end_is_not_extended(expiration):
    """There is no end to move."""
    assert policy_terms.extended_end(expiration, now=NOW, current=NOW) is None


def test_access_without_an_end_is_not_extended():
    """It would be cut short."""
    assert policy_terms.extended_end(Expiration.after(HOUR), now=NOW, current=None) is None


def test_a_fixed_end_is_as_far_as_an_extension_goes():
    """The policy's own last day."""
    last = NOW + timedelta(days=90)

    assert policy_terms.extended_end(Expiration.at(last), now=NOW, current=NOW) == last
    assert policy_terms.extended_end(Expiration.at(last), now=NOW, current=last) is None


def test_an_extension_over_a_leap_day_is_exact():
    """One day from 28 February 2028 is the 29th."""
    now = datetime(2028, 2, 28, 12, 0, tzinfo=UTC)

    end = policy_terms.extended_end(Expiration.after(timedelta(days=1)), now=now, current=now)

    assert end == datetime(2028, 2, 29, 12, 0, tzinfo=UTC)


def test_contents_are_said_for_people():
    """Groups, applications and sites, a line each."""
    given = package(
        role_scope(),
        role_scope("app", "2", role="Reader", resource="Ledger", system="AadApplication"),
        role_scope("4", "3", role="Visitors", resource="Finance", system="SharePointOnline"),
        role_scope("x", "4", role="Thing", resource="Box", system="SomethingNew"),
    )

    assert policy_terms.contents(given) == (
        "Member of the group Marketing resources",
        "Reader of the app Ledger",
        "Thing of the somethingnew Box",
        "Visitors of the site Finance",
    )


def test_contents_that_graph_leaves_out_are_not_passed_over():
    """A role scope without names is still a line on the card."""
    given = package({"id": "1"}, {"id": "2", "scope": {"originId": "abc"}})

    assert policy_terms.contents(given) == (
        "A role of the resource ?",
        "A role of the resource abc",
    )


def hash_of(policy_changes: Any = None, role_scopes: Any = None, **package_changes: Any) -> str:
    scopes = [role_scope()] if role_scopes is None else role_scopes
    terms = policy_terms.terms_of(
        package(*scopes, **package_changes),
        policy(requestApprovalSettings=BO_DECIDES, **(policy_changes or {})),
        extending=False,
        always=False,
        hidden_by_default=False,
    )
    return policy_terms.hash_of(terms)


SAME: dict[str, dict[str, Any]] = {
    "policy renamed": {"policy_changes": {"displayName": "Everybody"}},
    "policy described": {"policy_changes": {"description": "Ask away"}},
    "package renamed": {"displayName": "Campaign of Marketing"},
    "package described": {"description": "New words"},
    "group renamed": {"role_scopes": [role_scope(resource="Marketing stuff")]},
    "role renamed": {"role_scopes": [role_scope(role="Mitglied")]},
    "unknown field": {"policy_changes": {"somethingNew": True}},
    "same duration, said otherwise": {
        "policy_changes": {"expiration": {"type": "AfterDuration", "duration": "PT720H"}}
    },
}
OTHER: dict[str, dict[str, Any]] = {
    "another policy": {"policy_changes": {"id": "other"}},
    "a role more": {"role_scopes": [role_scope(), role_scope("Owner_1", "1")]},
    "nothing in it": {"role_scopes": []},
    "another role of the same group": {"role_scopes": [role_scope("Owner_1", "1")]},
    "another group of the same name": {"role_scopes": [role_scope("Member_2", "2")]},
    "a longer period": {
        "policy_changes": {"expiration": {"type": "afterDuration", "duration": "P60D"}}
    },
    "no end": {"policy_changes": {"expiration": {"type": "noExpiration"}}},
}


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_names_for_people_do_not_undo_an_approval(changes):
    """A renamed group is the same group."""
    assert hash_of(**changes) == hash_of()


@pytest.mark.parametrize("changes", OTHER.values(), ids=OTHER)
def test_what_was_approved_is_what_is_given(changes):
    """Anything else needs a new decision."""
    assert hash_of(**changes) != hash_of()


STAGES: dict[str, dict[str, Any]] = {
    "another approver": approval({"primaryApprovers": [user("eve")]}),
    "one more approver": approval({"primaryApprovers": [user(BO), user("eve")]}),
    "one more stage": approval({"primaryApprovers": [user(BO)]}, {"primaryApprovers": [user(BO)]}),
    "a reason wanted": approval(
        {"primaryApprovers": [user(BO)], "isApproverJustificationRequired": True}
    ),
    "a deadline": approval(
        {"primaryApprovers": [user(BO)], "durationBeforeAutomaticDenial": "P14D"}
    ),
    "nobody": approval(),
}


@pytest.mark.parametrize("settings", STAGES.values(), ids=STAGES)
def test_another_way_to_decide_needs_a_new_decision(settings):
    """Who decides is part of what was approved."""
    terms = policy_terms.terms_of(
        package(role_scope()),
        policy(requestApprovalSettings=settings),
        extending=False,
        always=False,
        hidden_by_default=False,
    )

    assert policy_terms.hash_of(terms) != hash_of()


def test_the_order_in_which_graph_lists_changes_nothing():
    """Role scopes come in any order."""
    two = [role_scope(), role_scope("app", "2", system="AadApplication")]

    assert hash_of(role_scopes=two) == hash_of(role_scopes=two[::-1])


@pytest.mark.parametrize("kind", ["primaryApprovers", "fallbackPrimaryApprovers"])
def test_the_order_in_which_a_stage_names_its_approvers_changes_nothing(kind):
    """Nobody decides anew because Graph lists them otherwise."""

    def hash_with(*named: Any) -> str:
        terms = policy_terms.terms_of(
            package(role_scope()),
            policy(requestApprovalSettings=approval({"primaryApprovers": [user(BO)], kind: named})),
            extending=False,
            always=False,
            hidden_by_default=False,
        )
        return policy_terms.hash_of(terms)

    assert hash_with(user(BO), user("eve")) == hash_with(user("eve"), user(BO))
    assert hash_with(user(BO), user("eve")) != hash_with(user(BO))

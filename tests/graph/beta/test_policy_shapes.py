"""Policies of beta, read and written in v1.0's words."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from graph.errors import Unsupported
from graph.models import (
    ApprovalSettings,
    ApprovalStage,
    AssignmentPolicy,
    AutomaticRequestSettings,
    Expiration,
    Reference,
    RequestorSettings,
    SubjectSet,
)
from graph.values import UNSAID
from tests.graph.samples import BETA, USER
from tests.graph.wire import Wire, graph_on


async def read(body: object, version: str) -> AssignmentPolicy:
    return await graph_on(Wire(body), version=version).policies.get("p")


async def written(policy: AssignmentPolicy, version: str) -> Any:
    wire = Wire(httpx.Response(200, json={}))
    await graph_on(wire, version=version).policies.replace(policy)
    assert wire.requests[0].method == "PUT"
    return wire.body()


async def test_a_beta_policy_says_who_may_ask():
    """Scope, people and groups read as v1.0 would have said them."""
    policy = await read(BETA, "beta")

    assert policy.has_scope("specificDirectoryUsers")
    assert [
        (each.kind, each.user_id or each.group_id) for each in policy.specific_allowed_targets
    ] == [
        ("singleUser", "ann"),
        ("groupMembers", "marketing"),
    ]
    assert policy.requestor_settings is not None
    assert policy.requestor_settings.enable_targets_to_self_add_access is True
    assert policy.requestor_settings.enable_targets_to_self_update_access is True
    assert policy.access_package == Reference(id="q")


async def test_a_beta_policy_says_who_decides():
    """Stages in their order, fallback approvers in a list of their own, times as durations."""
    policy = await read(BETA, "beta")

    approval = policy.request_approval_settings
    assert approval is not None
    assert approval.is_approval_required_for_add is True
    assert approval.is_approval_required_for_update is False
    first, second = approval.stages
    assert first.duration_before_automatic_denial == timedelta(days=14)
    assert first.duration_before_escalation == timedelta(days=8)
    assert [each.kind for each in first.primary_approvers] == ["requestorManager"]
    assert [each.user_id for each in first.fallback_primary_approvers] == ["dana"]
    assert [each.group_id for each in first.escalation_approvers] == ["iam"]
    assert [each.user_id for each in second.primary_approvers] == ["bo"]
    assert second.fallback_primary_approvers == []


async def test_a_beta_policy_asks_its_questions():
    """Texts and choices, whatever structure holds them."""
    (question,) = (await read(BETA, "beta")).questions or []

    assert question.text == "Which team?"
    assert question.localizations[0].text == "Welches Team?"
    assert question.choices[0].text == "A"
    assert question.is_multiple_selection_allowed is False


@pytest.mark.parametrize(
    ("scope", "word"),
    [
        ("NoSubjects", "notSpecified"),
        ("SpecificDirectorySubjects", "specificDirectoryUsers"),
        ("SpecificConnectedOrganizationSubjects", "specificConnectedOrganizationUsers"),
        ("AllConfiguredConnectedOrganizationSubjects", "allConfiguredConnectedOrganizationUsers"),
        ("AllExistingDirectoryMemberUsers", "allMemberUsers"),
        ("AllExistingDirectorySubjects", "allDirectoryUsers"),
        ("AllExternalSubjects", "allExternalUsers"),
    ],
)
async def test_each_scope_has_a_word_in_both_versions(scope, word):
    """Read from beta and written to beta, it is the same scope."""
    body = {"id": "p", "requestorSettings": {"scopeType": scope, "acceptRequests": True}}

    policy = await read(body, "beta")

    assert policy.allowed_target_scope == word
    assert (await written(policy, "beta"))["requestorSettings"]["scopeType"] == scope


async def test_a_scope_that_only_beta_has_stays_as_it_is():
    """Nobody may take it for one we understand; a PUT still sends it back."""
    scope = "AllExistingConnectedOrganizationSubjects"
    body = {"id": "p", "requestorSettings": {"scopeType": scope, "allowedRequestors": []}}

    policy = await read(body, "beta")

    assert policy.allowed_target_scope == scope
    assert (await written(policy, "beta"))["requestorSettings"]["scopeType"] == scope


async def test_a_beta_policy_that_takes_no_requests_says_so():
    """acceptRequests: false closes self-service, as the v1.0 switch does."""
    body = {
        "id": "p",
        "requestorSettings": {"scopeType": "AllExistingDirectorySubjects", "acceptRequests": False},
    }

    settings = (await read(body, "beta")).requestor_settings

    assert settings is not None
    assert settings.enable_targets_to_self_add_access is False


@pytest.mark.parametrize(
    ("days", "end", "kind"),
    [
        (30, None, "afterDuration"),
        (0, None, UNSAID),
        (None, None, UNSAID),
        (0, "2026-12-31T00:00:00Z", "afterDateTime"),
    ],
)
async def test_betas_days_are_an_expiration(days, end, kind):
    """Days, a date, or neither: no end and hours look the same."""
    body = {"id": "p", "durationInDays": days, "expirationDateTime": end}

    expiration = (await read(body, "beta")).expiration

    assert expiration is not None
    assert expiration.type == kind
    assert expiration.duration == (timedelta(days=30) if days else None)


@pytest.mark.parametrize("mode", ["Parallel", "AnyTwo"])
async def test_an_approval_of_beta_that_v1_cannot_say_stays_what_it_is(mode):
    """v1.0 has no word for it, which must not turn it into another."""
    approval = {"approvalMode": mode, "approvalStages": []}

    policy = await read({"id": "p", "requestApprovalSettings": approval}, "beta")

    assert (await written(policy, "beta"))["requestApprovalSettings"]["approvalMode"] == mode


@pytest.mark.parametrize(
    ("kind", "days", "pattern"),
    [
        ("weekly", 3, {"type": "weekly", "interval": 1}),
        ("monthly", 25, {"type": "absoluteMonthly", "interval": 1}),
        ("quarterly", 25, {"type": "absoluteMonthly", "interval": 3}),
        ("halfyearly", 25, {"type": "absoluteMonthly", "interval": 6}),
        ("annual", 180, {"type": "absoluteYearly", "interval": 1}),
    ],
)
async def test_reviews_keep_their_rhythm(kind, days, pattern):
    """Beta's words for how often are v1.0's patterns, there and back."""
    review = {
        "isEnabled": True,
        "recurrenceType": kind,
        "reviewerType": "Reviewers",
        "startDateTime": "2026-01-01T00:00:00Z",
        "durationInDays": days,
        "isAccessRecommendationEnabled": True,
        "isApprovalJustificationRequired": False,
        "accessReviewTimeoutBehavior": "keepAccess",
        "reviewers": [{"@odata.type": USER, "isBackup": False, "id": "bo"}],
    }

    policy = await read({"id": "p", "accessReviewSettings": review}, "beta")

    assert policy.review_settings is not None
    schedule = policy.review_settings.schedule
    assert schedule is not None
    assert schedule.expiration == Expiration(type="afterDuration", duration=timedelta(days=days))
    assert (schedule.model_extra or {})["recurrence"]["pattern"] == pattern
    assert (await written(policy, "beta"))["accessReviewSettings"] == review


@pytest.mark.parametrize(("who", "is_self"), [("Self", True), ("Manager", False)])
async def test_reviews_keep_their_reviewers(who, is_self):
    """Reviewing oneself, or by the manager, is a kind of reviewer in beta and a field in v1.0."""
    review = {
        "isEnabled": True,
        "recurrenceType": None,
        "reviewerType": who,
        "startDateTime": None,
        "durationInDays": None,
        "reviewers": [],
    }

    policy = await read({"id": "p", "accessReviewSettings": review}, "beta")

    assert policy.review_settings is not None
    assert policy.review_settings.is_self_review is is_self
    assert (await written(policy, "beta"))["accessReviewSettings"] == review


async def test_a_manager_reviews_also_where_somebody_stands_in_for_one():
    """Among beta's reviewers there are then only those who are there for want of a manager."""
    review = {
        "isEnabled": True,
        "recurrenceType": "quarterly",
        "reviewerType": "Manager",
        "startDateTime": "2026-01-01T00:00:00Z",
        "durationInDays": 25,
        "reviewers": [{"@odata.type": USER, "isBackup": True, "id": "bo"}],
    }

    policy = await read({"id": "p", "accessReviewSettings": review}, "beta")

    assert policy.review_settings is not None
    assert [each.kind for each in policy.review_settings.primary_reviewers] == ["requestorManager"]
    assert [each.user_id for each in policy.review_settings.fallback_reviewers] == ["bo"]
    assert (await written(policy, "beta"))["accessReviewSettings"] == review


def stage(**fields: object) -> ApprovalSettings:
    return ApprovalSettings(
        is_approval_required_for_add=True, stages=[ApprovalStage.model_validate(fields)]
    )


@pytest.mark.parametrize(
    "beyond",
    [
        {"allowed_target_scope": "allDirectoryServicePrincipals"},
        {"allowed_target_scope": "specificDirectoryServicePrincipals"},
        {"allowed_target_scope": "allDirectoryAgentIdentities"},
        {"specific_allowed_targets": [SubjectSet.of_kind("singleServicePrincipal")]},
        {"expiration": Expiration.after(timedelta(hours=36))},
        {"requestor_settings": RequestorSettings(allow_custom_assignment_schedule=True)},
        {"requestor_settings": RequestorSettings(on_behalf_requestors=[SubjectSet.manager()])},
        {
            "requestor_settings": RequestorSettings(
                enable_targets_to_self_add_access=True, enable_targets_to_self_remove_access=False
            )
        },
        {"automatic_request_settings": AutomaticRequestSettings()},
        {"request_approval_settings": stage(duration_before_automatic_denial=timedelta(hours=5))},
        {"request_approval_settings": stage(duration_before_escalation=timedelta(seconds=5))},
        {
            "request_approval_settings": stage(
                primary_approvers=[SubjectSet.of_kind("targetManager")]
            )
        },
    ],
)
async def test_what_beta_cannot_say_is_refused_before_it_is_sent(beyond):
    """A sentence instead of a policy that means something else."""
    wire = Wire({"id": "p"})
    policy = AssignmentPolicy(id="p", display_name="P", **beyond)

    with pytest.raises(Unsupported, match="beta") as caught:
        await graph_on(wire, version="beta").policies.create(policy)

    assert wire.requests == []
    assert not caught.value.may_have_happened

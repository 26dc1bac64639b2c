"""Policies are taken only in the words of their types, at any depth."""

import copy
from typing import Any

import pytest

from sandbox.tenant.errors import Refusal
from sandbox.tenant.policy_body import check_policy_body

V1: dict[str, Any] = {
    "displayName": "Everyone",
    "allowedTargetScope": "specificDirectoryUsers",
    "specificAllowedTargets": [{"@odata.type": "#microsoft.graph.singleUser", "userId": "ann"}],
    "expiration": {"type": "afterDuration", "duration": "P30D"},
    "requestorSettings": {
        "enableTargetsToSelfAddAccess": True,
        "onBehalfRequestors": [
            {"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}
        ],
    },
    "requestApprovalSettings": {
        "isApprovalRequiredForAdd": True,
        "stages": [
            {
                "durationBeforeAutomaticDenial": "P14D",
                "primaryApprovers": [
                    {"@odata.type": "#microsoft.graph.groupMembers", "groupId": "board"}
                ],
            }
        ],
    },
    "reviewSettings": {"isEnabled": True, "schedule": {"startDateTime": "2026-01-01T00:00:00Z"}},
    "questions": [
        {
            "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
            "text": "Where?",
            "localizations": [{"languageCode": "de", "text": "Wo?"}],
            "choices": [{"actualValue": "EU", "text": "Europe"}],
        }
    ],
    "reviewSettings@odata.type": "an annotation",
    "automaticRequestSettings": None,
}
BETA: dict[str, Any] = {
    "displayName": "Everyone",
    "canExtend": True,
    "durationInDays": 30,
    "requestorSettings": {
        "scopeType": "SpecificDirectorySubjects",
        "acceptRequests": True,
        "allowedRequestors": [
            {"@odata.type": "#microsoft.graph.singleUser", "id": "ann", "isBackup": False}
        ],
    },
    "requestApprovalSettings": {
        "isApprovalRequired": True,
        "approvalMode": "SingleStage",
        "approvalStages": [{"approvalStageTimeOutInDays": 14, "primaryApprovers": []}],
    },
    "questions": [
        {
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "text": {"defaultText": "Why?", "localizedTexts": []},
        }
    ],
}
BODIES = {"v1.0": V1, "beta": BETA}
# Where in the body, and what stands there.
SLIPS: dict[str, tuple[str, tuple[str | int, ...], Any]] = {
    "a word of beta's": ("v1.0", ("requestorSettings", "acceptRequests"), True),
    "a text for a switch": ("v1.0", ("requestorSettings", "enableTargetsToSelfAddAccess"), "yes"),
    "one for a collection": ("v1.0", ("requestorSettings", "onBehalfRequestors"), {}),
    "a text for an object": ("v1.0", ("reviewSettings",), "yearly"),
    "a stage of beta's": (
        "v1.0",
        ("requestApprovalSettings", "stages", 0, "approvalStageTimeOutInDays"),
        14,
    ),
    "a stage that is none": ("v1.0", ("requestApprovalSettings", "stages", 0), "first"),
    "an id as in beta": ("v1.0", ("specificAllowedTargets", 0, "id"), "ann"),
    "a kind that is none": (
        "v1.0",
        ("specificAllowedTargets", 0, "@odata.type"),
        "#microsoft.graph.everybody",
    ),
    "no kind": ("v1.0", ("questions", 0, "@odata.type"), None),
    "a question's text as in beta": ("v1.0", ("questions", 0, "text"), {"defaultText": "Where?"}),
    "a choice's": ("v1.0", ("questions", 0, "choices", 0, "displayValue"), "Europe"),
    "a manager too high": (
        "v1.0",
        ("requestorSettings", "onBehalfRequestors", 0, "managerLevel"),
        3,
    ),
    "no moment": ("v1.0", ("reviewSettings", "schedule", "startDateTime"), "soon"),
    "no duration": ("v1.0", ("expiration", "duration"), "30 days"),
    "what becomes of it is unknown": ("v1.0", ("reviewSettings", "expirationBehavior"), "ask"),
    "a word of v1.0's": ("beta", ("requestorSettings", "enableTargetsToSelfAddAccess"), True),
    "an id as in v1.0": ("beta", ("requestorSettings", "allowedRequestors", 0, "userId"), "ann"),
    "a switch for a number": ("beta", ("durationInDays",), True),
    "a mode that is none": ("beta", ("requestApprovalSettings", "approvalMode"), "Both"),
    "a question's text as in v1.0": ("beta", ("questions", 0, "text"), "Why?"),
}


@pytest.mark.parametrize("version", BODIES)
def test_what_the_types_have_is_taken(version):
    """With annotations, and with null, which every property may be."""
    check_policy_body(BODIES[version], is_beta=version == "beta")


def test_a_text_that_means_a_switch_or_a_number_is_read_as_one():
    """As Microsoft's own example writes it."""
    body = copy.deepcopy(V1)
    body["requestorSettings"] |= {
        "enableTargetsToSelfAddAccess": "false",
        "allowCustomAssignmentSchedule": "true",
    }

    body["questions"][0]["sequence"] = "1"

    check_policy_body(body, is_beta=False)

    assert body["questions"][0]["sequence"] == 1
    assert body["requestorSettings"]["enableTargetsToSelfAddAccess"] is False
    assert body["requestorSettings"]["allowCustomAssignmentSchedule"] is True


@pytest.mark.parametrize(("version", "path", "value"), SLIPS.values(), ids=SLIPS)
def test_what_they_do_not_have_is_refused(version, path, value):
    """Graph takes no property and no value that its metadata does not have."""
    body = copy.deepcopy(BODIES[version])
    inner: Any = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value

    with pytest.raises(Refusal):
        check_policy_body(body, is_beta=version == "beta")

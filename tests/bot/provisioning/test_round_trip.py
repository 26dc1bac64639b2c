"""Whatever a tenant holds: what was imported changes nothing, or says what it cannot express."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from sandbox.tenant.model import Expiration
from sandbox.tenant.policy_settings import read_settings
from sandbox.tenant.seed import ANN, BO, DANA, MARKETING, SECURITY_REVIEWERS
from tests.bot.provisioning.conftest import Provisioner

NAMES = st.sampled_from(
    [
        "Plain",
        "With: colon",
        "C# & <Co>",
        "yes",
        "12",
        " two  blanks ",
        "a\u202eb",
        "زائر",
        "x" * 250,
    ]
)
SUBJECTS = st.sampled_from(
    [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": ANN},
        {"@odata.type": "#microsoft.graph.singleUser", "userId": BO.upper()},
        {"@odata.type": "#microsoft.graph.groupMembers", "groupId": MARKETING},
        {"@odata.type": "#microsoft.graph.groupMembers", "groupId": SECURITY_REVIEWERS},
        {
            "@odata.type": "#microsoft.graph.singleUser",
            "userId": "a0000000-0000-4000-8000-00000000dead",
        },
    ]
)
APPROVERS = SUBJECTS | st.sampled_from(
    [
        {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1},
        {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 2},
        {"@odata.type": "#microsoft.graph.internalSponsors"},
    ]
)
STAGES = st.lists(
    st.fixed_dictionaries(
        {
            "primaryApprovers": st.lists(APPROVERS, min_size=1, max_size=2),
            "durationBeforeAutomaticDenial": st.sampled_from(["P1D", "P14D"]),
        },
        optional={
            "fallbackPrimaryApprovers": st.lists(SUBJECTS, max_size=2),
            "isApproverJustificationRequired": st.booleans(),
            "approverInformationVisibility": st.sampled_from(["default", "notVisible", "visible"]),
        },
    ),
    max_size=2,
)
QUESTIONS = st.lists(
    st.fixed_dictionaries(
        {
            "@odata.type": st.just("#microsoft.graph.accessPackageTextInputQuestion"),
            "id": st.uuids().map(str),
            "text": st.sampled_from(["Why?", "Cost: center", "زائر"]),
            "sequence": st.integers(0, 3),
            "isRequired": st.booleans(),
            "isAnswerEditable": st.booleans(),
            "isSingleLineQuestion": st.booleans(),
            "regexPattern": st.sampled_from([None, "^[0-9]{4}$"]),
            "localizations": st.just([]),
        }
    ),
    max_size=2,
)
REVIEWS = st.none() | st.fixed_dictionaries(
    {
        "isEnabled": st.booleans(),
        "expirationBehavior": st.sampled_from(["keepAccess", "removeAccess"]),
        "isSelfReview": st.just(False),
        "primaryReviewers": st.lists(SUBJECTS, min_size=1, max_size=1),
        "schedule": st.fixed_dictionaries(
            {
                "startDateTime": st.just("2027-01-01T00:00:00Z"),
                "expiration": st.just({"type": "afterDuration", "duration": "P25D"}),
                "recurrence": st.fixed_dictionaries(
                    {
                        "pattern": st.sampled_from(
                            [
                                {"type": "weekly", "interval": 1},
                                {"type": "absoluteMonthly", "interval": 3},
                            ]
                        ),
                        "range": st.just({"type": "noEnd", "startDate": "2027-01-01"}),
                    }
                ),
            }
        ),
    }
)
SETTINGS = st.fixed_dictionaries(
    {
        "requestorSettings": st.fixed_dictionaries(
            {
                "enableTargetsToSelfAddAccess": st.booleans(),
                "enableTargetsToSelfUpdateAccess": st.booleans(),
                "enableTargetsToSelfRemoveAccess": st.booleans(),
                "allowCustomAssignmentSchedule": st.booleans(),
                "enableOnBehalfRequestorsToAddAccess": st.booleans(),
                "onBehalfRequestors": st.lists(
                    st.sampled_from(
                        [
                            {"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1},
                            {"@odata.type": "#microsoft.graph.groupMembers", "groupId": MARKETING},
                        ]
                    ),
                    max_size=2,
                ),
            }
        ),
        "requestApprovalSettings": st.fixed_dictionaries(
            {
                "isApprovalRequiredForAdd": st.booleans(),
                "isApprovalRequiredForUpdate": st.booleans(),
                "isRequestorJustificationRequired": st.booleans(),
                "stages": STAGES,
            }
        ),
        "questions": QUESTIONS,
        "reviewSettings": REVIEWS,
    }
)
POLICIES = st.lists(
    st.tuples(
        NAMES,
        st.sampled_from(
            ["notSpecified", "specificDirectoryUsers", "allMemberUsers", "allExternalUsers"]
        ),
        st.lists(SUBJECTS, max_size=2),
        st.sampled_from(
            [
                Expiration("noExpiration"),
                Expiration("afterDuration", duration=timedelta(days=30)),
                Expiration("afterDuration", duration=timedelta(hours=4)),
            ]
        ),
        SETTINGS,
    ),
    max_size=3,
)


@pytest.mark.parametrize("version", ["v1.0", "beta"])
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(policies=POLICIES, names=st.lists(NAMES, min_size=2, max_size=2), hidden=st.booleans())
def test_a_plan_of_any_import_changes_nothing(
    version: str, policies: list[Any], names: list[str], hidden: bool
) -> None:
    """Odd names, policies with everything in them, drafts: no change, and each policy is written or named as left out."""
    asyncio.run(_round_trip(version, policies, names, hidden=hidden))


async def _round_trip(version: str, policies: list[Any], names: list[str], *, hidden: bool) -> None:
    tenant = Tenant(clock=SandboxClock(), delivery=timedelta(0), page_size=3)
    tenant.seed_tutorial_world()
    world = tenant.world
    catalog, package = next(iter(world.catalogs.values())), next(iter(world.packages.values()))
    catalog.state = "unpublished" if hidden else "published"
    package.display_name, package.is_hidden = names[0], hidden
    next(iter(world.groups.values())).display_name = names[1]
    model = next(iter(world.policies.values()))
    for at, (name, scope, targets, expiration, said) in enumerate(policies):
        policy_id = f"9b000000-0000-4000-8000-00000000aa{at:02}"
        world.policies[policy_id] = type(model)(
            id=policy_id,
            package_id=package.id,
            display_name=name,
            created_at=model.created_at,
            description=f"Policy {at}",
            allowed_target_scope=scope,
            specific_allowed_targets=targets if scope.startswith("specific") else [],
            expiration=expiration,
            settings=read_settings(_possible(said)),
        )
    with tempfile.TemporaryDirectory() as folder:
        provisioner = Provisioner(tenant, version, Path(folder))
        imported = await provisioner.import_()
        assert await provisioner.changes(imported.text) == []
        document = provisioner.read(imported.text)
        written = sum(
            len(each.policies) for within in document.file.catalogs for each in within.packages
        )
        left = sum(
            each.startswith("policy ") and "leaves it as it is" not in each
            for each in imported.left_out
        )
        gone = [each for each in imported.left_out if each.startswith("package ")]
        within = len(world.policies_of(package.id)) if gone else 0
        assert written + left + within == len(world.policies)
        assert DANA in world.users


def _possible(said: dict[str, Any]) -> dict[str, Any]:
    """Settings as Graph could hold them: no approval without a stage."""
    approval = said["requestApprovalSettings"]
    if approval["stages"]:
        return said
    none = {"isApprovalRequiredForAdd": False, "isApprovalRequiredForUpdate": False}
    return said | {"requestApprovalSettings": approval | none}

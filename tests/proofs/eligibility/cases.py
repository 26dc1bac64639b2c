"""Worlds to judge: a package with some policies, somebody who asks, and what they have already."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant, seed
from sandbox.tenant.model import Assignment, Expiration, Policy
from sandbox.tenant.policy_settings import TARGET_SCOPES, read_settings
from tests.bot.samples import approval, members, question, user

PACKAGE = seed.MARKETING_CAMPAIGN
OTHER = seed.FINANCE_REPORTS
MANAGER_OF_ALL = seed.MIA
PEOPLE = {"member": seed.ANN, "guest": seed.GUS, "nobody says": seed.CY}
LATER = datetime(2030, 1, 1, tzinfo=UTC)
EARLIER = datetime(2020, 1, 1, tzinfo=UTC)

TARGETS: list[dict[str, Any]] = [
    *(user(each) for each in PEOPLE.values()),
    user(seed.BO),
    members(seed.MARKETING),
    members(seed.SECURITY_REVIEWERS),
    {"@odata.type": "#microsoft.graph.attributeRuleMembers", "membershipRule": "all"},
    {"@odata.type": "#microsoft.graph.singleServicePrincipal", "servicePrincipalId": seed.LEDGER},
]
MANAGER: dict[str, Any] = {"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}
# By place: a rule that only Entra can weigh, and what beta has no word for.
RULED, SERVICE = 6, 7
# Stages of an extension, and whether the extension has a say there.
EXTENSIONS: dict[str, bool] = {
    "assignmentRequestCreated": True,
    "assignmentRequestApproved": True,
    "assignmentRequestGranted": False,
    "assignmentOneDayBeforeExpiration": False,
}
EXPIRATIONS = {
    "days": Expiration("afterDuration", duration=timedelta(days=30)),
    "hours": Expiration("afterDuration", duration=timedelta(hours=4)),
    "date": Expiration("afterDateTime", end=LATER),
    "over": Expiration("afterDateTime", end=EARLIER),
    "never": Expiration("noExpiration"),
}


@dataclass(frozen=True)
class Rules:
    """One policy, as far as it is drawn."""

    scope: str
    targets: tuple[int, ...]
    asks: bool
    managers: bool
    automatic: bool
    expiration: str
    question: str | None
    extension: str | None
    verified_id: bool
    reason: bool
    approved: bool


@dataclass(frozen=True)
class World:
    """A package, somebody, and what they say."""

    rules: tuple[Rules, ...]
    who: str
    published: bool
    attribute: bool
    has_other: str | None
    in_group: bool
    reason: str | None
    answered: frozenset[str]
    wanted: int | None
    ids: tuple[str, ...] = field(default=("p1", "p2", "p3"))

    @property
    def person(self) -> str:
        return PEOPLE[self.who]


rules = st.builds(
    Rules,
    scope=st.sampled_from(
        ["specificDirectoryUsers", "allMemberUsers", "allDirectoryUsers", *TARGET_SCOPES]
    ),
    targets=st.lists(st.integers(0, len(TARGETS) - 1), max_size=3).map(tuple),
    asks=st.sampled_from([True, True, True, False]),
    managers=st.booleans(),
    automatic=st.sampled_from([False, False, False, True]),
    expiration=st.sampled_from(["days", "days", *EXPIRATIONS]),
    question=st.sampled_from([None, None, "required", "optional"]),
    extension=st.sampled_from([None, None, None, *EXTENSIONS]),
    verified_id=st.sampled_from([False, False, False, True]),
    reason=st.booleans(),
    approved=st.booleans(),
)
worlds = st.builds(
    World,
    rules=st.lists(rules, min_size=1, max_size=3).map(tuple),
    who=st.sampled_from(sorted(PEOPLE)),
    published=st.sampled_from([True, True, True, False]),
    attribute=st.sampled_from([False, False, False, True]),
    has_other=st.sampled_from([None, None, None, "delivered", "partiallyDelivered", "expired"]),
    in_group=st.sampled_from([False, False, False, True]),
    reason=st.sampled_from([None, "Q4"]),
    answered=st.sampled_from([frozenset(), frozenset({"q", "a"}), frozenset({"q"})]),
    wanted=st.sampled_from([None, None, 0, 1]),
)


def settings_of(rule: Rules) -> dict[str, Any]:
    stages = [{"primaryApprovers": [user(seed.BO)]}] if rule.approved else []
    made = read_settings(
        {
            "requestorSettings": {
                "enableTargetsToSelfAddAccess": rule.asks,
                "enableOnBehalfRequestorsToAddAccess": rule.managers,
                "onBehalfRequestors": [MANAGER] if rule.managers else [],
            },
            "requestApprovalSettings": approval(
                *stages, isRequestorJustificationRequired=rule.reason
            ),
            "questions": [question(isRequired=rule.question == "required")]
            if rule.question
            else [],
        }
    )
    if rule.extension:
        made["customExtensionStageSettings"] = [{"id": "e", "stage": rule.extension}]
    if rule.automatic:
        made["automaticRequestSettings"] = {"requestAccessForAllowedTargets": True}
    if rule.verified_id:
        made["verifiableCredentialSettings"] = {"credentialTypes": [{"credentialType": "Employee"}]}
    return made


def built(world: World) -> Tenant:
    """A tenant in which it is so."""
    tenant = Tenant(clock=SandboxClock(), delivery=timedelta(0))
    tenant.seed_tutorial_world()
    there = tenant.world
    there.users[PEOPLE["nobody says"]].user_type = None  # type: ignore[assignment]
    for person in PEOPLE.values():
        there.users[person].manager_id = MANAGER_OF_ALL
    for each in list(there.policies.values()):
        if each.package_id == PACKAGE:
            del there.policies[each.id]
    for policy_id, rule in zip(world.ids, world.rules, strict=False):
        there.policies[policy_id] = Policy(
            id=policy_id,
            package_id=PACKAGE,
            display_name=f"Policy {policy_id}",
            created_at=there.now(),
            allowed_target_scope=rule.scope,
            specific_allowed_targets=[TARGETS[each] for each in rule.targets],
            expiration=EXPIRATIONS[rule.expiration],
            settings=settings_of(rule),
        )
    package = there.packages[PACKAGE]
    package.incompatible_packages.append(OTHER)
    package.incompatible_groups.append(seed.FINANCE_READERS)
    there.catalogs[package.catalog_id].state = "published" if world.published else "unpublished"
    if world.in_group:
        there.groups[seed.FINANCE_READERS].members.append(world.person)
    if world.has_other:
        there.assignments["other"] = Assignment(
            id="other",
            package_id=OTHER,
            policy_id=next(p.id for p in there.policies.values() if p.package_id == OTHER),
            target_id=world.person,
            subject_id=there.subject_id(world.person),
            created_at=there.now(),
            state=world.has_other,
        )
    if world.attribute:
        resource = there.resources[package.role_scopes[0].resource_id]
        resource.attributes = [
            {
                "name": "extension_costCenter",
                "source": {
                    "@odata.type": "#microsoft.graph.accessPackageResourceAttributeQuestion",
                    "question": question(id="a", text="Which cost center?"),
                },
                "destination": {
                    "@odata.type": "#microsoft.graph.accessPackageUserDirectoryAttributeStore"
                },
                "isEditable": True,
                "isPersistedOnAssignmentRemoval": True,
            }
        ]
    return tenant

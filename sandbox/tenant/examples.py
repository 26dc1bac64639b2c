"""
More packages for whoever tries the sandbox: with questions, with two equal policies, two that exclude each other, and
one that Entra itself decides.
"""

from datetime import datetime, timedelta

from sandbox.tenant import seed
from sandbox.tenant.model import Expiration, Group, Json, Package, Policy, Resource
from sandbox.tenant.model import ResourceRoleScope as RoleScope
from sandbox.tenant.policy_settings import read_settings
from sandbox.tenant.world import World

CUSTOMER_READERS = "b0000000-0000-4000-8000-000000000007"
BUILD_OPERATORS = "b0000000-0000-4000-8000-000000000008"
RELEASE_APPROVERS = "b0000000-0000-4000-8000-000000000009"
PAYROLL_READERS = "b0000000-0000-4000-8000-00000000000a"
CUSTOMER_DATA = "d0000000-0000-4000-8000-000000000005"
BUILD_SERVERS = "d0000000-0000-4000-8000-000000000006"
RELEASE_APPROVALS = "d0000000-0000-4000-8000-000000000007"
PAYROLL = "d0000000-0000-4000-8000-000000000008"
CUSTOMER_POLICY = "9b000000-0000-4000-8000-000000000005"
DAY_POLICY = "9b000000-0000-4000-8000-000000000006"
ON_CALL_POLICY = "9b000000-0000-4000-8000-000000000007"
RELEASE_POLICY = "9b000000-0000-4000-8000-000000000008"
PAYROLL_POLICY = "9b000000-0000-4000-8000-000000000009"
TICKET = "0a000000-0000-4000-8000-000000000001"
REGION = "0a000000-0000-4000-8000-000000000002"


def questions() -> list[Json]:
    """A ticket number, which must be given, and the regions, in English and German."""
    return [
        {
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "id": TICKET,
            "sequence": 1,
            "isRequired": True,
            "isAnswerEditable": True,
            "text": "Which ticket is it about?",
            "localizations": [{"languageCode": "de", "text": "Um welches Ticket geht es?"}],
            "isSingleLineQuestion": True,
            "regexPattern": r"^[A-Z]{2,8}-\d+$",
        },
        {
            "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
            "id": REGION,
            "sequence": 2,
            "isRequired": False,
            "isAnswerEditable": True,
            "text": "Which regions do you need?",
            "localizations": [{"languageCode": "de", "text": "Welche Regionen brauchst du?"}],
            "isMultipleSelectionAllowed": True,
            "choices": [
                _choice("EU", "Europe", "Europa"),
                _choice("NA", "North America", "Nordamerika"),
                _choice("AP", "Asia and Pacific", "Asien und Pazifik"),
            ],
        },
    ]


def _choice(value: str, text: str, german: str) -> Json:
    return {
        "actualValue": value,
        "text": text,
        "localizations": [{"languageCode": "de", "text": german}],
    }


def add(world: World) -> None:
    """Add them to the tutorial's world; Entra has known them for a day."""
    made_at = world.now() - timedelta(days=1)
    bo: Json = {
        "@odata.type": "#microsoft.graph.singleUser",
        "userId": seed.BO,
        "description": "Bo Berg",
    }
    stages: list[Json] = [{"primaryApprovers": [bo]}]
    _package(
        world, made_at, 7, CUSTOMER_READERS, "Customer readers", CUSTOMER_DATA, "Customer Data"
    )
    _policy(
        world,
        made_at,
        CUSTOMER_POLICY,
        CUSTOMER_DATA,
        "For a ticket",
        days=14,
        stages=stages,
        managers_may_ask=True,
    )
    world.policies[CUSTOMER_POLICY].settings["questions"] = questions()
    _package(world, made_at, 8, BUILD_OPERATORS, "Build operators", BUILD_SERVERS, "Build Servers")
    _policy(world, made_at, DAY_POLICY, BUILD_SERVERS, "For a day", days=1, stages=[])
    _policy(world, made_at, ON_CALL_POLICY, BUILD_SERVERS, "On call", days=8, stages=stages)
    release = (RELEASE_APPROVERS, "Release approvers", RELEASE_APPROVALS, "Release Approvals")
    _package(world, made_at, 9, *release)
    _policy(world, made_at, RELEASE_POLICY, RELEASE_APPROVALS, "Everyone", days=30, stages=[])
    # Whoever builds does not approve what was built, and the other way round.
    world.packages[RELEASE_APPROVALS].incompatible_packages.append(BUILD_SERVERS)
    world.packages[BUILD_SERVERS].incompatible_packages.append(RELEASE_APPROVALS)
    _package(world, made_at, 10, PAYROLL_READERS, "Payroll readers", PAYROLL, "Payroll")
    _policy(world, made_at, PAYROLL_POLICY, PAYROLL, "Everyone", days=30, stages=stages)
    world.policies[PAYROLL_POLICY].approval["isRequestorJustificationRequired"] = True
    world.touch()
    world.announce()


def _package(
    world: World,
    made_at: datetime,
    number: int,
    group_id: str,
    group: str,
    package_id: str,
    name: str,
) -> None:
    """A package that makes its holders members of a group of its own."""
    world.groups[group_id] = Group(
        id=group_id,
        display_name=group,
        created_at=made_at,
        mail_nickname=group.lower().replace(" ", "-"),
    )
    role, role_id = f"Member_{group_id}", world.new_id()
    resource = Resource(
        id=f"f0000000-0000-4000-8000-{number:012x}",
        catalog_id=seed.GENERAL,
        display_name=group,
        origin_id=group_id,
        origin_system="AadGroup",
        created_at=made_at,
        scope_id=f"f0000000-0000-4000-8000-00000000b0{number:02x}",
        role_ids={role: role_id},
    )
    world.resources[resource.id] = resource
    world.packages[package_id] = Package(
        id=package_id,
        catalog_id=seed.GENERAL,
        display_name=name,
        created_at=made_at,
        description=f"Be one of the {group.lower()}",
        role_scopes=[RoleScope(f"{role_id}_{resource.scope_id}", resource.id, role, made_at)],
    )


def _policy(
    world: World,
    made_at: datetime,
    policy_id: str,
    package_id: str,
    name: str,
    *,
    days: int,
    stages: list[Json],
    managers_may_ask: bool = False,
) -> None:
    manager: Json = {"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}
    body: Json = {
        "requestorSettings": {
            "enableOnBehalfRequestorsToAddAccess": managers_may_ask,
            "onBehalfRequestors": [manager] if managers_may_ask else [],
            "enableTargetsToSelfAddAccess": True,
            "enableTargetsToSelfUpdateAccess": True,
            "enableTargetsToSelfRemoveAccess": True,
        },
        "requestApprovalSettings": {"isApprovalRequiredForAdd": bool(stages), "stages": stages},
    }
    world.policies[policy_id] = Policy(
        id=policy_id,
        package_id=package_id,
        display_name=name,
        created_at=made_at,
        description=name,
        allowed_target_scope="allMemberUsers",
        expiration=Expiration("afterDuration", duration=timedelta(days=days)),
        settings=read_settings(body),
    )

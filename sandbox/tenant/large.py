"""A large tenant: two hundred packages in several catalogs, and two thousand assignments."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox.crowd import Colleague
from sandbox.tenant import seed
from sandbox.tenant.lifecycle import put_in_force
from sandbox.tenant.model import (
    Assignment,
    Catalog,
    Expiration,
    Group,
    Json,
    Package,
    Policy,
    Request,
    Resource,
    ResourceRoleScope,
    User,
)
from sandbox.tenant.policy_settings import read_settings
from sandbox.tenant.world import World

PACKAGES = 200
"""With those that are there already."""
ASSIGNMENTS = 2000
SOON = 50
"""One assignment in so many ends within a week; the others later, so that few are reminded at once."""
WEEK = timedelta(days=7, hours=12)

_SYSTEMS = {
    "Engineering": "Build Farm, Code Search, Container Registry, Feature Flags, Kubernetes, Load Tests, Source Mirror",
    "Data": "Customer Warehouse, Event Stream, Metrics Lake, Notebook Cluster, Reporting Views, Schema Registry",
    "Finance": "Accounts Payable, Budget Planner, Expense Audit, General Ledger, Payroll Export, Tax Filing, Treasury",
    "Marketing": "Ad Accounts, Brand Assets, Campaign Planner, Event Site, Newsletter, Press Room, Web Analytics",
    "People": "Applicant Tracker, Benefits Portal, Learning Library, Org Chart, Performance Reviews, Time Sheets",
    "Operations": "Alert Router, Backup Vault, Change Calendar, Network Console, Office Badges, Status Page",
    "Legal": "Contract Store, Litigation Hold, Patent Register, Privacy Requests, Vendor Reviews",
    "Sales": "Account Plans, Deal Desk, Forecasts, Partner Portal, Price Book, Quote Builder",
}
_LEVELS = (
    ("Read", 30, "read it"),
    ("Edit", 30, "change what is in it"),
    ("Administer", 14, "administer it"),
    ("Audit", 90, "read its logs"),
)


def add(world: World, colleagues: Sequence[Colleague]) -> None:
    """Add the colleagues, the packages and who has them; Entra has known it all for a while."""
    now = world.now()
    people = [_user(world, each, now) for each in colleagues]
    for number, (team, system, level, days, may) in enumerate(_offers()):
        if len(world.packages) >= PACKAGES:
            break
        _package(world, now, number, team=team, name=f"{system} – {level}", days=days, may=may)
    _assignments(world, now, people)
    world.touch()
    world.announce()


def _offers() -> list[tuple[str, str, str, int, str]]:
    return [
        (team, system, level, days, may)
        for level, days, may in _LEVELS
        for team, systems in _SYSTEMS.items()
        for system in systems.split(", ")
    ]


def _id(kind: str, number: int) -> str:
    return f"{kind}0000000-0000-4000-9000-{number:012x}"


def _user(world: World, colleague: Colleague, now: datetime) -> User:
    # Everybody's manager is one of the first of the crowd, whose manager is Mia.
    manager = _id("a", colleague.number % 20) if colleague.number >= 20 else seed.MIA
    user = User(
        id=_id("a", colleague.number),
        display_name=colleague.name,
        user_principal_name=colleague.email,
        created_at=now - timedelta(days=400),
        mail=colleague.email,
        mail_nickname=colleague.nickname,
        manager_id=manager,
    )
    world.users[user.id] = user
    return user


def _package(
    world: World, now: datetime, number: int, *, team: str, name: str, days: int, may: str
) -> None:
    made_at = now - timedelta(days=300)
    catalog_id = _id("c", list(_SYSTEMS).index(team))
    world.catalogs.setdefault(
        catalog_id,
        Catalog(
            id=catalog_id,
            display_name=team,
            created_at=made_at,
            description=f"What {team} hands out.",
        ),
    )
    group = Group(
        id=_id("b", number),
        display_name=f"{name} (members)",
        created_at=made_at,
        mail_nickname=f"package-{number}",
    )
    world.groups[group.id] = group
    role, role_id = f"Member_{group.id}", world.new_id()
    resource = Resource(
        id=_id("f", number),
        catalog_id=catalog_id,
        display_name=group.display_name,
        origin_id=group.id,
        origin_system="AadGroup",
        created_at=made_at,
        scope_id=_id("f", number + 0x10000),
        role_ids={role: role_id},
    )
    world.resources[resource.id] = resource
    scope = ResourceRoleScope(f"{role_id}_{resource.scope_id}", resource.id, role, made_at)
    world.packages[_id("d", number)] = Package(
        id=_id("d", number),
        catalog_id=catalog_id,
        display_name=name,
        created_at=made_at,
        description=f"{name.partition(' – ')[0]} of {team}: {may}",
        role_scopes=[scope],
    )
    _policy(world, made_at, number, days)


def _policy(world: World, made_at: datetime, number: int, days: int) -> None:
    """One policy a package: nobody decides, Bo does, or the manager and then the reviewers."""
    stages = (_nobody(), _bo(), _manager_and_reviewers())[number % 3]
    body: Json = {
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": True,
            "enableTargetsToSelfUpdateAccess": True,
            "enableTargetsToSelfRemoveAccess": True,
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": bool(stages),
            "isApprovalRequiredForUpdate": bool(stages),
            "isRequestorJustificationRequired": bool(stages),
            "stages": stages,
        },
    }
    is_narrow = number % 7 == 3
    group: Json = {
        "@odata.type": "#microsoft.graph.groupMembers",
        "groupId": seed.MARKETING,
        "description": "Marketing",
    }
    world.policies[_id("9", number)] = Policy(
        id=_id("9", number),
        package_id=_id("d", number),
        display_name="Marketing" if is_narrow else "Everyone at Contoso",
        created_at=made_at,
        description="Who may ask for it",
        allowed_target_scope="specificDirectoryUsers" if is_narrow else "allMemberUsers",
        specific_allowed_targets=[group] if is_narrow else [],
        expiration=Expiration("afterDuration", duration=timedelta(days=days)),
        settings=read_settings(body),
    )


def _nobody() -> list[Json]:
    return []


def _bo() -> list[Json]:
    bo = {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.BO, "description": "Bo Berg"}
    return [{"primaryApprovers": [bo]}]


def _manager_and_reviewers() -> list[Json]:
    manager = {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}
    dana = {
        "@odata.type": "#microsoft.graph.singleUser",
        "userId": seed.DANA,
        "description": "Dana Diaz",
    }
    reviewers = {
        "@odata.type": "#microsoft.graph.groupMembers",
        "groupId": seed.SECURITY_REVIEWERS,
        "description": "Security reviewers",
    }
    return [
        {"primaryApprovers": [manager], "fallbackPrimaryApprovers": [dana]},
        {"primaryApprovers": [reviewers]},
    ]


def _assignments(world: World, now: datetime, people: list[User]) -> None:
    offered = [each for each in world.packages if each.startswith("d0000000-0000-4000-9000")]
    for number in range(ASSIGNMENTS):
        person, turn = people[number % len(people)], number // len(people)
        # Steps that are coprime with the number of packages: nobody has one twice.
        package_id = offered[(number % len(people) * 13 + turn * 29) % len(offered)]
        policy = world.policies_of(package_id)[0]
        duration = policy.expiration.duration or timedelta(days=30)
        left = max(WEEK, duration * (0.3 + 0.65 * (number * 37 % 100) / 100))
        if (number + 7 * turn) % SOON == 0:
            left = timedelta(days=1 + number // SOON % 6, hours=5)
        end = now + left
        _assignment(world, number, person, policy, start=end - duration, end=end)


def _assignment(
    world: World, number: int, person: User, policy: Policy, *, start: datetime, end: datetime
) -> None:
    assignment = Assignment(
        id=_id("5", number),
        package_id=policy.package_id,
        policy_id=policy.id,
        target_id=person.id,
        subject_id=world.subject_id(person.id),
        created_at=start,
        state="delivered",
        status="Delivered",
        start=start,
        end=end,
    )
    world.assignments[assignment.id] = assignment
    put_in_force(world, assignment)
    world.requests[_id("6", number)] = Request(
        id=_id("6", number),
        request_type="userAdd",
        created_at=start,
        package_id=policy.package_id,
        policy_id=policy.id,
        target_id=person.id,
        requestor_id=person.id,
        justification="For my work in the team",
        state="delivered",
        status="Fulfilled",
        assignment_id=assignment.id,
        completed_at=start,
        expiration=policy.expiration,
    )

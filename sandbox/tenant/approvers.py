"""Tell who is in a policy's scope, and who decides a stage."""

import re
from datetime import datetime, timedelta

from sandbox.tenant.errors import bad_request
from sandbox.tenant.model import Json, Policy, Request, Stage, User
from sandbox.tenant.world import World

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def parse_duration(text: str) -> timedelta:
    """Read P30D or PT4H. Raises Refusal for anything else."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groupdict().values()):
        raise bad_request(
            f"Cannot convert the literal '{text}' to the expected type 'Edm.Duration'."
        )
    return timedelta(**{unit: float(n) for unit, n in match.groupdict().items() if n})


def kind_of(subject: Json) -> str:
    """singleUser, groupMembers ...: the last word of a subject set's @odata.type."""
    return str(subject.get("@odata.type", "")).rsplit(".", 1)[-1].lstrip("#")


def in_scope(world: World, policy: Policy, user: User) -> bool:
    """Tell whether the policy lets this user have the package."""
    match policy.allowed_target_scope:
        case "specificDirectoryUsers":
            return any(_covers(world, subject, user) for subject in policy.specific_allowed_targets)
        case "allMemberUsers":
            return user.user_type == "Member"
        case "allDirectoryUsers":
            return True
        case _:
            return False


def _covers(world: World, subject: Json, user: User) -> bool:
    match kind_of(subject):
        case "singleUser":
            return bool(subject.get("userId") == user.id)
        case "groupMembers":
            return world.is_member(user.id, str(subject.get("groupId")))
        case _:
            return False


def may_ask_for(world: World, settings: Json, user: User, target: User) -> bool:
    """
    Tell whether a policy's requestorSettings let *user* ask for somebody else: they are among its onBehalfRequestors.

    Source: Graph reference, "accessPackageAssignmentRequestorSettings".
    """
    if not settings.get("enableOnBehalfRequestorsToAddAccess"):
        return False
    for subject in settings.get("onBehalfRequestors") or []:
        if kind_of(subject) in ("targetManager", "requestorManager"):
            found = _manager(world, target.id, subject.get("managerLevel") or 1)
            if user.id in found:
                return True
        elif _covers(world, subject, user):
            return True
    return False


APPROVER_KINDS = (
    "singleUser",
    "groupMembers",
    "requestorManager",
    "targetManager",
    "internalSponsors",
    "externalSponsors",
    "targetUserSponsors",
)
"""The sets that can decide; the others say who may ask, or what is reviewed."""


def check_approvers(settings: Json) -> None:
    """Refuse a stage that names approvers in a way that there is not. Raises Refusal."""
    for name in (
        "primaryApprovers",
        "fallbackPrimaryApprovers",
        "escalationApprovers",
        "fallbackEscalationApprovers",
    ):
        for subject in settings.get(name) or []:
            if kind_of(subject) not in APPROVER_KINDS:
                raise bad_request(f"A set of type '{kind_of(subject)}' cannot be in '{name}'.")


def approvers(world: World, request: Request, stage: Stage, now: datetime) -> set[str]:
    """Ids of the users who may decide *stage* at this moment, never the requester.

    The fallback is asked when nobody is found, and found is who is there, enabled and somebody
    else: the primary approvers can decide after the request was forwarded, too.
    """
    settings = stage.settings
    chosen = _people(world, request, settings.get("primaryApprovers")) or _people(
        world, request, settings.get("fallbackPrimaryApprovers")
    )
    if settings.get("isEscalationEnabled") and stage.started_at is not None:
        wait = parse_duration(settings.get("durationBeforeEscalation") or "PT0S")
        if now >= stage.started_at + wait:
            chosen |= _people(world, request, settings.get("escalationApprovers")) or _people(
                world, request, settings.get("fallbackEscalationApprovers")
            )
    return chosen


def _people(world: World, request: Request, subjects: list[Json] | None) -> set[str]:
    named: set[str] = set()
    for subject in subjects or []:
        named |= _named(world, request, subject)
    is_theirs = {request.target_id, request.requestor_id}
    return {
        user_id
        for user_id in named - is_theirs
        if user_id in world.users and world.users[user_id].account_enabled is not False
    }


def _named(world: World, request: Request, subject: Json) -> set[str]:
    """Ids of the users that one set stands for, whatever has become of them."""
    target = world.users.get(request.target_id)
    organization = world.organizations.get((target and target.organization_id) or "")
    match kind_of(subject):
        case "singleUser":
            return {str(subject.get("userId"))}
        case "groupMembers":
            return set(world.transitive_members(str(subject.get("groupId"))))
        case "requestorManager":
            asks = request.requestor_id or request.target_id
            return _manager(world, asks, subject.get("managerLevel") or 1)
        case "targetManager":
            return _manager(world, request.target_id, subject.get("managerLevel") or 1)
        case "internalSponsors":
            return _persons(world, organization.internal_sponsors if organization else [])
        case "externalSponsors":
            return _persons(world, organization.external_sponsors if organization else [])
        case "targetUserSponsors":
            return _persons(world, target.sponsors if target else [])
        case kind:
            raise bad_request(f"Nobody can be asked by a set of type '{kind}'.")


def _persons(world: World, sponsors: list[str]) -> set[str]:
    """Sponsors are users, or groups whose members are meant."""
    found = set(sponsors)
    for sponsor in sponsors:
        found.update(world.transitive_members(sponsor))
    return found


def _manager(world: World, user_id: str, level: int) -> set[str]:
    current: str | None = user_id
    for _ in range(level):
        user = world.users.get(current) if current else None
        current = user.manager_id if user else None
    return {current} if current else set()

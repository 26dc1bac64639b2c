"""Who is in a policy's scope, and who decides a stage."""

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
    """Whether the policy lets this user have the package."""
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


def approvers(world: World, request: Request, stage: Stage, now: datetime) -> set[str]:
    """Ids of the users who may decide *stage* at this moment, never the requester."""
    settings = stage.settings
    chosen = _people(world, request, settings.get("primaryApprovers"))
    if not chosen:
        chosen = _people(world, request, settings.get("fallbackPrimaryApprovers"))
    if settings.get("isEscalationEnabled") and stage.started_at is not None:
        wait = parse_duration(settings.get("durationBeforeEscalation") or "PT0S")
        if now >= stage.started_at + wait:
            escalated = _people(world, request, settings.get("escalationApprovers"))
            chosen |= escalated or _people(
                world, request, settings.get("fallbackEscalationApprovers")
            )
    return chosen - {request.target_id, request.requestor_id or ""}


def _people(world: World, request: Request, subjects: list[Json] | None) -> set[str]:
    found: set[str] = set()
    for subject in subjects or []:
        match kind_of(subject):
            case "singleUser":
                found.add(str(subject.get("userId")))
            case "groupMembers":
                found.update(world.transitive_members(str(subject.get("groupId"))))
            case "requestorManager" | "targetManager":
                found.update(_manager(world, request.target_id, subject.get("managerLevel") or 1))
    return {user_id for user_id in found if user_id in world.users}


def _manager(world: World, user_id: str, level: int) -> set[str]:
    current: str | None = user_id
    for _ in range(level):
        user = world.users.get(current) if current else None
        current = user.manager_id if user else None
    return {current} if current else set()

"""The right side of the page: what Microsoft Entra knows, as rows to draw."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nlargest, nsmallest
from itertools import islice

from sandbox.page import dates
from sandbox.page.reader import Reader
from sandbox.tenant import Call, Tenant
from sandbox.tenant.model import Assignment, Json, Package, Policy, Request

SHOWN = 12
"""How many requests, assignments and calls the panel lists."""
SHOWN_OF_ALL = 25
"""How many packages and groups it lists; there are seldom more, but in the large sandbox."""

_REQUEST_WORDS = {
    "userAdd": "asks for",
    "userUpdate": "asks to extend",
    "userRemove": "gives back",
    "adminAdd": "is given",
    "adminUpdate": "gets more time for",
    "adminRemove": "loses",
    "systemAdd": "is given",
    "systemUpdate": "gets new terms for",
    "systemRemove": "reached the end of",
}
_TONES = {
    "delivered": "good",
    "delivering": "busy",
    "submitted": "busy",
    "scheduled": "busy",
    "pendingApproval": "waiting",
    "partiallyDelivered": "waiting",
    "denied": "bad",
    "deliveryFailed": "bad",
    "canceled": "over",
    "expired": "over",
}
_SCOPES = {
    "allMemberUsers": "every member",
    "allDirectoryUsers": "every member and guest",
    "allExternalUsers": "everybody outside",
    "allConfiguredConnectedOrganizationUsers": "connected organizations",
    "notSpecified": "nobody by themselves",
}


@dataclass(frozen=True)
class RequestRow:
    id: str
    who: str
    what: str
    package: str
    state: str
    tone: str
    when: str


@dataclass(frozen=True)
class AssignmentRow:
    id: str
    who: str
    package: str
    state: str
    tone: str
    is_live: bool
    ends: str
    ends_exactly: str
    left: str
    part: int
    """Percent of the time that is left, for the bar."""
    is_soon: bool


@dataclass(frozen=True)
class PackageRow:
    id: str
    name: str
    description: str
    is_hidden: bool
    rules: list[str]
    gives: list[str]
    holders: int


@dataclass(frozen=True)
class GroupRow:
    id: str
    name: str
    members: list[str]


@dataclass(frozen=True)
class CallRow:
    method: str
    path: str
    status: int
    tone: str
    fault: str


@dataclass(frozen=True)
class TenantPanel:
    """Everything the panel draws, for one reader at one moment."""

    requests: list[RequestRow]
    assignments: list[AssignmentRow]
    packages: list[PackageRow]
    groups: list[GroupRow]
    calls: list[CallRow]
    request_count: int
    live_count: int
    package_count: int
    group_count: int


def tenant_panel(tenant: Tenant, reader: Reader) -> TenantPanel:
    """Read the tenant's world as it is now."""
    world = tenant.world
    requests = nlargest(SHOWN, world.requests.values(), key=lambda each: each.created_at)
    assignments = world.assignments.values()
    newest = nsmallest(
        SHOWN, assignments, key=lambda each: (not each.is_live, -each.created_at.timestamp())
    )
    holders = Counter(each.package_id for each in assignments if each.is_live)
    return TenantPanel(
        requests=[_request(tenant, each, reader) for each in requests],
        assignments=[_assignment(tenant, each, reader) for each in newest],
        packages=[
            _package(tenant, each, holders[each.id])
            for each in islice(world.packages.values(), SHOWN_OF_ALL)
        ],
        groups=[
            GroupRow(
                id=group.id,
                name=group.display_name,
                members=[_name(tenant, member) for member in group.members],
            )
            for group in islice(world.groups.values(), SHOWN_OF_ALL)
        ],
        calls=[_call(call) for call in reversed(tenant.calls[-SHOWN:])],
        request_count=len(world.requests),
        live_count=holders.total(),
        package_count=len(world.packages),
        group_count=len(world.groups),
    )


def _call(call: Call) -> CallRow:
    return CallRow(
        method=call.method,
        path=call.path.partition("/identityGovernance/entitlementManagement")[2] or call.path,
        status=call.status,
        tone="good" if call.status < 400 else "bad" if call.status >= 500 else "waiting",
        fault=call.fault or "",
    )


def _request(tenant: Tenant, request: Request, reader: Reader) -> RequestRow:
    return RequestRow(
        id=request.id,
        who=_name(tenant, request.target_id),
        what=_REQUEST_WORDS.get(request.request_type, request.request_type),
        package=_package_name(tenant, request.package_id),
        state=_spaced(request.state),
        tone=_TONES.get(request.state, "over"),
        when=_stamp(request.created_at, reader),
    )


def _assignment(tenant: Tenant, assignment: Assignment, reader: Reader) -> AssignmentRow:
    end, start = assignment.end, assignment.start or assignment.created_at
    left = end - reader.now if end else None
    part = 100
    if end and left is not None and end > start:
        part = max(0, min(100, round(100 * (left / (end - start)))))
    return AssignmentRow(
        id=assignment.id,
        who=_name(tenant, assignment.target_id),
        package=_package_name(tenant, assignment.package_id),
        state=_spaced(assignment.state),
        tone=_TONES.get(assignment.state, "over"),
        is_live=assignment.is_live,
        ends=_ends(assignment, reader),
        ends_exactly=_stamp(end, reader) if end else "",
        left=f"{dates.how_long(left)} left" if left is not None and left > timedelta(0) else "",
        part=part,
        is_soon=left is not None and left < timedelta(days=7, hours=1),
    )


def _ends(assignment: Assignment, reader: Reader) -> str:
    if not assignment.is_live and assignment.expired_at is not None:
        return f"ended {dates.short_day(assignment.expired_at, reader)}"
    if assignment.end is not None:
        return f"until {dates.short_day(assignment.end, reader)}"
    # Graph sets the end when it delivers.
    return "no end" if assignment.state == "delivered" else ""


def _package(tenant: Tenant, package: Package, holders: int) -> PackageRow:
    world = tenant.world
    policies = world.policies_of(package.id)
    gives = []
    for role in package.role_scopes:
        resource = world.resources.get(role.resource_id)
        if resource is not None:
            gives.append(resource.display_name)
    return PackageRow(
        id=package.id,
        name=package.display_name,
        description=package.description or "",
        is_hidden=package.is_hidden,
        rules=[_rule(tenant, policy) for policy in policies],
        gives=gives,
        holders=holders,
    )


def _rule(tenant: Tenant, policy: Policy) -> str:
    """One policy in a line: who may ask, who decides, how long."""
    stages = policy.stages_for("userAdd")
    words = {0: "no approval", 1: "one stage of approval"}
    return " · ".join(
        (
            _who_may_ask(tenant, policy),
            words.get(len(stages), f"{len(stages)} stages of approval"),
            _how_long(policy),
        )
    )


def _who_may_ask(tenant: Tenant, policy: Policy) -> str:
    if policy.specific_allowed_targets:
        return ", ".join(_subject(tenant, each) for each in policy.specific_allowed_targets)
    return _SCOPES.get(policy.allowed_target_scope, _spaced(policy.allowed_target_scope))


def _subject(tenant: Tenant, subject: Json) -> str:
    if user_id := subject.get("userId"):
        return _name(tenant, str(user_id))
    if group_id := subject.get("groupId"):
        return f"members of {_name(tenant, str(group_id))}"
    return str(subject.get("description") or "others")


def _how_long(policy: Policy) -> str:
    expiration = policy.expiration
    if expiration.duration is not None:
        return dates.how_long(expiration.duration)
    if expiration.end is not None:
        return f"until {expiration.end:%Y-%m-%d}"
    return "no end"


def _name(tenant: Tenant, object_id: str) -> str:
    found = tenant.world.person(object_id) or tenant.world.groups.get(object_id)
    return found.display_name if found else "somebody who is gone"


def _package_name(tenant: Tenant, package_id: str) -> str:
    package = tenant.world.packages.get(package_id)
    return package.display_name if package else "a deleted package"


def _stamp(moment: datetime, reader: Reader) -> str:
    return f"{dates.short_day(moment, reader)}, {dates.clock_time(reader.local(moment))}"


def _spaced(word: str) -> str:
    """``pendingApproval`` as ``pending approval``."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in word).strip()

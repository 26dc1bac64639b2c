"""Tell whether Graph accepts an assignment request; lifecycle has what becomes of it."""

from dataclasses import dataclass, field
from datetime import datetime

from sandbox.tenant import lifecycle
from sandbox.tenant.answers import check_answers, questions_of
from sandbox.tenant.applicable import applicable
from sandbox.tenant.approvers import in_scope, may_ask_for
from sandbox.tenant.errors import bad_request, conflict, forbidden, not_found
from sandbox.tenant.model import Assignment, Expiration, Json, Package, Policy, Request, User
from sandbox.tenant.world import World

REQUEST_TYPES = {
    name.lower(): name
    for name in ("userAdd", "userUpdate", "userRemove", "adminAdd", "adminUpdate", "adminRemove")
} | {"userextend": "userUpdate"}

NOT_ELIGIBLE = "You don't meet policy requirements to request this entitlement."
NO_POLICY = "No valid policy was found in the request"


@dataclass
class NewRequest:
    """A request for an assignment, read from either version's body."""

    request_type: str
    assignment_id: str | None = None
    package_id: str | None = None
    policy_id: str | None = None
    target_id: str | None = None
    target_email: str | None = None
    justification: str | None = None
    answers: list[Json] = field(default_factory=list)
    start: datetime | None = None
    expiration: Expiration | None = None

    @property
    def names_end(self) -> bool:
        return self.expiration is not None and self.expiration.type != "notSpecified"


def accept(world: World, new: NewRequest, *, user: User | None) -> Request:
    """Check a request and put it on its way. *user* is the signed-in one, None for an application.

    Raises Refusal in the words of Graph.
    """
    kind = REQUEST_TYPES.get(new.request_type.lower())
    if kind is None:
        raise bad_request(f"The request type '{new.request_type}' is not supported.")
    if kind.startswith("user") and user is None:
        # The requestor comes from the token, and an application is nobody.
        raise bad_request(NO_POLICY)
    if kind.startswith("admin") and user is not None and not user.is_administrator:
        raise forbidden()
    if kind.startswith("user") and user is not None and not user.account_enabled:
        # "If a user is blocked from signing in", Troubleshoot entitlement management.
        raise forbidden("The account of the requestor is disabled.")
    if kind.endswith("Add"):
        request = _add(world, new, kind, user)
    else:
        request = _change(world, new, kind, user)
    lifecycle.start(world, request)
    return request


def _add(world: World, new: NewRequest, kind: str, user: User | None) -> Request:
    package = world.packages.get(new.package_id or "")
    if package is None:
        raise not_found("The access package was not found.", code="AccessPackageNotFound")
    target = _target(world, new, user)
    policy = _policy(world, new, kind, package, target, asked_by=user)
    if kind == "userAdd" and user is not None:
        _check_self_service(world, new, policy, package, target, user)
    elif policy.allowed_target_scope != "notSpecified" and not in_scope(world, policy, target):
        raise bad_request(NOT_ELIGIBLE)
    _refuse_incompatible(world, package, target)
    # Whether an administrator must answer, too, is documented for the portal alone.
    questions = questions_of(world, policy, package)
    check_answers(new.answers, questions, must_be_complete=kind == "userAdd")
    if not world.lenient:
        _refuse_duplicates(world, target, package)
    return Request(
        id=world.new_id(),
        request_type=kind,
        created_at=world.now(),
        package_id=package.id,
        policy_id=policy.id,
        target_id=target.id,
        requestor_id=user.id if user and kind == "userAdd" else None,
        justification=new.justification,
        answers=new.answers,
        start=new.start,
        expiration=_agreed_expiration(world, new, policy),
        names_end=new.names_end,
        given=policy.expiration,
    )


def _target(world: World, new: NewRequest, user: User | None) -> User:
    if new.target_id:
        found = world.users.get(new.target_id)
    elif new.target_email:
        wanted = new.target_email.lower()
        found = next((u for u in world.users.values() if (u.mail or "").lower() == wanted), None)
    else:
        found = user
    if found is None:
        raise bad_request("The target subject of the assignment was not found in the directory.")
    return found


def _policy(
    world: World,
    new: NewRequest,
    kind: str,
    package: Package,
    target: User,
    *,
    asked_by: User | None,
) -> Policy:
    policies = world.policies_of(package.id)
    if new.policy_id:
        named = next((policy for policy in policies if policy.id == new.policy_id), None)
        if named is None:
            raise not_found("The assignment policy was not found.", code="PolicyNotFound")
        return named
    fitting = applicable(world, policies, target, asked_by=asked_by)
    if kind == "userAdd" and len(fitting) == 1:
        return fitting[0]
    raise bad_request(NO_POLICY)


def _check_self_service(
    world: World, new: NewRequest, policy: Policy, package: Package, target: User, user: User
) -> None:
    settings = policy.settings.get("requestorSettings") or {}
    if target.id != user.id and not may_ask_for(world, settings, user, target):
        raise bad_request(NO_POLICY)
    if policy not in applicable(world, world.policies_of(package.id), target, asked_by=user):
        raise bad_request(NOT_ELIGIBLE)
    _check_catalog(world, package.id)
    if (policy.settings.get("verifiableCredentialSettings") or {}).get("credentialTypes"):
        raise bad_request("A verified credential must be presented before the request.")
    if policy.approval.get("isRequestorJustificationRequired") and not new.justification:
        raise bad_request("The requestor must give a justification.")
    has_own_dates = new.start is not None or new.names_end
    if has_own_dates and not settings.get("allowCustomAssignmentSchedule"):
        raise bad_request("The policy does not allow a custom assignment schedule.")


def _refuse_incompatible(world: World, package: Package, target: User) -> None:
    """Separation of duties: whoever has what is incompatible can neither ask nor be given it by anybody."""
    for other in package.incompatible_packages:
        if any(each.is_live for each in world.assignments_of(other, user_id=target.id)):
            raise bad_request(NOT_ELIGIBLE)
    if any(world.is_member(target.id, group) for group in package.incompatible_groups):
        raise bad_request(NOT_ELIGIBLE)


def _refuse_duplicates(world: World, target: User, package: Package) -> None:
    if world.open_request(user_id=target.id, package_id=package.id):
        raise bad_request(
            "There is already an existing open request for this user and access package.",
            code="ExistingOpenRequest",
        )
    if any(each.is_live for each in world.assignments_of(package.id, user_id=target.id)):
        raise conflict("There is already a duplicated entity", code="DuplicateKey")


def _agreed_expiration(world: World, new: NewRequest, policy: Policy) -> Expiration:
    """The asked-for end, never later than the policy allows."""
    asked, start = new.expiration, new.start or world.now()
    limit = policy.expiration.ends_at(start)
    if limit is not None and limit <= start:
        # How Entra says that a policy's date is over is not documented.
        raise bad_request("The end of the assignment lies in the past.")
    if asked is None or asked.type == "notSpecified":
        return policy.expiration
    wanted = asked.ends_at(start)
    if wanted is not None and wanted <= world.now():
        raise bad_request("The end of the requested schedule lies in the past.")
    if wanted is not None and wanted <= start:
        # How Entra says so is not documented.
        raise bad_request("The requested schedule ends before it begins.")
    if limit is not None and (wanted is None or wanted > limit):
        return policy.expiration
    return asked


def _change(world: World, new: NewRequest, kind: str, user: User | None) -> Request:
    assignment = world.assignments.get(new.assignment_id or "")
    if assignment is None:
        raise not_found("The assignment was not found.", code="AssignmentNotFound")
    if not assignment.is_live:
        raise bad_request("The assignment has already ended.")
    if kind.startswith("user") and user is not None:
        _check_own(world, new, assignment, kind, user)
    if not world.lenient and any(
        each.is_open and each.assignment_id == assignment.id for each in world.requests.values()
    ):
        raise bad_request(
            "There is already an existing open request for this assignment.",
            code="ExistingOpenRequest",
        )
    package = world.packages.get(assignment.package_id)
    policy = world.policies.get(assignment.policy_id)
    questions = questions_of(world, policy, package)
    check_answers(new.answers, questions, must_be_complete=False)
    return Request(
        id=world.new_id(),
        request_type=kind,
        created_at=world.now(),
        package_id=assignment.package_id,
        policy_id=assignment.policy_id,
        target_id=assignment.target_id,
        requestor_id=user.id if user and kind.startswith("user") else None,
        justification=new.justification,
        answers=new.answers,
        assignment_id=assignment.id,
        start=new.start,
        expiration=_new_end(world, new, assignment, kind),
        names_end=new.names_end,
        given=policy.expiration if policy else None,
    )


def _check_catalog(world: World, package_id: str) -> None:
    """Refuse what people ask for in a catalog that is switched off: "Enabled: no"."""
    package = world.packages.get(package_id)
    if package is not None and world.catalogs[package.catalog_id].state != "published":
        raise bad_request(NOT_ELIGIBLE)


def _check_own(
    world: World, new: NewRequest, assignment: Assignment, kind: str, user: User
) -> None:
    policy = world.policies.get(assignment.policy_id)
    if assignment.target_id != user.id:
        raise forbidden()
    if policy is None or not policy.may_self(kind.removeprefix("user")):
        raise bad_request(NOT_ELIGIBLE)
    if kind != "userUpdate":
        return
    if not in_scope(world, policy, user):
        raise bad_request(NOT_ELIGIBLE)
    # Whether that keeps people from extending, too, is not documented: refused.
    _check_catalog(world, assignment.package_id)
    package = world.packages.get(assignment.package_id)
    if package is not None:
        # Whoever has both "won't be able to re-request access": refused, too.
        _refuse_incompatible(world, package, user)
    if policy.approval.get("isRequestorJustificationRequired") and not new.justification:
        raise bad_request("The requestor must give a justification.")


def _new_end(world: World, new: NewRequest, assignment: Assignment, kind: str) -> Expiration | None:
    """The end after an update; None leaves it. A policy's fixed last day is never passed."""
    if not kind.endswith("Update"):
        return None
    policy = world.policies.get(assignment.policy_id)
    if new.expiration is None:
        if kind == "adminUpdate" or policy is None:
            return None
        renewed = policy.expiration.ends_at(world.now())
        return Expiration("afterDateTime", end=renewed) if renewed else Expiration("noExpiration")
    wanted = new.expiration.ends_at(assignment.start or world.now())
    if wanted is not None and wanted <= world.now():
        raise bad_request("The end of the requested schedule lies in the past.")
    if policy and policy.expiration.type == "afterDateTime" and policy.expiration.end:
        last = policy.expiration.end
        if wanted is None or wanted > last:
            return Expiration("afterDateTime", end=last)
    if new.expiration.type == "notSpecified":
        return None
    if kind == "userUpdate" and policy is not None:
        # Nobody gives themselves more than the policy gives; how Entra says so is not documented.
        latest = policy.expiration.ends_at(world.now())
        if latest is not None and (wanted is None or wanted > latest):
            raise bad_request("The requested schedule is longer than the policy allows.")
    return new.expiration

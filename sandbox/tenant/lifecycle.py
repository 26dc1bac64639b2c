"""Let a request go on after it was accepted, and an assignment until it ends."""

from datetime import datetime, timedelta
from functools import partial

from sandbox.tenant.approvers import approvers, parse_duration
from sandbox.tenant.errors import bad_request, conflict, forbidden, not_found
from sandbox.tenant.model import Assignment, Package, Request, ResourceRoleScope, Stage
from sandbox.tenant.world import World

# The part of the delivery time that a request spends as "submitted".
SUBMITTED_SHARE = 0.25
# "You can only reprocess a request within 14 days from the time that the request was completed."
REPROCESSABLE_FOR = timedelta(days=14)
# The status of a request whose policy calls a custom extension first.
WAITING = "WaitingForCallback"
# Source: Graph reference, "accessPackageAssignmentRequest: cancel", on the statuses in which it can be canceled.
ESCALATED = "PendingApprovalEscalated"


def start(world: World, request: Request) -> None:
    """Put a request that was just accepted on its way."""
    world.requests[request.id] = request
    world.at(
        request.created_at + world.delivery * SUBMITTED_SHARE,
        partial(_leave_submitted, world, request),
    )
    world.touch()


def _leave_submitted(world: World, request: Request, moment: datetime) -> None:
    if request.state != "submitted":
        return
    policy = world.policies.get(request.policy_id)
    if policy and policy.waits_for_callback and not request.is_called_back:
        request.status = WAITING
        world.touch()
        return
    settings = policy.stages_for(request.request_type) if policy else []
    request.stages = [Stage(world.new_id(), each) for each in settings]
    if request.stages:
        request.state = "pendingApproval"
        _open_stage(world, request, request.stages[0], moment)
    else:
        _proceed(world, request, moment)
    world.touch()


def _open_stage(world: World, request: Request, stage: Stage, moment: datetime) -> None:
    stage.status, stage.started_at = "InProgress", moment
    request.status = "PendingApproval"
    if stage.settings.get("isEscalationEnabled"):
        wait = parse_duration(stage.settings.get("durationBeforeEscalation") or "PT0S")
        world.at(moment + wait, partial(_escalate, world, request, stage))
    limit = stage.settings.get("durationBeforeAutomaticDenial")
    if limit:
        world.at(moment + parse_duration(limit), partial(_lapse, world, request, stage))


def _escalate(world: World, request: Request, stage: Stage, moment: datetime) -> None:
    """Nobody decided for a while: the alternate approvers are asked, too (`approvers.approvers`)."""
    if request.state == "pendingApproval" and stage.status == "InProgress":
        request.status = ESCALATED
        world.touch()


def _lapse(world: World, request: Request, stage: Stage, moment: datetime) -> None:
    """Nobody decided in time: the request is denied and has to be made again."""
    if request.state == "pendingApproval" and stage.status == "InProgress":
        stage.status = "Expired"
        _finish(world, request, moment, state="denied", status="Expired")


def decide(
    world: World,
    request: Request,
    stage_id: str,
    *,
    user_id: str,
    approve: bool,
    justification: str,
) -> None:
    """An approver's word on one stage.

    Raises Refusal 404 (no such stage), 409 (already decided), 403 (not an approver of it) or
    400 (the stage wants a reason and got none).
    """
    stage = next((each for each in request.stages if each.id == stage_id), None)
    if stage is None:
        raise not_found("The approval stage was not found.")
    if stage.status == "Completed" or request.state != "pendingApproval":
        raise conflict("The approval stage has already been completed.")
    now = world.now()
    if stage.status != "InProgress" or user_id not in approvers(world, request, stage, now):
        raise forbidden("The caller is not an approver of this stage.")
    if stage.settings.get("isApproverJustificationRequired") and not justification.strip():
        raise bad_request("The approver must give a justification.")
    stage.status = "Completed"
    stage.review_result = "Approved" if approve else "Denied"
    stage.reviewed_at, stage.reviewed_by, stage.justification = now, user_id, justification
    following = next((each for each in request.stages if each.status == "Initializing"), None)
    if not approve:
        _finish(world, request, now, state="denied", status="Denied")
    elif following:
        _open_stage(world, request, following, now)
    else:
        _proceed(world, request, now)
    world.touch()


def cancel(world: World, request: Request) -> None:
    """Withdraw a request that nobody has decided yet. Raises Refusal when it is too late."""
    if request.state not in ("submitted", "pendingApproval", "scheduled"):
        raise bad_request("The request can no longer be canceled.")
    _finish(world, request, world.now(), state="canceled", status="Canceled")


def reprocess(world: World, request: Request) -> None:
    """Try a failed delivery again. Raises Refusal when there is nothing to try again."""
    if request.state not in ("deliveryFailed", "partiallyDelivered"):
        raise bad_request("Only requests whose delivery failed can be reprocessed.")
    if request.completed_at and world.now() - request.completed_at > REPROCESSABLE_FOR:
        raise bad_request("The request was completed too long ago to be reprocessed.")
    request.completed_at = None
    _deliver(world, request, world.now())
    world.touch()


def _proceed(world: World, request: Request, moment: datetime) -> None:
    if (
        request.start is not None
        and request.start > moment
        and request.request_type.endswith("Add")
    ):
        request.state, request.status = "scheduled", "PendingNotBefore"
        world.at(request.start, partial(_leave_schedule, world, request))
    else:
        _deliver(world, request, moment)


def _leave_schedule(world: World, request: Request, moment: datetime) -> None:
    if request.state == "scheduled":
        _deliver(world, request, moment)


def _deliver(world: World, request: Request, moment: datetime) -> None:
    if request.request_type.endswith("Add") and request.assignment_id is None:
        assignment = Assignment(
            id=world.new_id(),
            package_id=request.package_id,
            policy_id=request.policy_id,
            target_id=request.target_id,
            subject_id=world.subject_id(request.target_id),
            created_at=moment,
        )
        world.assignments[assignment.id] = assignment
        request.assignment_id = assignment.id
    request.state, request.status = "delivering", "Delivering"
    world.at(moment + world.delivery * (1 - SUBMITTED_SHARE), partial(_arrive, world, request))
    world.touch()


def _arrive(world: World, request: Request, moment: datetime) -> None:
    if request.state != "delivering":
        return
    assignment = world.assignments[request.assignment_id or ""]
    outcome = world.delivery_outcome(request)
    if request.request_type.endswith("Add") and (
        request.target_id not in world.users or request.package_id not in world.packages
    ):
        outcome = "deliveryFailed"
    if request.request_type.endswith("Add") and assignment.state == "expired":
        # Removed while it was still on its way.
        _finish(world, request, moment, state="canceled", status="Canceled")
        return
    if outcome == "deliveryFailed":
        if request.request_type.endswith("Add"):
            assignment.state, assignment.status = "deliveryFailed", "DeliveryFailed"
        _finish(world, request, moment, state="deliveryFailed", status="DeliveryFailed")
        return
    if request.request_type.endswith("Remove"):
        end_assignment(world, assignment, moment)
    elif request.request_type.endswith("Update"):
        _prolong(world, request, assignment, moment)
    else:
        _begin(world, request, assignment, moment)
        if outcome == "partiallyDelivered":
            assignment.state = "partiallyDelivered"
            _finish(world, request, moment, state=outcome, status="PartiallyDelivered")
            return
    _finish(world, request, moment, state="delivered", status="Fulfilled")


def _finish(world: World, request: Request, moment: datetime, *, state: str, status: str) -> None:
    request.state, request.status, request.completed_at = state, status, moment
    world.touch()


def _begin(world: World, request: Request, assignment: Assignment, moment: datetime) -> None:
    assignment.state, assignment.status = "delivered", "Delivered"
    assignment.start = request.start or moment
    assignment.end = request.expiration.ends_at(assignment.start) if request.expiration else None
    put_in_force(world, assignment)


def put_in_force(world: World, assignment: Assignment) -> None:
    """Give what the assignment's package holds, until its end."""
    for role_scope in world.packages[assignment.package_id].role_scopes:
        _give(world, assignment, role_scope)
    _watch_end(world, assignment)


def _prolong(world: World, request: Request, assignment: Assignment, moment: datetime) -> None:
    if not assignment.is_live:
        return
    if request.expiration is not None:
        assignment.end = request.expiration.ends_at(assignment.start or moment)
        assignment.is_extended = True
    _watch_end(world, assignment)


def _watch_end(world: World, assignment: Assignment) -> None:
    if assignment.end is not None:
        world.at(assignment.end, partial(_expire, world, assignment))


def move_end(world: World, assignment: Assignment, end: datetime | None) -> None:
    """Give an assignment another end, as an administrator does in the portal."""
    assignment.end = end
    _watch_end(world, assignment)
    world.touch()


def _expire(world: World, assignment: Assignment, moment: datetime) -> None:
    if assignment.is_live and assignment.end == moment:
        remove_now(world, assignment, moment, request_type="systemRemove")


def remove_now(
    world: World, assignment: Assignment, moment: datetime, *, request_type: str
) -> None:
    """End an assignment and leave the finished request that Entra leaves behind."""
    end_assignment(world, assignment, moment)
    record = Request(
        id=world.new_id(),
        request_type=request_type,
        created_at=moment,
        package_id=assignment.package_id,
        policy_id=assignment.policy_id,
        target_id=assignment.target_id,
        requestor_id=None,
        state="delivered",
        status="Fulfilled",
        assignment_id=assignment.id,
        completed_at=moment,
    )
    world.requests[record.id] = record


def end_assignment(world: World, assignment: Assignment, moment: datetime) -> None:
    """Take back what the assignment gave, unless another live assignment gives it too."""
    if assignment.state == "expired":
        return
    assignment.state, assignment.status = "expired", "ExpiredNotificationTriggered"
    assignment.expired_at = moment
    for given in assignment.given:
        _unless_kept(world, assignment.target_id, given)
    world.touch()


def _unless_kept(world: World, user_id: str, given: tuple[str, str, str]) -> None:
    """Take a role back, unless another live assignment gives it too."""
    kept = any(
        given in other.given
        for other in world.assignments.values()
        if other.is_live and other.target_id == user_id
    )
    if not kept:
        _take_back(world, user_id, *given)


def grant(world: World, package: Package, role_scope: ResourceRoleScope) -> None:
    """Give a role that was just added to a package to everybody who has the package."""
    for assignment in world.assignments_of(package.id):
        if assignment.state in ("delivered", "partiallyDelivered"):
            _give(world, assignment, role_scope)


def withdraw(world: World, package: Package, role_scope: ResourceRoleScope) -> None:
    """Take a role that was just removed from a package from everybody who has the package."""
    resource = world.resources.get(role_scope.resource_id)
    if resource is None:
        return
    given = (resource.origin_system, resource.origin_id, role_scope.role_origin_id)
    for assignment in world.assignments_of(package.id):
        # Whoever had it before, and is in the group for another reason now, stays in it.
        if assignment.is_live and given in assignment.given:
            assignment.given.remove(given)
            _unless_kept(world, assignment.target_id, given)


def _give(world: World, assignment: Assignment, role_scope: ResourceRoleScope) -> None:
    resource = world.resources[role_scope.resource_id]
    assignment.given.append((resource.origin_system, resource.origin_id, role_scope.role_origin_id))
    holders = _holders(world, resource.origin_system, resource.origin_id, role_scope.role_origin_id)
    if assignment.target_id not in holders:
        holders.append(assignment.target_id)


def _take_back(world: World, user_id: str, system: str, origin_id: str, role: str) -> None:
    holders = _holders(world, system, origin_id, role)
    if user_id in holders:
        holders.remove(user_id)


def _holders(world: World, system: str, origin_id: str, role: str) -> list[str]:
    if system == "AadGroup":
        group = world.groups.get(origin_id)
        return group.members if group and role.startswith("Member_") else []
    if system == "AadApplication":
        return world.applications[origin_id].holders.setdefault(role, [])
    if system == "DirectoryRole":
        return world.entra_role_holders.setdefault((origin_id, role), [])
    return world.sites[origin_id].holders.setdefault(role, [])


def resume(world: World, request: Request, *, verdict: str | None) -> None:
    """The answer of a custom extension that a request waits for.

    *verdict* is "denied", "canceled", or None to go on. Raises Refusal when none is awaited.
    """
    if request.status != WAITING:
        raise bad_request("The request is not waiting for a callback.")
    request.is_called_back = True
    request.status = "Accepted"
    if verdict is None:
        _leave_submitted(world, request, world.now())
    else:
        state = "denied" if verdict == "denied" else "canceled"
        _finish(world, request, world.now(), state=state, status=state.capitalize())


def enforce(world: World, assignment: Assignment) -> None:
    """Give again what the assignment should have given."""
    assignment.given = []
    for role_scope in world.packages[assignment.package_id].role_scopes:
        _give(world, assignment, role_scope)
    world.touch()

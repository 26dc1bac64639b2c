"""Assignment requests and the assignments that come of them."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sandbox.tenant import lifecycle
from sandbox.tenant.answers import read_answers
from sandbox.tenant.approvers import approvers
from sandbox.tenant.body_types import (
    BOOLEAN,
    SCHEDULE,
    TEXT,
    Properties,
    anything,
    check_body,
    moment,
    object_of,
)
from sandbox.tenant.call import EM, NO_CONTENT, Answer, Ask
from sandbox.tenant.errors import bad_request, forbidden, not_found
from sandbox.tenant.model import Assignment, Expiration, Json, Request
from sandbox.tenant.policy_settings import read_expiration, read_moment
from sandbox.tenant.requests import NewRequest, accept
from sandbox.tenant.routes import Route

# What Microsoft documents as filterable, and nothing else.
_REQUEST_FILTERS = ("accessPackage/id", "state", "requestState", "createdDateTime")
_ASSIGNMENT_FILTERS = (
    "id",
    "state",
    "assignmentState",
    "target/objectId",
    "accessPackage/id",
    "accessPackageId",
    "assignmentPolicy/id",
    "accessPackageAssignmentPolicy/id",
)
_STATES = {"state", "requeststate", "assignmentstate"}
_SIDES = {"target", "createdBy", "approver"}

Record = TypeVar("Record", Request, Assignment)


# Of the assignment that a request is about: what names it, in the documented form and in the metadata's.
_NAMING: Properties = {
    "id": TEXT,
    "targetId": TEXT,
    "assignmentPolicyId": TEXT,
    "accessPackageId": TEXT,
    "target": anything,
    "accessPackage": anything,
    "schedule": SCHEDULE,
    "expiredDateTime": moment,
    "customExtensionCalloutInstances": anything,
}
_V1_BODY: Properties = {
    "schedule": SCHEDULE,
    "assignment": object_of(
        "accessPackageAssignment",
        {**_NAMING, "assignmentPolicy": anything, "state": TEXT, "status": TEXT},
    ),
}
_BETA_BODY: Properties = {
    "schedule": SCHEDULE,
    "accessPackageAssignment": object_of(
        "accessPackageAssignment",
        {
            **_NAMING,
            "accessPackageAssignmentPolicy": anything,
            "assignmentState": TEXT,
            "assignmentStatus": TEXT,
            "catalogId": TEXT,
            "isExtended": BOOLEAN,
        },
    ),
}


def _requests_context(ask: Ask) -> str:
    return f"{EM}/{'accessPackageAssignmentRequests' if ask.is_beta else 'assignmentRequests'}"


def _assignments_context(ask: Ask) -> str:
    return f"{EM}/{'accessPackageAssignments' if ask.is_beta else 'assignments'}"


def find_request(ask: Ask, request_id: str) -> Request:
    """Raises Refusal when there is no such request."""
    found = ask.world.requests.get(request_id)
    if found is None:
        raise not_found("The assignment request was not found.", code="RequestNotFound")
    return found


def _assignment(ask: Ask) -> Assignment:
    found = ask.world.assignments.get(ask.ids["assignment"])
    if found is None:
        raise not_found("The assignment was not found.", code="AssignmentNotFound")
    return found


def create_request(ask: Ask) -> Answer:
    _refuse_unknown(ask)
    request = accept(ask.world, _read_request(ask), user=ask.user)
    entity = ask.shapes.request(request, is_receipt=True)
    return ask.one(entity, _requests_context(ask), status=201)


def _refuse_unknown(ask: Ask) -> None:
    blank = Request("", "", ask.world.now(), "", "", "", None)
    ask.refuse_unknown(ask.shapes.request(blank), also=("parameters",))


def _read_request(ask: Ask) -> NewRequest:
    check_body(ask.body, _BETA_BODY if ask.is_beta else _V1_BODY)
    details = ask.part("accessPackageAssignment" if ask.is_beta else "assignment")
    if not details:
        raise bad_request("The request must describe an assignment.")
    target = details.get("target") or {}
    schedule = ask.part("schedule")
    return NewRequest(
        request_type=ask.need("requestType"),
        assignment_id=details.get("id"),
        package_id=details.get("accessPackageId"),
        policy_id=details.get("assignmentPolicyId"),
        target_id=details.get("targetId") or target.get("objectId"),
        target_email=target.get("email"),
        justification=ask.text("justification"),
        answers=read_answers(ask.body.get("answers"), is_beta=ask.is_beta),
        start=read_moment(schedule.get("startDateTime")),
        expiration=_read_expiration(schedule),
    )


def _read_expiration(schedule: Json) -> Expiration | None:
    return read_expiration(schedule["expiration"]) if schedule.get("expiration") else None


def _refuse_undocumented(ask: Ask) -> None:
    """
    These lists are documented to be filtered by `eq`, joined by `and`; `createdDateTime` says no operators.

    States joined by `or` are not documented, and sent by public programs: `world.joins_states` says whether they are
    taken.
    """
    condition = ask.query.filter
    if condition is None:
        return
    joins = condition.joins - {"and"}
    if ask.world.joins_states and condition.alternatives <= _STATES:
        joins -= {"or"}
    if joins or condition.functions:
        raise bad_request(
            "OData query is invalid: the filter is not supported.", code="InvalidFilter"
        )
    for path, operator in condition.compared:
        if operator != "eq" and path != "createddatetime":
            raise bad_request(
                f"OData query is invalid: Filter '{path} {operator}' is not supported.",
                code="InvalidFilter",
            )


def list_requests(ask: Ask) -> Answer:
    _refuse_undocumented(ask)
    return ask.many(
        _of_wanted_package(ask, _listed(ask)),
        _requests_context(ask),
        shape=ask.shapes.request,
        filterable=_REQUEST_FILTERS,
        may_match=_in_wanted_state(ask),
    )


def _listed(ask: Ask) -> list[Request]:
    limit: datetime | None = ask.hidden_since
    found = ask.world.requests.values()
    return [each for each in found if limit is None or each.created_at <= limit]


def _of_wanted_package(ask: Ask, records: list[Record]) -> list[Record]:
    """Leave out early what the filter will leave out anyway: shaping thousands for it is slow."""
    condition = ask.query.filter
    wanted = condition.required.get("accesspackage/id") if condition else None
    return [each for each in records if wanted is None or each.package_id.lower() in wanted]


def _in_wanted_state(ask: Ask) -> Callable[[Record], bool] | None:
    """The same by state, which changes: left out of the list itself, its pages would not stay where they are."""
    required = ask.query.filter.required if ask.query.filter else {}
    for path in _STATES & set(required):
        states = required[path]
        return lambda record: record.state.lower() in states
    return None


def get_request(ask: Ask) -> Answer:
    entity = ask.shapes.request(find_request(ask, ask.ids["request"]))
    return ask.one(entity, _requests_context(ask))


def cancel_request(ask: Ask) -> Answer:
    request = find_request(ask, ask.ids["request"])
    if ask.user is None or (request.requestor_id or request.target_id) != ask.user.id:
        raise forbidden()
    lifecycle.cancel(ask.world, request)
    return NO_CONTENT


def reprocess_request(ask: Ask) -> Answer:
    lifecycle.reprocess(ask.world, find_request(ask, ask.ids["request"]))
    return Answer(202)


def resume_request(ask: Ask) -> Answer:
    request = find_request(ask, ask.ids["request"])
    data = ask.part("data")
    if data and "@odata.type" not in data:
        raise bad_request("'data' is of an abstract type; '@odata.type' must say which it is.")
    verdict = data.get("state")
    lifecycle.resume(ask.world, request, verdict=str(verdict).lower() if verdict else None)
    return NO_CONTENT


def delete_request(ask: Ask) -> Answer:
    """Only the record goes; access that it gave stays."""
    request = find_request(ask, ask.ids["request"])
    if request.is_open:
        raise bad_request("Only completed requests can be deleted.")
    del ask.world.requests[request.id]
    ask.world.touch()
    return NO_CONTENT


def my_requests(ask: Ask) -> Answer:
    side, user = ask.ids.get("on"), ask.user
    if user is None or side not in _SIDES:
        raise bad_request(f"The value '{side}' is not valid for the parameter 'on'.")
    if side == "approver":
        found = [each for each in _listed(ask) if is_waiting_for(ask, each)]
    elif side == "createdBy":
        found = [each for each in _listed(ask) if each.requestor_id == user.id]
    else:
        found = [each for each in _listed(ask) if each.target_id == user.id]
    return ask.many(found, "Collection(accessPackageAssignmentRequest)", shape=ask.shapes.request)


def is_waiting_for(ask: Ask, request: Request) -> bool:
    """Tell whether the signed-in user may decide the request's open stage."""
    stage = request.current_stage
    if stage is None or ask.user is None or request.state != "pendingApproval":
        return False
    now = ask.world.now()
    return ask.user.id in approvers(ask.world, request, stage, now)


def list_assignments(ask: Ask) -> Answer:
    _refuse_undocumented(ask)
    return ask.many(
        _of_wanted_package(ask, list(ask.world.assignments.values())),
        _assignments_context(ask),
        shape=ask.shapes.assignment,
        filterable=_ASSIGNMENT_FILTERS,
        may_match=_in_wanted_state(ask),
    )


def get_assignment(ask: Ask) -> Answer:
    return ask.one(ask.shapes.assignment(_assignment(ask)), _assignments_context(ask))


def reprocess_assignment(ask: Ask) -> Answer:
    assignment = _assignment(ask)
    if assignment.state != "delivered":
        raise bad_request("Only delivered assignments can be reprocessed.")
    lifecycle.enforce(ask.world, assignment)
    return Answer(202)


def my_assignments(ask: Ask) -> Answer:
    if ask.ids.get("on") not in ("target", "createdBy") or ask.user is None:
        raise bad_request(f"The value '{ask.ids.get('on')}' is not valid for the parameter 'on'.")
    found = [a for a in ask.world.assignments.values() if a.target_id == ask.user.id]
    return ask.many(found, "Collection(accessPackageAssignment)", shape=ask.shapes.assignment)


def additional_access(ask: Ask) -> Answer:
    """Live assignments of one package whose holders also hold an incompatible one."""
    one, other = ask.ids.get("accessPackageId"), ask.ids.get("incompatibleAccessPackageId")
    if not one or not other:
        raise bad_request("additionalAccess needs accessPackageId and incompatibleAccessPackageId.")
    both = {each.target_id for each in ask.world.assignments_of(other) if each.is_live}
    found = [a for a in ask.world.assignments_of(one) if a.is_live and a.target_id in both]
    return ask.many(found, "Collection(accessPackageAssignment)", shape=ask.shapes.assignment)


def routes() -> list[Route]:
    """The paths of requests and assignments; beta answers to two names for requests."""
    found = []
    for v1, beta in (
        (f"{EM}/assignmentRequests", f"{EM}/accessPackageAssignmentRequests"),
        (None, f"{EM}/assignmentRequests"),
    ):
        for method, path, operation, needs in (
            ("GET", "", list_requests, "read"),
            ("POST", "", create_request, "request"),
            ("GET", "/filterByCurrentUser()", my_requests, "own"),
            ("GET", "/{request}", get_request, "read"),
            ("DELETE", "/{request}", delete_request, "write"),
            ("POST", "/{request}/cancel", cancel_request, "cancel"),
            ("POST", "/{request}/reprocess", reprocess_request, "write"),
            ("POST", "/{request}/resume", resume_request, "write"),
        ):
            found.append(Route(method, v1 and v1 + path, beta + path, operation, needs))
    v1, beta = f"{EM}/assignments", f"{EM}/accessPackageAssignments"
    for method, path, operation, needs in (
        ("GET", "", list_assignments, "read"),
        ("GET", "/filterByCurrentUser()", my_assignments, "own"),
        ("GET", "/additionalAccess()", additional_access, "own"),
        ("GET", "/{assignment}", get_assignment, "read"),
        ("POST", "/{assignment}/reprocess", reprocess_assignment, "write"),
    ):
        found.append(Route(method, v1 + path, beta + path, operation, needs))
    return found

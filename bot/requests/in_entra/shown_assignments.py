"""Read what Graph shows of the assignment that a request became."""

from bot.assignments.model import Assignment, AssignmentState
from bot.assignments.sightings import progress_of
from bot.requests.model import Kind, Request
from graph.models import AccessPackageAssignment


def as_assignment(held: AccessPackageAssignment, request: Request) -> Assignment:
    return Assignment(
        id=held.id,
        entra_id=request.entra_id or "",
        package_id=request.package_id,
        package_name=request.package_name,
        policy_id=_policy_of(held, request),
        state=AssignmentState.LIVE,
        holder=request.holder,
        holder_name=request.holder_name,
        starts_at=held.schedule.start_date_time if held.schedule else None,
        ends_at=held.ends_at(),
        progress=progress_of(held),
        is_emergency=request.emergency,
    )


def _policy_of(held: AccessPackageAssignment, request: Request) -> str | None:
    """Return the policy of an assignment; a request does not show its assignment's, but we have said which."""
    if held.assignment_policy is not None:
        return held.assignment_policy.id
    return request.terms.policy_id if request.terms and request.kind is Kind.ADD else None


def is_theirs(held: AccessPackageAssignment, request: Request) -> bool:
    return (
        held.is_delivered
        and held.target is not None
        and held.target.object_id == request.entra_id
        and held.access_package is not None
        and held.access_package.id == request.package_id
    )


def says_all(held: AccessPackageAssignment) -> bool:
    """Tell whether an assignment that came with its request is there, and says whose it is, of what, and until when."""
    expiration = held.schedule.expiration if held.schedule else None
    return (
        held.is_delivered
        and held.target is not None
        and held.target.object_id is not None
        and held.access_package is not None
        and expiration is not None
        and expiration.is_specified
    )

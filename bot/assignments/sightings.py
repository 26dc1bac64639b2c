"""Read the state of assignments in Graph.  One answer may come from a copy that lags: an assignment is gone after two."""

from collections.abc import Mapping
from enum import StrEnum

from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress
from graph import Graph
from graph.errors import NotFound
from graph.models import AccessPackageAssignment


class Sighting(StrEnum):
    """Read what Graph shows of an assignment."""

    THERE = "there"
    # Graph says that it is over, which it never takes back.
    EXPIRED = "expired"
    # Graph does not show it; that may be a mistake, so it must be seen twice before it is believed.
    MISSING = "missing"


async def sight(
    graph: Graph, *, assignment_id: str, package_id: str, entra_id: str | None
) -> tuple[Sighting, AccessPackageAssignment | None]:
    """
    Look for an assignment by its id, and whatever that says, among all that this person had of the package.

    Raises:
        GraphError: One of the two could not be read.
    """
    try:
        found: AccessPackageAssignment | None = await graph.assignments.get(assignment_id)
    except NotFound:
        found = None
    if found is not None and not found.is_expired:
        return Sighting.THERE, found
    if entra_id is not None:
        listed = await graph.assignments.list(package_id=package_id, user_id=entra_id)
        for each in listed:
            if each.id == assignment_id and not each.is_expired:
                return Sighting.THERE, each
            if each.id == assignment_id:
                found = each
    return (Sighting.MISSING, None) if found is None else (Sighting.EXPIRED, found)


def progress_of(held: AccessPackageAssignment) -> DeliveryProgress:
    """Return how far Entra is with it."""
    if held.is_delivered:
        return DeliveryProgress.DELIVERED
    if held.is_partially_delivered:
        return DeliveryProgress.PARTIAL
    return DeliveryProgress.FAILED if held.is_failed else DeliveryProgress.DELIVERING


def row_of(held: AccessPackageAssignment, names: Mapping[str, str | None]) -> Assignment | None:
    """
    Make a row of what Graph shows; None if it does not say whose it is, or how it stands is not understood.

    Args:
        names: Of packages, by id; what is not in it is called as Graph calls it here.
    """
    package_id = held.access_package.id if held.access_package else None
    entra_id = held.target.object_id if held.target else None
    if package_id is None or entra_id is None or not (held.is_access or held.is_failed):
        return None
    own_name = held.access_package.display_name if held.access_package else None
    return Assignment(
        id=held.id,
        entra_id=entra_id,
        package_id=package_id,
        package_name=names.get(package_id) or own_name or package_id,
        policy_id=held.assignment_policy.id if held.assignment_policy else None,
        state=AssignmentState.LIVE,
        holder_name=held.target.display_name if held.target else None,
        starts_at=held.schedule.start_date_time if held.schedule else None,
        ends_at=held.ends_at(),
        progress=progress_of(held),
    )

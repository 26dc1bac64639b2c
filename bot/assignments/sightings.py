"""How Graph's assignments stand.  One answer may come from a copy that lags: that one is gone takes two."""

from enum import StrEnum

from bot.assignments.model import Progress
from graph import Graph
from graph.errors import NotFound
from graph.models import Assignment


class Sighting(StrEnum):
    """What Graph shows of an assignment."""

    THERE = "there"
    # Graph says that it is over, which it never takes back.
    EXPIRED = "expired"
    # Graph does not show it; that may be a mistake, so it must be seen twice before it is believed.
    MISSING = "missing"


async def sight(
    graph: Graph, *, assignment_id: str, package_id: str, entra_id: str | None
) -> tuple[Sighting, Assignment | None]:
    """
    Look for an assignment by its id, and whatever that says, among all that this person had of the package.

    Raises:
        GraphError: One of the two could not be read.
    """
    try:
        found: Assignment | None = await graph.assignments.get(assignment_id)
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


def progress_of(held: Assignment) -> Progress:
    """How far Entra is with it."""
    if held.is_delivered:
        return Progress.DELIVERED
    if held.is_partially_delivered:
        return Progress.PARTIAL
    return Progress.FAILED if held.is_failed else Progress.DELIVERING

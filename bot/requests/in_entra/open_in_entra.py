"""Find what a removal has to wait for: a request about the same access that waits in Entra, which takes no removal meanwhile."""

from bot.requests.model import Kind, Request
from graph import Graph
from graph.values import PENDING_APPROVAL


async def is_open(graph: Graph, request: Request) -> bool:
    """
    Tell whether something waits in Entra for a decision about the access that a request removes; False for other requests.

    Raises:
        GraphError: It cannot be read.
    """
    if request.kind is not Kind.REMOVE:
        return False
    listed = await graph.assignment_requests.list_in(
        package_id=request.package_id, states=[PENDING_APPROVAL]
    )
    return any(
        each.assignment is not None and each.assignment.id == request.assignment_id
        for each in listed
    )

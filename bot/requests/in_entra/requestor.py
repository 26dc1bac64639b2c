"""Tell whose a request in Entra is, where people ask in their own name: a tag in its words can be written by anybody."""

from bot.requests.model import Request
from graph.models import AccessPackageSubject, AssignmentRequest


def is_somebody_elses(there: AssignmentRequest, request: Request) -> bool:
    """
    Tell whether a request in Entra, of a kind that people make themselves, is another person's, or about another package.

    What Graph does not show tells nothing.
    """
    package = there.access_package
    if package is not None and package.id != request.package_id:
        return True
    target = there.assignment.target if there.assignment else None
    return _is_another(there.requestor, request) or _is_another(target, request)


def _is_another(shown: AccessPackageSubject | None, request: Request) -> bool:
    return shown is not None and shown.object_id is not None and shown.object_id != request.entra_id

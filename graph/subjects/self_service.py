"""The signed-in person's own calls: what they may ask for, have, and can take back."""

from graph.calls.objects import Objects
from graph.calls.paths import (
    ASSIGNMENT_REQUESTS,
    ASSIGNMENTS,
    PACKAGES,
    assignment_request_path,
    key,
    package_path,
)
from graph.calls.session import Session
from graph.models import (
    AccessPackage,
    AccessPackageAssignment,
    AssignmentRequest,
    PolicyRequirements,
)
from graph.sign_in.tokens import TokenSource


class SelfService:
    """
    Entra's own view of one person's access.

    Every call needs that person's token: Graph offers none of this to an app.
    """

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)

    async def packages(self, *, token: TokenSource) -> list[AccessPackage]:
        """
        The packages that the signed-in person may ask for.

        Permission: EntitlementMgmt-SubjectAccess.ReadWrite (delegated only).
        Source: Graph reference, "accessPackage: filterByCurrentUser".
        """
        return await self._objects.all(
            "accessPackage",
            AccessPackage,
            f"{PACKAGES}/filterByCurrentUser(on='allowedRequestor')",
            token=token,
        )

    async def requirements(
        self, package_id: str, *, token: TokenSource
    ) -> list[PolicyRequirements]:
        """
        List what each policy that admits the signed-in person asks of them; none admits: empty.

        Permission: EntitlementMgmt-SubjectAccess.ReadWrite (delegated only).
        Source: Graph reference, "accessPackage: getApplicablePolicyRequirements".
        """
        return await self._objects.asked(
            "requirements",
            PolicyRequirements,
            f"{package_path(package_id)}/getApplicablePolicyRequirements",
            token=token,
        )

    async def assignments(self, *, token: TokenSource) -> list[AccessPackageAssignment]:
        """
        The signed-in person's own assignments.

        Permission: EntitlementMgmt-SubjectAccess.ReadWrite (delegated only).
        Source: Graph reference, "accessPackageAssignment: filterByCurrentUser".
        """
        return await self._objects.all(
            "assignment",
            AccessPackageAssignment,
            f"{ASSIGNMENTS}/filterByCurrentUser(on='target')",
            token=token,
        )

    async def requests(self, *, on: str = "target", token: TokenSource) -> list[AssignmentRequest]:
        """
        The requests that concern the signed-in person.

        Args:
            on: ``target`` (for them), ``createdBy`` (by them) or ``approver`` (theirs to decide).

        Permission: EntitlementMgmt-SubjectAccess.ReadWrite (delegated only).
        Source: Graph reference, "accessPackageAssignmentRequest: filterByCurrentUser".
        """
        return await self._objects.all(
            "request",
            AssignmentRequest,
            f"{ASSIGNMENT_REQUESTS}/filterByCurrentUser(on='{key(on)}')",
            token=token,
        )

    async def cancel(self, request_id: str, *, token: TokenSource) -> None:
        """
        Take back a request that nobody has decided yet.

        Args:
            token: The requestor's own; Graph refuses an app's own.

        Permission: EntitlementMgmt-SubjectAccess.ReadWrite (delegated only).
        Source: Graph reference, "accessPackageAssignmentRequest: cancel".
        """
        await self._objects.act(f"{assignment_request_path(request_id)}/cancel", token=token)

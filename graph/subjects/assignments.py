"""Assignments: the access that people have, and its processing."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final

from graph.calls.objects import Item, Objects
from graph.calls.paths import ASSIGNMENTS, assignment_path, key
from graph.calls.session import Session
from graph.calls.states import StateLists
from graph.errors import GraphError
from graph.models import AccessPackage, AccessPackageAssignment, AssignmentPolicy
from graph.sign_in.tokens import TokenSource
from graph.values import GraphModel

ASSIGNMENT_PARTS: Final = ("target", "accessPackage", "assignmentPolicy")
# The same in all assignments to one package.
SAME_IN_MANY: Final[Mapping[str, type[GraphModel]]] = {
    "accessPackage": AccessPackage,
    "assignmentPolicy": AssignmentPolicy,
}
# An assignment in one of these is access.  Source: "accessPackageAssignmentState values".
ACCESS_STATES: Final = ("delivered", "delivering", "partiallyDelivered")
# The same in an order in which none slips through while the lists are read: what is delivered may be gone through again.
ON_THE_WAY: Final = ("delivering", "partiallyDelivered", "delivered", "delivering")

# ``Assignments.list`` takes the name inside the class.
AssignmentList = list[AccessPackageAssignment]


class Assignments:
    """Read assignments, and have them processed again."""

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)
        self._by_state = StateLists(self._objects)

    async def get(self, assignment_id: str) -> AccessPackageAssignment:
        """
        One assignment, with its target, package and policy.

        Raises:
            NotFound: There is no such assignment.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "Get accessPackageAssignment".
        """
        return await self._objects.one(
            "assignment",
            AccessPackageAssignment,
            assignment_path(assignment_id),
            expand=ASSIGNMENT_PARTS,
        )

    async def list(
        self,
        *,
        package_id: str | None = None,
        policy_id: str | None = None,
        user_id: str | None = None,
        state: str | None = None,
    ) -> AssignmentList:
        """
        Assignments, all in memory, so for few; without a *state* also those that ended long ago.

        Args:
            user_id: Object id of the holder.
            state: v1.0's word, such as ``delivered``.

        Permission: EntitlementManagement.Read.All (application).
        Source: tutorial, "Validate the assignment"; Graph reference, "List assignments".
        """
        return await self._objects.all(
            "assignment",
            AccessPackageAssignment,
            ASSIGNMENTS,
            where=_which(package_id, policy_id, user_id, state),
            expand=ASSIGNMENT_PARTS,
        )

    async def holders_if_few(self, package_id: str, *, pages: int) -> AssignmentList | None:
        """
        Every assignment of a package that is access, each once; None if they are more than so many pages.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignments"; `graph.calls.states`.
        """
        found = await self._by_state.short(
            "assignment",
            AccessPackageAssignment,
            ASSIGNMENTS,
            package_id=package_id,
            states=ON_THE_WAY,
            expand=ASSIGNMENT_PARTS,
            pages=pages,
            repeated=SAME_IN_MANY,
        )
        return None if found is None else list({each.id: each for each in found}.values())

    async def get_many(
        self, assignment_ids: Iterable[str]
    ) -> dict[str, AccessPackageAssignment | GraphError]:
        """
        Many assignments, twenty a call, each with its target, package and policy.

        Returns:
            By id; an error stands for each that could not be read.

        Raises:
            GraphError: None could be read.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph, "Combine multiple HTTP requests using JSON batching".
        """
        ids = list(dict.fromkeys(assignment_ids))
        paths = [assignment_path(assignment_id) for assignment_id in ids]
        found = await self._objects.each(
            "assignment", AccessPackageAssignment, paths, expand=ASSIGNMENT_PARTS
        )
        return dict(zip(ids, found, strict=True))

    def stream(
        self,
        *,
        package_id: str | None = None,
        policy_id: str | None = None,
        user_id: str | None = None,
        state: str | None = None,
    ) -> AsyncIterator[Item[AccessPackageAssignment]]:
        """
        The same as `list`, page after page: for whatever may be long.

        One that cannot be read stands as an error in its place.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignments".
        """
        return self._objects.stream(
            "assignment",
            AccessPackageAssignment,
            ASSIGNMENTS,
            where=_which(package_id, policy_id, user_id, state),
            expand=ASSIGNMENT_PARTS,
            repeated=SAME_IN_MANY,
        )

    async def reprocess(self, assignment_id: str) -> None:
        """
        Have Graph bring a delivered assignment's roles about again.

        Graph takes this for assignments in state delivered only: for those that were delivered in part,
        or failed, it is the request that is reprocessed.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "accessPackageAssignment: reprocess".
        """
        await self._objects.act(f"{assignment_path(assignment_id)}/reprocess")

    async def additional_access(
        self, *, package_id: str, incompatible_package_id: str, token: TokenSource
    ) -> AssignmentList:
        """
        List the assignments to a package whose holders also have another that is incompatible with it.

        Args:
            token: A signed-in person's; Graph refuses an app's own.

        Permission: EntitlementManagement.Read.All (delegated only).
        Source: Graph reference, "accessPackageAssignment: additionalAccess".
        """
        which = (
            f"accessPackageId='{key(package_id)}',"
            f"incompatibleAccessPackageId='{key(incompatible_package_id)}'"
        )
        return await self._objects.all(
            "assignment",
            AccessPackageAssignment,
            f"{ASSIGNMENTS}/additionalAccess({which})",
            expand=("target",),
            token=token,
        )


def _which(
    package_id: str | None, policy_id: str | None, user_id: str | None, state: str | None
) -> dict[str, str | None]:
    return {
        "accessPackage/id": package_id,
        "assignmentPolicy/id": policy_id,
        "target/objectId": user_id,
        "state": state,
    }

"""Assignment policies: who may ask for a package, who decides, and for how long."""

from collections.abc import Sequence

from graph.calls.objects import Objects, Readable
from graph.calls.paths import POLICIES, policy_path
from graph.calls.session import Session
from graph.errors import GraphError
from graph.models import AssignmentPolicy

# ``Policies.list`` takes the name inside the class.
AssignmentPolicies = list[AssignmentPolicy]
Found = list[AssignmentPolicy | GraphError]


class Policies:
    """Read, make, replace and delete assignment policies."""

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)
        # In v1.0 a policy's questions are objects of their own, left out unless asked for.
        # Beta has them at hand, and an older list of extensions besides.
        self._questions = () if session.dialect.is_beta else ("questions",)
        own = "customExtensionHandlers" if session.dialect.is_beta else "questions"
        self._whole = ("accessPackage", own, "customExtensionStageSettings/customExtension")

    async def list(
        self, *, package_id: str | None = None, with_questions: bool = False
    ) -> AssignmentPolicies:
        """
        Policies, all or those of one package.

        Args:
            with_questions: Read their questions, too; without, v1.0 leaves them out.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignmentPolicies".
        """
        parts = ("accessPackage", *(self._questions if with_questions else ()))
        found = await self._objects.all("policy", AssignmentPolicy, POLICIES, expand=parts)
        return [
            policy
            for policy in found
            if package_id is None
            or (policy.access_package and policy.access_package.id == package_id)
        ]

    async def list_readable(self, *, with_questions: bool = False) -> Readable[AssignmentPolicy]:
        """
        All policies, and the ids of those that cannot be read; they hide no other.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignmentPolicies".
        """
        parts = ("accessPackage", *(self._questions if with_questions else ()))
        return await self._objects.readable("policy", AssignmentPolicy, POLICIES, expand=parts)

    async def get(self, policy_id: str) -> AssignmentPolicy:
        """
        One policy, whole: with all that judges a request, and all that a replacement must send back.

        Raises:
            NotFound: There is no such policy.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "Get accessPackageAssignmentPolicy".
        """
        return await self._objects.one(
            "policy", AssignmentPolicy, policy_path(policy_id), expand=self._whole
        )

    async def each(self, policy_ids: Sequence[str]) -> Found:
        """
        Several policies, each as whole as ``get`` reads it, in the order of *policy_ids*; one call for twenty.

        An error stands for each that could not be read.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "Get accessPackageAssignmentPolicy"; "Combine multiple HTTP requests
            using JSON batching".
        """
        paths = [policy_path(policy_id) for policy_id in policy_ids]
        return await self._objects.each("policy", AssignmentPolicy, paths, expand=self._whole)

    async def create(self, policy: AssignmentPolicy) -> AssignmentPolicy:
        """
        Create a policy for the package that ``policy.access_package`` names.

        Raises:
            Unsupported: Beta has no words for a part of it; nothing was sent.
            Rejected: Graph does not like it.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: tutorial, "Create an access package policy"; Graph reference,
            "Create assignmentPolicy".
        """
        return await self._objects.create("policy", AssignmentPolicy, POLICIES, policy.to_graph())

    async def replace(self, policy: AssignmentPolicy) -> None:
        """
        Put *policy* in the place of the one with its id.

        What is left out is dropped by Graph, so start from ``get`` and ``model_copy``: it
        keeps even what we have no name for.

        Raises:
            Unsupported: Beta has no words for a part of it; nothing was sent.
            NotFound: There is no such policy.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Update accessPackageAssignmentPolicy" (PUT).
        """
        await self._objects.replace("policy", policy_path(policy.id), policy.to_graph())

    async def delete(self, policy_id: str) -> None:
        """
        Delete a policy that no assignment was given under.

        Raises:
            Rejected, Conflict: It still has assignments.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: tutorial, "Clean up"; Graph reference, "Delete accessPackageAssignmentPolicy".
        """
        await self._objects.delete(policy_path(policy_id))

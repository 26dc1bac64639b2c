"""Assignments, and the requests that give, change and take them away."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final
from urllib.parse import quote

from graph.deadlines import Deadline
from graph.errors import GraphError
from graph.models import (
    AccessPackage,
    Answer,
    Assignment,
    AssignmentPolicy,
    AssignmentRequest,
    Schedule,
)
from graph.objects import Item, Objects
from graph.session import Session
from graph.states import StateLists
from graph.tokens import TokenSource
from graph.values import GraphModel
from graph.versions import EM

REQUESTS: Final = f"{EM}/assignmentRequests"
ASSIGNMENTS: Final = f"{EM}/assignments"
REQUEST_PARTS: Final = (
    "accessPackage",
    "requestor",
    "assignment/target",
    "assignment/accessPackage",
)
ASSIGNMENT_PARTS: Final = ("target", "accessPackage", "assignmentPolicy")
# The same in all assignments to one package.
SAME_IN_MANY: Final[Mapping[str, type[GraphModel]]] = {
    "accessPackage": AccessPackage,
    "assignmentPolicy": AssignmentPolicy,
}
REQUEST_TYPES: Final = frozenset(
    {"userAdd", "userUpdate", "userRemove", "adminAdd", "adminUpdate", "adminRemove"}
)
# A request in one of these is neither done nor given up.  Source: "accessPackageRequestState values".
OPEN_STATES: Final = ("submitted", "pendingApproval", "scheduled", "delivering")
# An assignment in one of these is access.  Source: "accessPackageAssignmentState values".
ACCESS_STATES: Final = ("delivered", "delivering", "partiallyDelivered")
# The same in an order in which none slips through while the lists are read: what is delivered may be gone through again.
ON_THE_WAY: Final = ("delivering", "partiallyDelivered", "delivered", "delivering")

# ``Assignments.list`` takes the name inside the class.
AssignmentRequests = list[AssignmentRequest]
AssignmentList = list[Assignment]


class Assignments:
    """Hand access packages to people and take them back."""

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)
        self._by_state = StateLists(self._objects)

    async def request(
        self,
        *,
        request_type: str,
        target_id: str | None = None,
        target_email: str | None = None,
        policy_id: str | None = None,
        package_id: str | None = None,
        assignment_id: str | None = None,
        justification: str | None = None,
        schedule: Schedule | None = None,
        answers: Iterable[Answer] = (),
        token: TokenSource | None = None,
        deadline: Deadline | None = None,
    ) -> AssignmentRequest:
        """
        Ask Graph to give, change or take away one assignment; return the request to poll.

        Nothing is done yet: the answer says submitted, and delivered follows seconds to
        minutes later.  One POST, never repeated: Graph has no idempotency key.  An
        ``adminAdd`` skips the policy's approval stages, so whoever calls must have decided.

        Args:
            request_type: userAdd, userUpdate, userRemove (with the person's own *token*),
                adminAdd, adminUpdate or adminRemove.
            target_id: Object id of who gets it (adds).  Not a user principal name.
            target_email: Instead of *target_id*, for somebody not yet in the tenant.
            policy_id: Policy of the package under which it is given (adds).
            package_id: The package (adds).
            assignment_id: What is changed or taken away (updates and removes).
            justification: Why; kept with the request.
            schedule: From when until when; for an update, the assignment's present start
                and its new end.
            answers: To the policy's questions.
            token: A signed-in person's, for the user… types; the app's own otherwise.
            deadline: When the POST is cut off, or not sent any more; 30 s from now without.

        Raises:
            NotAllowed: The app lacks EntitlementManagement.ReadWrite.All, and the role
                Access package assignment manager.
            Rejected: The policy does not admit this person, or ``ExistingOpenRequest``: there
                is one under way already.
            GraphError: With ``may_have_happened``, look before asking again.
            ValueError: Not a request type.

        Permission: EntitlementManagement.ReadWrite.All (application) for admin…;
            EntitlementMgmt-SubjectAccess.ReadWrite (delegated) for user….
        Source: tutorial, "Request access"; Graph reference, "Create assignmentRequest".
        """
        if request_type not in REQUEST_TYPES:
            raise ValueError(f"{request_type!r} is not one of {', '.join(sorted(REQUEST_TYPES))}.")
        facts = {
            "id": assignment_id,
            "targetId": target_id,
            "target": {"email": target_email} if target_email else None,
            "assignmentPolicyId": policy_id,
            "accessPackageId": package_id,
        }
        body: dict[str, Any] = {
            "requestType": request_type,
            "assignment": {name: value for name, value in facts.items() if value is not None},
        }
        if justification is not None:
            body["justification"] = justification
        if schedule is not None:
            body["schedule"] = schedule.to_graph()
        given = [
            answer.model_dump(mode="json", by_alias=True, exclude_unset=True) for answer in answers
        ]
        if given:
            body["answers"] = given
        return await self._objects.create(
            "request", AssignmentRequest, REQUESTS, body, token=token, deadline=deadline
        )

    async def get_request(
        self, request_id: str, *, token: TokenSource | None = None
    ) -> AssignmentRequest:
        """
        One request, with its package, requestor and target.

        Raises:
            NotFound: There is none; Graph forgets requests three months after they are over.

        Permission: EntitlementManagement.Read.All (application).
        Source: tutorial, "Read the status of the request"; Graph reference,
            "Get accessPackageAssignmentRequest".
        """
        return await self._objects.one(
            "request", AssignmentRequest, _request(request_id), expand=REQUEST_PARTS, token=token
        )

    async def get_requests(
        self, request_ids: Iterable[str]
    ) -> dict[str, AssignmentRequest | GraphError]:
        """
        Many requests, twenty a call, each with its package, requestor and target.

        Returns:
            By id; an error stands for each request that could not be read.

        Raises:
            GraphError: None could be read.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph, "Combine multiple HTTP requests using JSON batching".
        """
        ids = list(dict.fromkeys(request_ids))
        paths = [_request(request_id) for request_id in ids]
        found = await self._objects.each("request", AssignmentRequest, paths, expand=REQUEST_PARTS)
        return dict(zip(ids, found, strict=True))

    async def list_requests(
        self, *, package_id: str | None = None, state: str | None = None
    ) -> AssignmentRequests:
        """
        Requests, all or those of a package or in a state (v1.0's word, ``pendingApproval``).

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignmentRequests".
        """
        return await self._objects.all(
            "request",
            AssignmentRequest,
            REQUESTS,
            where={"accessPackage/id": package_id, "state": state},
            expand=REQUEST_PARTS,
        )

    async def list_requests_in(
        self, *, package_id: str, states: Sequence[str]
    ) -> AssignmentRequests:
        """
        A package's requests in any of *states*, each once, whatever came of all the others.

        A package collects three months of requests; of those that are open there are few.

        Args:
            states: In the order in which a request passes them: one that moves on meanwhile is in a later list.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignmentRequests", on the filter by state; `graph.states`.
        """
        found = await self._by_state.whole(
            "request",
            AssignmentRequest,
            REQUESTS,
            package_id=package_id,
            states=states,
            expand=REQUEST_PARTS,
        )
        return list({each.id: each for each in found}.values())

    async def stream_requests(
        self, *, package_id: str | None, state: str | None
    ) -> AsyncGenerator[AssignmentRequest, None]:
        """
        Requests, all or those of a package or in a state, page after page: whoever has found theirs may stop.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignmentRequests", on the filter by state.
        """
        where = {"accessPackage/id": package_id, "state": state}
        found = self._objects.stream(
            "request", AssignmentRequest, REQUESTS, where=where, expand=REQUEST_PARTS
        )
        async with aclosing(found):
            async for item in found:
                if isinstance(item.read, GraphError):
                    raise item.read
                yield item.read

    async def get(self, assignment_id: str) -> Assignment:
        """
        One assignment, with its target, package and policy.

        Raises:
            NotFound: There is no such assignment.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "Get accessPackageAssignment".
        """
        return await self._objects.one(
            "assignment", Assignment, _assignment(assignment_id), expand=ASSIGNMENT_PARTS
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
            Assignment,
            ASSIGNMENTS,
            where=_which(package_id, policy_id, user_id, state),
            expand=ASSIGNMENT_PARTS,
        )

    async def holders_if_few(self, package_id: str, *, pages: int) -> AssignmentList | None:
        """
        Every assignment of a package that is access, each once; None if they are more than so many pages.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignments"; `graph.states`.
        """
        found = await self._by_state.short(
            "assignment",
            Assignment,
            ASSIGNMENTS,
            package_id=package_id,
            states=ON_THE_WAY,
            expand=ASSIGNMENT_PARTS,
            pages=pages,
            repeated=SAME_IN_MANY,
        )
        return None if found is None else list({each.id: each for each in found}.values())

    async def get_many(self, assignment_ids: Iterable[str]) -> dict[str, Assignment | GraphError]:
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
        paths = [_assignment(assignment_id) for assignment_id in ids]
        found = await self._objects.each("assignment", Assignment, paths, expand=ASSIGNMENT_PARTS)
        return dict(zip(ids, found, strict=True))

    def stream(
        self,
        *,
        package_id: str | None = None,
        policy_id: str | None = None,
        user_id: str | None = None,
        state: str | None = None,
    ) -> AsyncIterator[Item[Assignment]]:
        """
        The same as `list`, page after page: for whatever may be long.

        One that cannot be read stands as an error in its place.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignments".
        """
        return self._objects.stream(
            "assignment",
            Assignment,
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
        await self._objects.act(f"{_assignment(assignment_id)}/reprocess")

    async def additional_access(
        self, *, package_id: str, incompatible_package_id: str, token: TokenSource
    ) -> AssignmentList:
        """
        Who holds a package although they hold another that is incompatible with it.

        Args:
            token: A signed-in person's; Graph refuses an app's own.

        Permission: EntitlementManagement.Read.All (delegated only).
        Source: Graph reference, "accessPackageAssignment: additionalAccess".
        """
        which = (
            f"accessPackageId='{quote(package_id, safe='')}',"
            f"incompatibleAccessPackageId='{quote(incompatible_package_id, safe='')}'"
        )
        return await self._objects.all(
            "assignment",
            Assignment,
            f"{ASSIGNMENTS}/additionalAccess({which})",
            expand=("target",),
            token=token,
        )

    async def reprocess_request(self, request_id: str) -> None:
        """
        Have Graph try again what it delivered in part, or not at all, up to 14 days after that.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "accessPackageAssignmentRequest: reprocess".
        """
        await self._objects.act(f"{_request(request_id)}/reprocess")

    async def resume(
        self,
        request_id: str,
        *,
        stage: str,
        stage_instance_id: str,
        detail: str,
        source: str = "Latchkey",
        state: str | None = None,
    ) -> None:
        """
        Let a request go on that waits for a custom extension.

        Args:
            stage: Where it waits, such as ``assignmentRequestCreated``.
            stage_instance_id: As the extension was told when it was called.
            detail: What the request's history shall show.
            state: ``Denied`` or ``Canceled`` to end it; None to let it continue.

        Permission: EntitlementManagement.ReadWrite.All (application); global cloud only.
        Source: Graph reference, "accessPackageAssignmentRequest: resume".
        """
        data: dict[str, Any] = {
            "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
            "stage": stage,
            "customExtensionStageInstanceId": stage_instance_id,
            "customExtensionStageInstanceDetail": detail,
        }
        if state is not None:
            data["state"] = state
        body = {
            "source": source,
            "type": f"microsoft.graph.accessPackageCustomExtensionStage.{stage}",
            "data": data,
        }
        await self._objects.act(f"{_request(request_id)}/resume", body)

    async def delete_request(self, request_id: str) -> None:
        """
        Delete the record of a request that is over; the access it gave stays.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Delete accessPackageAssignmentRequest".
        """
        await self._objects.delete(_request(request_id))


def _which(
    package_id: str | None, policy_id: str | None, user_id: str | None, state: str | None
) -> dict[str, str | None]:
    return {
        "accessPackage/id": package_id,
        "assignmentPolicy/id": policy_id,
        "target/objectId": user_id,
        "state": state,
    }


def _request(request_id: str) -> str:
    return f"{REQUESTS}/{quote(request_id, safe='')}"


def _assignment(assignment_id: str) -> str:
    return f"{ASSIGNMENTS}/{quote(assignment_id, safe='')}"

"""Assignment requests: give, change and take away an assignment, and follow what becomes of it."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import Any, Final, TypeVar

from graph.calls.deadlines import Deadline
from graph.calls.objects import Objects
from graph.calls.paths import ASSIGNMENT_REQUESTS, assignment_request_path
from graph.calls.session import Session
from graph.calls.states import StateLists
from graph.errors import GraphError
from graph.models import Answer, AssignmentRequest, RequestOutline, Schedule
from graph.sign_in.tokens import TokenSource
from graph.values import PENDING_APPROVAL

REQUEST_PARTS: Final = (
    "accessPackage",
    "requestor",
    "assignment/target",
    "assignment/accessPackage",
)
REQUEST_TYPES: Final = frozenset(
    {"userAdd", "userUpdate", "userRemove", "adminAdd", "adminUpdate", "adminRemove"}
)
# A request in one of these is neither done nor given up.  Source: "accessPackageRequestState values".
OPEN_STATES: Final = ("submitted", PENDING_APPROVAL, "scheduled", "delivering")

# ``AssignmentRequests.list`` takes the name inside the class.
RequestList = list[AssignmentRequest]
Outline = TypeVar("Outline", bound=RequestOutline)


class AssignmentRequests:
    """Hand access packages to people and take them back."""

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)
        self._by_state = StateLists(self._objects)

    async def create(
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
            Forbidden: The app lacks EntitlementManagement.ReadWrite.All, and the role
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
            "request", AssignmentRequest, ASSIGNMENT_REQUESTS, body, token=token, deadline=deadline
        )

    async def get(self, request_id: str, *, token: TokenSource | None = None) -> AssignmentRequest:
        """
        One request, with its package, requestor and target.

        Raises:
            NotFound: There is none; Graph forgets requests three months after they are over.

        Permission: EntitlementManagement.Read.All (application).
        Source: tutorial, "Read the status of the request"; Graph reference,
            "Get accessPackageAssignmentRequest".
        """
        return await self._objects.one(
            "request",
            AssignmentRequest,
            assignment_request_path(request_id),
            expand=REQUEST_PARTS,
            token=token,
        )

    async def get_many(
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
        paths = [assignment_request_path(request_id) for request_id in ids]
        found = await self._objects.each("request", AssignmentRequest, paths, expand=REQUEST_PARTS)
        return dict(zip(ids, found, strict=True))

    async def list(self, *, package_id: str | None = None, state: str | None = None) -> RequestList:
        """
        Requests, all or those of a package or in a state (v1.0's word, ``pendingApproval``).

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignmentRequests".
        """
        return await self._objects.all(
            "request",
            AssignmentRequest,
            ASSIGNMENT_REQUESTS,
            where={"accessPackage/id": package_id, "state": state},
            expand=REQUEST_PARTS,
        )

    async def list_in(
        self, *, package_id: str, states: Sequence[str]
    ) -> Sequence[AssignmentRequest]:
        """
        A package's requests in any of *states*, each once, whatever came of all the others.

        A package collects three months of requests; of those that are open there are few.

        Args:
            states: In the order in which a request passes them: one that moves on meanwhile is in a later list.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignmentRequests", on the filter by state; `graph.calls.states`.
        """
        return await self._in_states(AssignmentRequest, package_id, states)

    async def outlines_in(
        self, *, package_id: str, states: Sequence[str]
    ) -> Sequence[RequestOutline]:
        """
        The same, as far as a request says for whom it is: one of which the rest cannot be read is in nobody else's way.

        Permission: EntitlementManagement.Read.All (application).
        Source: as `list_in`.
        """
        return await self._in_states(RequestOutline, package_id, states)

    async def _in_states(
        self, model: type[Outline], package_id: str, states: Sequence[str]
    ) -> Sequence[Outline]:
        found = await self._by_state.whole(
            "request",
            model,
            ASSIGNMENT_REQUESTS,
            package_id=package_id,
            states=states,
            expand=REQUEST_PARTS,
        )
        return tuple({each.id: each for each in found}.values())

    async def stream(
        self, *, package_id: str | None, state: str | None
    ) -> AsyncGenerator[AssignmentRequest, None]:
        """
        Requests, all or those of a package or in a state, page after page: whoever has found theirs may stop.

        Permission: EntitlementManagement.Read.All (application).
        Source: Graph reference, "List assignmentRequests", on the filter by state.
        """
        where = {"accessPackage/id": package_id, "state": state}
        found = self._objects.stream(
            "request", AssignmentRequest, ASSIGNMENT_REQUESTS, where=where, expand=REQUEST_PARTS
        )
        async with aclosing(found):
            async for item in found:
                if isinstance(item.read, GraphError):
                    raise item.read
                yield item.read

    async def reprocess(self, request_id: str) -> None:
        """
        Have Graph try again what it delivered in part, or not at all, up to 14 days after that.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "accessPackageAssignmentRequest: reprocess".
        """
        await self._objects.act(f"{assignment_request_path(request_id)}/reprocess")

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
        await self._objects.act(f"{assignment_request_path(request_id)}/resume", body)

    async def delete(self, request_id: str) -> None:
        """
        Delete the record of a request that is over; the access it gave stays.

        Permission: EntitlementManagement.ReadWrite.All (application).
        Source: Graph reference, "Delete accessPackageAssignmentRequest".
        """
        await self._objects.delete(assignment_request_path(request_id))

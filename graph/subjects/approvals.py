"""Approvals in Entra, decided by people in their own name."""

from typing import Final

from graph.beta.versions import EM
from graph.calls.objects import Objects
from graph.calls.paths import key
from graph.calls.session import Session
from graph.models import Approval, ApprovalDecision
from graph.sign_in.tokens import TokenSource

APPROVALS: Final = f"{EM}/accessPackageAssignmentApprovals"


class Approvals:
    """
    Read and decide approvals.

    Every call needs a signed-in person's token: Graph offers none of this to an app.
    """

    def __init__(self, session: Session) -> None:
        self._objects = Objects(session)

    async def mine(self, *, token: TokenSource) -> list[Approval]:
        """
        The approvals that wait for the signed-in person.

        Permission: EntitlementManagement.ReadWrite.All (delegated only).
        Source: Graph reference, "approval: filterByCurrentUser".
        """
        return await self._objects.all(
            "approval", Approval, f"{APPROVALS}/filterByCurrentUser(on='approver')", token=token
        )

    async def get(self, request_id: str, *, token: TokenSource) -> Approval:
        """
        The approval of one request, with its stages; an approval has its request's id.

        Raises:
            NotFound: The request needs none, or there is no such request.

        Permission: EntitlementManagement.Read.All (delegated only).
        Source: Graph reference, "Get approval".
        """
        return await self._objects.one(
            "approval", Approval, _approval(request_id), expand=("stages",), token=token
        )

    async def stages(self, request_id: str, *, token: TokenSource) -> list[ApprovalDecision]:
        """
        The stages of an approval (beta calls them steps), in no promised order.

        Permission: EntitlementManagement.Read.All (delegated only).
        Source: Graph reference, "List stages".
        """
        return await self._objects.all(
            "approvalStage", ApprovalDecision, f"{_approval(request_id)}/stages", token=token
        )

    async def decide(
        self,
        *,
        request_id: str,
        stage_id: str,
        is_approved: bool,
        justification: str,
        token: TokenSource,
    ) -> None:
        """
        Approve or deny one stage.

        Raises:
            Forbidden: This person is not an approver of the stage.
            Conflict: Another approver decided it first; read it again.
            NotFound: There is no such approval.

        Permission: EntitlementManagement.ReadWrite.All (delegated only).
        Source: Graph reference, "Update approvalStage".
        """
        body = {
            "reviewResult": "Approve" if is_approved else "Deny",
            "justification": justification,
        }
        await self._objects.change(
            "approvalStage",
            f"{_approval(request_id)}/stages/{key(stage_id)}",
            body,
            token=token,
        )


def _approval(request_id: str) -> str:
    return f"{APPROVALS}/{key(request_id)}"

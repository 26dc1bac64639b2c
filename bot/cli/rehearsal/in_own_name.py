"""Act in Entra in the name of a test person, for the experiments: ask for access, and withdraw afterwards what waits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from bot.cli.rehearsal.bench import Bench, GraphAnswer, GraphCalls
from bot.cli.rehearsal.errors import NotPossible, StillWaits
from bot.cli.rehearsal.people import RehearsalRole, TestPerson
from bot.cli.rehearsal.scene import Made, TrialScene
from bot.cli.rehearsal.trial_access import (
    REQUESTS,
    clean_scene,
    eventually,
    lists_assignment,
    until_over,
)
from graph.models import ApprovalSettings, ApprovalStage, AssignmentPolicy, SubjectSet

# Should nobody be able to end it sooner.
DEADLINE: Final = timedelta(days=1)
WAITS: Final = frozenset({"pendingApproval"})


@dataclass(frozen=True, kw_only=True)
class OwnScene:
    """The parts of an experiment in somebody's own name: what was made, who asks, and Graph in their name."""

    bench: Bench
    scene: TrialScene
    made: Made
    requester: TestPerson
    graph: GraphCalls

    async def policy(self, name: str, **more: Any) -> AssignmentPolicy:
        """Make a policy under which the requester may ask."""
        return await self.scene.policy(
            name,
            package_id=self.made.package_id,
            target=SubjectSet.user(self.requester.object_id),
            **more,
        )

    async def send(self, request_type: str, **more: Any) -> GraphAnswer:
        """Send a request in the requester's own name, as the reference's examples have it; it is withdrawn in the end if it waits."""
        asked = await self.graph.send(
            "POST",
            REQUESTS,
            body={"requestType": request_type, "justification": "latchkey rehearse", **more},
        )
        if asked.ok and asked.body.get("id"):
            request_id = str(asked.body["id"])

            async def withdraw() -> None:
                if not (canceled := await self.cancel(request_id)).ok:
                    read = await self.bench.calls.get(f"{REQUESTS}/{request_id}")
                    if read.body.get("state") == "pendingApproval":
                        raise StillWaits(canceled.said)

            self.scene.waiting[request_id] = withdraw
        return asked

    async def ask(self, policy_id: str, **more: Any) -> GraphAnswer:
        """Ask for the package under a policy."""
        assignment = {
            "targetId": self.requester.object_id,
            "assignmentPolicyId": policy_id,
            "accessPackageId": self.made.package_id,
        }
        return await self.send("userAdd", assignment=assignment, **more)

    async def cancel(self, request_id: str) -> GraphAnswer:
        """Cancel a request of theirs."""
        return await self.graph.send("POST", f"{REQUESTS}/{request_id}/cancel")

    async def state(self, asked: GraphAnswer) -> str:
        """Wait until a request is over, or waits for an approval; returns its state."""
        return await until_over(self.bench, asked, also=WAITS)

    async def waiting(self, policy_id: str, **more: Any) -> str:
        """
        Ask under a policy with approval, and return the id of the request that waits.

        Raises:
            NotPossible: It does not wait.
        """
        asked = await self.ask(policy_id, **more)
        if not asked.ok:
            raise NotPossible(f"userAdd under a policy with approval is refused: {asked.said}")
        state = await self.state(asked)
        if state != "pendingApproval":
            raise NotPossible(f"userAdd under a policy with approval became {state}")
        return str(asked.body["id"])

    async def held(self, policy_id: str) -> Mapping[str, Any]:
        """
        Get the package for the requester, and return the assignment as it is listed.

        Raises:
            NotPossible: They did not get it.
        """
        asked = await self.ask(policy_id)
        if not asked.ok:
            raise NotPossible(f"userAdd is refused: {asked.said}")
        await self.state(asked)
        found: Mapping[str, Any] | None = await eventually(
            self.bench, lambda: lists_assignment(self.bench)
        )
        if found is None:
            raise NotPossible("the assignment was in no list")
        return found


async def person(bench: Bench, role: RehearsalRole) -> TestPerson:
    """
    Return the test person of a role, who signs in when they are first needed.

    Raises:
        NotPossible: There is none.
    """
    if bench.people is None:
        raise NotPossible("it takes --people, for a test person who signs in")
    return await bench.people.get(role)


async def own_scene(bench: Bench) -> OwnScene:
    """Return what was made, with the requester signed in and no access left of the experiment before."""
    if bench.scene is None:
        raise NotPossible("it takes --domain, for the account and the package that it makes")
    requester = await person(bench, RehearsalRole.REQUESTER)
    scene, made = await clean_scene(bench)
    return OwnScene(
        bench=bench,
        scene=scene,
        made=made,
        requester=requester,
        graph=bench.calls.named(requester),
    )


def approval(
    *stages: SubjectSet, for_add: bool = True, for_update: bool = False, **more: Any
) -> ApprovalSettings:
    """Return the settings of an approval with one stage for each approver."""
    return ApprovalSettings(
        is_approval_required_for_add=for_add,
        is_approval_required_for_update=for_update,
        stages=[
            ApprovalStage(
                duration_before_automatic_denial=DEADLINE,
                is_approver_justification_required=False,
                is_escalation_enabled=False,
                primary_approvers=[approver],
                **more,
            )
            for approver in stages
        ],
    )

"""Read and decide what waits in Entra for a test person, in v1.0 and in beta."""

from collections.abc import Mapping
from typing import Any, Final

from bot.cli.rehearsal.bench import Bench, GraphAnswer, GraphCalls
from bot.cli.rehearsal.reading import ENTITLEMENT
from bot.cli.rehearsal.trial_access import GLANCE_SECONDS

APPROVALS: Final = f"{ENTITLEMENT}/accessPackageAssignmentApprovals"
# Directory and entitlement management learn of each other a little later.
TRIES: Final = 15


async def stage_in_progress(
    bench: Bench, calls: GraphCalls, request_id: str, parts: str
) -> tuple[Mapping[str, Any] | None, GraphAnswer]:
    """Return the stage that is in progress, once there is one, and what the last look answered."""
    for _ in range(TRIES):
        read = await calls.get(f"{APPROVALS}/{request_id}/{parts}")
        for each in read.items:
            if str(each.get("status")).casefold() == "inprogress":
                return each, read
        await bench.sleep(GLANCE_SECONDS)
    return None, read


async def decide(
    calls: GraphCalls, request_id: str, parts: str, stage_id: str, *, review: str = "Approve"
) -> GraphAnswer:
    """Decide a stage in the name of an approver."""
    return await calls.send(
        "PATCH",
        f"{APPROVALS}/{request_id}/{parts}/{stage_id}",
        body={"reviewResult": review, "justification": "latchkey rehearse"},
    )

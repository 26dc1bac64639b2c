"""Experiments in which a second test person decides what the first has asked for."""

from typing import Final

from bot.cli.rehearsal.approving import APPROVALS, decide, stage_in_progress
from bot.cli.rehearsal.asking import asks
from bot.cli.rehearsal.bench import Bench, GraphAnswer
from bot.cli.rehearsal.in_own_name import OwnScene, approval, own_scene, person
from bot.cli.rehearsal.model import Observation, as_hoped, otherwise, unclear
from bot.cli.rehearsal.people import RehearsalRole, TestPerson
from bot.cli.rehearsal.trial_access import REQUESTS, until_over
from graph.models import SubjectSet

DECIDES: Final = "has the requester ask for the package made for it and the approver decide, and takes the access away"


async def deciding(bench: Bench) -> Observation:
    """Approve a stage in v1.0, and a step in beta."""
    own, approver = await _scene(bench)
    policy = await _decided_by(own, approver)
    said: list[str] = []
    fine = True
    for version, calls, parts in (
        ("v1.0", bench.calls.named(approver), "stages"),
        ("beta", bench.calls.in_beta.named(approver), "steps"),
    ):
        request_id = await own.waiting(policy)
        listed = await calls.get(f"{APPROVALS}/filterByCurrentUser(on='approver')")
        is_listed = request_id in {each.get("id") for each in listed.items}
        stage, read = await stage_in_progress(bench, calls, request_id, parts)
        if stage is None:
            said.append(f"{version}: no stage in progress can be read: {read.said}")
            fine = False
            await own.scene.end_access()
            continue
        decided = await decide(calls, request_id, parts, str(stage["id"]))
        again = await decide(calls, request_id, parts, str(stage["id"]))
        after = await calls.get(f"{APPROVALS}/{request_id}/{parts}")
        reviewers = {(each.get("reviewedBy") or {}).get("id") for each in after.items}
        has_reviewer = approver.object_id in reviewers
        asked = GraphAnswer(200, {"id": request_id})
        state = await until_over(bench, asked) if decided.ok else "not decided"
        said.append(
            f"{version}: listed {listed.said} {'with' if is_listed else 'without'} it, read {read.said}, approved {decided.said}, "
            f"once more {again.said}, then {state}; reviewedBy has their id: {'yes' if has_reviewer else 'no'}"
        )
        fine = fine and is_listed and decided.ok and has_reviewer and state == "delivered"
        fine = fine and not again.ok
        await own.scene.end_access()
    return as_hoped(fine, "; ".join(said))


async def two_stages(bench: Bench) -> Observation:
    """Let one person decide two stages."""
    own, approver = await _scene(bench)
    subject = SubjectSet.user(approver.object_id)
    policy = await own.policy("Two stages", request_approval_settings=approval(subject, subject))
    request_id = await own.waiting(policy.id)
    calls = bench.calls.named(approver)
    said: list[str] = []
    for number in (1, 2):
        stage, read = await stage_in_progress(bench, calls, request_id, "stages")
        if stage is None:
            return unclear(f"{'; '.join(said)}; stage {number} cannot be read: {read.said}")
        decided = await decide(calls, request_id, "stages", str(stage["id"]))
        said.append(f"stage {number}: {decided.said}")
        if not decided.ok:
            return unclear("; ".join(said))
    state = await until_over(bench, GraphAnswer(200, {"id": request_id}))
    # Latchkey lets nobody decide two stages, and relies on neither answer.
    return unclear(f"{'; '.join(said)}; then {state}")


async def fallback(bench: Bench) -> Observation:
    """Ask under a policy whose only approver is disabled, and which has another for that case."""
    own, approver = await _scene(bench)
    disabled = f"/users/{own.made.person_id}"
    switched = await bench.calls.send("PATCH", disabled, body={"accountEnabled": False})
    if not switched.ok:
        return unclear(f"the account that was made could not be disabled: {switched.said}")
    try:
        policy = await own.policy(
            "With a fallback",
            request_approval_settings=approval(
                SubjectSet.user(own.made.person_id),
                fallback_primary_approvers=[SubjectSet.user(approver.object_id)],
            ),
        )
        request_id = await own.waiting(policy.id)
        calls = bench.calls.named(approver)
        stage, read = await stage_in_progress(bench, calls, request_id, "stages")
        is_theirs = stage is not None and stage.get("assignedToMe") is True
        decided = await decide(calls, request_id, "stages", str(stage["id"])) if stage else read
        said = f"the approval is read {read.said}, assigned to them: {is_theirs}; approved: {decided.said}"
    finally:
        await bench.calls.send("PATCH", disabled, body={"accountEnabled": True})
    return as_hoped(is_theirs and decided.ok, said)


async def late_cancel(bench: Bench) -> Observation:
    """Cancel what was approved already."""
    own, approver = await _scene(bench)
    request_id = await own.waiting(await _decided_by(own, approver))
    calls = bench.calls.named(approver)
    stage, read = await stage_in_progress(bench, calls, request_id, "stages")
    if stage is None:
        return otherwise(f"the approval cannot be read: {read.said}")
    decided = await decide(calls, request_id, "stages", str(stage["id"]))
    canceled = await own.cancel(request_id)
    state = await until_over(bench, GraphAnswer(200, {"id": request_id}))
    return unclear(f"approved: {decided.said}; canceled at once: {canceled.said}; then {state}")


async def denial(bench: Bench) -> Observation:
    """Deny, and read what the app sees of it."""
    own, approver = await _scene(bench)
    request_id = await own.waiting(await _decided_by(own, approver))
    calls = bench.calls.named(approver)
    stage, read = await stage_in_progress(bench, calls, request_id, "stages")
    if stage is None:
        return otherwise(f"the approval cannot be read: {read.said}")
    decided = await decide(calls, request_id, "stages", str(stage["id"]), review="Deny")
    state = await until_over(bench, GraphAnswer(200, {"id": request_id}))
    seen = await bench.calls.get(f"{REQUESTS}/{request_id}")
    said = f"denied: {decided.said}; the app sees state {state}"
    return as_hoped(decided.ok and seen.ok and state == "denied", said)


async def _scene(bench: Bench) -> tuple[OwnScene, TestPerson]:
    approver = await person(bench, RehearsalRole.APPROVER)
    own = await own_scene(bench)
    return own, approver


async def _decided_by(own: OwnScene, approver: TestPerson) -> str:
    policy = await own.policy(
        "With approval",
        request_approval_settings=approval(SubjectSet.user(approver.object_id)),
    )
    return policy.id


DECIDING: Final = (
    asks(
        "decide",
        deciding,
        "Do approvers need no more than their permission to read and decide stages and steps, and does reviewedBy name them?",
        "Whether an approver needs no more than",
        writes=DECIDES,
    ),
    asks(
        "two-stages",
        two_stages,
        "Does Entra let one person decide two stages?",
        "Whether Entra lets one person decide two stages",
        writes=DECIDES,
    ),
    asks(
        "fallback",
        fallback,
        "Does Entra ask the fallback approvers when the first are disabled?",
        "Whether Entra asks the fallback approvers",
        writes="disables the account made for it for a while, has the requester ask and the approver decide, and takes the access away",
    ),
    asks(
        "late-cancel",
        late_cancel,
        "What does Entra answer to cancel just after the approval?",
        writes=DECIDES,
    ),
    asks(
        "denial",
        denial,
        "What does the app see of a request that was denied?",
        writes=DECIDES,
    ),
)

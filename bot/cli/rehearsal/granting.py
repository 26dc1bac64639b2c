"""Experiments that give access to an account made for it, and take it away again."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.cli.rehearsal.approving import decide, stage_in_progress
from bot.cli.rehearsal.bench import Bench
from bot.cli.rehearsal.model import (
    Experiment,
    Observation,
    as_hoped,
    otherwise,
    unclear,
)
from bot.cli.rehearsal.people import RehearsalRole
from bot.cli.rehearsal.reading import GRAPH
from bot.cli.rehearsal.trial_access import (
    ASSIGNMENTS,
    GLANCE_SECONDS,
    PATIENCE_SECONDS,
    REQUESTS,
    clean_scene,
    expiration_of,
    give,
    given_access,
    is_delivered,
    lists_assignment,
    lists_request,
    read_moment,
    schedule_until,
    seconds_until,
    shown_seconds,
    start_of,
    until_over,
)
from graph.models import (
    AccessPackageQuestion,
    ApprovalSettings,
    ApprovalStage,
    SubjectSet,
)

# What the bot takes for granted about lists.
LAG_SECONDS: Final = 120
DAY: Final = timedelta(days=1)
LONGEST_REASON: Final = 2_000
GIVES: Final = "gives the account made for it access to the package made for it, and takes it away"


async def with_approval(bench: Bench) -> Observation:
    """Give access under a policy with a stage of approval."""
    return await _under_approval(bench, "With approval")


async def with_approval_and_end(bench: Bench) -> Observation:
    """The same for a day, as emergency access is given."""
    end = datetime.now(UTC).replace(microsecond=0) + DAY
    return await _under_approval(bench, "With approval, for a day", schedule=schedule_until(end))


async def _under_approval(bench: Bench, name: str, **more: Any) -> Observation:
    scene, made = await clean_scene(bench)
    people = bench.people
    approver = people.known(RehearsalRole.APPROVER) if people is not None else None
    # Whoever has signed in can end what waits; an app cannot.
    approvers = [made.person_id, *([approver.object_id] if approver else [])]
    policy = await scene.policy(
        name,
        package_id=made.package_id,
        target=SubjectSet.user(made.person_id),
        request_approval_settings=ApprovalSettings(
            is_approval_required_for_add=True,
            is_approval_required_for_update=False,
            stages=[
                ApprovalStage(
                    # Should Entra ask them all the same, nobody could end it sooner.
                    duration_before_automatic_denial=DAY,
                    is_approver_justification_required=False,
                    is_escalation_enabled=False,
                    primary_approvers=[SubjectSet.user(each) for each in approvers],
                )
            ],
        ),
    )
    asked = await give(bench, policy.id, **more)
    if asked.code == "ExistingOpenRequest":
        return unclear("what the experiment before has asked for still waits")
    if not asked.ok:
        return otherwise(f"adminAdd is refused: {asked.said}")
    state = await until_over(bench, asked, also=frozenset({"pendingApproval"}))
    if approver is not None and state == "pendingApproval":
        request_id, calls = str(asked.body["id"]), bench.calls.named(approver)

        async def deny() -> None:
            stage, _ = await stage_in_progress(bench, calls, request_id, "stages")
            if stage is not None:
                await decide(calls, request_id, "stages", str(stage["id"]), review="Deny")

        scene.waiting[request_id] = deny
    return as_hoped(state == "delivered", f"adminAdd under a policy with approval became {state}")


async def out_of_scope(bench: Bench) -> Observation:
    """Give access under a policy that is for other people."""
    scene, made = await clean_scene(bench)
    # The group has no member before anything is given.
    policy = await scene.policy(
        "For others", package_id=made.package_id, target=SubjectSet.group(made.group_id)
    )
    asked = await give(bench, policy.id)
    state = await until_over(bench, asked) if asked.ok else "refused"
    return as_hoped(not asked.ok, f"adminAdd for somebody outside the scope: {asked.said}, {state}")


async def twice(bench: Bench) -> Observation:
    """Give the same access twice in a row, and once more when it is there."""
    _, made = await clean_scene(bench)
    first = await give(bench, made.policy_id)
    second = await give(bench, made.policy_id)
    if not first.ok:
        return otherwise(f"the first is refused: {first.said}")
    await until_over(bench, first)
    third = await give(bench, made.policy_id)
    for each in (second, third):
        if each.ok:
            await until_over(bench, each)
    said = f"at once: {second.said}; when it was there: {third.said}"
    return as_hoped(not second.ok, said)


async def justification(bench: Bench) -> Observation:
    """Give access with a reason of 2,000 characters, and read the request."""
    _, made = await clean_scene(bench)
    tag = "[latchkey 0123456789abcdef]"
    signs = "ä“\\" * 500
    reason = f"{signs}{'x' * (LONGEST_REASON - len(signs) - len(tag))}{tag}"
    asked = await give(bench, made.policy_id, justification=reason)
    if not asked.ok:
        return otherwise(f"a reason of {len(reason)} characters: {asked.said}")
    read = await bench.calls.get(f"{REQUESTS}/{asked.body['id']}")
    kept = str(read.body.get("justification") or "")
    await until_over(bench, asked)
    said = f"of {len(reason)} characters {len(kept)} came back, {'unchanged' if kept == reason else 'changed'}"
    return as_hoped(kept == reason, said)


async def read_lag(bench: Bench) -> Observation:
    """Give access, and list until it shows: the request, and the assignment."""
    _, made = await clean_scene(bench)
    asked = await give(bench, made.policy_id)
    if not asked.ok:
        return otherwise(f"adminAdd is refused: {asked.said}")
    requests = await seconds_until(bench, lambda: lists_request(bench, asked))
    delivered = await seconds_until(bench, lambda: is_delivered(bench, asked))
    assignments = await seconds_until(bench, lambda: lists_assignment(bench))
    if requests is None:
        return otherwise(f"the request was in no list for {PATIENCE_SECONDS} s")
    said = (
        f"the request was listed after {requests:.0f} s, delivered {shown_seconds(delivered)} later, and the assignment listed "
        f"{shown_seconds(assignments)} after that"
    )
    return as_hoped(requests <= LAG_SECONDS, said)


async def ends_by_date(bench: Bench) -> Observation:
    """Read the end of an assignment under a policy of 30 days."""
    held = await given_access(bench)
    expiration = expiration_of(held)
    return as_hoped(
        expiration.get("type") == "afterDateTime",
        f"type {expiration.get('type')}, with {', '.join(sorted(name for name, each in expiration.items() if each))}",
    )


async def expanded_request(bench: Bench) -> Observation:
    """Read a delivered request with its assignment, package and person expanded."""
    _, made = await clean_scene(bench)
    asked = await give(bench, made.policy_id)
    if not asked.ok:
        return otherwise(f"adminAdd is refused: {asked.said}")
    await until_over(bench, asked)
    read = await bench.calls.get(
        f"{REQUESTS}/{asked.body['id']}", expand="assignment($expand=target,accessPackage)"
    )
    assignment = read.body.get("assignment") or {}
    there = [
        name for name in ("state", "schedule", "target", "accessPackage") if assignment.get(name)
    ]
    return as_hoped(
        len(there) == 4, f"{read.said}; the assignment has {', '.join(there) or 'nothing'}"
    )


async def early_end(bench: Bench) -> Observation:
    """Give access for a day under a policy of 30 days whose requesters may not choose dates."""
    end = datetime.now(UTC).replace(microsecond=0) + DAY
    held = await given_access(bench, schedule=schedule_until(end))
    shown = read_moment(expiration_of(held).get("endDateTime"))
    if shown is None:
        return otherwise("the assignment has no end")
    apart = abs(shown - end)
    return as_hoped(
        apart < timedelta(minutes=5), f"the end shown is {apart} from the one asked for"
    )


async def late_end(bench: Bench) -> Observation:
    """Extend beyond the longest time of the policy, and look what became of the start."""
    began = datetime.now(UTC)
    held = await given_access(bench)
    before = read_moment(expiration_of(held).get("endDateTime"))
    start = start_of(held)
    after_grant = f"it starts {start - began} after it was asked for" if start else "no start"
    asked = await bench.calls.send(
        "POST",
        REQUESTS,
        body={
            "requestType": "adminUpdate",
            "assignment": {"id": held["id"]},
            "schedule": schedule_until(datetime.now(UTC).replace(microsecond=0) + 90 * DAY),
        },
    )
    if not asked.ok:
        return unclear(
            f"an end in 90 days under a policy of 30: refused with {asked.said}; {after_grant}"
        )
    state = await until_over(bench, asked)
    later = (await lists_assignment(bench)) or held
    now = read_moment(expiration_of(later).get("endDateTime"))
    moved = (now - before).days if now and before else "unknown"
    new_start = start_of(later)
    start_moved = new_start - start if new_start and start else "unknown"
    return unclear(
        f"an end in 90 days under a policy of 30: {state}, and the end moved by {moved} days; "
        f"{after_grant}, and the extension moved that by {start_moved}"
    )


async def incompatible(bench: Bench) -> Observation:
    """Give a package to somebody who has one that is incompatible with it."""
    scene, made = await clean_scene(bench)
    await given_access(bench)
    other = await scene.second_package(made)
    policy = await scene.policy(
        "Open too", package_id=other, target=SubjectSet.user(made.person_id)
    )
    await bench.graph.incompatibilities.add_package(other, other_id=made.package_id)
    try:
        asked = await give(bench, policy.id, package_id=other)
        state = await until_over(bench, asked) if asked.ok else "refused"
    finally:
        await bench.graph.incompatibilities.remove_package(other, other_id=made.package_id)
    return as_hoped(not asked.ok, f"adminAdd of an incompatible package: {asked.said}, {state}")


async def questions(bench: Bench) -> Observation:
    """Give access under a policy with a required question, without an answer."""
    scene, made = await clean_scene(bench)
    policy = await scene.policy(
        "With a question",
        package_id=made.package_id,
        target=SubjectSet.user(made.person_id),
        questions=[
            AccessPackageQuestion.model_validate(
                {
                    "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
                    "text": "A number",
                    "isRequired": True,
                    "isAnswerEditable": True,
                    "isSingleLineQuestion": True,
                    "regexPattern": "[0-9]+",
                    "sequence": 0,
                }
            )
        ],
    )
    asked = await give(bench, policy.id)
    state = await until_over(bench, asked) if asked.ok else "refused"
    return unclear(f"adminAdd without the answer to a required question: {asked.said}, {state}")


async def reading_what_is_gone(bench: Bench) -> Observation:
    """Take access away, and read the assignment by its id."""
    scene, _ = await clean_scene(bench)
    held = await given_access(bench)
    await scene.end_access()
    seen = []
    for _ in range(5):
        answer = await bench.calls.get(f"{ASSIGNMENTS}/{held['id']}")
        seen.append(f"{answer.said} {answer.body.get('state', '')}".strip())
        await bench.sleep(GLANCE_SECONDS)
    is_live = any("delivered" in each for each in seen)
    return as_hoped(not is_live, f"read five times after its removal: {', '.join(seen)}")


def gives(
    name: str,
    run: Callable[[Bench], Awaitable[Observation]],
    question: str,
    *rows: str,
    writes: str = GIVES,
) -> Experiment:
    """Make an experiment that writes in the tenant."""
    return Experiment(
        name=name, rows=rows, question=question, service=GRAPH, run=run, writes=writes
    )


GRANTING: Final = (
    gives(
        "scope",
        out_of_scope,
        "Does adminAdd refuse somebody outside the policy's scope?",
        "Whether `adminAdd` refuses somebody outside",
    ),
    gives(
        "twice",
        twice,
        "Does Graph refuse a second adminAdd, and how?",
        "Whether Graph refuses a second `adminAdd`",
    ),
    gives(
        "justification",
        justification,
        "Does a long justification come back unchanged?",
        "Whether the `justification` of a request comes back",
        "How long a `justification` may be",
    ),
    gives(
        "read-lag",
        read_lag,
        "How soon do lists show a request, and how long does delivery take?",
        "How long a new request takes to show up",
        "How long delivery takes",
        "Whether an assignment that is delivered may show before",
    ),
    gives(
        "end",
        ends_by_date,
        "Has an assignment under a policy of 30 days a date as its end?",
        "Whether the assignment of a 30-day policy",
    ),
    gives(
        "expanded-request",
        expanded_request,
        "Does a request come with its assignment's state and schedule?",
        "Whether a request read with `$expand=assignment",
    ),
    gives(
        "early-end",
        early_end,
        "Does adminAdd take an earlier end than the policy's?",
        "Whether `adminAdd` takes a `schedule`",
    ),
    gives(
        "late-end",
        late_end,
        "What does adminUpdate do with an end beyond the policy's longest time, and with the start?",
        "What `adminUpdate` does with an end beyond",
        "What the start of an assignment is",
    ),
    gives(
        "incompatible",
        incompatible,
        "Does adminAdd refuse an incompatible package?",
        "Whether Entra refuses `adminAdd` for incompatible",
    ),
    gives(
        "questions",
        questions,
        "Is adminAdd stopped by a required question?",
        "Whether `adminAdd` is stopped by questions",
        "Whether adminAdd checks `answers`",
    ),
    gives(
        "gone",
        reading_what_is_gone,
        "Is access that was taken away ever shown again under its id?",
        "Whether an assignment that Graph called expired",
        "Whether Graph answers 404 to a read",
    ),
)
# Last: should Entra ask the approvers, what they are asked keeps the account from being given anything else.
UNDER_APPROVAL: Final = (
    gives(
        "approval",
        with_approval,
        "Does adminAdd run the policy's approval stages?",
        "Whether `adminAdd` runs the policy's approval stages",
    ),
    gives(
        "emergency",
        with_approval_and_end,
        "Does adminAdd with an end give access at once under a policy with approval?",
        "Whether an `adminAdd` with an end gives access at once",
    ),
)

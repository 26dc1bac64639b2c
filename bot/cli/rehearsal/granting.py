"""Experiments that give access to an account made for it, and take it away again."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from bot.cli.rehearsal.bench import Bench, GraphAnswer
from bot.cli.rehearsal.model import (
    Experiment,
    NotPossible,
    Observation,
    as_hoped,
    otherwise,
    unclear,
)
from bot.cli.rehearsal.reading import ENTITLEMENT, GRAPH
from bot.cli.rehearsal.scene import Made, TrialScene
from graph.models import (
    AccessPackageQuestion,
    ApprovalSettings,
    ApprovalStage,
    SubjectSet,
)

Found = TypeVar("Found")
REQUESTS: Final = f"{ENTITLEMENT}/assignmentRequests"
ASSIGNMENTS: Final = f"{ENTITLEMENT}/assignments"
# What the bot takes for granted about lists.
LAG_SECONDS: Final = 120
PATIENCE_SECONDS: Final = 900
GLANCE_SECONDS: Final = 2.0
DAY: Final = timedelta(days=1)
LONGEST_REASON: Final = 2_000
OVER: Final = frozenset({"delivered", "denied", "canceled", "deliveryFailed", "partiallyDelivered"})
GIVES: Final = "gives the account made for it access to the package made for it, and takes it away"


async def with_approval(bench: Bench) -> Observation:
    """Give access under a policy with a stage of approval."""
    return await _under_approval(bench, "With approval")


async def with_approval_and_end(bench: Bench) -> Observation:
    """The same for a day, as emergency access is given."""
    end = datetime.now(UTC).replace(microsecond=0) + DAY
    return await _under_approval(bench, "With approval, for a day", schedule=_schedule(end))


async def _under_approval(bench: Bench, name: str, **more: Any) -> Observation:
    scene, made = await _scene(bench)
    policy = await scene.policy(
        name,
        package_id=made.package_id,
        target=SubjectSet.user(made.person_id),
        request_approval_settings=ApprovalSettings(
            is_approval_required_for_add=True,
            is_approval_required_for_update=False,
            stages=[
                ApprovalStage(
                    duration_before_automatic_denial=14 * DAY,
                    is_approver_justification_required=False,
                    is_escalation_enabled=False,
                    primary_approvers=[SubjectSet.user(made.person_id)],
                )
            ],
        ),
    )
    asked = await _give(bench, policy.id, **more)
    if not asked.ok:
        return otherwise(f"adminAdd is refused: {asked.said}")
    state = await _until_over(bench, asked, also=frozenset({"pendingApproval"}))
    return as_hoped(state == "delivered", f"adminAdd under a policy with approval became {state}")


async def out_of_scope(bench: Bench) -> Observation:
    """Give access under a policy that is for other people."""
    scene, made = await _scene(bench)
    # The group has no member before anything is given.
    policy = await scene.policy(
        "For others", package_id=made.package_id, target=SubjectSet.group(made.group_id)
    )
    asked = await _give(bench, policy.id)
    state = await _until_over(bench, asked) if asked.ok else "refused"
    return as_hoped(not asked.ok, f"adminAdd for somebody outside the scope: {asked.said}, {state}")


async def twice(bench: Bench) -> Observation:
    """Give the same access twice in a row, and once more when it is there."""
    _, made = await _scene(bench)
    first = await _give(bench, made.policy_id)
    second = await _give(bench, made.policy_id)
    if not first.ok:
        return otherwise(f"the first is refused: {first.said}")
    await _until_over(bench, first)
    third = await _give(bench, made.policy_id)
    for each in (second, third):
        if each.ok:
            await _until_over(bench, each)
    said = f"at once: {second.said}; when it was there: {third.said}"
    return as_hoped(not second.ok, said)


async def justification(bench: Bench) -> Observation:
    """Give access with a reason of 2,000 characters, and read the request."""
    _, made = await _scene(bench)
    tag = "[latchkey 0123456789abcdef]"
    signs = "ä“\\" * 500
    reason = f"{signs}{'x' * (LONGEST_REASON - len(signs) - len(tag))}{tag}"
    asked = await _give(bench, made.policy_id, justification=reason)
    if not asked.ok:
        return otherwise(f"a reason of {len(reason)} characters: {asked.said}")
    read = await bench.calls.get(f"{REQUESTS}/{asked.body['id']}")
    kept = str(read.body.get("justification") or "")
    await _until_over(bench, asked)
    said = f"of {len(reason)} characters {len(kept)} came back, {'unchanged' if kept == reason else 'changed'}"
    return as_hoped(kept == reason, said)


async def read_lag(bench: Bench) -> Observation:
    """Give access, and list until it shows: the request, and the assignment."""
    _, made = await _scene(bench)
    asked = await _give(bench, made.policy_id)
    if not asked.ok:
        return otherwise(f"adminAdd is refused: {asked.said}")
    requests = await _seconds_until(bench, lambda: _lists_request(bench, asked))
    delivered = await _seconds_until(bench, lambda: _is_delivered(bench, asked))
    assignments = await _seconds_until(bench, lambda: _lists_assignment(bench))
    if requests is None:
        return otherwise(f"the request was in no list for {PATIENCE_SECONDS} s")
    said = (
        f"the request was listed after {requests:.0f} s, delivered {_shown(delivered)} later, and the assignment listed "
        f"{_shown(assignments)} after that"
    )
    return as_hoped(requests <= LAG_SECONDS, said)


async def ends_by_date(bench: Bench) -> Observation:
    """Read the end of an assignment under a policy of 30 days."""
    held = await _held(bench)
    expiration = _expiration(held)
    return as_hoped(
        expiration.get("type") == "afterDateTime",
        f"type {expiration.get('type')}, with {', '.join(sorted(name for name, each in expiration.items() if each))}",
    )


async def expanded_request(bench: Bench) -> Observation:
    """Read a delivered request with its assignment, package and person expanded."""
    _, made = await _scene(bench)
    asked = await _give(bench, made.policy_id)
    if not asked.ok:
        return otherwise(f"adminAdd is refused: {asked.said}")
    await _until_over(bench, asked)
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
    held = await _held(bench, schedule=_schedule(end))
    shown = _moment(_expiration(held).get("endDateTime"))
    if shown is None:
        return otherwise("the assignment has no end")
    apart = abs(shown - end)
    return as_hoped(
        apart < timedelta(minutes=5), f"the end shown is {apart} from the one asked for"
    )


async def late_end(bench: Bench) -> Observation:
    """Extend beyond the longest time of the policy, and look what became of the start."""
    began = datetime.now(UTC)
    held = await _held(bench)
    before = _moment(_expiration(held).get("endDateTime"))
    start = _start(held)
    after_grant = f"it starts {start - began} after it was asked for" if start else "no start"
    asked = await bench.calls.send(
        "POST",
        REQUESTS,
        body={
            "requestType": "adminUpdate",
            "assignment": {"id": held["id"]},
            "schedule": _schedule(datetime.now(UTC).replace(microsecond=0) + 90 * DAY),
        },
    )
    if not asked.ok:
        return unclear(
            f"an end in 90 days under a policy of 30: refused with {asked.said}; {after_grant}"
        )
    state = await _until_over(bench, asked)
    later = (await _lists_assignment(bench)) or held
    now = _moment(_expiration(later).get("endDateTime"))
    moved = (now - before).days if now and before else "unknown"
    new_start = _start(later)
    start_moved = new_start - start if new_start and start else "unknown"
    return unclear(
        f"an end in 90 days under a policy of 30: {state}, and the end moved by {moved} days; "
        f"{after_grant}, and the extension moved that by {start_moved}"
    )


async def incompatible(bench: Bench) -> Observation:
    """Give a package to somebody who has one that is incompatible with it."""
    scene, made = await _scene(bench)
    await _held(bench)
    other = await scene.second_package(made)
    policy = await scene.policy(
        "Open too", package_id=other, target=SubjectSet.user(made.person_id)
    )
    await bench.graph.incompatibilities.add_package(other, other_id=made.package_id)
    try:
        asked = await _give(bench, policy.id, package_id=other)
        state = await _until_over(bench, asked) if asked.ok else "refused"
    finally:
        await bench.graph.incompatibilities.remove_package(other, other_id=made.package_id)
    return as_hoped(not asked.ok, f"adminAdd of an incompatible package: {asked.said}, {state}")


async def questions(bench: Bench) -> Observation:
    """Give access under a policy with a required question, without an answer."""
    scene, made = await _scene(bench)
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
    asked = await _give(bench, policy.id)
    state = await _until_over(bench, asked) if asked.ok else "refused"
    return unclear(f"adminAdd without the answer to a required question: {asked.said}, {state}")


async def reading_what_is_gone(bench: Bench) -> Observation:
    """Take access away, and read the assignment by its id."""
    scene, _ = await _scene(bench)
    held = await _held(bench)
    await scene.end_access()
    seen = []
    for _ in range(5):
        answer = await bench.calls.get(f"{ASSIGNMENTS}/{held['id']}")
        seen.append(f"{answer.said} {answer.body.get('state', '')}".strip())
        await bench.sleep(GLANCE_SECONDS)
    is_live = any("delivered" in each for each in seen)
    return as_hoped(not is_live, f"read five times after its removal: {', '.join(seen)}")


async def _scene(bench: Bench) -> tuple[TrialScene, Made]:
    if bench.scene is None:
        raise NotPossible("it takes --domain, for the account that it makes")
    made = await bench.scene.ready()
    # Nothing is left of the experiment before.
    await bench.scene.end_access()
    return bench.scene, made


def _made(bench: Bench) -> Made:
    if bench.scene is None or bench.scene.made is None:
        raise NotPossible("nothing was made for it")
    return bench.scene.made


async def _give(
    bench: Bench, policy_id: str, *, package_id: str | None = None, **more: Any
) -> GraphAnswer:
    made = _made(bench)
    return await bench.calls.send(
        "POST",
        REQUESTS,
        body={
            "requestType": "adminAdd",
            "assignment": {
                "targetId": made.person_id,
                "assignmentPolicyId": policy_id,
                "accessPackageId": package_id or made.package_id,
            },
            "justification": "latchkey rehearse",
            **more,
        },
    )


async def _until_over(
    bench: Bench, asked: GraphAnswer, *, also: frozenset[str] = frozenset()
) -> str:
    """Wait until a request is over, or in one of some states; returns its state, or "under way"."""

    async def look() -> str | None:
        read = await bench.calls.get(f"{REQUESTS}/{asked.body['id']}")
        state = str(read.body.get("state") or "")
        return state if state in OVER | also else None

    return await _eventually(bench, look) or "under way"


async def _held(bench: Bench, **more: Any) -> Mapping[str, Any]:
    """Give access, and return the assignment as it is listed."""
    _, made = await _scene(bench)
    asked = await _give(bench, made.policy_id, **more)
    if not asked.ok:
        raise NotPossible(f"access could not be given: {asked.said}")
    await _until_over(bench, asked)
    held: Mapping[str, Any] | None = await _eventually(bench, lambda: _lists_assignment(bench))
    if held is None:
        raise NotPossible("the assignment was in no list")
    return held


async def _lists_request(bench: Bench, asked: GraphAnswer) -> bool:
    made = _made(bench)
    found = await bench.calls.get(REQUESTS, filter=f"accessPackage/id eq '{made.package_id}'")
    return asked.body["id"] in {each.get("id") for each in found.items}


async def _is_delivered(bench: Bench, asked: GraphAnswer) -> bool:
    read = await bench.calls.get(f"{REQUESTS}/{asked.body['id']}")
    return read.body.get("state") == "delivered"


async def _lists_assignment(bench: Bench) -> Mapping[str, Any] | None:
    made = _made(bench)
    found = await bench.calls.get(ASSIGNMENTS, filter=f"accessPackage/id eq '{made.package_id}'")
    return next((each for each in found.items if each.get("state") == "delivered"), None)


async def _eventually(bench: Bench, look: Callable[[], Awaitable[Found | None]]) -> Found | None:
    waited = 0.0
    while not (found := await look()):
        if waited >= PATIENCE_SECONDS:
            return None
        await bench.sleep(GLANCE_SECONDS)
        waited += GLANCE_SECONDS
    return found


async def _seconds_until(bench: Bench, look: Callable[[], Awaitable[Any]]) -> float | None:
    """Return how long something took to show, in the steps of the looks."""
    waited = 0.0
    while not await look():
        if waited >= PATIENCE_SECONDS:
            return None
        await bench.sleep(GLANCE_SECONDS)
        waited += GLANCE_SECONDS
    return waited


def _shown(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.0f} s"


def _schedule(end: datetime) -> dict[str, Any]:
    return {
        "startDateTime": None,
        "expiration": {"type": "afterDateTime", "endDateTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")},
    }


def _expiration(held: Mapping[str, Any]) -> Mapping[str, Any]:
    schedule = held.get("schedule")
    found = schedule.get("expiration") if isinstance(schedule, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _start(held: Mapping[str, Any]) -> datetime | None:
    schedule = held.get("schedule")
    return _moment(schedule.get("startDateTime")) if isinstance(schedule, Mapping) else None


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str):
        return None
    # More digits than Python reads.
    whole = text.partition(".")[0].rstrip("Z")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC)


def _gives(
    name: str, run: Callable[[Bench], Awaitable[Observation]], question: str, *rows: str
) -> Experiment:
    return Experiment(name=name, rows=rows, question=question, service=GRAPH, run=run, writes=GIVES)


GRANTING: Final = (
    _gives(
        "approval",
        with_approval,
        "Does adminAdd run the policy's approval stages?",
        "Whether `adminAdd` runs the policy's approval stages",
    ),
    _gives(
        "emergency",
        with_approval_and_end,
        "Does adminAdd with an end give access at once under a policy with approval?",
        "Whether an `adminAdd` with an end gives access at once",
    ),
    _gives(
        "scope",
        out_of_scope,
        "Does adminAdd refuse somebody outside the policy's scope?",
        "Whether `adminAdd` refuses somebody outside",
    ),
    _gives(
        "twice",
        twice,
        "Does Graph refuse a second adminAdd, and how?",
        "Whether Graph refuses a second `adminAdd`",
    ),
    _gives(
        "justification",
        justification,
        "Does a long justification come back unchanged?",
        "Whether the `justification` of a request comes back",
        "How long a `justification` may be",
    ),
    _gives(
        "read-lag",
        read_lag,
        "How soon do lists show a request, and how long does delivery take?",
        "How long a new request takes to show up",
        "How long delivery takes",
        "Whether an assignment that is delivered may show before",
    ),
    _gives(
        "end",
        ends_by_date,
        "Has an assignment under a policy of 30 days a date as its end?",
        "Whether the assignment of a 30-day policy",
    ),
    _gives(
        "expanded-request",
        expanded_request,
        "Does a request come with its assignment's state and schedule?",
        "Whether a request read with `$expand=assignment",
    ),
    _gives(
        "early-end",
        early_end,
        "Does adminAdd take an earlier end than the policy's?",
        "Whether `adminAdd` takes a `schedule`",
    ),
    _gives(
        "late-end",
        late_end,
        "What does adminUpdate do with an end beyond the policy's longest time, and with the start?",
        "What `adminUpdate` does with an end beyond",
        "What the start of an assignment is",
    ),
    _gives(
        "incompatible",
        incompatible,
        "Does adminAdd refuse an incompatible package?",
        "Whether Entra refuses `adminAdd` for incompatible",
    ),
    _gives(
        "questions",
        questions,
        "Is adminAdd stopped by a required question?",
        "Whether `adminAdd` is stopped by questions",
        "Whether adminAdd checks `answers`",
    ),
    _gives(
        "gone",
        reading_what_is_gone,
        "Is access that was taken away ever shown again under its id?",
        "Whether an assignment that Graph called expired",
        "Whether Graph answers 404 to a read",
    ),
)

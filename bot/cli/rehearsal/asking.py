"""Experiments in which a test person asks, extends, gives back and cancels in their own name."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.cli.rehearsal.bench import Bench
from bot.cli.rehearsal.errors import NotPossible
from bot.cli.rehearsal.in_own_name import OwnScene, approval, own_scene
from bot.cli.rehearsal.model import Experiment, Observation, as_hoped, otherwise, unclear
from bot.cli.rehearsal.reading import ENTITLEMENT, GRAPH
from bot.cli.rehearsal.trial_access import (
    ASSIGNMENTS,
    REQUESTS,
    eventually,
    lists_assignment,
    schedule_until,
    until_over,
)
from graph.models import AccessPackageQuestion, AssignmentPolicy, RequestorSettings, SubjectSet

DAY: Final = timedelta(days=1)
ASKS: Final = "has the requester ask for the package made for it, and takes the access away"
APP_SEES: Final = "assignment($expand=target,assignmentPolicy),requestor"


async def own_requests(bench: Bench) -> Observation:
    """Ask and extend inside the scope of a policy, and ask outside of it."""
    own = await own_scene(bench)
    policy = await own.policy("For the requester")
    asked = await own.ask(policy.id)
    if not asked.ok:
        return otherwise(f"userAdd inside the scope is refused: {asked.said}")
    state = await own.state(asked)
    held = await eventually(bench, lambda: lists_assignment(bench))
    if held is None:
        return otherwise(f"userAdd inside the scope became {state}, and is in no list")
    end = datetime.now(UTC).replace(microsecond=0) + 20 * DAY
    extended = await own.send(
        "userUpdate", assignment={"id": held["id"]}, schedule=schedule_until(end)
    )
    later = await own.state(extended) if extended.ok else "refused"
    await own.scene.end_access()
    others = await own.scene.policy(
        "For others", package_id=own.made.package_id, target=SubjectSet.user(own.made.person_id)
    )
    outside = await own.ask(others.id)
    if outside.ok:
        await own.state(outside)
    said = f"userAdd: {asked.said}, {state}; userUpdate: {extended.said}, {later}; userAdd outside the scope: {outside.said}"
    return as_hoped(state == later == "delivered" and not outside.ok, said)


async def finished_request(bench: Bench) -> Observation:
    """Read with the app's token what was asked for without an approval."""
    own = await own_scene(bench)
    policy = await own.policy("For the requester")
    asked = await own.ask(policy.id)
    if not asked.ok:
        return otherwise(f"userAdd is refused: {asked.said}")
    state = await own.state(asked)
    return await _seen_by_the_app(
        bench, own, str(asked.body["id"]), state, "assignment", "requestor is the requester"
    )


async def waiting_request(bench: Bench) -> Observation:
    """Read with the app's token what waits for an approval."""
    own = await own_scene(bench)
    policy = await _with_approval(own)
    request_id = await own.waiting(policy)
    # Latchkey goes by the policies where the assignment is not shown.
    return await _seen_by_the_app(
        bench, own, request_id, "pendingApproval", "requestor is the requester"
    )


async def _seen_by_the_app(
    bench: Bench, own: OwnScene, request_id: str, state: str, *needed: str
) -> Observation:
    read = await bench.calls.get(f"{REQUESTS}/{request_id}", expand=APP_SEES)
    assignment = read.body.get("assignment") or {}
    target = (assignment.get("target") or {}).get("objectId")
    requestor = (read.body.get("requestor") or {}).get("objectId")
    facts = {
        "assignment": bool(assignment),
        "policy": bool(assignment.get("assignmentPolicy")),
        "target is the requester": target == own.requester.object_id,
        "requestor is the requester": requestor == own.requester.object_id,
    }
    shown = ", ".join(f"{name}: {'yes' if is_so else 'no'}" for name, is_so in facts.items())
    is_hoped = read.ok and all(facts[each] for each in needed)
    return as_hoped(is_hoped, f"{state}; the app reads {read.said}: {shown}")


async def canceling(bench: Bench) -> Observation:
    """Cancel what waits for an approval, and what is delivered."""
    own = await own_scene(bench)
    request_id = await own.waiting(await _with_approval(own))
    canceled = await own.cancel(request_id)
    read = await bench.calls.get(f"{REQUESTS}/{request_id}")
    state = str(read.body.get("state") or "unknown")
    open_one = await own.policy("For the requester")
    asked = await own.ask(open_one.id)
    over = await own.state(asked) if asked.ok else "refused"
    late = await own.cancel(str(asked.body.get("id")))
    said = f"what waits: {canceled.said}, then {state}; what is {over}: {late.said}"
    is_hoped = canceled.ok and state in ("canceled", "cancelled") and late.status in (400, 403)
    return as_hoped(is_hoped, said)


async def returning(bench: Bench) -> Observation:
    """Give access back by the assignment's id, once under a policy that does not let people."""
    own = await own_scene(bench)
    free = await own.policy("For the requester")
    held = await own.held(free.id)
    back = await own.send("userRemove", assignment={"id": held["id"]})
    state = await own.state(back) if back.ok else "refused"
    gone = await eventually(bench, lambda: _is_gone(bench, str(held["id"]))) if back.ok else False
    await own.scene.end_access()
    strict = await own.policy(
        "Not to be given back",
        requestor_settings=RequestorSettings(
            enable_targets_to_self_add_access=True,
            enable_targets_to_self_update_access=True,
            enable_targets_to_self_remove_access=False,
        ),
    )
    kept = await own.held(strict.id)
    refused = await own.send("userRemove", assignment={"id": kept["id"]})
    said = f"userRemove by the assignment's id: {back.said}, {state}; under a policy that does not let people: {refused.said}"
    return as_hoped(back.ok and bool(gone) and not refused.ok, said)


async def _is_gone(bench: Bench, assignment_id: str) -> bool:
    answer = await bench.calls.get(f"{ASSIGNMENTS}/{assignment_id}")
    return answer.status == 404 or answer.body.get("state") != "delivered"


async def removal_meanwhile(bench: Bench) -> Observation:
    """Have an extension wait, and take the access away with the app's token."""
    own = await own_scene(bench)
    policy = await own.policy(
        "Extensions with approval",
        request_approval_settings=approval(
            SubjectSet.user(own.made.person_id), for_add=False, for_update=True
        ),
    )
    held = await own.held(policy.id)
    end = datetime.now(UTC).replace(microsecond=0) + 20 * DAY
    extended = await own.send(
        "userUpdate", assignment={"id": held["id"]}, schedule=schedule_until(end)
    )
    state = await own.state(extended) if extended.ok else f"refused: {extended.said}"
    if state != "pendingApproval":
        return unclear(f"the extension became {state}, so that none waits")
    removal = await bench.calls.send(
        "POST",
        REQUESTS,
        body={"requestType": "adminRemove", "assignment": {"id": held["id"]}},
    )
    if removal.ok:
        later = await until_over(bench, removal)
        return unclear(f"adminRemove while an extension waits: {removal.said}, {later}")
    known = removal.code == "ExistingOpenRequest" or removal.status == 409
    return as_hoped(known, f"adminRemove while an extension waits: {removal.said}")


async def own_lists(bench: Bench) -> Observation:
    """List in the requester's name what is theirs."""
    own = await own_scene(bench)
    policy = await own.policy("For the requester")
    held = await own.held(policy.id)
    said, fine = [], True
    for what, on in (
        ("accessPackages", "allowedRequestor"),
        ("assignments", "target"),
        ("assignmentRequests", "target"),
        ("assignmentRequests", "createdBy"),
    ):
        path = f"{ENTITLEMENT}/{what}/filterByCurrentUser(on='{on}')"
        answer = await own.graph.get(path)
        ids = {each.get("id") for each in await own.graph.list(path)}
        wanted = {"accessPackages": own.made.package_id, "assignments": held["id"]}.get(what)
        has = wanted in ids if wanted else bool(ids)
        said.append(f"{what} on {on}: {answer.said}, {'with' if has else 'without'} the one made")
        # What is hidden may be left out of what one may ask for.
        fine = fine and answer.ok and (has or what == "accessPackages")
    return as_hoped(fine, "; ".join(said))


def _question(**more: Any) -> AccessPackageQuestion:
    return AccessPackageQuestion.model_validate(
        {
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "text": "A number",
            "isRequired": True,
            "isAnswerEditable": True,
            "isSingleLineQuestion": True,
            "sequence": 0,
            **more,
        }
    )


async def own_answers(bench: Bench) -> Observation:
    """Answer a question whose regular expression is a part of the answer, then all of it."""
    own = await own_scene(bench)
    policy = await _with_question(own, regexPattern="[0-9]+")
    tried = {
        "without an answer": (),
        "with a part that fits": ("a1b",),
        "with an answer that fits": ("1",),
    }
    said = {}
    for name, given in tried.items():
        asked = await own.ask(policy.id, answers=[_answer(policy, each) for each in given])
        state = await own.state(asked) if asked.ok else "refused"
        said[name] = asked.ok
        tried[name] = (f"{name}: {asked.said}, {state}",)
        await own.scene.end_access()
    shown = "; ".join(each[0] for each in tried.values())
    # Whether a part is enough, nobody relies on.
    is_hoped = said["with an answer that fits"] and not said["without an answer"]
    return as_hoped(is_hoped, shown)


async def _with_question(own: OwnScene, **more: Any) -> AssignmentPolicy:
    """Return a policy with a required question, read anew: only so it has the question's id."""
    made = await own.policy("With a question", questions=[_question(**more)])
    return await own.bench.graph.policies.get(made.id)


def _answer(policy: AssignmentPolicy, text: str) -> dict[str, Any]:
    question = next(iter(policy.questions or ()), None)
    if question is None:
        raise NotPossible("the policy that was made shows no question")
    return {
        "@odata.type": "#microsoft.graph.accessPackageAnswerString",
        "value": text,
        "displayValue": text,
        "answeredQuestion": {
            "@odata.type": "#microsoft.graph.accessPackageTextInputQuestion",
            "id": question.id,
        },
    }


async def questions_again(bench: Bench) -> Observation:
    """Extend access without answers under a policy with a required question."""
    own = await own_scene(bench)
    policy = await _with_question(own)
    asked = await own.ask(policy.id, answers=[_answer(policy, "1")])
    if not asked.ok:
        return unclear(f"userAdd with an answer is refused: {asked.said}")
    await own.state(asked)
    held = await eventually(bench, lambda: lists_assignment(bench))
    if held is None:
        return unclear("the assignment was in no list")
    end = datetime.now(UTC).replace(microsecond=0) + 20 * DAY
    extended = await own.send(
        "userUpdate", assignment={"id": held["id"]}, schedule=schedule_until(end)
    )
    state = await own.state(extended) if extended.ok else "refused"
    return as_hoped(extended.ok, f"userUpdate without answers: {extended.said}, {state}")


async def for_somebody_else(bench: Bench) -> Observation:
    """Ask for the account that was made, under a policy that lets the requester, and under one that does not."""
    own = await own_scene(bench)
    target = SubjectSet.user(own.made.person_id)
    said = {}
    for name, may in (("that lets them", True), ("that does not", False)):
        settings = RequestorSettings(
            enable_targets_to_self_add_access=True,
            enable_on_behalf_requestors_to_add_access=may,
            on_behalf_requestors=[SubjectSet.user(own.requester.object_id)] if may else [],
        )
        policy = await own.scene.policy(
            f"On behalf {may}",
            package_id=own.made.package_id,
            target=target,
            requestor_settings=settings,
        )
        asked = await own.send(
            "userAdd",
            assignment={
                "targetId": own.made.person_id,
                "assignmentPolicyId": policy.id,
                "accessPackageId": own.made.package_id,
            },
        )
        state = await own.state(asked) if asked.ok else "refused"
        said[name] = (asked.ok, f"under a policy {name}: {asked.said}, {state}")
        await own.scene.end_access()
    shown = "; ".join(each for _, each in said.values())
    return as_hoped(said["that lets them"][0] and not said["that does not"][0], shown)


async def closed_catalog(bench: Bench) -> Observation:
    """Switch off a catalog of its own, and extend what is in it."""
    own = await own_scene(bench)
    catalog, package = await own.scene.own_catalog()
    policy = await own.scene.policy(
        "For the requester",
        package_id=package,
        target=SubjectSet.user(own.requester.object_id),
    )
    assignment = {
        "targetId": own.requester.object_id,
        "assignmentPolicyId": policy.id,
        "accessPackageId": package,
    }
    asked = await own.send("userAdd", assignment=assignment)
    if not asked.ok:
        return unclear(f"userAdd in a catalog of its own is refused: {asked.said}")
    await own.state(asked)
    held = await eventually(bench, lambda: lists_assignment(bench, package_id=package))
    if held is None:
        return unclear("the assignment was in no list")
    await bench.graph.catalogs.update(catalog, is_published=False)
    try:
        end = datetime.now(UTC).replace(microsecond=0) + 20 * DAY
        extended = await own.send(
            "userUpdate", assignment={"id": held["id"]}, schedule=schedule_until(end)
        )
        state = await own.state(extended) if extended.ok else "refused"
    finally:
        await bench.graph.catalogs.update(catalog, is_published=True)
    return as_hoped(
        not extended.ok, f"userUpdate while the catalog is off: {extended.said}, {state}"
    )


async def _with_approval(own: OwnScene) -> str:
    policy = await own.policy(
        "With approval",
        request_approval_settings=approval(SubjectSet.user(own.made.person_id)),
    )
    return policy.id


def asks(
    name: str,
    run: Callable[[Bench], Awaitable[Observation]],
    question: str,
    *rows: str,
    writes: str = ASKS,
    is_guided: bool = False,
) -> Experiment:
    """Make an experiment in somebody's own name."""
    return Experiment(
        name=name,
        rows=rows,
        question=question,
        service=GRAPH,
        run=run,
        writes=writes,
        is_guided=is_guided,
    )


ASKING: Final = (
    asks(
        "own-requests",
        own_requests,
        "Does Entra take userAdd and userUpdate in somebody's own name, and refuse one outside the scope?",
        "Whether Entra takes `userAdd` and `userUpdate`",
    ),
    asks(
        "finished-request",
        finished_request,
        "Does a finished userAdd show the app its assignment and its requestor?",
        "Whether a finished `userAdd` shows an app its assignment",
    ),
    asks(
        "waiting-request",
        waiting_request,
        "Does a request that waits show the app for whom and under which policy it is?",
        "Whether a request that waits in Entra shows",
    ),
    asks(
        "cancel",
        canceling,
        "Does cancel end what waits, and refuse what is over?",
        "Whether Entra's `cancel` ends",
    ),
    asks(
        "return",
        returning,
        "Does userRemove take the assignment's id, and can a policy keep people from it?",
        "Whether `userRemove` takes",
    ),
    asks(
        "removal-meanwhile",
        removal_meanwhile,
        "With which word does Entra refuse adminRemove while an extension waits?",
        "Whether Entra refuses `adminRemove` while",
    ),
    asks(
        "own-lists",
        own_lists,
        "Do the lists of what is somebody's own take no more than their own permission?",
        "Whether `filterByCurrentUser`",
    ),
    asks(
        "own-answers",
        own_answers,
        "Must a question's regular expression match the whole answer?",
        "Whether a question's regular expression must match",
    ),
    asks(
        "questions-again",
        questions_again,
        "Are a policy's questions asked again when access is extended?",
        "Whether Entra asks a policy's questions again when access is extended",
    ),
    asks(
        "closed-catalog",
        closed_catalog,
        "Does a switched-off catalog keep people from extending?",
        "Whether a switched-off catalog keeps people from extending",
        writes="makes a catalog with a package, switches it off while the requester has the package, and deletes both",
    ),
    asks(
        "for-somebody-else",
        for_somebody_else,
        "Does Entra take userAdd for somebody else where the policy lets people ask for others, and nowhere else?",
        "Whether Entra takes `userAdd` for somebody else",
    ),
)

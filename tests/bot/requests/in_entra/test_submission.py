"""From approved to submitted: posted once, whatever the line to Graph does."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot import clock
from bot.database import Transaction
from bot.database.tables import requests as request_table
from bot.requests.model import Request, State
from bot.requests.store import requests
from bot.timing import WAITS
from sandbox.tenant import seed
from tests.bot.samples import wish
from tests.harness.by_hand import LEASE, BotHarness
from tests.harness.faults import answering, but_first, no_connection, silence_after, silence_before
from tests.harness.loop import simulated
from tests.proofs.sabotage import switched_off

POST = "POST .*/assignmentRequests"
READ_LIST = "GET .*/assignmentRequests"


async def asked(harness: BotHarness, text: str = "marketing-campaign") -> Request:
    return await harness.ask(text)


def posts(harness: BotHarness) -> int:
    return sum(
        each.startswith("POST") and each.endswith("assignmentRequests")
        for each in harness.line.sent
    )


async def test_a_free_package_is_posted_once(harness):
    """Under Ann's id, the policy that was chosen, and a tag that names our request."""
    request = await asked(harness)

    (made,) = harness.tenant.world.requests.values()
    assert request.state is State.SUBMITTED
    assert request.graph_request_id == made.id
    assert (made.request_type, made.target_id) == ("adminAdd", seed.ANN)
    assert made.package_id == seed.MARKETING_CAMPAIGN
    assert made.policy_id == harness.policy_of(seed.MARKETING_CAMPAIGN).id
    assert f"[latchkey {request.id}]" in (made.justification or "")


async def test_the_reason_goes_with_it(harness):
    """Whoever audits Entra sees why."""
    await harness.ask("marketing-campaign because I run the launch")

    (made,) = harness.tenant.world.requests.values()
    assert (made.justification or "").startswith("I run the launch")


async def test_an_answer_that_never_came_is_looked_for(harness):
    """The write took effect: it is found and adopted, not repeated."""
    harness.line.on(POST, silence_after)
    request = await asked(harness)
    assert request.state is State.APPROVED
    assert request.intent_at is not None

    await harness.expire_all_waits()
    await harness.work()

    request = await harness.request(request.id)
    assert request.state is State.SUBMITTED
    assert request.graph_request_id == next(iter(harness.tenant.world.requests))
    assert posts(harness) == 1


@pytest.mark.parametrize(
    "fault",
    [silence_before, answering(500, "Oops"), answering(502), answering(503), answering(504)],
    ids=["silence", "500", "502", "503", "504"],
)
async def test_nothing_found_is_no_proof_before_the_window_is_over(harness, fault):
    """A late write could still arrive, so nothing is posted again yet."""
    harness.line.on(POST, fault)
    request = await asked(harness)

    for _ in range(3):
        await harness.expire_all_waits()
        await harness.work()

    request = await harness.request(request.id)
    assert request.state is State.APPROVED
    assert posts(harness) == 1
    assert request.due_at is not None
    assert request.due_at == request.settles_at


async def test_after_the_window_it_is_posted_again(harness):
    """Once."""
    harness.line.on(POST, silence_before)
    request = await asked(harness)

    await harness.expire_all_waits(settled=True)
    await harness.work()

    assert (await harness.request(request.id)).state is State.SUBMITTED
    assert harness.posted("adminAdd") == 1
    assert posts(harness) == 2


async def test_a_write_that_comes_late_is_found(harness):
    """It takes effect between the time-out and the look."""
    late: list[httpx.Request] = []

    async def delayed(request: httpx.Request, go_on: object) -> httpx.Response:
        late.append(request)
        raise httpx.ReadTimeout("no answer", request=request)

    harness.line.on(POST, delayed)
    request = await asked(harness)
    await httpx.ASGITransport(app=harness.tenant.app).handle_async_request(late[0])

    await harness.expire_all_waits(settled=True)
    await harness.work()

    assert (await harness.request(request.id)).state is State.SUBMITTED
    assert harness.posted("adminAdd") == 1


async def test_no_look_no_post(harness):
    """Graph cannot be read: nothing is posted blind, even after the window."""
    harness.line.on(POST, silence_before)
    request = await asked(harness)
    harness.line.on(READ_LIST, answering(503), times=50)

    await harness.expire_all_waits(settled=True)
    await harness.work()

    assert (await harness.request(request.id)).state is State.APPROVED
    assert posts(harness) == 1


async def test_the_window_is_longer_than_a_late_write_and_a_list_that_lags(harness):
    """Client time-out, late apply, read lag, margin."""
    assert WAITS.post + timedelta(seconds=60) <= WAITS.settle


async def test_throttled_means_nothing_happened(harness):
    """The intent is gone, and Graph's own pause is kept."""
    before = clock.real()
    harness.line.on(POST, answering(429, "TooManyRequests", **{"Retry-After": "90"}))

    request = await asked(harness)

    assert request.state is State.APPROVED
    assert request.intent_at is None
    assert request.due_at is not None
    assert request.due_at >= before + timedelta(seconds=90)


async def test_without_a_pause_of_graphs_ours_counts(harness):
    """Some seconds, not none."""
    harness.line.on(POST, answering(429, "TooManyRequests"))

    request = await asked(harness)

    assert request.due_at is not None
    assert request.due_at > clock.real()


async def test_what_never_left_is_posted_again(harness):
    """No connection: nothing to look for."""
    harness.line.on(POST, no_connection)
    request = await asked(harness)
    assert request.intent_at is None

    await harness.expire_all_waits()
    await harness.work()

    assert (await harness.request(request.id)).state is State.SUBMITTED
    assert harness.posted("adminAdd") == 1


@pytest.mark.parametrize(("status", "code"), [(400, "BadRequest"), (403, "Forbidden"), (422, "No")])
async def test_a_plain_no_is_the_end(harness, status, code):
    """Said plainly, with Graph's own words."""
    harness.line.on(POST, answering(status, code))

    request = await asked(harness)

    assert request.state is State.FAILED
    assert "Because" in (request.why or "")
    assert posts(harness) == 1


async def test_a_conflict_with_ones_own_earlier_try_is_adopted(harness):
    """Graph says that it exists; it is ours."""

    async def taken_and_refused(request, go_on):
        await go_on()
        return await answering(400, "ExistingOpenRequest")(request, go_on)

    harness.line.on(POST, taken_and_refused)

    request = await asked(harness)

    assert request.state is State.SUBMITTED
    assert harness.posted("adminAdd") == 1


async def test_it_is_adopted_also_where_it_is_shown_late(harness):
    """What is between us and Entra may send a request twice; that the second is one too many does not refuse the first."""

    async def taken_and_refused(request, go_on):
        await go_on()
        return await answering(400, "ExistingOpenRequest")(request, go_on)

    harness.line.on(POST, taken_and_refused)
    harness.tenant.faults.set("lag", seconds=60)
    request = await asked(harness)
    assert request.state is State.APPROVED
    await harness.expire_all_waits()
    harness.tenant.faults.clear()

    await harness.work()

    assert (await harness.request(request.id)).state is State.SUBMITTED
    assert harness.posted("adminAdd") == 1


@pytest.mark.parametrize("code", ["ExistingOpenRequest", "existingopenrequest"])
async def test_a_conflict_with_nothing_to_be_seen_waits(harness, code):
    """Lists lag: it is looked at again, not failed and not repeated."""
    harness.line.on(POST, answering(400, code))

    request = await asked(harness)

    assert request.state is State.APPROVED
    assert request.due_at is not None
    assert request.due_at > clock.real()
    assert posts(harness) == 1


async def test_somebody_elses_tag_is_not_ours(harness):
    """A request that another request of ours has made is not adopted twice."""
    harness.line.on(POST, silence_before)
    request = await asked(harness)
    await harness.graph.assignment_requests.create(
        request_type="adminAdd",
        target_id=seed.ANN,
        package_id=seed.MARKETING_CAMPAIGN,
        policy_id=harness.policy_of(seed.MARKETING_CAMPAIGN).id,
        justification=f"[latchkey {'0' * 32}]",
    )

    await harness.expire_all_waits()
    await harness.work()

    assert (await harness.request(request.id)).state is State.APPROVED


async def made_by_hand(harness: BotHarness) -> str:
    """An administrator gives Ann the same in Entra, with words of their own; Graph's id of that."""
    made = await harness.graph.assignment_requests.create(
        request_type="adminAdd",
        target_id=seed.ANN,
        package_id=seed.MARKETING_CAMPAIGN,
        policy_id=harness.policy_of(seed.MARKETING_CAMPAIGN).id,
        justification="by hand",
    )
    return made.id


def _followed(graph_id: str, **changes: Any) -> Callable[[Transaction], None]:
    """Another request of ours that follows what is in Graph, or has."""

    def add(db: Transaction) -> None:
        other = requests.add(db, wish(holder="U0BO", asked_by="U0BO", package_id="another"))
        assert other is not None
        values = {"graph_request_id": graph_id, "state": State.SUBMITTED, **changes}
        db.execute(request_table.update().where(request_table.c.id == other.id).values(values))

    return add


@pytest.mark.parametrize(
    ("state", "is_adopted"),
    [(None, True), (State.SUBMITTED, False), (State.DELIVERED, False)],
    ids=["nobody's", "another's, which follows it", "another's, which has followed it"],
)
async def test_what_another_row_has_followed_is_not_adopted(harness, state, is_adopted):
    """What somebody else has made, and Graph is done with, is taken for ours only if no other row of ours has it."""
    harness.line.on(POST, silence_before)
    request = await asked(harness)
    graph_id = await made_by_hand(harness)
    harness.shift(timedelta(minutes=1))
    harness.tenant.world.advance()
    assert harness.tenant.world.requests[graph_id].state == "delivered"
    if state is not None:
        await harness.store.run(_followed(graph_id, state=state))

    await harness.expire_all_waits(settled=True)
    await harness.work()

    now = await harness.request(request.id)
    assert (now.graph_request_id == graph_id) == is_adopted


async def test_whoever_is_second_to_follow_it_looks_once_more(harness):
    """Another row was first after we had looked: ours stays as it is, and in nobody's hand."""
    harness.line.on(POST, silence_before)
    request = await harness.claimed(await asked(harness))
    graph_id = await made_by_hand(harness)
    await harness.store.run(_followed(graph_id))

    await harness.submitter._submitted(request, graph_id)

    now = await harness.request(request.id)
    assert (now.state, now.graph_request_id, now.lease_until) == (State.APPROVED, None, None)
    assert now.due_at is not None
    assert now.due_at <= clock.real()


async def test_the_lease_begins_anew_with_the_intent(harness):
    """However long the checks took: whoever takes the row next must not meet our POST on its way."""
    harness.line.on(POST, answering(429))
    request = await harness.claimed(await asked(harness))
    seen = []

    async def look():
        seen.append((await harness.request(request.id)).lease_until)

    simulated().stand_still(LEASE - WAITS.post)
    harness.line.on(POST, but_first(look))
    await harness.submitter.post(request)

    assert seen[0] >= clock.real() + WAITS.post
    assert (await harness.request(request.id)).state is State.SUBMITTED


async def test_who_was_held_up_after_the_intent_posts_nothing(harness):
    """The deadline counts from before the intent; nothing went out, so there is nothing to settle."""
    taken = await harness.requests.ask(slack_user="U0ANN", text="marketing-campaign")
    held_up: list[Request] = []

    def hold_up_once(process, what):
        if what == "after a transaction" and not held_up:
            request = harness.store.run_here(requests.get, taken.request.id)
            if request.intent_at is not None:
                held_up.append(request)
                simulated().stand_still(WAITS.post + timedelta(seconds=1))

    harness.around.moment = hold_up_once
    await harness.work()

    request = await harness.request(taken.request.id)
    assert len(held_up) == 1
    assert posts(harness) == 0
    assert (request.intent_at, request.settles_at) == (None, None)

    await harness.expire_all_waits()
    await harness.work()

    assert (await harness.request(request.id)).state is State.SUBMITTED
    assert posts(harness) == 1


async def test_a_worker_that_lost_its_claim_does_not_post(harness):
    """It slept too long; somebody else has the row."""
    harness.line.on(POST, answering(429))
    request = await asked(harness)
    first = await harness.claimed(request)
    await harness.claimed(request)
    sent = posts(harness)

    await harness.submitter.post(first)

    assert posts(harness) == sent


async def test_without_the_fence_it_would(harness):
    """The test above can fail."""
    harness.line.on(POST, answering(429))
    request = await asked(harness)
    first = await harness.claimed(request)
    await harness.claimed(request)
    sent = posts(harness)

    with switched_off("no fence"):
        await harness.submitter.post(first)

    assert posts(harness) == sent + 1


async def test_the_intent_is_on_disk_before_the_post(harness):
    """Whoever finds the row after a crash must know that there may be something to find."""
    seen = []

    async def look():
        (request,) = (await harness.request_lists.access_overview("U0ANN")).waiting.rows
        seen.append((request.intent_at, request.settles_at))

    harness.line.on(POST, but_first(look))
    await asked(harness)

    ((intent_at, settles_at),) = seen
    assert intent_at is not None
    assert settles_at >= clock.real() + WAITS.settle - timedelta(seconds=30)


async def test_a_request_on_its_way_cannot_be_withdrawn(harness):
    """It may have happened: canceling it would be a promise we cannot keep."""
    harness.line.on(POST, silence_after)
    request = await asked(harness)

    with pytest.raises(Exception, match="cannot be withdrawn any more"):
        await harness.request_changes.cancel(slack_user="U0ANN", request_id=request.id)


async def give(harness: BotHarness) -> str:
    await harness.ask("marketing-campaign")
    await harness.finish()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    return held.id


async def test_a_return_is_posted_once_and_looked_for(harness):
    """The answer was lost; the removal was not."""
    assignment_id = await give(harness)
    harness.line.on(POST, silence_after)

    taken = await harness.request_changes.return_access(
        slack_user="U0ANN", assignment_id=assignment_id
    )
    await harness.finish()

    assert (await harness.request(taken.request.id)).state is State.DELIVERED
    assert harness.posted("adminRemove") == 1


async def test_a_return_of_what_is_gone_is_done(harness):
    """An administrator was faster, in the portal."""
    assignment_id = await give(harness)
    harness.line.on(POST, but_first(lambda: harness.tenant.remove_assignment(assignment_id)))

    taken = await harness.request_changes.return_access(
        slack_user="U0ANN", assignment_id=assignment_id
    )
    await harness.finish()

    assert (await harness.request(taken.request.id)).state is State.DELIVERED


async def test_an_extension_is_posted_once_with_the_new_end(harness):
    """From its own start until thirty days from now."""
    assignment_id = await give(harness)
    harness.shift(timedelta(days=24))
    before = clock.now()

    taken = await harness.request_changes.extend(slack_user="U0ANN", assignment_id=assignment_id)
    await harness.finish()

    request = await harness.request(taken.request.id)
    assert request.state is State.DELIVERED
    assert harness.posted("adminUpdate") == 1
    assert request.ends_at is not None
    assert timedelta(0) <= request.ends_at - before - timedelta(days=30) < timedelta(minutes=2)

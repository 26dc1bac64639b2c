"""From approved to submitted: posted once, whatever the line to Graph does."""

from datetime import timedelta

import httpx
import pytest

from bot import clock, outcomes
from bot.models import Request, State
from bot.pacing import WAITS
from bot.store import claims
from graph import deadlines
from sandbox.tenant import seed
from tests.bot.conftest import (
    Office,
    answering,
    but_first,
    no_connection,
    silence_after,
    silence_before,
)

POST = "POST .*/assignmentRequests"
READ_LIST = "GET .*/assignmentRequests"


async def asked(office: Office, text: str = "marketing-campaign") -> Request:
    return await office.ask(text)


def posts(office: Office) -> int:
    return sum(
        each.startswith("POST") and each.endswith("assignmentRequests") for each in office.line.sent
    )


async def test_a_free_package_is_posted_once(office):
    """Under Ann's id, the policy that was chosen, and a tag that names our request."""
    request = await asked(office)

    (made,) = office.tenant.world.requests.values()
    assert request.state is State.SUBMITTED
    assert request.graph_request_id == made.id
    assert (made.request_type, made.target_id) == ("adminAdd", seed.ANN)
    assert made.package_id == seed.MARKETING_CAMPAIGN
    assert made.policy_id == office.policy_of(seed.MARKETING_CAMPAIGN).id
    assert f"[latchkey {request.id}]" in (made.justification or "")


async def test_the_reason_goes_with_it(office):
    """Whoever audits Entra sees why."""
    await office.ask("marketing-campaign because I run the launch")

    (made,) = office.tenant.world.requests.values()
    assert (made.justification or "").startswith("I run the launch")


async def test_an_answer_that_never_came_is_looked_for(office):
    """The write took effect: it is found and adopted, not repeated."""
    office.line.on(POST, silence_after)
    request = await asked(office)
    assert request.state is State.APPROVED
    assert request.intent_at is not None

    await office.hurry()
    await office.work()

    request = await office.request(request.id)
    assert request.state is State.SUBMITTED
    assert request.graph_request_id == next(iter(office.tenant.world.requests))
    assert posts(office) == 1


@pytest.mark.parametrize(
    "mishap",
    [silence_before, answering(500, "Oops"), answering(502), answering(503), answering(504)],
    ids=["silence", "500", "502", "503", "504"],
)
async def test_nothing_found_is_no_proof_before_the_window_is_over(office, mishap):
    """A late write could still arrive, so nothing is posted again yet."""
    office.line.on(POST, mishap)
    request = await asked(office)

    for _ in range(3):
        await office.hurry()
        await office.work()

    request = await office.request(request.id)
    assert request.state is State.APPROVED
    assert posts(office) == 1
    assert request.due_at is not None
    assert request.due_at == request.settles_at


async def test_after_the_window_it_is_posted_again(office):
    """Once."""
    office.line.on(POST, silence_before)
    request = await asked(office)

    await office.hurry(settled=True)
    await office.work()

    assert (await office.request(request.id)).state is State.SUBMITTED
    assert office.posted("adminAdd") == 1
    assert posts(office) == 2


async def test_a_write_that_comes_late_is_found(office):
    """It takes effect between the time-out and the look."""
    late: list[httpx.Request] = []

    async def delayed(request: httpx.Request, go_on: object) -> httpx.Response:
        late.append(request)
        raise httpx.ReadTimeout("no answer", request=request)

    office.line.on(POST, delayed)
    request = await asked(office)
    await httpx.ASGITransport(app=office.tenant.app).handle_async_request(late[0])

    await office.hurry(settled=True)
    await office.work()

    assert (await office.request(request.id)).state is State.SUBMITTED
    assert office.posted("adminAdd") == 1


async def test_no_look_no_post(office):
    """Graph cannot be read: nothing is posted blind, even after the window."""
    office.line.on(POST, silence_before)
    request = await asked(office)
    office.line.on(READ_LIST, answering(503), times=50)

    await office.hurry(settled=True)
    await office.work()

    assert (await office.request(request.id)).state is State.APPROVED
    assert posts(office) == 1


async def test_the_window_is_longer_than_a_late_write_and_a_list_that_lags(office):
    """Client time-out, late apply, read lag, margin."""
    assert WAITS.post + timedelta(seconds=60) <= WAITS.settle


async def test_throttled_means_nothing_happened(office):
    """The intent is gone, and Graph's own pause is kept."""
    before = clock.real()
    office.line.on(POST, answering(429, "TooManyRequests", **{"Retry-After": "90"}))

    request = await asked(office)

    assert request.state is State.APPROVED
    assert request.intent_at is None
    assert request.due_at is not None
    assert request.due_at >= before + timedelta(seconds=90)


async def test_without_a_pause_of_graphs_ours_counts(office):
    """Some seconds, not none."""
    office.line.on(POST, answering(429, "TooManyRequests"))

    request = await asked(office)

    assert request.due_at is not None
    assert request.due_at > clock.real()


async def test_what_never_left_is_posted_again(office):
    """No connection: nothing to look for."""
    office.line.on(POST, no_connection)
    request = await asked(office)
    assert request.intent_at is None

    await office.hurry()
    await office.work()

    assert (await office.request(request.id)).state is State.SUBMITTED
    assert office.posted("adminAdd") == 1


@pytest.mark.parametrize(("status", "code"), [(400, "BadRequest"), (403, "Forbidden"), (422, "No")])
async def test_a_plain_no_is_the_end(office, status, code):
    """Said plainly, with Graph's own words."""
    office.line.on(POST, answering(status, code))

    request = await asked(office)

    assert request.state is State.FAILED
    assert "Because" in (request.why or "")
    assert posts(office) == 1


async def test_a_conflict_with_ones_own_earlier_try_is_adopted(office):
    """Graph says that it exists; it is ours."""

    async def taken_and_refused(request, go_on):
        await go_on()
        return await answering(400, "ExistingOpenRequest")(request, go_on)

    office.line.on(POST, taken_and_refused)

    request = await asked(office)

    assert request.state is State.SUBMITTED
    assert office.posted("adminAdd") == 1


@pytest.mark.parametrize("code", ["ExistingOpenRequest", "existingopenrequest"])
async def test_a_conflict_with_nothing_to_be_seen_waits(office, code):
    """Lists lag: it is looked at again, not failed and not repeated."""
    office.line.on(POST, answering(400, code))

    request = await asked(office)

    assert request.state is State.APPROVED
    assert request.due_at is not None
    assert request.due_at > clock.real()
    assert posts(office) == 1


async def test_somebody_elses_tag_is_not_ours(office):
    """A request that another request of ours has made is not adopted twice."""
    office.line.on(POST, silence_before)
    request = await asked(office)
    await office.graph.assignments.request(
        request_type="adminAdd",
        target_id=seed.ANN,
        package_id=seed.MARKETING_CAMPAIGN,
        policy_id=office.policy_of(seed.MARKETING_CAMPAIGN).id,
        justification=f"[latchkey {'0' * 32}]",
    )

    await office.hurry()
    await office.work()

    assert (await office.request(request.id)).state is State.APPROVED


async def test_a_lease_that_is_nearly_over_posts_nothing(office):
    """Whoever takes the row next must not meet a POST of ours on its way."""
    office.line.on(POST, answering(429))
    request = await office.claimed(await asked(office))
    sent = posts(office)

    def nearly_over(db):
        claims.update(db, request, lease_until=clock.real() + timedelta(seconds=5))

    await office.store.run(nearly_over)
    await office.effects.post(
        type(request)(**{**vars(request), "lease_until": clock.real() + timedelta(seconds=5)})
    )

    assert posts(office) == sent
    assert (await office.request(request.id)).due_at is not None


async def test_who_was_held_up_after_the_intent_posts_nothing(office, monkeypatch):
    """The deadline counts from before the intent; nothing went out, so there is nothing to settle."""
    intend = outcomes.intend
    seconds = deadlines._seconds

    def held_up(*args, **facts):
        done = intend(*args, **facts)
        monkeypatch.setattr(deadlines, "_seconds", lambda: seconds() + 13)
        return done

    monkeypatch.setattr(outcomes, "intend", held_up)
    request = await asked(office)

    assert posts(office) == 0
    assert (request.intent_at, request.settles_at) == (None, None)

    monkeypatch.undo()
    await office.hurry()
    await office.work()

    assert (await office.request(request.id)).state is State.SUBMITTED
    assert posts(office) == 1


async def test_a_worker_that_lost_its_claim_does_not_post(office):
    """It slept too long; somebody else has the row."""
    office.line.on(POST, answering(429))
    request = await asked(office)
    first = await office.claimed(request)
    await office.claimed(request)
    sent = posts(office)

    await office.effects.post(first)

    assert posts(office) == sent


async def test_the_intent_is_on_disk_before_the_post(office):
    """Whoever finds the row after a crash must know that there may be something to find."""
    seen = []

    async def look():
        (request,) = (await office.desk.standing_of("U0ANN")).waiting
        seen.append((request.intent_at, request.settles_at))

    office.line.on(POST, but_first(look))
    await asked(office)

    ((intent_at, settles_at),) = seen
    assert intent_at is not None
    assert settles_at >= clock.real() + WAITS.settle - timedelta(seconds=30)


async def test_a_request_on_its_way_cannot_be_withdrawn(office):
    """It may have happened: canceling it would be a promise we cannot keep."""
    office.line.on(POST, silence_after)
    request = await asked(office)

    with pytest.raises(Exception, match="cannot be withdrawn any more"):
        await office.desk.cancel(slack_user="U0ANN", request_id=request.id)


async def give(office: Office) -> str:
    await office.ask("marketing-campaign")
    await office.finish()
    (held,) = (await office.desk.standing_of("U0ANN")).held
    return held.id


async def test_a_return_is_posted_once_and_looked_for(office):
    """The answer was lost; the removal was not."""
    assignment_id = await give(office)
    office.line.on(POST, silence_after)

    taken = await office.desk.give_back(slack_user="U0ANN", assignment_id=assignment_id)
    await office.finish()

    assert (await office.request(taken.request.id)).state is State.DELIVERED
    assert office.posted("adminRemove") == 1


async def test_a_return_of_what_is_gone_is_done(office):
    """An administrator was faster, in the portal."""
    assignment_id = await give(office)
    office.line.on(POST, but_first(lambda: office.tenant.remove_assignment(assignment_id)))

    taken = await office.desk.give_back(slack_user="U0ANN", assignment_id=assignment_id)
    await office.finish()

    assert (await office.request(taken.request.id)).state is State.DELIVERED


async def test_an_extension_is_posted_once_with_the_new_end(office):
    """From its own start until thirty days from now."""
    assignment_id = await give(office)
    office.shift(timedelta(days=24))
    before = clock.now()

    taken = await office.desk.extend(slack_user="U0ANN", assignment_id=assignment_id)
    await office.finish()

    request = await office.request(taken.request.id)
    assert request.state is State.DELIVERED
    assert office.posted("adminUpdate") == 1
    assert request.ends_at is not None
    assert timedelta(0) <= request.ends_at - before - timedelta(days=30) < timedelta(minutes=2)

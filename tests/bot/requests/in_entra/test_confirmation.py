"""From submitted to delivered: believed only when Graph shows it."""

import json
from datetime import timedelta

import httpx
import pytest

from bot import clock
from bot.assignments.model import Assignment, EndReason
from bot.assignments.store import assignments
from bot.requests.model import Request, State
from sandbox.tenant import seed
from sandbox.tenant.model import Request as GraphRequest
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering
from tests.harness.wires import Fault, GoOn


async def submitted(harness: BotHarness, text: str = "marketing-campaign") -> Request:
    request = await harness.ask(text)
    assert request.state is State.SUBMITTED
    return request


async def look(harness: BotHarness, request: Request) -> Request:
    await harness.expire_all_waits()
    await harness.work()
    return await harness.request(request.id)


def made(harness: BotHarness) -> GraphRequest:
    return list(harness.tenant.world.requests.values())[-1]


async def test_what_graph_is_working_on_is_not_delivered(harness):
    """However often one looks."""
    request = await submitted(harness)

    for _ in range(3):
        request = await look(harness, request)

    assert request.state is State.SUBMITTED
    assert request.attempts >= 3
    assert harness.told("U0ANN") == []


async def test_delivered_is_said_when_the_access_is_there(harness):
    """With the end that Graph shows."""
    request = await submitted(harness)
    harness.shift(timedelta(seconds=10))

    request = await look(harness, request)
    await harness.talk()

    (assignment,) = harness.tenant.world.assignments.values()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    assert request.state is State.DELIVERED
    assert (held.id, held.ends_at) == (assignment.id, assignment.end)
    assert request.ends_at == assignment.end
    assert "You now have access to" in harness.told("U0ANN")[-1].text


async def test_delivered_without_the_access_is_not_believed(harness):
    """Graph's request says so; its assignment does not yet."""
    request = await submitted(harness)
    harness.shift(timedelta(seconds=10))
    harness.tenant.tick()
    (assignment,) = harness.tenant.world.assignments.values()
    assignment.state = "delivering"

    assert (await look(harness, request)).state is State.SUBMITTED
    assignment.state = "delivered"
    assert (await look(harness, request)).state is State.DELIVERED


async def test_an_assignment_that_cannot_be_read_yet_is_waited_for(harness):
    """Lists and reads lag; and what a request shows of its assignment may not be all."""
    request = await submitted(harness)
    harness.shift(timedelta(seconds=10))
    harness.line.on("GET .*/assignmentRequests/", without("schedule"), times=2)
    harness.line.on("GET .*/assignments/", answering(404, "NotFound"))

    assert (await look(harness, request)).state is State.SUBMITTED
    assert (await look(harness, request)).state is State.DELIVERED


def without(part: str) -> Fault:
    """A request's assignment comes without one of its parts."""

    async def cut(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        answer = await go_on()
        body = json.loads(await answer.aread())
        del body["assignment"][part]
        return httpx.Response(answer.status_code, json=body, request=request)

    return cut


@pytest.mark.parametrize("part", ["target", "accessPackage", "schedule", "state"])
async def test_what_a_request_does_not_show_of_its_assignment_is_read(harness, part):
    """Nothing is believed that was not read; what was read with the request is not read again."""
    request = await submitted(harness)
    harness.shift(timedelta(seconds=10))
    harness.line.on("GET .*/assignmentRequests/", without(part))

    assert (await look(harness, request)).state is State.DELIVERED
    assert sum("/assignments/" in each for each in harness.line.sent) == 1


async def test_what_comes_with_the_request_is_read_once(harness):
    """The assignment is expanded, with whose it is, of what, and until when."""
    request = await submitted(harness)
    harness.shift(timedelta(seconds=10))

    assert (await look(harness, request)).state is State.DELIVERED
    assert not any("/assignments/" in each for each in harness.line.sent)


@pytest.mark.parametrize("state", ["deliveryFailed", "DeliveryFailed", "denied", "Canceled"])
async def test_what_graph_gives_up_has_failed(harness, state):
    """The holder and the admins are told, with Graph's word."""
    request = await submitted(harness)
    made(harness).state = state

    request = await look(harness, request)
    await harness.talk()

    assert request.state is State.FAILED
    assert state in (request.why or "")
    assert "could not get you access" in harness.told("U0ANN")[-1].text
    alarms = [each.text for each in harness.workspace.channels["C0APPROVALS"].messages]
    assert any(":warning:" in each for each in alarms)


@pytest.mark.made_up("states that Graph does not have")
@pytest.mark.parametrize("state", ["partiallyDelivered", "somethingNew", "scheduled", ""])
async def test_words_that_decide_nothing_are_waited_out(harness, state):
    """Not delivered, and not failed either."""
    request = await submitted(harness)
    made(harness).state = state

    assert (await look(harness, request)).state is State.SUBMITTED


async def test_access_for_somebody_else_is_an_alarm(harness):
    """Entra delivered another person's: never called delivered."""
    request = await submitted(harness)
    harness.shift(timedelta(seconds=10))
    harness.tenant.tick()
    next(iter(harness.tenant.world.assignments.values())).target_id = seed.CY

    request = await look(harness, request)

    assert request.state is State.FAILED
    assert "something else than was asked for" in (request.why or "")
    assert (await harness.request_lists.access_overview("U0ANN")).held.rows == []


async def test_access_for_somebody_else_is_removed_again(harness):
    """Whoever got it by mistake keeps it no longer than it takes to notice."""
    request = await submitted(harness)
    harness.shift(timedelta(seconds=10))
    harness.tenant.tick()
    given = next(iter(harness.tenant.world.assignments.values()))
    given.target_id = seed.CY

    await look(harness, request)
    await harness.finish()

    assert given.state == "expired"


async def test_access_to_another_package_is_an_alarm(harness):
    """Whatever is in it."""
    request = await submitted(harness)
    harness.shift(timedelta(seconds=10))
    harness.tenant.tick()
    assignment = next(iter(harness.tenant.world.assignments.values()))
    assignment.package_id = seed.BOARD_PAPERS

    assert (await look(harness, request)).state is State.FAILED


async def test_a_request_that_graph_has_forgotten_is_judged_by_its_result(harness):
    """Graph forgets requests after three months."""
    request = await submitted(harness)
    harness.shift(timedelta(seconds=10))
    harness.tenant.tick()
    harness.tenant.world.requests.clear()

    assert (await look(harness, request)).state is State.DELIVERED


async def test_a_forgotten_request_without_a_result_is_not_delivered(harness):
    """Nothing to be seen is nothing delivered."""
    request = await submitted(harness)
    harness.tenant.world.requests.clear()

    assert (await look(harness, request)).state is State.SUBMITTED


async def test_graph_down_changes_nothing(harness):
    """It is looked at again later."""
    request = await submitted(harness)
    harness.line.on("GET ", answering(503), times=50)

    request = await look(harness, request)

    assert request.state is State.SUBMITTED
    assert request.due_at is not None
    assert request.due_at > clock.real()


async def test_a_removal_is_done_when_the_access_is_gone(harness):
    """Not when Graph has taken the request."""
    await submitted(harness)
    await harness.finish()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    taken = await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=held.id)
    await harness.work()
    assert (await harness.request(taken.request.id)).state is State.SUBMITTED
    assert (await harness.request_lists.access_overview("U0ANN")).held.rows[0].state == "removing"

    await harness.finish()

    row = await harness.store.run(assignments.find, held.id)
    assert (await harness.request(taken.request.id)).state is State.DELIVERED
    assert row is not None
    assert (row.state, row.ended_why) == ("ended", EndReason.RETURNED)


async def test_a_removal_that_failed_leaves_the_access(harness):
    """And says so: it is live again."""
    await submitted(harness)
    await harness.finish()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    taken = await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=held.id)
    await harness.work()
    made(harness).state = "deliveryFailed"

    request = await look(harness, taken.request)

    assert request.state is State.FAILED
    assert (await harness.request_lists.access_overview("U0ANN")).held.rows[0].state == "live"


async def extending(harness: BotHarness) -> tuple[Request, Assignment]:
    await submitted(harness)
    await harness.finish()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    harness.shift(timedelta(days=20))
    taken = await harness.request_changes.extend(slack_user="U0ANN", assignment_id=held.id)
    await harness.work()
    return taken.request, held


async def test_an_extension_is_delivered_with_the_end_that_graph_shows(harness):
    """Not with the one that was asked for."""
    request, held = await extending(harness)
    harness.shift(timedelta(seconds=10))

    request = await look(harness, request)

    assert request.state is State.DELIVERED
    assert request.ends_at == harness.tenant.world.assignments[held.id].end
    assert request.ends_at is not None
    assert held.ends_at is not None
    assert request.ends_at > held.ends_at


async def test_an_extension_of_what_has_ended_has_failed(harness):
    """It ran out, or somebody removed it, while it was being extended."""
    request, held = await extending(harness)
    ours = made(harness)
    harness.tenant.remove_assignment(held.id)
    ours.state = "delivered"

    assert (await look(harness, request)).state is State.FAILED


async def test_many_at_once_cost_few_calls(harness):
    """Five people wait for one package: one call while nothing is new, not five."""
    harness.policy_of(seed.MARKETING_CAMPAIGN).allowed_target_scope = "allMemberUsers"
    for user in ("U0ANN", "U0CY", "U0MIA", "U0BO", "U0DANA"):
        await harness.ask("marketing-campaign", user=user)
    await harness.expire_all_waits()
    harness.line.sent.clear()

    await harness.work()

    assert len(harness.line.sent) == 1

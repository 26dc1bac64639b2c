"""From submitted to delivered: believed only when Graph shows it."""

from datetime import timedelta

import pytest

from bot import clock
from bot.models import Assignment, Ended, Request, State
from bot.store import assignments
from sandbox.tenant import seed
from sandbox.tenant.model import Request as GraphRequest
from tests.bot.conftest import Office, answering


async def submitted(office: Office, text: str = "marketing-campaign") -> Request:
    request = await office.ask(text)
    assert request.state is State.SUBMITTED
    return request


async def look(office: Office, request: Request) -> Request:
    await office.hurry()
    await office.work()
    return await office.request(request.id)


def made(office: Office) -> GraphRequest:
    return list(office.tenant.world.requests.values())[-1]


async def test_what_graph_is_working_on_is_not_delivered(office):
    """However often one looks."""
    request = await submitted(office)

    for _ in range(3):
        request = await look(office, request)

    assert request.state is State.SUBMITTED
    assert request.attempts >= 3
    assert office.told("U0ANN") == []


async def test_delivered_is_said_when_the_access_is_there(office):
    """With the end that Graph shows."""
    request = await submitted(office)
    office.shift(timedelta(seconds=10))

    request = await look(office, request)
    await office.talk()

    (assignment,) = office.tenant.world.assignments.values()
    (held,) = (await office.desk.standing_of("U0ANN")).held
    assert request.state is State.DELIVERED
    assert (held.id, held.ends_at) == (assignment.id, assignment.end)
    assert request.ends_at == assignment.end
    assert "You now have access to" in office.told("U0ANN")[-1].text


async def test_delivered_without_the_access_is_not_believed(office):
    """Graph's request says so; its assignment does not yet."""
    request = await submitted(office)
    office.shift(timedelta(seconds=10))
    office.tenant.tick()
    (assignment,) = office.tenant.world.assignments.values()
    assignment.state = "delivering"

    assert (await look(office, request)).state is State.SUBMITTED
    assignment.state = "delivered"
    assert (await look(office, request)).state is State.DELIVERED


async def test_an_assignment_that_cannot_be_read_yet_is_waited_for(office):
    """Lists and reads lag."""
    request = await submitted(office)
    office.shift(timedelta(seconds=10))
    office.line.on("GET .*/assignments/", answering(404, "NotFound"))

    assert (await look(office, request)).state is State.SUBMITTED
    assert (await look(office, request)).state is State.DELIVERED


@pytest.mark.parametrize("state", ["deliveryFailed", "DeliveryFailed", "denied", "Canceled"])
async def test_what_graph_gives_up_has_failed(office, state):
    """The holder and the admins are told, with Graph's word."""
    request = await submitted(office)
    made(office).state = state

    request = await look(office, request)
    await office.talk()

    assert request.state is State.FAILED
    assert state in (request.why or "")
    assert "could not get you access" in office.told("U0ANN")[-1].text
    alarms = [each.text for each in office.workspace.channels["C0APPROVALS"].messages]
    assert any(":warning:" in each for each in alarms)


@pytest.mark.made_up("states that Graph does not have")
@pytest.mark.parametrize("state", ["partiallyDelivered", "somethingNew", "scheduled", ""])
async def test_words_that_decide_nothing_are_waited_out(office, state):
    """Not delivered, and not failed either."""
    request = await submitted(office)
    made(office).state = state

    assert (await look(office, request)).state is State.SUBMITTED


async def test_access_for_somebody_else_is_an_alarm(office):
    """Entra delivered another person's: never called delivered."""
    request = await submitted(office)
    office.shift(timedelta(seconds=10))
    office.tenant.tick()
    next(iter(office.tenant.world.assignments.values())).target_id = seed.CY

    request = await look(office, request)

    assert request.state is State.FAILED
    assert "something else than was asked for" in (request.why or "")
    assert (await office.desk.standing_of("U0ANN")).held == []


async def test_access_for_somebody_else_is_taken_back(office):
    """Whoever got it by mistake keeps it no longer than it takes to notice."""
    request = await submitted(office)
    office.shift(timedelta(seconds=10))
    office.tenant.tick()
    given = next(iter(office.tenant.world.assignments.values()))
    given.target_id = seed.CY

    await look(office, request)
    await office.finish()

    assert given.state == "expired"


async def test_access_to_another_package_is_an_alarm(office):
    """Whatever is in it."""
    request = await submitted(office)
    office.shift(timedelta(seconds=10))
    office.tenant.tick()
    assignment = next(iter(office.tenant.world.assignments.values()))
    assignment.package_id = seed.BOARD_PAPERS

    assert (await look(office, request)).state is State.FAILED


async def test_a_request_that_graph_has_forgotten_is_judged_by_its_result(office):
    """Graph forgets requests after three months."""
    request = await submitted(office)
    office.shift(timedelta(seconds=10))
    office.tenant.tick()
    office.tenant.world.requests.clear()

    assert (await look(office, request)).state is State.DELIVERED


async def test_a_forgotten_request_without_a_result_is_not_delivered(office):
    """Nothing to be seen is nothing delivered."""
    request = await submitted(office)
    office.tenant.world.requests.clear()

    assert (await look(office, request)).state is State.SUBMITTED


async def test_graph_down_changes_nothing(office):
    """It is looked at again later."""
    request = await submitted(office)
    office.line.on("GET ", answering(503), times=50)

    request = await look(office, request)

    assert request.state is State.SUBMITTED
    assert request.due_at is not None
    assert request.due_at > clock.real()


async def test_a_removal_is_done_when_the_access_is_gone(office):
    """Not when Graph has taken the request."""
    await submitted(office)
    await office.finish()
    (held,) = (await office.desk.standing_of("U0ANN")).held
    taken = await office.desk.give_back(slack_user="U0ANN", assignment_id=held.id)
    await office.work()
    assert (await office.request(taken.request.id)).state is State.SUBMITTED
    assert (await office.desk.standing_of("U0ANN")).held[0].state == "removing"

    await office.finish()

    row = await office.store.run(assignments.get, held.id)
    assert (await office.request(taken.request.id)).state is State.DELIVERED
    assert row is not None
    assert (row.state, row.ended_why) == ("ended", Ended.RETURNED)


async def test_a_removal_that_failed_leaves_the_access(office):
    """And says so: it is live again."""
    await submitted(office)
    await office.finish()
    (held,) = (await office.desk.standing_of("U0ANN")).held
    taken = await office.desk.give_back(slack_user="U0ANN", assignment_id=held.id)
    await office.work()
    made(office).state = "deliveryFailed"

    request = await look(office, taken.request)

    assert request.state is State.FAILED
    assert (await office.desk.standing_of("U0ANN")).held[0].state == "live"


async def extending(office: Office) -> tuple[Request, Assignment]:
    await submitted(office)
    await office.finish()
    (held,) = (await office.desk.standing_of("U0ANN")).held
    office.shift(timedelta(days=20))
    taken = await office.desk.extend(slack_user="U0ANN", assignment_id=held.id)
    await office.work()
    return taken.request, held


async def test_an_extension_is_delivered_with_the_end_that_graph_shows(office):
    """Not with the one that was asked for."""
    request, held = await extending(office)
    office.shift(timedelta(seconds=10))

    request = await look(office, request)

    assert request.state is State.DELIVERED
    assert request.ends_at == office.tenant.world.assignments[held.id].end
    assert request.ends_at is not None
    assert held.ends_at is not None
    assert request.ends_at > held.ends_at


async def test_an_extension_of_what_has_ended_has_failed(office):
    """It ran out, or somebody removed it, while it was being extended."""
    request, held = await extending(office)
    ours = made(office)
    office.tenant.remove_assignment(held.id)
    ours.state = "delivered"

    assert (await look(office, request)).state is State.FAILED


async def test_many_at_once_cost_few_calls(office):
    """Five people wait for one package: one call while nothing is new, not five."""
    office.policy_of(seed.MARKETING_CAMPAIGN).allowed_target_scope = "allMemberUsers"
    for user in ("U0ANN", "U0CY", "U0MIA", "U0BO", "U0DANA"):
        await office.ask("marketing-campaign", user=user)
    await office.hurry()
    office.line.sent.clear()

    await office.work()

    assert len(office.line.sent) == 1

"""One row that cannot be read is one row: nobody else's reminders, ends and requests wait for it."""

from datetime import timedelta

import httpx
import pytest

from bot import clock
from bot.assignments.model import AssignmentState, EndReason
from bot.assignments.store import assignments, troubles
from bot.requests.model import Request, State
from graph.errors import GraphError
from sandbox.tenant import seed
from tests.bot.sync.test_tenant_sync import give, row
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering
from tests.harness.wires import Fault, GoOn

LISTS = "GET .*/assignments$"
EVER = 10**6


def only_of(package_id: str, fault: Fault) -> Fault:
    """A fault for the lists of one package, and for the list of all."""

    async def do(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        asked = str(request.url)
        if package_id in asked or "accessPackage" not in request.url.params["$filter"]:
            return await fault(request, go_on)
        return await go_on()

    return do


def spoiled(assignment_id: str) -> Fault:
    """A list in which one row is not what Graph sends."""

    async def do(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        answer = await go_on()
        await answer.aread()
        body = answer.json()
        for each in body.get("value", []):
            if each["id"] == assignment_id:
                each["schedule"] = "soon"
        return httpx.Response(200, json=body, request=request)

    return do


async def two_holders(harness: BotHarness) -> tuple[str, str]:
    """Ann and Cy have the campaign; what Ann has ends, and Graph does not let anybody read it."""
    anns, cys = await give(harness, seed.ANN), await give(harness, seed.CY)
    return anns, cys


BAD = {
    "forbidden": answering(403, "UnAuthorized"),
    "broken": answering(500, "Oops"),
    "down": answering(503),
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_row_that_cannot_be_read_keeps_nobody_from_theirs(harness, kind):
    """It stays as it was, is marked, and is alarmed after three syncs; Cy hears of his end."""
    anns, cys = await two_holders(harness)
    harness.tenant.remove_assignment(anns)
    harness.tenant.remove_assignment(cys)
    harness.line.on(f"GET .*/assignments/{anns}$", BAD[kind], times=EVER)

    await harness.jobs.sync()

    unread = await row(harness, anns)
    assert (unread.state, unread.misses) == (AssignmentState.LIVE, 1)
    assert unread.unreadable_since is not None
    assert (await row(harness, cys)).ended_why == EndReason.OUTSIDE
    await harness.talk()
    assert "by no request that I know of" in harness.told("U0CY")[-1].text
    assert harness.told("U0ANN") == []
    assert await harness.store.run(troubles.count) == {}

    for _ in range(2):
        await harness.jobs.sync()
    await harness.talk()
    alarms = [each.text for each in harness.workspace.channels["C0APPROVALS"].messages]
    assert sum("I cannot read 1 assignment of *Marketing Campaign*" in each for each in alarms) == 1
    figures = (await harness.latchkey.exposition.metrics()).decode()
    assert "latchkey_unreadable_assignments 1.0" in figures
    assert 'latchkey_troubles{kind="unreadable"} 1.0' in figures
    shown = str((await harness.request_lists.access_overview("U0ANN")).held.rows)
    assert "unreadable_since=datetime" in shown


async def test_access_to_a_package_that_is_not_shown_any_more_is_alarmed_by_its_name(harness):
    """Rights in its catalog are gone, and with them the package: the admins read the name that its holders read, also when it is over."""
    anns, cys = await two_holders(harness)
    harness.tenant.remove_assignment(anns)
    harness.line.on(f"GET .*/assignments/{anns}$", BAD["forbidden"], times=EVER)
    world = harness.tenant.world
    for policy in world.policies_of(seed.MARKETING_CAMPAIGN):
        del world.policies[policy.id]
    del world.packages[seed.MARKETING_CAMPAIGN]

    for _ in range(3):
        await harness.jobs.sync()
    await harness.talk()

    def alarms():
        return [each.text for each in harness.workspace.channels["C0APPROVALS"].messages]

    assert any("2 assignments of *Marketing Campaign* in Entra" in each for each in alarms())

    for each in (anns, cys):
        await harness.store.run(
            lambda db, each=each: assignments.end(db, each, why=EndReason.OUTSIDE, at=clock.now())
        )
    await harness.jobs.sync()
    await harness.talk()
    assert await harness.store.run(troubles.count) == {}
    assert any("some assignments of *Marketing Campaign* in Entra" in each for each in alarms())


@pytest.mark.parametrize("kind", BAD)
async def test_a_row_whose_second_look_is_refused_keeps_nobody_from_theirs(harness, kind):
    """Graph does not find it by its id, and does not let what this person has be listed: it stays as it was."""
    anns, cys = await two_holders(harness)
    harness.tenant.remove_assignment(anns)
    harness.tenant.remove_assignment(cys)
    harness.line.on(f"GET .*/assignments/{anns}$", answering(404), times=EVER)

    async def anns_list(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        asked = request.url.params.get("$filter", "")
        return await (BAD[kind](request, go_on) if seed.ANN in asked else go_on())

    harness.line.on(LISTS, anns_list, times=EVER)
    await harness.jobs.sync()

    unread = await row(harness, anns)
    assert (unread.state, unread.misses) == (AssignmentState.LIVE, 1)
    assert (await row(harness, cys)).ended_why == EndReason.OUTSIDE


async def test_it_passes(harness):
    """Once Graph shows it again nothing is left of it, and the alarm says so."""
    anns, _ = await two_holders(harness)
    harness.tenant.remove_assignment(anns)
    harness.line.on(f"GET .*/assignments/{anns}$", answering(403), times=3)
    for _ in range(4):
        await harness.jobs.sync()
        await harness.talk()

    assert (await row(harness, anns)).state is AssignmentState.ENDED
    assert await harness.store.run(troubles.count) == {}
    cards = [str(each.blocks) for each in harness.workspace.channels["C0APPROVALS"].messages]
    assert any("I can read all of them again" in each for each in cards)


async def test_many_rows_are_read_in_batches(harness):
    """And each is judged by itself there, too."""
    harness.policy_of(seed.MARKETING_CAMPAIGN).allowed_target_scope = "allMemberUsers"
    held = [await give(harness, user) for user in (seed.ANN, seed.CY, seed.MIA, seed.BO)]
    for each in held:
        harness.tenant.remove_assignment(each)
    harness.line.sent.clear()

    await harness.tenant_sync.run()

    states = [(await row(harness, each)).state for each in held]
    assert states == [AssignmentState.ENDED] * 4
    assert sum("batch" in each for each in harness.line.sent) == 1


async def test_a_row_that_is_not_what_graph_sends_hides_no_other(harness):
    """It is asked for by its id, and may be readable there."""
    anns, cys = await two_holders(harness)
    moved = clock.now() + timedelta(days=3)
    harness.tenant.move_end(cys, moved)
    harness.line.on(LISTS, spoiled(anns), times=EVER)

    await harness.tenant_sync.run()

    assert (await row(harness, cys)).ends_at == moved
    found = await row(harness, anns)
    assert (found.state, found.unreadable_since) == (AssignmentState.LIVE, None)


@pytest.mark.parametrize("kind", BAD)
async def test_a_package_that_is_shut_hides_no_other(harness, kind):
    """The lists of the others are read; what is known of the shut one stays, marked."""
    campaign = await give(harness)
    harness.policy_of(seed.BOARD_PAPERS).allowed_target_scope = "allMemberUsers"
    await harness.graph.assignment_requests.create(
        request_type="adminAdd",
        target_id=seed.ANN,
        package_id=seed.BOARD_PAPERS,
        policy_id=harness.policy_of(seed.BOARD_PAPERS).id,
    )
    harness.shift(timedelta(seconds=10))
    harness.line.on(LISTS, only_of(seed.MARKETING_CAMPAIGN, BAD[kind]), times=EVER)

    for _ in range(3):
        await harness.tenant_sync.run()

    held = {
        each.package_id for each in (await harness.request_lists.access_overview("U0ANN")).held.rows
    }
    assert held == {seed.MARKETING_CAMPAIGN, seed.BOARD_PAPERS}
    assert (await row(harness, campaign)).misses == 3
    assert await harness.store.run(troubles.count) == {"unreadable": 1}


async def test_all_packages_shut_is_known_of_each(harness):
    """The app has lost its role: that is no outage that passes, and the admins hear of it."""
    anns, _ = await two_holders(harness)
    harness.line.on(LISTS, answering(403), times=EVER)

    for _ in range(3):
        await harness.tenant_sync.run()

    assert (await row(harness, anns)).misses == 3
    assert await harness.store.run(troubles.count) == {"unreadable": 1}


async def test_graph_down_for_everybody_is_no_bad_row(harness):
    """Nothing is marked, and the sync says that it failed."""
    anns, _ = await two_holders(harness)
    harness.line.on(LISTS, answering(503), times=EVER)

    with pytest.raises(GraphError):
        await harness.tenant_sync.run()

    assert (await row(harness, anns)).misses == 0


async def test_what_was_seen_is_reminded_of_when_the_sync_fails(harness):
    """By what was read within the hour; what is older may have been moved, and is left out."""
    await two_holders(harness)
    harness.shift(timedelta(days=24))
    harness.tenant.tick()
    harness.line.on(LISTS, answering(503), times=EVER)

    with pytest.raises(GraphError):
        await harness.jobs.sync()
    await harness.jobs.reminders()
    assert "Your access to" in harness.told("U0ANN")[-1].text

    since = clock.real() + timedelta(seconds=1)
    found = await harness.store.run(
        assignments.ending_before, clock.now() + timedelta(days=8), seen_since=since, limit=9
    )
    assert found == []


async def test_a_list_is_written_down_page_by_page(harness):
    """Nothing is kept in memory that has been read, however many hold something."""
    anns, cys = await two_holders(harness)
    harness.tenant._service.page_size = 1
    moved = clock.now() + timedelta(days=3)
    for each in (anns, cys):
        harness.tenant.move_end(each, moved)

    await harness.tenant_sync.run()

    assert (await row(harness, anns)).ends_at == moved
    assert (await row(harness, cys)).ends_at == moved


# What an open request of somebody else's says that is not what Graph sends.
STRANGE = {
    "when it was made": {"createdDateTime": "soon"},
    "its dates": {"schedule": "never"},
    "its answers": {"answers": "many"},
    "why it was made": {"justification": ["because"]},
}
DECISIVE = {"its state": {"state": ["x"]}, "who asked": {"requestor": "somebody"}}


async def ask_beside(harness: BotHarness, words: dict[str, object]) -> Request:
    """Ann asks while Cy has an open request in Entra that says *words*."""
    await give(harness, seed.CY)
    (cys,) = harness.tenant.world.requests.values()
    cys.state, cys.completed_at = "submitted", None

    async def strange(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        answer = await go_on()
        await answer.aread()
        body = answer.json()
        for each in body.get("value", []):
            if each["id"] == cys.id:
                each.update(words)
        return httpx.Response(answer.status_code, json=body, request=request)

    harness.line.on("GET .*/assignmentRequests$", strange, times=EVER)
    return await harness.ask("marketing-campaign")


@pytest.mark.parametrize("words", STRANGE.values(), ids=STRANGE)
async def test_an_open_request_of_which_a_part_cannot_be_read_is_in_nobody_elses_way(
    harness, words
):
    """For whom it is, and how it stands, says all that counts."""
    request = await ask_beside(harness, words)

    assert request.state is State.SUBMITTED


@pytest.mark.parametrize("words", DECISIVE.values(), ids=DECISIVE)
async def test_whom_an_open_request_is_for_must_be_known(harness, words):
    """It may be Ann's own: nothing is granted by guessing."""
    request = await ask_beside(harness, words)

    assert request.state is State.RECEIVED
    assert harness.posted("adminAdd") == 1

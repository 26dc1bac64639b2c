""" "Removed" is said when a removal was seen to work, and what comes back is noticed."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from bot import clock
from bot.assignments.model import AssignmentState, EndReason
from bot.assignments.store import troubles
from bot.requests.model import State
from bot.requests.store import removals
from bot.timing import WAITS
from sandbox.tenant import seed
from tests.bot.sync.test_tenant_sync import empty_list, give, row
from tests.harness.by_hand import BotHarness, standing
from tests.harness.faults import answering, silence_after, silence_before
from tests.harness.wires import Fault, GoOn

EVER = 10**6
BY_ID = "GET .*/assignments/"
LISTS = "GET .*/assignments$"
POST = "POST .*/assignmentRequests"


async def held_by_ann(harness: BotHarness) -> str:
    await harness.ask("marketing-campaign")
    await harness.finish()
    (held,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    return held.id


async def removed_by_dana(harness: BotHarness, assignment_id: str) -> str:
    await harness.permissions.refresh()
    taken = await harness.request_changes.remove(
        slack_user="U0DANA", assignment_id=assignment_id, reason="stolen laptop"
    )
    return taken.request.id


def said_removed(harness: BotHarness) -> list[str]:
    return [
        each.text
        for user in ("U0ANN", "U0DANA")
        for each in harness.told(user)
        if "removed" in each.text
    ]


def is_member(harness: BotHarness) -> bool:
    return seed.ANN in harness.tenant.world.groups[seed.MARKETING_RESOURCES].members


async def test_a_look_that_finds_nothing_removes_nothing(harness):
    """After a restart Graph does not show the access for a while: the removal is posted all the same."""
    held = await held_by_ann(harness)
    request_id = await removed_by_dana(harness, held)
    await harness.bot.stop()
    again = await standing(harness.around)
    again.line.on(BY_ID, answering(404, "NotFound"), times=2)
    again.line.on(LISTS, empty_list, times=2)

    await again.finish()

    assert (await again.request(request_id)).state is State.DELIVERED
    assert again.posted("adminRemove") == 1
    assert not is_member(again)


async def test_after_a_doubtful_post_nothing_found_is_not_removed(harness):
    """The POST may have been lost, and the looks after it may be wrong: it is posted again."""
    held = await held_by_ann(harness)
    harness.line.on(POST, silence_before)
    request_id = await removed_by_dana(harness, held)
    await harness.work()
    harness.line.on(BY_ID, answering(404, "NotFound"), times=2)
    harness.line.on(LISTS, empty_list, times=2)

    for _ in range(3):
        await harness.expire_all_waits(settled=True)
        await harness.work()
        await harness.talk()
        assert harness.posted("adminRemove") or not said_removed(harness)
    await harness.finish()

    assert harness.posted("adminRemove") == 1
    assert (await harness.request(request_id)).state is State.DELIVERED
    assert not is_member(harness)


async def test_nothing_is_said_for_two_404s(harness):
    """Neither to her nor to him, nor in the audit log, as long as nobody has removed anything."""
    held = await held_by_ann(harness)
    harness.line.on(POST, answering(404, "NotFound"))
    request_id = await removed_by_dana(harness, held)
    harness.line.on(BY_ID, answering(404, "NotFound"), times=EVER)
    harness.line.on(LISTS, empty_list, times=EVER)
    await harness.work()
    for _ in range(2):
        await harness.expire_all_waits()
        await harness.work()
    await harness.talk()

    request = await harness.request(request_id)
    assert request.state is State.SUBMITTED
    assert request.gone_at is not None
    assert request.due_at == request.gone_at + WAITS.settle
    assert said_removed(harness) == []
    assert (await row(harness, held)).state is AssignmentState.REMOVING


async def test_what_is_missing_twice_a_settle_time_apart_is_gone(harness):
    """Graph forgets; then there is nothing else to be seen of it."""
    held = await held_by_ann(harness)
    request_id = await removed_by_dana(harness, held)
    harness.line.on(POST, answering(404, "NotFound"))
    del harness.tenant.world.assignments[held]
    await harness.work()
    await harness.expire_all_waits()
    await harness.work()
    assert (await harness.request(request_id)).state is State.SUBMITTED

    await asyncio.sleep(WAITS.settle.total_seconds())
    await harness.work()

    assert (await harness.request(request_id)).state is State.DELIVERED
    assert (await row(harness, held)).ended_why == EndReason.REMOVED


async def test_a_lost_answer_to_a_removal_is_found_by_its_result(harness):
    """Graph says that it is over, by its id and in the list: nothing is posted twice."""
    held = await held_by_ann(harness)
    harness.line.on(POST, silence_after)
    request_id = await removed_by_dana(harness, held)
    await harness.finish()

    assert (await harness.request(request_id)).state is State.DELIVERED
    assert harness.posted("adminRemove") == 1


async def test_one_404_ends_nothing_for_the_mirror(harness):
    """Nor two in one moment; a settle time later it does."""
    held = await give(harness)
    del harness.tenant.world.assignments[held]
    for _ in range(2):
        await harness.tenant_sync.run()
        assert (await row(harness, held)).state is AssignmentState.LIVE
    await asyncio.sleep(WAITS.settle.total_seconds())
    await harness.tenant_sync.run()

    assert (await row(harness, held)).ended_why == EndReason.OUTSIDE


async def test_what_is_seen_in_between_was_never_gone(harness):
    """The two looks must be in a row."""
    held = await give(harness)
    harness.line.on(BY_ID, answering(404, "NotFound"), times=2)
    harness.line.on(LISTS, empty_list, times=4)
    await harness.tenant_sync.run()
    assert (await row(harness, held)).gone_at is not None

    await harness.tenant_sync.run()

    assert (await row(harness, held)).gone_at is None


async def test_what_is_missing_is_not_reminded_of(harness):
    """It is gone, or a 404 was a mistake: then the reminder comes with the next look."""
    held = await give(harness)
    harness.shift(timedelta(days=24))
    harness.tenant.tick()
    harness.line.on(BY_ID, answering(404, "NotFound"), times=2)
    harness.line.on(LISTS, empty_list, times=4)
    await harness.jobs.sync()
    await harness.jobs.reminders()
    assert (await row(harness, held)).gone_at is not None
    assert not harness.told("U0ANN")

    await harness.jobs.sync()
    await harness.jobs.reminders()

    assert "Your access to" in harness.told("U0ANN")[-1].text


async def stale(harness: BotHarness) -> Fault:
    """The lists as they are now, for later."""
    answers = {}

    async def remember(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        answer = await go_on()
        await answer.aread()
        answers[str(request.url)] = answer.json()
        return answer

    async def replay(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        return httpx.Response(200, json=answers[str(request.url)], request=request)

    harness.line.on(LISTS, remember, times=3)
    await harness.tenant_sync.run()
    return replay


async def test_a_list_that_lags_brings_nothing_back(harness):
    """It was given back; the list still shows it, and its own id does not."""
    held = await held_by_ann(harness)
    old = await stale(harness)
    await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=held)
    await harness.finish()
    harness.line.on(LISTS, old, times=3)

    await harness.tenant_sync.run()
    assert (await row(harness, held)).ended_why == EndReason.RETURNED
    await harness.tenant_sync.run()
    await harness.talk()

    assert (await row(harness, held)).ended_why == EndReason.RETURNED
    assert not [
        each for each in harness.told("U0ANN") if "by no request that I know of" in each.text
    ]
    assert await harness.store.run(troubles.count) == {}


async def test_what_revives_after_our_removal_is_removed_again(harness):
    """And the admins hear of it."""
    held = await held_by_ann(harness)
    await removed_by_dana(harness, held)
    await harness.finish()
    there = harness.tenant.world.assignments[held]
    there.state, there.expired_at = "delivered", None

    await harness.tenant_sync.run()
    await harness.talk()
    assert (await row(harness, held)).state is AssignmentState.LIVE
    alarms = [each.text for each in harness.workspace.channels["C0APPROVALS"].messages]
    assert any("had been removed, and Entra shows it again" in each for each in alarms)
    await harness.finish()

    assert there.state == "expired"
    assert harness.posted("adminRemove") == 2
    assert (await row(harness, held)).ended_why == EndReason.REMOVED_BY_LATCHKEY


async def test_what_revives_after_it_ended_is_told(harness):
    """To the holder, who was told that it has ended, and to the admins; nobody removes it."""
    held = await give(harness)
    there = harness.tenant.world.assignments[held]
    harness.tenant.remove_assignment(held)
    await harness.tenant_sync.run()
    await harness.talk()
    there.state, there.expired_at = "delivered", None

    await harness.tenant_sync.run()
    await harness.talk()

    assert (await row(harness, held)).state is AssignmentState.LIVE
    assert "Entra shows it again" in harness.told("U0ANN")[-1].text
    assert await harness.store.run(troubles.count) == {"revived": 1}
    assert harness.posted("adminRemove") == 1


@pytest.mark.parametrize("automatic", [True, False])
async def test_what_an_admin_removed_and_entra_gives_again_is_an_alarm(harness, automatic):
    """By a rule, or by somebody's hand: a new assignment of the same person and package."""
    if automatic:
        harness.policy_of(seed.MARKETING_CAMPAIGN).settings["automaticRequestSettings"] = {
            "requestAccessForAllowedTargets": True
        }
    held = await give(harness)
    await removed_by_dana(harness, held)
    await harness.finish()

    again = await give(harness)
    await harness.talk()

    assert again != held
    alarms = [each.text for each in harness.workspace.channels["C0APPROVALS"].messages]
    how = "an automatic assignment policy" if automatic else "somebody has given it in Entra"
    assert sum("an admin had removed it" in each and how in each for each in alarms) == 1
    assert harness.tenant.world.assignments[again].is_live


async def test_removals_of_the_machine_are_no_admins_removals(harness):
    """What Latchkey takes back by itself, or the holder gives back, is held against nobody."""
    held = await held_by_ann(harness)
    await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=held)
    await harness.finish()

    since = clock.now() - timedelta(days=30)
    found = await harness.store.run(
        removals.removal_of, seed.ANN, seed.MARKETING_CAMPAIGN, since=since
    )
    assert found is None

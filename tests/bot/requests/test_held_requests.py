"""An admin retries what is held, or gives it up: afresh, or never again, and only once Graph was asked."""

import asyncio
from datetime import timedelta

import pytest

from bot.database.audit_log import audit
from bot.errors import NotAllowed, TooLate
from bot.people.model import Verb
from bot.requests.model import Hold, Kind, State
from bot.requests.retry import HELD_AFTER
from bot.requests.store import holds
from bot.timing import WAITS
from sandbox.tenant import seed
from tests.bot.requests.test_holding import ALWAYS, POST, cards, heal, held, try_often
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering, silence_after, silence_before
from tests.harness.world import labels, said

# The lists in which a request is looked for come in one envelope.
LOOK = r"GET .*/assignmentRequests$"


async def repair(harness: BotHarness, hold: Hold, verb: Verb, user: str = "U0DANA") -> None:
    await harness.request_changes.repair(slack_user=user, hold_id=hold.id, verb=verb)
    await harness.work()
    await harness.talk()


async def test_retry_starts_afresh(harness):
    """What was in the way is gone: it goes on to its end, and the card says who saw to it."""
    hold, request = await held(harness)
    await harness.talk()
    heal(harness)

    await repair(harness, hold, Verb.RETRY)
    await harness.finish()

    assert (await harness.request(request.id)).state is State.DELIVERED
    assert harness.posted("adminAdd") == 1
    (card,) = cards(harness)
    assert labels(card) == []
    assert "Tried again by <@U0DANA>" in said(card)
    assert "retry" in [row["verb"] for row in await harness.audit(request)]


async def test_what_fails_on_is_held_again(harness):
    """After as many failures as before, with a card of its own."""
    hold, request = await held(harness)
    await harness.talk()
    await repair(harness, hold, Verb.RETRY)
    assert (await harness.request(request.id)).failures <= 1

    await try_often(harness)
    await harness.talk()

    assert len(cards(harness)) == 2
    assert [labels(each) for each in cards(harness)] == [[], ["Retry", "Give up"]]


async def test_what_is_given_up_has_failed(harness):
    """Nothing of it is in Graph: the holder is told, and may ask again."""
    hold, request = await held(harness)
    await harness.talk()
    heal(harness)

    await repair(harness, hold, Verb.GIVE_UP)
    await harness.talk()

    assert (await harness.request(request.id)).state is State.FAILED
    assert harness.posted("adminAdd") == 0
    (told,) = harness.told("U0ANN")
    assert "Dana" in told.text
    assert "gave it up. You can ask again." in told.text
    assert "Given up by <@U0DANA>" in said(cards(harness)[0])
    alarms = harness.workspace.channels["C0APPROVALS"].messages
    assert sum(":warning:" in each.text for each in alarms) == 1
    rows = [(row["actor"], row["verb"], row["after"]) for row in await harness.audit(request)]
    assert rows[-2:] == [("U0DANA", "give-up", None), ("U0DANA", "move", "failed")]

    await harness.ask("marketing-campaign")
    await harness.finish()
    assert harness.posted("adminAdd") == 1


async def test_what_is_found_in_graph_is_not_given_up(harness):
    """The POST had worked, and only the looks had failed: it is adopted."""
    harness.line.on(POST, silence_after)
    await harness.ask("marketing-campaign")
    harness.line.on(LOOK, answering(500), times=ALWAYS)
    await try_often(harness)
    ((hold, request),) = await harness.store.run(holds.open_ones)
    assert request.intent_at is not None
    await harness.talk()
    heal(harness)

    await repair(harness, hold, Verb.GIVE_UP)
    await harness.finish()

    assert (await harness.request(request.id)).state is State.DELIVERED
    assert harness.posted("adminAdd") == 1
    assert "Delivered." in said(cards(harness)[-1])


async def test_nothing_is_given_up_before_a_late_write_would_show(harness):
    """Whoever asks again is posted anew, so the look must have proved something."""
    hold, request = await held(harness, lately=True)
    heal(harness)

    await repair(harness, hold, Verb.GIVE_UP)
    waiting = await harness.request(request.id)
    assert (waiting.state, waiting.due_at) == (State.APPROVED, waiting.settles_at)

    await asyncio.sleep(WAITS.settle.total_seconds())
    await harness.work()

    assert (await harness.request(request.id)).state is State.FAILED


async def test_what_graph_may_still_do_is_not_lost(harness):
    """Given up after Graph had taken it on: the sync adopts what is delivered after all."""
    request = await harness.ask("marketing-campaign")
    harness.line.on("GET .*/assignmentRequests/", answering(500), times=ALWAYS)
    await try_often(harness)
    ((hold, _),) = await harness.store.run(holds.open_ones)

    await repair(harness, hold, Verb.GIVE_UP)
    await harness.talk()
    assert (await harness.request(request.id)).state is State.FAILED
    assert "/my-access will show it" in harness.told("U0ANN")[-1].text

    heal(harness)
    harness.shift(timedelta(seconds=10))
    await harness.tenant_sync.run()
    (row,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    assert row.package_id == request.package_id


async def test_giving_up_needs_graph(harness):
    """While it cannot be searched, nothing is given up; after as many failures it is held again."""
    hold, request = await held(harness)
    harness.line.on(LOOK, answering(500), times=ALWAYS)

    await repair(harness, hold, Verb.GIVE_UP)
    assert (await harness.request(request.id)).state is State.APPROVED
    await try_often(harness)

    ((again, request),) = await harness.store.run(holds.open_ones)
    assert again.id != hold.id
    assert request.give_up_by is None


@pytest.mark.parametrize("verb", [Verb.RETRY, Verb.GIVE_UP])
@pytest.mark.parametrize("user", ["U0ANN", "U0BO", "U0CY"])
async def test_only_admins_repair(harness, verb, user):
    """Neither the holder nor an approver; and the attempt leaves its row."""
    hold, request = await held(harness)

    with pytest.raises(NotAllowed):
        await harness.request_changes.repair(slack_user=user, hold_id=hold.id, verb=verb)

    assert (await harness.request(request.id)).held_at is not None
    refused = [row for row in await harness.store.run(audit.rows) if row["verb"] == "refused"]
    assert [row["actor"] for row in refused] == [user]


async def test_nobody_gives_up_what_is_about_their_own_access(harness):
    """It may be its removal; trying again is anybody's who is an admin."""
    harness.policy_of(seed.MARKETING_CAMPAIGN).allowed_target_scope = "allMemberUsers"
    harness.line.on(POST, silence_before, times=ALWAYS)
    await harness.ask("marketing-campaign", user="U0DANA")
    await try_often(harness)
    ((hold, request),) = await harness.store.run(holds.open_ones)

    with pytest.raises(NotAllowed, match="your own access"):
        await harness.request_changes.repair(
            slack_user="U0DANA", hold_id=hold.id, verb=Verb.GIVE_UP
        )
    await repair(harness, hold, Verb.RETRY)

    assert (await harness.request(request.id)).held_at is None


async def test_who_is_no_admin_any_more_gives_nothing_up(harness):
    """Read afresh just before: the request is held as it was, and the admins are told why."""
    hold, request = await held(harness)
    await harness.talk()
    heal(harness)
    await harness.request_changes.repair(slack_user="U0DANA", hold_id=hold.id, verb=Verb.GIVE_UP)
    harness.workspace.usergroups["S0IAM"].users = ["U0BO"]

    await harness.work()
    await harness.talk()

    request = await harness.request(request.id)
    assert (request.state, request.held_at is not None) == (State.APPROVED, True)
    assert "Only Latchkey's admins" in said(cards(harness)[-1])
    assert labels(cards(harness)[-1]) == ["Retry", "Give up"]


@pytest.mark.parametrize("first", [Verb.RETRY, Verb.GIVE_UP])
async def test_a_second_press_is_late(harness, first):
    """Two admins, one hold: the second is told what the first has done."""
    hold, _ = await held(harness)
    heal(harness)
    await repair(harness, hold, first)

    with pytest.raises(TooLate, match="already"):
        await harness.request_changes.repair(slack_user="U0DANA", hold_id=hold.id, verb=Verb.RETRY)


async def test_a_held_removal_that_is_given_up_leaves_the_access(harness):
    """The admin who wanted it is told, not the holder."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    (row,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    harness.line.on(POST, silence_before, times=ALWAYS)
    taken = await harness.request_changes.return_access(slack_user="U0ANN", assignment_id=row.id)
    await try_often(harness, HELD_AFTER + 1)
    ((hold, request),) = await harness.store.run(holds.open_ones)
    assert (request.id, request.kind) == (taken.request.id, Kind.REMOVE)
    heal(harness)

    await repair(harness, hold, Verb.GIVE_UP)

    (kept,) = (await harness.request_lists.access_overview("U0ANN")).held.rows
    assert kept.state == "live"

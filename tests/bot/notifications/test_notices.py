"""Test what is owed to people: sent once, to those whom it concerns, and redrawn when it is no longer so."""

from datetime import timedelta

import pytest

from bot import clock
from bot.assignments.store import assignments
from bot.database.tables import requests as request_table
from bot.notifications.assignments.expiries import STILL_NEWS
from bot.notifications.store import notices
from bot.people.model import Verb
from bot.requests.model import REMOVED_MEANWHILE, Kind, Request, State
from bot.requests.store import requests
from sandbox.slack.model import Message
from sandbox.tenant import seed
from tests.bot.samples import held, wish
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering


def cards(harness: BotHarness) -> list[Message]:
    return [
        each
        for each in harness.workspace.channels["C0APPROVALS"].messages
        if each.by_app and not each.ephemeral_to
    ]


def posts(harness: BotHarness) -> int:
    return sum(each.method == "chat.postMessage" and each.ok for each in harness.workspace.calls)


async def pending(harness: BotHarness) -> Request:
    request = await harness.ask("finance-reports because Q4")
    await harness.talk()
    return request


async def test_a_card_goes_to_the_admins_and_to_each_approver(harness):
    """One each, and no more the next time."""
    await pending(harness)
    await harness.talk()

    assert len(cards(harness)) == len(harness.told("U0BO")) == 1
    assert posts(harness) == 2
    assert harness.told("U0ANN") == []


async def test_every_copy_of_a_card_is_redrawn(harness):
    """With who decided, and without buttons."""
    request = await pending(harness)
    await harness.approvals.decide(
        ask_id=request.ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
    )
    await harness.work()
    await harness.talk()

    for card in (*cards(harness), *harness.told("U0BO")):
        assert "Approved by <@U0BO>" in str(card.blocks)
        assert "latchkey_approve" not in str(card.blocks)
    assert posts(harness) == 2


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_card_decided_before_its_sending_was_clear_loses_its_buttons(harness, is_there):
    """Bo presses what he sees, while Latchkey does not know yet that he sees it."""
    harness.workspace.scopes.append("channels:history")
    fault = "fatal_error" if is_there else "drop"
    harness.workspace.faults.set(fault, only="chat.postMessage", count=2)
    request = await pending(harness)
    await harness.approvals.decide(
        ask_id=request.ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
    )
    await harness.work()
    await harness.talk()
    assert len(harness.told("U0BO")) == is_there

    await harness.expire_all_waits()
    await harness.talk()

    for card in (*cards(harness), *harness.told("U0BO")):
        assert "Approved by <@U0BO>" in str(card.blocks)
        assert "latchkey_approve" not in str(card.blocks)
    assert len(harness.told("U0BO")) == len(cards(harness)) == is_there
    assert await harness.store.run(notices.claim_left_over, lease=timedelta(seconds=-1)) == []


async def test_a_card_that_somebody_deleted_stops_nothing(harness):
    """The row is the truth, the card was a copy."""
    request = await pending(harness)
    cards(harness)[0].deleted = True
    await harness.request_changes.cancel(slack_user="U0ANN", request_id=request.id)

    await harness.talk()

    assert "Canceled" in str(harness.told("U0BO")[0].blocks)


async def test_delivery_is_told_once(harness):
    """However often one looks."""
    await harness.ask("marketing-campaign")
    await harness.finish()
    for _ in range(3):
        await harness.talk()

    assert len(harness.told("U0ANN")) == 1


@pytest.mark.parametrize("left", [timedelta(days=2), timedelta(), timedelta(days=-1)])
async def test_after_a_removal_that_failed_nobody_still_has_what_has_run_out(harness, left):
    """Also where no sync has seen that yet."""
    access = held(ends_at=clock.now() + left)
    await harness.store.run(assignments.save_live, access)
    canceled = wish(kind=Kind.EXTEND, state=State.APPROVED, assignment_id=access.id, due_at=None)
    await harness.store.run(requests.add, canceled)
    await harness.store.run(
        requests.move, canceled, State.CANCELED, actor="U0DANA", why=REMOVED_MEANWHILE
    )

    await harness.talk()

    assert ["you still have it" in each.text for each in harness.told("U0ANN")] == [True] * (
        left > timedelta()
    )


async def test_a_message_that_slack_did_not_take_comes_later(harness):
    """Rate limited: nothing happened."""
    await harness.ask("board-papers")
    harness.workspace.faults.set("ratelimited", only="chat.postMessage", count=1)
    await harness.talk()
    assert harness.told("U0ANN") == []

    await harness.expire_all_waits()
    await harness.store.run(make_due)
    await harness.talk()

    assert len(harness.told("U0ANN")) == 1


def make_due(db):
    past = clock.real() - timedelta(seconds=1)
    db.execute(
        request_table.update()
        .where(request_table.c.news_due_at.is_not(None))
        .values(news_due_at=past)
    )


async def test_a_message_without_an_answer_waits_for_its_lease(harness):
    """It may have arrived; nobody sends a second one at once."""
    await harness.ask("board-papers")
    harness.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)

    for _ in range(3):
        await harness.store.run(make_due)
        await harness.talk()

    assert len(harness.told("U0ANN")) == 1


@pytest.mark.parametrize("change", ["deleted", "is_bot"])
async def test_somebody_who_cannot_be_reached_is_given_up(harness, change):
    """Not tried for ever."""
    request = await harness.ask("board-papers")
    setattr(harness.workspace.people["U0ANN"], change, True)

    for _ in range(3):
        await harness.expire_all_waits()
        await harness.store.run(make_due)
        await harness.talk()

    tries = [each for each in harness.workspace.calls if each.method == "chat.postMessage"]
    assert len(tries) == 1
    assert await harness.store.run(notices.finished_keys, [f"refused:{request.id}"]) != set()


async def test_the_admin_channel_is_tried_again(harness):
    """Somebody forgot to invite the bot: that can be put right."""
    harness.workspace.channels["C0APPROVALS"].members.discard("U0BOT")
    await pending(harness)
    assert cards(harness) == []

    harness.workspace.channels["C0APPROVALS"].members.add("U0BOT")
    await harness.expire_all_waits()
    await harness.store.run(make_cards_due)
    await harness.talk()

    assert len(cards(harness)) == 1


def make_cards_due(db):
    past = clock.real() - timedelta(seconds=1)
    db.execute(
        request_table.update()
        .where(request_table.c.cards_due_at.is_not(None))
        .values(cards_due_at=past)
    )


async def test_one_broken_address_stops_nobody_elses_news(harness):
    """Bo's direct messages are closed; the channel's card goes out."""
    harness.workspace.people["U0BO"].deleted = True
    await harness.ask("finance-reports because Q4")
    harness.workspace.people["U0BO"].deleted = False

    await harness.talk()

    assert len(cards(harness)) == 1


async def test_last_years_news_is_no_news(harness):
    """A database that was restored from a backup."""
    old = clock.now() - STILL_NEWS - timedelta(days=1)
    request = await harness.store.run(requests.add, wish())
    await harness.store.run(requests.move, request, State.REFUSED, why="No.", ended_at=old)

    await harness.talk()

    assert harness.told("U0ANN") == []


async def test_what_is_not_understood_is_told_to_both(harness):
    """The person, and the admins who can do something about it."""
    harness.policy_of(seed.MARKETING_CAMPAIGN).allowed_target_scope = "unknownFutureValue"
    await harness.ask("marketing-campaign")
    await harness.talk()

    assert "must not guess" in harness.told("U0ANN")[-1].text
    assert "do not understand" in cards(harness)[-1].text


async def test_what_does_not_get_further_is_an_alarm(harness):
    """Once; and it is tried on."""
    harness.line.on("POST .*assignmentRequests", answering(429), times=50)
    await harness.ask("marketing-campaign")
    for _ in range(14):
        await harness.expire_all_waits()
        await harness.work()

    for _ in range(2):
        await harness.talk()

    assert sum("takes long" in each.text for each in cards(harness)) == 1

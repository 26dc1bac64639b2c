"""What is owed to people: sent once, to those whom it concerns, and redrawn when it is no longer so."""

from datetime import timedelta

import pytest

from bot import clock
from bot.models import Request, State, Verb
from bot.notices import STILL_NEWS, escape_sentence
from bot.store import notices, requests
from bot.store.schema import requests as table
from sandbox.slack.model import Message
from sandbox.tenant import seed
from tests.bot.conftest import Office, answering
from tests.bot.samples import wish


def cards(office: Office) -> list[Message]:
    return [
        each
        for each in office.workspace.channels["C0APPROVALS"].messages
        if each.by_app and not each.ephemeral_to
    ]


def posts(office: Office) -> int:
    return sum(each.method == "chat.postMessage" and each.ok for each in office.workspace.calls)


async def pending(office: Office) -> Request:
    request = await office.ask("finance-reports because Q4")
    await office.talk()
    return request


async def test_a_card_goes_to_the_admins_and_to_each_approver(office):
    """One each, and no more the next time."""
    await pending(office)
    await office.talk()

    assert len(cards(office)) == len(office.told("U0BO")) == 1
    assert posts(office) == 2
    assert office.told("U0ANN") == []


async def test_every_copy_of_a_card_is_redrawn(office):
    """With who decided, and without buttons."""
    request = await pending(office)
    await office.desk.decide(
        ask_id=request.ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
    )
    await office.work()
    await office.talk()

    for card in (*cards(office), *office.told("U0BO")):
        assert "Approved by <@U0BO>" in str(card.blocks)
        assert "latchkey_approve" not in str(card.blocks)
    assert posts(office) == 2


@pytest.mark.parametrize("is_there", [True, False])
async def test_a_card_decided_before_its_sending_was_clear_loses_its_buttons(office, is_there):
    """Bo presses what he sees, while Latchkey does not know yet that he sees it."""
    fault = "fatal_error" if is_there else "drop"
    office.workspace.faults.set(fault, only="chat.postMessage", count=2)
    request = await pending(office)
    await office.desk.decide(
        ask_id=request.ask_id, verb=Verb.APPROVE, slack_user="U0BO", team="T0LATCH", channel=None
    )
    await office.work()
    await office.talk()
    assert len(office.told("U0BO")) == is_there

    await office.hurry()
    await office.talk()

    for card in (*cards(office), *office.told("U0BO")):
        assert "Approved by <@U0BO>" in str(card.blocks)
        assert "latchkey_approve" not in str(card.blocks)
    assert len(office.told("U0BO")) == len(cards(office)) == is_there
    assert await office.store.run(notices.claim_left_over, lease=timedelta(seconds=-1)) == []


async def test_a_card_that_somebody_deleted_stops_nothing(office):
    """The row is the truth, the card was a copy."""
    request = await pending(office)
    cards(office)[0].deleted = True
    await office.desk.cancel(slack_user="U0ANN", request_id=request.id)

    await office.talk()

    assert "Withdrawn" in str(office.told("U0BO")[0].blocks)


async def test_delivery_is_told_once(office):
    """However often one looks."""
    await office.ask("marketing-campaign")
    await office.finish()
    for _ in range(3):
        await office.talk()

    assert len(office.told("U0ANN")) == 1


async def test_a_message_that_slack_did_not_take_comes_later(office):
    """Rate limited: nothing happened."""
    await office.ask("board-papers")
    office.workspace.faults.set("ratelimited", only="chat.postMessage", count=1)
    await office.talk()
    assert office.told("U0ANN") == []

    await office.hurry()
    await office.store.run(make_due)
    await office.talk()

    assert len(office.told("U0ANN")) == 1


def make_due(db):
    past = clock.real() - timedelta(seconds=1)
    db.execute(table.update().where(table.c.news_due_at.is_not(None)).values(news_due_at=past))


async def test_a_message_without_an_answer_waits_for_its_lease(office):
    """It may have arrived; nobody sends a second one at once."""
    await office.ask("board-papers")
    office.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)

    for _ in range(3):
        await office.store.run(make_due)
        await office.talk()

    assert len(office.told("U0ANN")) == 1


@pytest.mark.parametrize("change", ["deleted", "is_bot"])
async def test_somebody_who_cannot_be_reached_is_given_up(office, change):
    """Not tried for ever."""
    request = await office.ask("board-papers")
    setattr(office.workspace.people["U0ANN"], change, True)

    for _ in range(3):
        await office.hurry()
        await office.store.run(make_due)
        await office.talk()

    tries = [each for each in office.workspace.calls if each.method == "chat.postMessage"]
    assert len(tries) == 1
    assert await office.store.run(notices.finished_keys, [f"refused:{request.id}"]) != set()


async def test_the_admin_channel_is_tried_again(office):
    """Somebody forgot to invite the bot: that can be put right."""
    office.workspace.channels["C0APPROVALS"].members.discard("U0BOT")
    await pending(office)
    assert cards(office) == []

    office.workspace.channels["C0APPROVALS"].members.add("U0BOT")
    await office.hurry()
    await office.store.run(make_cards_due)
    await office.talk()

    assert len(cards(office)) == 1


def make_cards_due(db):
    past = clock.real() - timedelta(seconds=1)
    db.execute(table.update().where(table.c.cards_due_at.is_not(None)).values(cards_due_at=past))


async def test_one_broken_address_stops_nobody_elses_news(office):
    """Bo's direct messages are closed; the channel's card goes out."""
    office.workspace.people["U0BO"].deleted = True
    await office.ask("finance-reports because Q4")
    office.workspace.people["U0BO"].deleted = False

    await office.talk()

    assert len(cards(office)) == 1


async def test_last_years_news_is_no_news(office):
    """A database that was restored from a backup."""
    old = clock.now() - STILL_NEWS - timedelta(days=1)
    request = await office.store.run(requests.add, wish())
    await office.store.run(requests.move, request, State.REFUSED, why="No.", ended_at=old)

    await office.talk()

    assert office.told("U0ANN") == []


async def test_what_is_not_understood_is_told_to_both(office):
    """The person, and the admins who can do something about it."""
    office.policy_of(seed.MARKETING_CAMPAIGN).allowed_target_scope = "unknownFutureValue"
    await office.ask("marketing-campaign")
    await office.talk()

    assert "must not guess" in office.told("U0ANN")[-1].text
    assert "do not understand" in cards(office)[-1].text


async def test_what_does_not_get_further_is_an_alarm(office):
    """Once; and it is tried on."""
    office.line.on("POST .*assignmentRequests", answering(429), times=50)
    await office.ask("marketing-campaign")
    for _ in range(14):
        await office.hurry()
        await office.work()

    for _ in range(2):
        await office.talk()

    assert sum("has been looked at" in each.text for each in cards(office)) == 1


HOSTILE = "<!channel> & <https://evil.example|x>"


@pytest.mark.parametrize("text", [HOSTILE, f"by {HOSTILE}, <!date^1^{{time}}|1970 UTC>."])
def test_a_sentence_keeps_only_our_dates(text):
    """Everything else in it is somebody's words."""
    said = escape_sentence(text)

    assert "<!channel>" not in said
    assert "<https" not in said
    assert said.count("<") == text.count("<!date^")


def test_a_name_cannot_forge_a_date_with_a_link():
    """A display name in Entra that looks like one of our dates."""
    said = escape_sentence("Already approved by <!date^1^{date}^https://evil.example|Bo>, today.")

    assert "^https" not in said or "<!date" not in said

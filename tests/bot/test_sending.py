"""Each message once, whatever Slack answers: an unclear try is looked for before the next one."""

from datetime import timedelta

import pytest

from bot import clock
from bot.messages.parts import message
from bot.models import Notice
from bot.sending import CALL_TIMEOUT, CLAIM_LEASE, Sending
from bot.store import notices
from bot.store.schema import notices as table

ADMINS = "C0APPROVALS"
ANN = "U0ANN"
HELLO = message("Hello.")


@pytest.fixture
def sending(office):
    """What sends, by itself."""
    return Sending(store=office.store, slack=office.slack, admin_channel=ADMINS)


def owed(key="delivered:1", to=ANN):
    return Notice(key=key, kind="news", to=to)


async def lease_is_over(office):
    """Nobody has the claim any more."""
    past = clock.real() - timedelta(seconds=1)

    def end(db):
        db.execute(table.update().where(table.c.sent_at.is_(None)).values(claimed_until=past))

    await office.store.run(end)


async def is_recorded(office, key="delivered:1"):
    return await office.store.run(notices.finished_keys, [key]) == {key}


def there(office, to=ANN):
    """What people see of it."""
    if to == ANN:
        return office.told(ANN)
    return [each for each in office.workspace.channels[to].messages if each.by_app]


@pytest.mark.parametrize("to", [ADMINS, ANN])
@pytest.mark.parametrize("fault", ["drop_after", "fatal_error"])
async def test_what_arrived_without_an_answer_is_found_and_not_repeated(office, sending, fault, to):
    """It is there once, and its place is known, so that it can be redrawn."""
    office.workspace.faults.set(fault, only="chat.postMessage", count=1)
    assert not await sending.send([owed(to=to)], HELLO)
    assert not await is_recorded(office)
    await lease_is_over(office)

    assert not await sending.send([owed(to=to)], HELLO)

    (shown,) = there(office, to)
    (kept,) = await office.store.run(notices.in_message, channel=shown.channel, ts=shown.ts)
    assert kept.sent_at is not None


async def test_what_did_not_arrive_is_sent_after_a_look(office, sending):
    """The connection was cut before Slack had it."""
    office.workspace.faults.set("drop", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    await lease_is_over(office)

    assert await sending.send([owed()], HELLO)

    assert len(there(office)) == 1


async def test_nobody_looks_after_a_clear_no(office, sending):
    """Slack was busy: nothing happened."""
    office.workspace.faults.set("ratelimited", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    await lease_is_over(office)

    assert await sending.send([owed()], HELLO)

    assert len(there(office)) == 1
    assert "conversations.history" not in {call.method for call in office.workspace.calls}


async def test_a_message_for_several_settles_those_that_it_names(office, sending):
    """What came to be owed meanwhile is sent by itself."""
    office.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)
    await sending.send([owed("a"), owed("b")], HELLO)
    await lease_is_over(office)

    assert await sending.send([owed("a"), owed("b"), owed("c")], HELLO)

    assert len(there(office)) == 2
    for key in "abc":
        assert await is_recorded(office, key)


@pytest.mark.parametrize("fault", ["fatal_error", "ratelimited", "server_error"])
async def test_while_slack_cannot_say_nothing_is_sent(office, sending, fault):
    """Never blind: the next look is later."""
    office.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    await lease_is_over(office)
    office.workspace.faults.set(fault, only="conversations.history", count=1)

    assert not await sending.send([owed()], HELLO)
    assert len(there(office)) == 1
    await lease_is_over(office)
    await sending.send([owed()], HELLO)

    assert len(there(office)) == 1
    assert await is_recorded(office)


async def test_where_the_app_may_not_read_it_is_sent_again(office, sending):
    """Late and perhaps twice beats never."""
    office.workspace.scopes.remove("channels:history")
    office.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)
    await sending.send([owed(to=ADMINS)], HELLO)
    await lease_is_over(office)

    assert await sending.send([owed(to=ADMINS)], HELLO)

    assert len(there(office, ADMINS)) == 2


async def test_whoever_was_held_up_for_too_long_does_not_send(office, sending, monkeypatch):
    """Another replica may have taken it up, or be about to."""
    claim_together = notices.claim_together

    def claim_long_ago(db, wanted, *, lease):
        return claim_together(db, wanted, lease=CALL_TIMEOUT - timedelta(seconds=1))

    monkeypatch.setattr(notices, "claim_together", claim_long_ago)
    assert not await sending.send([owed()], HELLO)
    assert there(office) == []
    monkeypatch.undo()

    assert await sending.send([owed()], HELLO)
    assert len(there(office)) == 1


def test_a_lease_outlasts_a_call_that_arrives_late():
    """Whoever looks at the end of it sees what the call has made."""
    assert CLAIM_LEASE > 2 * CALL_TIMEOUT


async def test_of_many_messages_the_right_one_is_found(office, sending):
    """More than one page of them since."""
    office.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    for number in range(205):
        await office.slack.post(ANN, HELLO, keys=[f"other:{number}"])
    await lease_is_over(office)

    assert not await sending.send([owed()], HELLO)

    assert len(there(office)) == 206
    assert await is_recorded(office)

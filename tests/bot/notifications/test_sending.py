"""Each message once, whatever Slack answers: an unclear try is looked for before the next one."""

import asyncio
from datetime import timedelta

import pytest

from bot import clock
from bot.database.tables import notices as notice_table
from bot.messages.blocks.parts import message
from bot.notifications.model import Notice
from bot.notifications.outbox import CALL_TIMEOUT, CLAIM_LEASE, REFUSAL_SHOWN, Sending
from bot.notifications.store import notices
from bot.people.languages import Languages
from tests.harness.loop import simulated

ADMINS = "C0APPROVALS"
SECOND = timedelta(seconds=1)
ANN = "U0ANN"
HELLO = message("Hello.")
# Where the app may read the admins' channel; the manifest does not ask for it.
HISTORY = "channels:history"


@pytest.fixture
def sending(harness):
    """Return what sends, by itself."""
    return Sending(
        store=harness.store,
        slack=harness.slack,
        admin_channel=ADMINS,
        languages=Languages(store=harness.store, slack=harness.slack),
    )


def owed(key="delivered:1", to=ANN):
    return Notice(key=key, kind="news", to=to)


async def lease_is_over():
    """Nobody has the claim any more."""
    await asyncio.sleep(CLAIM_LEASE.total_seconds())


async def is_recorded(harness, key="delivered:1"):
    return await harness.store.run(notices.finished_keys, [key]) == {key}


def unfinished(db):
    """Return what is neither sent nor dropped."""
    open_ones = notice_table.c.sent_at.is_(None) & notice_table.c.dropped_why.is_(None)
    return [
        Notice(
            key=row.key,
            kind=row.kind,
            to=row.recipient,
            claimed_until=row.claimed_until,
            tried_at=row.tried_at,
        )
        for row in db.execute(notice_table.select().where(open_ones))
    ]


def there(harness, to=ANN):
    """Return what people see of it."""
    if to == ANN:
        return harness.told(ANN)
    return [each for each in harness.workspace.channels[to].messages if each.by_app]


@pytest.mark.parametrize("to", [ADMINS, ANN])
@pytest.mark.parametrize("fault", ["drop_after", "fatal_error"])
async def test_what_arrived_without_an_answer_is_found_and_not_repeated(
    harness, sending, fault, to
):
    """It is there once, and its place is known, so that it can be redrawn."""
    harness.workspace.scopes.append(HISTORY)
    harness.workspace.faults.set(fault, only="chat.postMessage", count=1)
    assert not await sending.send([owed(to=to)], HELLO)
    assert not await is_recorded(harness)
    await lease_is_over()

    assert not await sending.send([owed(to=to)], HELLO)

    (shown,) = there(harness, to)
    (kept,) = await harness.store.run(notices.in_message, channel=shown.channel, ts=shown.ts)
    assert kept.sent_at is not None


async def test_what_did_not_arrive_is_sent_after_a_look(harness, sending):
    """The connection was cut before Slack had it."""
    harness.workspace.faults.set("drop", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    await lease_is_over()

    assert await sending.send([owed()], HELLO)

    assert len(there(harness)) == 1


async def test_nobody_looks_after_a_clear_no(harness, sending):
    """Slack was busy: nothing happened."""
    harness.workspace.faults.set("ratelimited", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    await lease_is_over()

    assert await sending.send([owed()], HELLO)

    assert len(there(harness)) == 1
    assert "conversations.history" not in {call.method for call in harness.workspace.calls}


async def test_a_message_for_several_settles_those_that_it_names(harness, sending):
    """What came to be owed meanwhile is sent by itself."""
    harness.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)
    await sending.send([owed("a"), owed("b")], HELLO)
    await lease_is_over()

    assert await sending.send([owed("a"), owed("b"), owed("c")], HELLO)

    assert len(there(harness)) == 2
    for key in "abc":
        assert await is_recorded(harness, key)


@pytest.mark.parametrize("fault", ["fatal_error", "ratelimited", "server_error"])
async def test_while_slack_cannot_say_nothing_is_sent(harness, sending, fault):
    """Never blind: the next look is later."""
    harness.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    await lease_is_over()
    harness.workspace.faults.set(fault, only="conversations.history", count=1)

    assert not await sending.send([owed()], HELLO)
    assert len(there(harness)) == 1
    await lease_is_over()
    await sending.send([owed()], HELLO)

    assert len(there(harness)) == 1
    assert await is_recorded(harness)


async def test_where_the_app_may_not_read_it_is_sent_again(harness, sending):
    """Late and perhaps twice beats never."""
    assert HISTORY not in harness.workspace.scopes
    harness.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)
    await sending.send([owed(to=ADMINS)], HELLO)
    await lease_is_over()

    assert await sending.send([owed(to=ADMINS)], HELLO)

    assert len(there(harness, ADMINS)) == 2


@pytest.mark.parametrize(("spare", "sends"), [(SECOND, True), (-SECOND, False)])
async def test_whoever_was_held_up_for_too_long_does_not_send(harness, sending, spare, sends):
    """Another replica may have taken it up, or be about to; who has time enough for the call sends it."""

    def held_up(process, what):
        if what == "after a transaction":
            harness.around.moment = lambda process, what: None
            simulated().stand_still(CLAIM_LEASE - CALL_TIMEOUT - spare)

    harness.around.moment = held_up
    assert await sending.send([owed()], HELLO) is sends
    assert len(there(harness)) == sends

    assert await sending.send([owed()], HELLO) is not sends
    assert len(there(harness)) == 1


def test_a_lease_outlasts_a_call_that_arrives_late():
    """Whoever looks at the end of it sees what the call has made."""
    assert CLAIM_LEASE > 2 * CALL_TIMEOUT


async def test_of_many_messages_the_right_one_is_found(harness, sending):
    """More than one page of them since."""
    harness.workspace.faults.set("fatal_error", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    for number in range(205):
        await harness.slack.post(ANN, HELLO, keys=[f"other:{number}"])
    await lease_is_over()

    assert not await sending.send([owed()], HELLO)

    assert len(there(harness)) == 206
    assert await is_recorded(harness)


async def test_what_is_left_over_and_arrived_is_recorded(harness, sending):
    """Nobody sends it any more, but it is there: it must be known, so that it can be redrawn."""
    harness.workspace.faults.set("drop_after", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    (left,) = await harness.store.run(unfinished)

    assert await sending.find_left_over(left)

    assert await is_recorded(harness)


async def test_what_is_left_over_and_nowhere_is_dropped(harness, sending):
    """It was overtaken before anybody could read it: nobody looks for it again."""
    harness.workspace.faults.set("drop", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    (left,) = await harness.store.run(unfinished)

    assert not await sending.find_left_over(left)

    assert await harness.store.run(unfinished) == []
    assert there(harness) == []


async def test_what_may_have_arrived_is_not_dropped_when_there_is_nothing_left_to_say(
    harness, sending
):
    """It is decided meanwhile, and its card may be in Slack all the same, with its buttons: it is found."""
    harness.workspace.faults.set("drop_after", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    await lease_is_over()

    assert not await sending.send([owed()], lambda db: None)

    (left,) = await harness.store.run(unfinished)
    assert await sending.find_left_over(left)


async def test_what_was_never_tried_is_dropped_when_there_is_nothing_left_to_say(harness, sending):
    """Nobody has seen it."""
    assert not await sending.send([owed()], lambda db: None)

    assert await harness.store.run(unfinished) == []


@pytest.mark.parametrize("was_tried", [False, True])
async def test_a_channels_card_that_nobody_needed_is_sent_once_it_is_owed_again(
    was_tried, harness, sending
):
    """Its request may come back to be decided anew, and the channel has one card for all of it."""
    card = Notice(key="card:1:C0APPROVALS", kind="card", to=ADMINS)
    if was_tried:
        harness.workspace.faults.set("drop", only="chat.postMessage", count=1)
        await sending.send([card], HELLO)
        await sending.find_left_over(*await harness.store.run(unfinished))
    else:
        await sending.send([card], lambda db: None)
    assert await harness.store.run(unfinished) == []

    assert await sending.send([card], HELLO)


async def test_a_persons_card_that_nobody_needed_is_not_sent_again(harness, sending):
    """It is about one step, and that is decided."""
    card = Notice(key="card:10000:U0ANN", kind="card", to=ANN)
    await sending.send([card], lambda db: None)

    assert not await sending.send([card], HELLO)


async def test_what_is_given_back_untried_is_still_looked_for(harness, sending):
    """Its turn did not come, and what an earlier try has brought is not sent a second time."""
    harness.workspace.faults.set("drop_after", only="chat.postMessage", count=1)
    await sending.send([owed()], HELLO)
    await lease_is_over()
    claimed = await harness.store.run(notices.claim, [owed()], lease=CLAIM_LEASE)
    await harness.store.run(notices.put_back, claimed, at=clock.real())

    assert not await sending.send([owed()], HELLO)

    assert len(there(harness)) == 1


async def test_what_slack_will_never_deliver_is_dropped(harness, sending):
    """A person who is gone stays gone."""
    assert not await sending.send([owed(to="U0NOBODY")], HELLO)

    assert await harness.store.run(unfinished) == []


async def test_the_admins_channel_can_be_put_right(harness, sending):
    """Somebody archived it, or never invited the bot: a minute later it is tried again."""
    harness.workspace.channels[ADMINS].is_archived = True
    assert not await sending.send([owed(to=ADMINS)], HELLO)
    assert sending.admins_refused == "is_archived"
    harness.workspace.channels[ADMINS].is_archived = False

    (left,) = await harness.store.run(unfinished)
    pause = left.claimed_until - clock.real()
    assert timedelta(seconds=55) < pause <= timedelta(minutes=1)


def refusal_of(sending: Sending) -> str | None:
    return sending.admins_refused


@pytest.mark.parametrize("is_left_alone", [True, False])
async def test_that_the_admins_channel_takes_nothing_is_known_until_it_takes_something(
    harness, sending, is_left_alone
):
    """And for an hour, where nothing is tried any more; what a person does not get says nothing of it."""
    assert not await sending.send([owed(to="U0NOBODY")], HELLO)
    assert refusal_of(sending) is None
    harness.workspace.channels[ADMINS].is_archived = True
    assert not await sending.send([owed("a", to=ADMINS)], HELLO)
    assert refusal_of(sending) == "is_archived"
    if is_left_alone:
        await asyncio.sleep(REFUSAL_SHOWN.total_seconds())
    else:
        harness.workspace.channels[ADMINS].is_archived = False
        assert await sending.send([owed("b", to=ADMINS)], HELLO)
    assert refusal_of(sending) is None

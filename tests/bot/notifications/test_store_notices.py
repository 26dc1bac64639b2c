"""Messages and pages in the store: claimed by one, sent once, and owed again when what they show has changed."""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.assignments.store import assignments
from bot.database import homes
from bot.database.tables import notices as notice_table
from bot.notifications.store import notices
from bot.requests.model import State
from bot.requests.store import holds, requests
from tests.bot.samples import held, notice, wish

LEASE = timedelta(seconds=45)
OVER = timedelta(seconds=-1)
KEY = "delivered:1"


async def row_of(store, key):
    """All columns of a message."""
    query = sa.select(notice_table).where(notice_table.c.key == key)
    return await store.run(lambda db: dict(db.execute(query).mappings().one()))


async def test_a_message_is_claimed_by_one(at_once):
    """Four replicas, one message."""
    won = at_once(notices.claim, [notice()], lease=LEASE)

    assert sorted(map(len, won)) == [0] * (len(won) - 1) + [1]


async def test_many_messages_are_claimed_by_one_each(at_once):
    """Four replicas, fifty messages, each replica in an order of its own."""
    many = [notice(key=f"{number}") for number in range(50)]

    won = at_once(lambda db: notices.claim(db, random.sample(many, k=len(many)), lease=LEASE))

    assert sorted(each.key for some in won for each in some) == sorted(each.key for each in many)


async def test_many_messages_are_claimed_in_one_statement(store):
    """Whoever waits for the database waits once."""
    statements = []
    sa.event.listen(
        store.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
    )
    many = [notice(key=f"{number}") for number in range(50)]

    claimed = await store.run(notices.claim, many, lease=LEASE)

    assert [each.key for each in claimed] == [each.key for each in many]
    assert sum("INSERT INTO notice" in each for each in statements) == 1


async def claim(store, key=KEY, lease=LEASE):
    """One message, if it is ours."""
    found = await store.run(notices.claim, [notice(key=key)], lease=lease)
    return found[0] if found else None


async def test_a_claim_that_was_never_finished_can_be_taken_again(store):
    """After its lease, and not before."""
    assert await claim(store)
    assert not await claim(store)

    assert await claim(store, "other", OVER)
    assert await claim(store, "other")


async def test_what_an_account_was_not_sent_goes_to_the_one_that_it_is_for_by_now(store):
    """Whoever had the address before reads nothing of it; of the new one no try is known."""
    await claim(store, lease=OVER)
    assert (await claim(store, lease=OVER)).tried_at is not None

    (taken,) = await store.run(notices.claim, [notice(key=KEY, to="U0NEW")], lease=LEASE)

    assert (taken.to, taken.tried_at) == ("U0NEW", None)
    assert (await row_of(store, KEY))["recipient"] == "U0NEW"


async def send(store):
    await claim(store, lease=OVER)
    await store.run(notices.sent, [KEY], channel="D1", ts="1.1")


async def drop(store):
    await claim(store, lease=OVER)
    await store.run(notices.drop, [KEY], why="account_inactive")


async def supersede(store):
    await store.run(notices.supersede, [notice()])


@pytest.mark.parametrize("finish", [send, drop, supersede])
async def test_what_is_done_with_is_never_sent_again(store, finish):
    """It was sent, Slack will never take it, or the nearer reminder says it all; whatever its lease."""
    await finish(store)

    assert not await claim(store)
    assert await store.run(notices.finished_keys, [KEY]) == {KEY}
    assert await store.run(notices.settled_keys, [KEY]) == {KEY}


async def test_what_was_sent_stays_so(store):
    """A refusal that comes late does not unsend, and what went out is not overtaken."""
    await send(store)
    sent = await row_of(store, KEY)

    await store.run(notices.drop, [KEY], why="late")
    await store.run(notices.supersede, [notice()])

    assert await row_of(store, KEY) == sent | {"dropped_why": None}
    (kept,) = await store.run(notices.in_message, channel="D1", ts="1.1")
    assert (kept.key, kept.sent_at is not None) == (KEY, True)


async def test_slack_names_the_pause(store):
    """Until then nobody else tries."""
    claimed = await claim(store)
    await store.run(notices.retry_at, [claimed], at=clock.real() + LEASE)
    assert not await claim(store)

    other = await claim(store, "other")
    await store.run(notices.retry_at, [other], at=clock.real() + OVER)
    assert await claim(store, "other")


async def test_who_was_held_up_for_longer_than_its_lease_frees_nothing(store):
    """Somebody else is sending it by now."""
    late = await claim(store, lease=OVER)
    assert await claim(store)

    await store.run(notices.retry_at, [late], at=clock.real() + OVER)

    assert not await claim(store)


async def test_an_unfinished_try_is_remembered_until_slack_says_no(store):
    """Since when it may be there, over all the tries that nobody recorded."""
    first = await claim(store, lease=OVER)
    second = await claim(store, lease=OVER)
    third = await claim(store)
    assert first.tried_at is None
    assert second.tried_at == third.tried_at is not None

    await store.run(notices.retry_at, [third], at=clock.real() + OVER)

    fourth = await claim(store)
    assert fourth.tried_at is None


async def test_a_look_that_failed_forgets_nothing(store):
    """The message may still be there."""
    await claim(store, lease=OVER)
    second = await claim(store)
    await store.run(notices.look_at, [second], at=clock.real() + OVER)

    third = await claim(store)

    assert third.tried_at == second.tried_at


async def test_some_of_several_may_be_anothers(store):
    """Only what we hold goes into our message."""
    await claim(store, "a")

    ours = await store.run(notices.claim, [notice(key="a"), notice(key="b")], lease=LEASE)

    assert [each.key for each in ours] == ["b"]


def card_sent(db):
    """Bo has a card about a request that waits for him."""
    request = requests.add(db, wish())
    assert request is not None
    pending = requests.move(db, request, State.PENDING, deciders=("U0BO",))
    assert pending is not None
    card = notice(key="card:1", kind="card", to="U0BO", request_id=request.id)
    notices.claim(db, [card], lease=LEASE)
    notices.sent(db, ["card:1"], channel="D1", ts="1.1")
    return pending


def card_overtaken(db):
    """The same, and then the request has moved."""
    return requests.move(db, card_sent(db), State.APPROVED)


async def repaint(store, lease=LEASE):
    return [each.key for each in await store.run(notices.claim_stale, lease=lease, limit=9)]


async def test_a_card_is_owed_a_redraw_when_its_request_moves(store):
    """Not before, and by one."""
    pending = await store.run(card_sent)
    assert await repaint(store) == []

    await store.run(requests.move, pending, State.APPROVED)

    assert [await repaint(store) for _ in range(2)] == [["card:1"], []]


async def test_a_redraw_whose_painter_died_is_taken_up(store):
    """It is free again when the lease is over."""
    await store.run(card_overtaken)

    assert [await repaint(store, OVER) for _ in range(2)] == [["card:1"], ["card:1"]]


async def test_a_change_during_a_redraw_is_owed_another(store):
    """What was painted is already old."""
    approved = await store.run(card_overtaken)
    (claimed,) = await store.run(notices.claim_stale, lease=LEASE, limit=9)
    await store.run(requests.move, approved, State.CANCELED)
    assert await repaint(store) == []

    await store.run(notices.redrawn, [claimed.key])

    assert await repaint(store) == ["card:1"]


async def test_a_finished_redraw_is_finished(store):
    """Nothing more is owed, whatever its lease."""
    await store.run(card_overtaken)
    (claimed,) = await store.run(notices.claim_stale, lease=OVER, limit=9)

    await store.run(notices.redrawn, [claimed.key])

    assert await repaint(store) == []


async def test_a_home_is_owed_a_page_when_it_is_opened(store):
    """Once, by one."""
    await store.run(homes.mark_opened, "U0ANN")
    await store.run(homes.mark_opened, "U0ANN")

    assert await store.run(homes.claim_stale, lease=LEASE, limit=9) == ["U0ANN"]
    assert await store.run(homes.claim_stale, lease=LEASE, limit=9) == []


def published(db, person, at=None):
    """Somebody has opened their Home, and got a page that was drawn at some time, just now unless given."""
    homes.mark_opened(db, person)
    homes.claim_stale(db, lease=LEASE, limit=9)
    homes.mark_published(db, person, admin=False, at=at or clock.now())


async def stale(store):
    return sorted(await store.run(homes.claim_stale, lease=LEASE, limit=9))


async def test_access_makes_its_holders_home_stale(store):
    """Home is marked when access comes, when its end moves and when it goes; not when nothing is new."""
    await store.run(published, "U0ANN")
    await store.run(assignments.save_live, held())
    assert await stale(store) == ["U0ANN"]
    await store.run(homes.mark_published, "U0ANN", admin=False, at=clock.now())

    row = await store.run(assignments.find, "assignment")
    await store.run(assignments.save_live, row)
    assert await stale(store) == []

    await store.run(assignments.end, "assignment", why="ran out", at=clock.now())
    assert await stale(store) == ["U0ANN"]


async def test_a_change_during_a_publication_is_owed_another(store):
    """The page that was made is already old."""
    await store.run(homes.mark_opened, "U0ANN")
    await store.run(homes.claim_stale, lease=LEASE, limit=9)
    await store.run(requests.add, wish())
    await store.run(homes.mark_published, "U0ANN", admin=False, at=clock.now())

    assert await stale(store) == ["U0ANN"]


async def test_a_page_whose_maker_died_is_taken_up(store):
    """It is free again when the lease is over."""
    await store.run(homes.mark_opened, "U0ANN")
    await store.run(homes.claim_stale, lease=OVER, limit=9)

    assert await stale(store) == ["U0ANN"]


async def test_a_page_that_slack_refused_for_now_waits(store):
    """Until Slack's pause is over."""
    await store.run(homes.mark_opened, "U0ANN")
    await store.run(homes.claim_stale, lease=LEASE, limit=9)
    await store.run(homes.not_published, "U0ANN", retry_at=clock.real() + LEASE)
    assert await stale(store) == []

    await store.run(homes.not_published, "U0ANN", retry_at=clock.real() + OVER)
    assert await stale(store) == ["U0ANN"]


async def test_a_page_drawn_before_midnight_is_yesterdays(store):
    """Even if it came out after: it shows yesterday's days left; a page of today is left alone."""
    midnight = clock.now()
    await store.run(published, "U0ANN", midnight - timedelta(seconds=1))
    await store.run(published, "U0CY", midnight)
    assert await stale(store) == []

    await store.run(homes.touch_all, published_before=midnight)

    assert await stale(store) == ["U0ANN"]


def _hold(db, number):
    added = requests.add(db, wish(holder=f"U{number}", package_id=f"package-{number}"))
    assert added is not None
    assert holds.put(db, added, failures=12, error="GraphError", why="It failed.")


async def test_an_alarm_is_owed_until_somebody_sends_it(store):
    """What the admins know of, or are just being told, is not read again."""

    def owed(db):
        for number in range(5):
            _hold(db, number)
        keys = [f"{notices.ON_HOLD}:{hold.id}" for hold, _ in holds.open_ones(db)]
        sent, dropped, claimed, failed, new = keys
        notices.claim(db, [notice(key=each) for each in (sent, dropped, claimed)], lease=LEASE)
        notices.claim(db, [notice(key=failed)], lease=OVER)
        notices.sent(db, [sent], channel="C0ADMINS", ts="1.1")
        notices.drop(db, [dropped], why="gone")
        untold = notices.untold_holds(db, since=clock.now() - LEASE)
        old = notices.untold_holds(db, since=clock.now() + LEASE)
        return {f"{notices.ON_HOLD}:{hold.id}" for hold, _ in untold} == {failed, new}, old

    assert await store.run(owed) == (True, [])


async def test_what_somebody_else_has_claimed_since_is_not_forgotten(store):
    """They are sending it."""
    [first] = await store.run(notices.claim, [notice()], lease=timedelta(0))
    [second] = await store.run(notices.claim, [notice()], lease=timedelta(minutes=1))

    await store.run(notices.forget, first)
    assert await store.run(notices.find, KEY) is not None

    await store.run(notices.forget, second)
    assert await store.run(notices.find, KEY) is None

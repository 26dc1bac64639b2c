"""Messages and pages in the store: claimed by one, sent once, and owed again when what they show has changed."""

from datetime import timedelta

from bot import clock
from bot.models import State
from bot.store import Store, assignments, homes, notices, requests
from tests.bot.samples import held, notice, wish

LEASE = timedelta(seconds=45)
OVER = timedelta(seconds=-1)


async def test_a_message_is_claimed_by_one(at_once):
    """Four replicas, one message."""
    won = at_once(notices.claim, notice(), lease=LEASE)

    assert sum(claimed is not None for claimed in won) == 1


async def test_a_claim_that_was_never_finished_can_be_taken_again(store):
    """After its lease, and not before."""
    assert await store.run(notices.claim, notice(), lease=LEASE)
    assert not await store.run(notices.claim, notice(), lease=LEASE)

    assert await store.run(notices.claim, notice(key="other"), lease=OVER)
    assert await store.run(notices.claim, notice(key="other"), lease=LEASE)


async def test_what_was_sent_is_never_sent_again(store):
    """Whatever its lease."""
    await store.run(notices.claim, notice(), lease=OVER)
    await store.run(notices.sent, ["delivered:1"], channel="D1", ts="1.1")

    assert not await store.run(notices.claim, notice(), lease=LEASE)
    assert await store.run(notices.finished_keys, ["delivered:1"]) == {"delivered:1"}


async def test_what_was_dropped_is_never_sent(store):
    """Slack will never take it."""
    await store.run(notices.claim, notice(), lease=OVER)
    await store.run(notices.drop, ["delivered:1"], why="account_inactive")

    assert not await store.run(notices.claim, notice(), lease=LEASE)


async def test_what_was_sent_is_not_dropped(store):
    """A refusal that comes late does not unsend."""
    await store.run(notices.claim, notice(), lease=LEASE)
    await store.run(notices.sent, ["delivered:1"], channel="D1", ts="1.1")
    await store.run(notices.drop, ["delivered:1"], why="late")

    (kept,) = await store.run(notices.in_message, channel="D1", ts="1.1")
    assert kept.sent_at is not None


async def test_slack_names_the_pause(store):
    """Until then nobody else tries."""
    claimed = await store.run(notices.claim, notice(), lease=LEASE)
    await store.run(notices.retry_at, [claimed], at=clock.real() + LEASE)
    assert not await store.run(notices.claim, notice(), lease=LEASE)

    other = await store.run(notices.claim, notice(key="other"), lease=LEASE)
    await store.run(notices.retry_at, [other], at=clock.real() + OVER)
    assert await store.run(notices.claim, notice(key="other"), lease=LEASE)


async def test_who_was_held_up_for_longer_than_its_lease_frees_nothing(store):
    """Somebody else is sending it by now."""
    late = await store.run(notices.claim, notice(), lease=OVER)
    assert await store.run(notices.claim, notice(), lease=LEASE)

    await store.run(notices.retry_at, [late], at=clock.real() + OVER)

    assert not await store.run(notices.claim, notice(), lease=LEASE)


async def test_an_unfinished_try_is_remembered_until_slack_says_no(store):
    """Since when it may be there, over all the tries that nobody recorded."""
    first = await store.run(notices.claim, notice(), lease=OVER)
    second = await store.run(notices.claim, notice(), lease=OVER)
    third = await store.run(notices.claim, notice(), lease=LEASE)
    assert first.tried_at is None
    assert second.tried_at == third.tried_at is not None

    await store.run(notices.retry_at, [third], at=clock.real() + OVER)

    fourth = await store.run(notices.claim, notice(), lease=LEASE)
    assert fourth.tried_at is None


async def test_a_look_that_failed_forgets_nothing(store):
    """The message may still be there."""
    await store.run(notices.claim, notice(), lease=OVER)
    second = await store.run(notices.claim, notice(), lease=LEASE)
    await store.run(notices.look_at, [second], at=clock.real() + OVER)

    third = await store.run(notices.claim, notice(), lease=LEASE)

    assert third.tried_at == second.tried_at


async def test_what_was_overtaken_is_never_sent(store):
    """The nearer reminder says it all."""
    await store.run(notices.supersede, [notice()])

    assert not await store.run(notices.claim, notice(), lease=LEASE)
    assert await store.run(notices.settled_keys, ["delivered:1"]) == {"delivered:1"}


async def test_what_went_out_is_not_overtaken(store):
    """It was sent, and stays so."""
    await store.run(notices.claim, notice(), lease=LEASE)
    await store.run(notices.sent, ["delivered:1"], channel="D1", ts="1.1")
    await store.run(notices.supersede, [notice()])

    (kept,) = await store.run(notices.in_message, channel="D1", ts="1.1")
    assert kept.sent_at is not None


async def test_some_of_several_may_be_anothers(store):
    """Only what we hold goes into our message."""
    await store.run(notices.claim, notice(key="a"), lease=LEASE)

    ours = await store.run(notices.claim_together, [notice(key="a"), notice(key="b")], lease=LEASE)

    assert [each.key for each in ours] == ["b"]


async def card_sent(store):
    request = await store.run(requests.add, wish())
    pending = await store.run(requests.move, request, State.PENDING, deciders=("U0BO",))
    card = notice(key="card:1", kind="card", to="U0BO", request_id=request.id)
    await store.run(notices.claim, card, lease=LEASE)
    await store.run(notices.sent, ["card:1"], channel="D1", ts="1.1")
    return pending


async def test_a_card_is_owed_a_redraw_when_its_request_moves(store):
    """And not before."""
    pending = await card_sent(store)
    assert await store.run(notices.claim_stale, lease=LEASE) == []

    await store.run(requests.move, pending, State.APPROVED)

    assert [each.key for each in await store.run(notices.claim_stale, lease=LEASE)] == ["card:1"]


async def test_a_redraw_is_claimed_by_one(store):
    """The other replica has nothing to do."""
    pending = await card_sent(store)
    await store.run(requests.move, pending, State.APPROVED)

    first = await store.run(notices.claim_stale, lease=LEASE)
    second = await store.run(notices.claim_stale, lease=LEASE)

    assert (len(first), len(second)) == (1, 0)


async def test_a_redraw_whose_painter_died_is_taken_up(store):
    """When the lease is over."""
    pending = await card_sent(store)
    await store.run(requests.move, pending, State.APPROVED)
    await store.run(notices.claim_stale, lease=OVER)

    assert len(await store.run(notices.claim_stale, lease=LEASE)) == 1


async def test_a_change_during_a_redraw_is_owed_another(store):
    """What was painted is already old."""
    pending = await card_sent(store)
    approved = await store.run(requests.move, pending, State.APPROVED)
    (claimed,) = await store.run(notices.claim_stale, lease=LEASE)
    await store.run(requests.move, approved, State.CANCELED)
    assert await store.run(notices.claim_stale, lease=LEASE) == []

    await store.run(notices.redrawn, claimed)

    assert len(await store.run(notices.claim_stale, lease=LEASE)) == 1


async def test_a_finished_redraw_is_finished(store):
    """Nothing more is owed."""
    pending = await card_sent(store)
    await store.run(requests.move, pending, State.APPROVED)
    (claimed,) = await store.run(notices.claim_stale, lease=LEASE)

    await store.run(notices.redrawn, claimed)

    assert await store.run(notices.claim_stale, lease=LEASE) == []


async def test_a_home_is_owed_a_page_when_it_is_opened(store):
    """Once, by one."""
    await store.run(homes.opened, "U0ANN")
    await store.run(homes.opened, "U0ANN")

    assert await store.run(homes.claim_stale, lease=LEASE, limit=9) == ["U0ANN"]
    assert await store.run(homes.claim_stale, lease=LEASE, limit=9) == []


async def published(store: Store, *people: str, admin: bool = False) -> None:
    for person in people:
        await store.run(homes.opened, person)
    await store.run(homes.claim_stale, lease=LEASE, limit=9)
    for person in people:
        await store.run(homes.published, person, admin=admin, at=clock.now())


async def stale(store: Store) -> list[str]:
    return sorted(await store.run(homes.claim_stale, lease=LEASE, limit=9))


async def test_a_published_home_is_left_alone(store):
    """Until something changes."""
    await published(store, "U0ANN")

    assert await stale(store) == []


async def test_a_request_makes_the_homes_stale_that_show_it(store):
    """The holder's and the admins'; nobody else's."""
    await published(store, "U0ANN", "U0CY")
    await store.run(homes.opened, "U0DANA")
    await store.run(homes.claim_stale, lease=LEASE, limit=9)
    await store.run(homes.published, "U0DANA", admin=True, at=clock.now())

    await store.run(requests.add, wish())

    assert await stale(store) == ["U0ANN", "U0DANA"]


async def test_a_decision_makes_the_deciders_homes_stale(store):
    """Theirs who are asked, and nobody else's."""
    pending = await card_sent(store)
    await published(store, "U0BO", "U0CY")

    await store.run(requests.move, pending, State.CANCELED)

    assert await stale(store) == ["U0BO"]


async def test_an_escalation_makes_the_stand_ins_homes_stale(store):
    """It waits for them now."""
    pending = await card_sent(store)
    await published(store, "U0MIA", "U0CY")

    await store.run(requests.escalate, pending, deciders=("U0BO", "U0MIA"))

    assert await stale(store) == ["U0MIA"]


async def test_access_makes_its_holders_home_stale(store):
    """When it comes, when its end moves, when it goes; not when nothing is new."""
    await published(store, "U0ANN")
    await store.run(assignments.save_live, held())
    assert await stale(store) == ["U0ANN"]
    await store.run(homes.published, "U0ANN", admin=False, at=clock.now())

    row = await store.run(assignments.get, "assignment")
    await store.run(assignments.save_live, row)
    assert await stale(store) == []

    await store.run(assignments.end, "assignment", why="ran out", at=clock.now())
    assert await stale(store) == ["U0ANN"]


async def test_a_change_during_a_publication_is_owed_another(store):
    """The page that was made is already old."""
    await store.run(homes.opened, "U0ANN")
    await store.run(homes.claim_stale, lease=LEASE, limit=9)
    await store.run(requests.add, wish())
    await store.run(homes.published, "U0ANN", admin=False, at=clock.now())

    assert await stale(store) == ["U0ANN"]


async def test_a_page_whose_maker_died_is_taken_up(store):
    """When the lease is over."""
    await store.run(homes.opened, "U0ANN")
    await store.run(homes.claim_stale, lease=OVER, limit=9)

    assert await stale(store) == ["U0ANN"]


async def test_a_page_that_slack_refused_for_now_waits(store):
    """Until Slack's pause is over."""
    await store.run(homes.opened, "U0ANN")
    await store.run(homes.claim_stale, lease=LEASE, limit=9)
    await store.run(homes.not_published, "U0ANN", retry_at=clock.real() + LEASE)
    assert await stale(store) == []

    await store.run(homes.not_published, "U0ANN", retry_at=clock.real() + OVER)
    assert await stale(store) == ["U0ANN"]


async def test_a_page_drawn_before_midnight_is_yesterdays(store):
    """Even if it came out after: it shows yesterday's days left."""
    midnight = clock.now()
    await store.run(homes.opened, "U0ANN")
    await store.run(homes.claim_stale, lease=LEASE, limit=9)
    drawn_at = midnight - timedelta(seconds=1)
    await store.run(homes.published, "U0ANN", admin=False, at=drawn_at)

    await store.run(homes.touch_all, published_before=midnight)

    assert await stale(store) == ["U0ANN"]


async def test_a_new_day_makes_yesterdays_pages_stale(store):
    """Days left change by themselves."""
    await published(store, "U0ANN")
    await store.run(homes.touch_all, published_before=clock.now() - timedelta(days=1))
    assert await stale(store) == []

    await store.run(homes.touch_all, published_before=clock.now() + timedelta(days=1))
    assert await stale(store) == ["U0ANN"]

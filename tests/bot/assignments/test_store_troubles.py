"""Troubles, what is unsure, and removals, on both databases."""

from datetime import timedelta

import pytest

from bot import clock
from bot.assignments.model import DeliveryProgress, EndReason, TroubleKind
from bot.assignments.store import assignments, listed, troubles, unsure
from bot.database.audit_log import audit
from bot.requests.model import Kind, State
from bot.requests.store import removals, request_lists, requests
from tests.bot.samples import ANN, LEASE, held, removal, wish

PARTIAL, UNREADABLE = TroubleKind.PARTIAL, TroubleKind.UNREADABLE
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


async def test_a_trouble_is_known_once_as_long_as_it_lasts(store, at_once):
    """However many replicas notice it; when it has passed, the next is another one."""
    first = at_once(troubles.open_one, PARTIAL, "a", why="because")
    assert sorted(first) == [False, False, False, True]
    assert await store.run(troubles.open_one, PARTIAL, "b")
    assert await store.run(troubles.open_one, TroubleKind.FAILED, "a")

    await store.run(troubles.close, "a", (PARTIAL,))

    assert await store.run(troubles.count) == {"partial": 1, "failed": 1}
    assert await store.run(troubles.open_one, PARTIAL, "a")
    rows = await store.run(audit.rows)
    assert [row["verb"] for row in rows].count("trouble-partial") == 3


async def test_a_trouble_is_owed_until_it_is_told(store):
    """Also when it has passed before anybody was told."""
    await store.run(troubles.open_one, PARTIAL, "a")
    (owed,) = await store.run(troubles.notices_due, since=clock.now() - DAY)
    await store.run(troubles.close, "a")
    assert len(await store.run(troubles.notices_due, since=clock.now() - DAY)) == 1

    await store.run(troubles.schedule_notice, owed, news=clock.real() + SECOND * 60)
    assert await store.run(troubles.notices_due, since=clock.now() - DAY) == []
    await store.run(troubles.schedule_notice, owed, news=None)
    assert await store.run(troubles.notices_due, since=clock.now() - DAY) == []


async def test_what_an_admin_wants_is_done_by_one(store, at_once):
    """It is claimed, tried again if it could not be done, and answered once."""
    await store.run(troubles.open_one, PARTIAL, "a")
    (trouble,) = await store.run(troubles.open_about, "a")
    assert await store.run(troubles.claim_reprocessing, lease=LEASE) == []
    await store.run(troubles.request_reprocessing, trouble, by="U0DANA")

    claimed = [each for some in at_once(troubles.claim_reprocessing, lease=LEASE) for each in some]
    ((mine, tries),) = claimed
    assert (mine.wanted_by, mine.answer, tries) == ("U0DANA", None, 1)
    await store.run(troubles.reschedule_reprocessing, mine, at=clock.real() - SECOND)
    ((mine, tries),) = await store.run(troubles.claim_reprocessing, lease=LEASE)
    assert tries == 2

    await store.run(troubles.finish_reprocessing, mine, "Done.")
    assert await store.run(troubles.claim_reprocessing, lease=LEASE) == []
    found = await store.run(troubles.find, mine.id)
    assert found is not None
    assert (found.answer, found.closed_at) == ("Done.", None)


async def test_what_has_passed_is_not_done(store):
    """It has ended meanwhile: nobody asks Entra any more."""
    await store.run(troubles.open_one, PARTIAL, "a")
    (trouble,) = await store.run(troubles.open_about, "a")
    await store.run(troubles.request_reprocessing, trouble, by="U0DANA")
    await store.run(troubles.close, "a")

    assert await store.run(troubles.claim_reprocessing, lease=LEASE) == []


async def test_all_but_those_named_have_passed(store):
    """Of that kind; others stay."""
    for about in ("a", "b"):
        await store.run(troubles.open_one, UNREADABLE, about)
    await store.run(troubles.open_one, PARTIAL, "c")

    await store.run(troubles.close_all_but, UNREADABLE, ["b"])
    assert await store.run(troubles.count) == {"unreadable": 1, "partial": 1}
    await store.run(troubles.close_all_but, UNREADABLE, [])
    assert await store.run(troubles.count) == {"partial": 1}


async def test_misses_are_counted_until_it_is_read(store):
    """By package; what has ended is not counted, and since when is kept."""
    for row in (held(), held(id="hers", entra_id="cy"), held(id="over", entra_id="bo")):
        await store.run(assignments.save_live, row)
    await store.run(assignments.end, "over", why=EndReason.OUTSIDE, at=clock.now())
    for _ in range(2):
        await store.run(unsure.count_unreadable, ["assignment", "over"])
    await store.run(unsure.count_unreadable, ["hers"])

    assert await store.run(unsure.unreadable) == {"campaign": 2}
    assert await store.run(unsure.unreadable, misses=1) == {"campaign": 1}
    assert await store.run(unsure.unreadable, misses=2) == {}
    first = (await store.run(assignments.find, "assignment")).unreadable_since
    assert first is not None

    await store.run(assignments.save_live, held())
    read = await store.run(assignments.find, "assignment")
    assert (read.unreadable_since, read.misses) == (None, 0)
    assert (await store.run(assignments.find, "over")).misses == 0


async def test_a_list_revives_nothing(store):
    """Only Graph's answer about that very assignment, asked after its end, does."""
    await store.run(assignments.save_live, held())
    before = clock.real()
    await store.run(assignments.end, "assignment", why=EndReason.RETURNED, at=clock.now())
    assert (await store.run(listed.save, [held()])).ended == ["assignment"]

    assert not await store.run(assignments.save_live, held())
    assert not await store.run(assignments.save_live, held(), read_by_id_at=before)
    assert (await store.run(assignments.find, "assignment")).ended_why == EndReason.RETURNED

    later = clock.real() + SECOND
    assert await store.run(assignments.save_live, held(), read_by_id_at=later)
    found = await store.run(assignments.find, "assignment")
    assert (found.state, found.ended_why) == ("live", None)
    assert "revived" in [row["verb"] for row in await store.run(audit.rows)]


@pytest.mark.parametrize(
    ("before", "read", "after"),
    [
        (None, DeliveryProgress.DELIVERING, DeliveryProgress.DELIVERING),
        (DeliveryProgress.DELIVERING, DeliveryProgress.DELIVERING, DeliveryProgress.DELIVERING),
        (DeliveryProgress.DELIVERED, DeliveryProgress.DELIVERING, DeliveryProgress.REPROCESSING),
        (DeliveryProgress.PARTIAL, DeliveryProgress.DELIVERING, DeliveryProgress.REPROCESSING),
        (DeliveryProgress.REPROCESSING, DeliveryProgress.DELIVERING, DeliveryProgress.REPROCESSING),
        (DeliveryProgress.REPROCESSING, DeliveryProgress.DELIVERED, DeliveryProgress.DELIVERED),
        (DeliveryProgress.DELIVERED, DeliveryProgress.PARTIAL, DeliveryProgress.PARTIAL),
    ],
)
async def test_what_was_there_and_is_delivered_again_stays_there(store, before, read, after):
    """Graph has one word for the first delivery and for every later one."""
    for progress in (before, read):
        if progress is not None:
            await store.run(assignments.save_live, held(progress=progress))

    found = await store.run(assignments.find, "assignment")
    assert found.progress is after
    assert found.progress_at is not None


async def test_since_when_it_is_in_part_is_kept(store):
    """However often it is seen so."""
    clock.set_offset(timedelta(0))
    await store.run(assignments.save_live, held(progress=DeliveryProgress.PARTIAL))
    since = (await store.run(assignments.find, "assignment")).progress_at
    clock.set_offset(DAY)
    changed = held(progress=DeliveryProgress.PARTIAL, package_name="Another name")
    await store.run(assignments.save_live, changed)

    assert (await store.run(assignments.find, "assignment")).progress_at == since
    assert await store.run(unsure.not_whole_since, clock.now() - DAY) == ["assignment"]
    assert await store.run(unsure.not_whole_since, since - SECOND) == []


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"holder": None}, True),
        ({"asked_by": "U0ANN"}, False),
        ({"asked_by": audit.LATCHKEY, "holder": None}, False),
        ({"state": State.SUBMITTED, "ended_at": None}, True),
        ({"state": State.APPROVED, "ended_at": None}, True),
        ({"state": State.RECEIVED, "ended_at": None}, False),
        ({"state": State.FAILED}, False),
        ({"kind": Kind.ADD}, False),
        ({"entra_id": "cy"}, False),
        ({"package_id": "other"}, False),
    ],
)
async def test_only_an_admins_removal_that_was_done_counts(store, changes, counts):
    """Of that person and package, within the time."""
    request = removal(**{"entra_id": ANN, **changes})
    await store.run(requests.add, request)

    found = await store.run(removals.removal_of, ANN, "campaign", since=clock.now() - DAY)
    assert (found is not None) is counts
    if request.ended_at is not None:
        since = clock.now() + DAY
        late = await store.run(removals.removal_of, ANN, "campaign", since=since)
        assert late is None


async def test_the_open_request_of_a_user_is_found(store):
    """By kind; what has ended is none."""
    await store.run(requests.add, wish(entra_id=ANN))

    assert await store.run(request_lists.open_of_user, ANN, "campaign", Kind.ADD) is not None
    assert await store.run(request_lists.open_of_user, ANN, "campaign", Kind.REMOVE) is None
    assert await store.run(request_lists.open_of_user, "cy", "campaign", Kind.ADD) is None

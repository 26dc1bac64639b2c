"""Claims, on both databases: who may work on a request, one worker at a time."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.models import Kind, State
from bot.store import claims, requests
from bot.store.schema import requests as table
from tests.bot.rows import EARLIER, in_work, row_of, tamper
from tests.bot.samples import LEASE, SOME_DAY, wish

PAST = timedelta(seconds=-1)


async def test_a_due_row_is_claimed_by_one_worker(store):
    """A claim hides the row from everybody else until its lease is over."""
    await store.run(requests.add, wish())

    first = await store.run(claims.take, lease=LEASE, limit=10)
    second = await store.run(claims.take, lease=LEASE, limit=10)

    assert [len(first), len(second)] == [1, 0]


async def test_many_workers_share_without_overlap(store, at_once):
    """Twenty rows, four replicas, no row twice."""
    for number in range(20):
        await store.run(requests.add, wish(package_id=str(number)))

    found = at_once(claims.take, lease=LEASE, limit=10)

    taken = [each.id for claimed in found for each in claimed]
    taken += [each.id for each in await store.run(claims.take, lease=LEASE, limit=100)]
    assert len(taken) == len(set(taken)) == 20


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_row_that_somebody_is_at_work_on_holds_up_no_claim(store):
    """It is left for later; SQLite has one writer at a time and no locks of rows."""
    for name in ("1", "2"):
        await store.run(requests.add, wish(package_id=name))
    with store.engine.begin() as other:
        other.execute(sa.select(table.c.id).where(table.c.package_id == "1").with_for_update())

        claimed = await store.run(claims.take, lease=LEASE, limit=10)

    assert [each.package_id for each in claimed] == ["2"]


async def test_no_more_are_claimed_than_asked_for(store):
    """What one worker can do within its lease."""
    for number in range(5):
        await store.run(requests.add, wish(package_id=str(number)))

    assert len(await store.run(claims.take, lease=LEASE, limit=3)) == 3


async def test_a_row_that_cannot_be_read_stops_no_other(store):
    """A newer version wrote it, or somebody by hand: it is logged and left, and the rest goes on."""
    strange = wish(package_id="1")
    await store.run(requests.add, strange)
    await store.run(requests.add, wish(package_id="2"))
    row = table.update().where(table.c.id == strange.id).values(deciders=7)
    await store.run(lambda db: db.execute(row))

    claimed = await store.run(claims.take, lease=LEASE, limit=10)

    assert [each.package_id for each in claimed] == ["2"]


async def test_an_old_claim_is_taken_over_and_fenced_off(store):
    """The first worker slept too long: what it does now counts for nothing."""
    await store.run(requests.add, wish())
    (slow,) = await store.run(claims.take, lease=PAST, limit=10)
    (quick,) = await store.run(claims.take, lease=LEASE, limit=10)

    assert quick.generation == slow.generation + 1
    assert await store.run(requests.move, slow, State.REFUSED, fence=True) is None
    assert not await store.run(claims.update, slow, intent_at=clock.now())
    assert not await store.run(claims.release, slow, due_at=clock.real(), attempts=1)
    assert await store.run(requests.move, quick, State.APPROVED, fence=True) is not None


async def test_removals_are_claimed_before_grants(store):
    """Taking access away must not wait behind giving it."""
    hour_ago = clock.real() - timedelta(hours=1)
    await store.run(requests.add, wish(due_at=hour_ago))
    removal = wish(kind=Kind.REMOVE, assignment_id="a")
    await store.run(requests.add, removal)

    (first,) = await store.run(claims.take, lease=LEASE, limit=1)

    assert first.id == removal.id


async def test_what_is_not_due_is_left_alone(store):
    """Nor what waits for people, nor what has ended."""
    await store.run(requests.add, wish(due_at=clock.real() + LEASE))
    pending = await store.run(requests.add, wish(package_id="2"))
    await store.run(requests.move, pending, State.PENDING)
    ended = await store.run(requests.add, wish(package_id="3"))
    await store.run(requests.move, ended, State.REFUSED)

    assert await store.run(claims.take, lease=LEASE, limit=10) == []


async def test_a_released_row_is_due_again_when_it_says(store):
    """With one try more on its count."""
    await store.run(requests.add, wish())
    (request,) = await store.run(claims.take, lease=LEASE, limit=10)

    await store.run(claims.release, request, due_at=clock.real() + PAST, attempts=1)

    (again,) = await store.run(claims.take, lease=LEASE, limit=10)
    assert again.attempts == 1


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({}, True),
        ({"due_at": SOME_DAY}, True),
        ({"due_at": SOME_DAY + timedelta(seconds=1)}, False),
        ({"due_at": None}, False),
        ({"lease_until": None}, True),
        ({"lease_until": SOME_DAY}, True),
        ({"lease_until": SOME_DAY + timedelta(seconds=1)}, False),
        ({"state": State.DENIED}, False),
    ],
)
async def test_what_is_open_due_and_free_is_claimed(store, now, changes, taken):
    """From the very moment on."""
    request = await in_work(store, **changes)

    claimed = await store.run(claims.take, lease=LEASE, limit=1)

    assert [each.id for each in claimed] == [request.id] * taken


async def test_a_claim_writes_its_lease_and_the_next_generation(store, now):
    """And nothing else."""
    request = await in_work(store, generation=4)
    before = await row_of(store, request)

    (claimed,) = await store.run(claims.take, lease=LEASE, limit=1)

    row = await row_of(store, request)
    assert row == before | {"lease_until": now + LEASE, "generation": 5}
    assert (claimed.lease_until, claimed.generation) == (now + LEASE, 5)


async def test_the_oldest_is_claimed_first(store):
    """Among those of one kind."""
    young = await in_work(store, due_at=EARLIER)
    old = await in_work(store, package_id="other", due_at=EARLIER - LEASE)

    for expected in (old, young):
        (claimed,) = await store.run(claims.take, lease=LEASE, limit=1)
        assert claimed.id == expected.id


@pytest.mark.parametrize(
    "changes",
    [{"state": State.APPROVED}, {"version": 8}, {"generation": 1}],
    ids=lambda each: "".join(each),
)
async def test_a_claim_counts_for_the_row_as_it_was_claimed(store, changes):
    """Its state, its version and its generation, each by itself."""
    request = await in_work(store)
    await tamper(store, request, **changes)

    assert not await store.run(claims.update, request, intent_at=SOME_DAY)
    assert (await row_of(store, request))["intent_at"] is None


async def test_columns_are_set_on_the_claimed_row_only(store):
    """Another row as it was."""
    request, other = await in_work(store), await in_work(store, package_id="other")

    assert await store.run(claims.update, request, intent_at=SOME_DAY)

    assert (await row_of(store, request))["intent_at"] == SOME_DAY
    assert await store.run(requests.get, other.id) == other


async def test_a_release_writes_when_to_look_again(store):
    """The lease is over, and what else was learnt is kept."""
    request = await in_work(store)
    before = await row_of(store, request)

    facts = {"due_at": SOME_DAY, "attempts": 4, "failures": 3}
    assert await store.run(claims.release, request, **facts)

    assert await row_of(store, request) == before | facts | {"lease_until": None}

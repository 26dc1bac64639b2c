"""Claims, on both databases: who may work on a request, one worker at a time."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bot import clock
from bot.database.tables import requests as request_table
from bot.requests.model import Kind, State
from bot.requests.store import claims, requests
from tests.bot.rows import EARLIER, in_work, rows_of, tamper
from tests.bot.samples import LEASE, SOME_DAY, wish

PAST = timedelta(seconds=-1)
SECOND = timedelta(seconds=1)


async def test_many_workers_share_without_overlap(store, at_once):
    """Twenty rows, four replicas, no row twice."""
    await store.run(lambda db: [requests.add(db, wish(package_id=str(n))) for n in range(20)])

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
        other.execute(
            sa.select(request_table.c.id).where(request_table.c.package_id == "1").with_for_update()
        )

        claimed = await store.run(claims.take, lease=LEASE, limit=10)

    assert [each.package_id for each in claimed] == ["2"]


async def test_a_row_that_cannot_be_read_stops_no_other(store):
    """A newer version wrote it, or somebody by hand: it is logged and left, and the rest goes on."""
    strange = await in_work(store, package_id="1", lease_until=None)
    await tamper(store, strange, deciders=7)
    await in_work(store, package_id="2", lease_until=None)

    with capture_logs() as logs:
        claimed = await store.run(claims.take, lease=LEASE, limit=10)

    assert [each.package_id for each in claimed] == ["2"]
    assert [(line["event"], line["request"]) for line in logs] == [
        ("unreadable-request", strange.id)
    ]


async def test_an_old_claim_is_taken_over_and_fenced_off(store):
    """The first worker slept too long: what it does now counts for nothing."""
    await store.run(requests.add, wish())
    (slow,) = await store.run(claims.take, lease=PAST, limit=10)
    (quick,) = await store.run(claims.take, lease=LEASE, limit=10)

    assert quick.generation == slow.generation + 1
    assert await store.run(requests.move, slow, State.REFUSED, fence=True) is None
    assert not await store.run(claims.release, slow, due_at=clock.real(), attempts=1)
    assert await store.run(requests.move, quick, State.APPROVED, fence=True) is not None


async def test_removals_are_claimed_first_and_then_the_oldest(store):
    """Taking access away must not wait behind giving it; and no more is claimed than asked for."""
    young = await in_work(store, package_id="1", due_at=EARLIER)
    old = await in_work(store, package_id="2", due_at=EARLIER - LEASE)
    removal = await in_work(store, kind=Kind.REMOVE, due_at=EARLIER + LEASE)

    claimed = [await store.run(claims.take, lease=LEASE, limit=1) for _ in range(3)]

    assert [[each.id for each in some] for some in claimed] == [[removal.id], [old.id], [young.id]]


async def test_what_is_open_due_and_free_is_claimed(store, now):
    """From the very moment on."""
    to_claim = {
        "long due, lease long over": {},
        "due now": {"due_at": now},
        "never claimed": {"lease_until": None},
        "lease over now": {"lease_until": now},
    }
    to_leave = {
        "due later": {"due_at": now + SECOND},
        "not due": {"due_at": None},
        "claimed": {"lease_until": now + SECOND},
        "ended": {"state": State.DENIED},
    }
    for name, changes in {**to_claim, **to_leave}.items():
        await in_work(store, package_id=name, **changes)

    claimed = await store.run(claims.take, lease=LEASE, limit=10)

    assert {each.package_id for each in claimed} == set(to_claim)


async def test_a_claim_writes_its_lease_and_the_next_generation(store, now):
    """And nothing else."""
    request = await in_work(store, generation=4)
    before = await rows_of(store)

    (claimed,) = await store.run(claims.take, lease=LEASE, limit=1)

    written = {"lease_until": now + LEASE, "generation": 5}
    assert await rows_of(store) == {request.id: before[request.id] | written}
    assert (claimed.lease_until, claimed.generation) == (now + LEASE, 5)


@pytest.mark.parametrize(
    "changes",
    [{"state": State.APPROVED}, {"version": 8}, {"generation": 1}],
    ids=lambda each: "".join(each),
)
async def test_a_claim_counts_for_the_row_as_it_was_claimed(store, changes):
    """Its state, its version and its generation, each by itself."""
    request = await in_work(store)
    await tamper(store, request, **changes)
    before = await rows_of(store)

    assert not await store.run(claims.update, request, intent_at=SOME_DAY)

    assert await rows_of(store) == before


async def test_a_release_writes_when_to_look_again(store):
    """The lease is over, what else was learned is kept, and no other row is touched."""
    request = await in_work(store)
    await in_work(store, package_id="other")
    before = await rows_of(store)

    facts = {"due_at": SOME_DAY, "attempts": 4, "failures": 3, "intent_at": SOME_DAY}
    assert await store.run(claims.release, request, **facts)

    after = before[request.id] | facts | {"lease_until": None}
    assert await rows_of(store) == before | {request.id: after}

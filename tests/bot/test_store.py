"""The store, on both databases."""

from datetime import timedelta

from bot import clock, intake
from bot.models import Kind, Request, State
from bot.store import requests

LEASE = timedelta(seconds=60)


def wish(**changes):
    """Ann asks for the campaign."""
    facts = {
        "id": intake.new_id(),
        "kind": Kind.ADD,
        "state": State.RECEIVED,
        "holder": "U0ANN",
        "asked_by": "U0ANN",
        "package_id": "campaign",
        "package_name": "Marketing Campaign",
        "asked_at": clock.now(),
        "updated_at": clock.now(),
        "due_at": clock.real(),
    }
    return Request(**{**facts, **changes})


async def test_the_same_wish_is_open_only_once(store):
    """Asking twice makes one row; the second insert says so."""
    assert await store.run(requests.add, wish()) is not None
    assert await store.run(requests.add, wish()) is None


async def test_a_due_row_is_claimed_by_one_worker(store):
    """A claim hides the row from everybody else until its lease is over."""
    await store.run(requests.add, wish())

    first = await store.run(requests.claim, lease=LEASE, limit=10)
    second = await store.run(requests.claim, lease=LEASE, limit=10)

    assert [len(first), len(second)] == [1, 0]


async def test_a_move_from_an_old_state_changes_nothing(store):
    """Two who decide from the same row: the second finds it moved."""
    request = await store.run(requests.add, wish())

    won = await store.run(requests.move, request, State.CANCELED)
    lost = await store.run(requests.move, request, State.APPROVED)

    assert won is not None
    assert lost is None

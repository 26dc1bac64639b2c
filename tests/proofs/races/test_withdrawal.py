"""A withdrawal that meets a grant between two statements."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import chance, clock
from bot.database import Transaction
from bot.errors import LatchkeyError
from bot.requests.model import Kind, Request, State
from bot.requests.store import claims, requests
from bot.requests.transactions.cancel import cancel


def approved(db: Transaction) -> Request:
    """A request that a worker has just taken, to post it."""
    now = clock.now()
    added = requests.add(
        db,
        Request(
            id=chance.new_id(),
            kind=Kind.ADD,
            state=State.APPROVED,
            holder="U0ANN",
            asked_by="U0ANN",
            package_id="package",
            package_name="Package",
            asked_at=now,
            updated_at=now,
            due_at=clock.real(),
        ),
    )
    assert added is not None
    return claims.take(db, lease=timedelta(seconds=60), limit=1)[0]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_withdrawal_between_read_and_write_never_ends_in_a_grant(store):
    """The worker writes its intent after the withdrawal has read the row: one of the two must give way."""
    taken = await store.run(approved)
    intent = {"intent_at": clock.now(), "settles_at": clock.real()}
    went_on: list[bool] = []

    def between(connection, cursor, statement, *_):
        """The other replica's whole transaction, just before the withdrawal's first write."""
        if statement.startswith("UPDATE request") and not went_on:
            went_on.append(False)
            went_on[0] = store.run_here(claims.update, taken, **intent)

    sa.event.listen(store.engine, "before_cursor_execute", between)
    withdrawn = True
    try:
        await store.run(cancel, "U0ANN", taken.id)
    except LatchkeyError:
        withdrawn = False
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", between)
    assert went_on, "nothing came between"
    assert withdrawn != went_on[0]


async def test_what_is_withdrawn_is_never_posted(store):
    """The other way round: the withdrawal first, and the worker's intent finds no row."""
    taken = await store.run(approved)
    await store.run(cancel, "U0ANN", taken.id)
    ours = await store.run(
        claims.update, replace(taken), intent_at=clock.now(), settles_at=clock.real()
    )
    assert not ours

"""Rows of requests as they are in the table: made, read and tampered with behind the store's back."""

from datetime import timedelta

import sqlalchemy as sa

from bot.database.tables import requests as request_table
from bot.requests.model import State
from tests.bot.samples import ANN, SOME_DAY, wish

EARLIER = SOME_DAY - timedelta(days=1)
# What the columns of a request that somebody works on hold, each unlike what a move leaves.
IN_WORK = {
    "entra_id": ANN,
    "attempts": 3,
    "failures": 2,
    "held_at": EARLIER,
    "retry_by": "U0CY",
    "give_up_by": "U0DANA",
    "lease_until": EARLIER,
    "due_at": EARLIER,
    "lapses_at": EARLIER,
    "escalates_at": EARLIER,
    "updated_at": EARLIER,
    "version": 7,
}
IN_WORK_BEFORE = {"cards_due_at": EARLIER, "recipients_due_at": EARLIER, "news_due_at": None}


async def in_work(store, state=State.RECEIVED, **changes):
    """A request with something in every column that a move touches."""
    request = wish(**{"state": state, **IN_WORK, **changes})
    row = {**vars(request), **IN_WORK_BEFORE}
    await store.run(lambda db: db.execute(request_table.insert().values(**row)).rowcount)
    return request


async def rows_of(store):
    """All requests by id, with those columns that a request does not carry."""

    def read(db):
        return {row["id"]: dict(row) for row in db.execute(sa.select(request_table)).mappings()}

    return await store.run(read)


async def tamper(store, request, **changes):
    """Change a row behind everybody's back."""
    row = request_table.update().where(request_table.c.id == request.id).values(**changes)
    await store.run(lambda db: db.execute(row).rowcount)

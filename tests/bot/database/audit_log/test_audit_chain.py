"""The audit log: append-only, and every change of it shows."""

import pytest
import sqlalchemy as sa

from bot import clock
from bot.database import open_store
from bot.database.audit_log import audit, audit_chain
from bot.database.tables import audit as audit_table
from bot.database.tables import audit_head
from bot.requests.model import State
from bot.requests.store import requests
from tests.bot.samples import SOME_DAY, wish

KEY = b"kept outside the database"
PLACE = audit_table.c.position


@pytest.fixture
def log(store):
    """A store whose audit log is keyed."""
    keyed = open_store(store.engine.url.render_as_string(hide_password=False), audit_key=KEY)
    yield keyed
    keyed.close()


async def written(store, count=3):
    """So many requests asked and withdrawn: two rows each."""
    for number in range(count):
        request = await store.run(requests.add, wish(package_id=f"package-{number}"))
        await store.run(requests.move, request, State.CANCELED, actor="U0ANN")


def forge(store, statement):
    """Change the log as somebody who may do everything could: the triggers that guard it do not fire."""
    with store.engine.begin() as db:
        if store.engine.dialect.name == "sqlite":
            for trigger in ("audit_no_update", "audit_no_delete"):
                db.execute(sa.text(f"DROP TRIGGER {trigger}"))
        else:
            db.execute(sa.text("SET LOCAL session_replication_role = replica"))
        db.execute(statement)


async def test_every_row_is_in_the_chain(log):
    """Two rows a request, each with its place."""
    await written(log)
    chain = await log.run(audit.verify, KEY)

    assert (chain.rows, chain.wrong) == (6, None)


FORGERIES = {
    "altered": (
        audit_table.update().where(PLACE == 4).values(actor="U0CY"),
        3,
        "row 4 was altered",
    ),
    "taken out": (audit_table.delete().where(PLACE == 2), 1, "row 2 is missing"),
    "cut off": (
        audit_table.delete().where(PLACE > 4),
        4,
        "the log is shorter than its head says: rows at its end are missing",
    ),
    "its head put back": (
        audit_head.update().values(position=4),
        6,
        "its head is not that of its last row: it was altered",
    ),
    # Not even a place below the first hides it.
    "put before": (
        audit_table.insert().values(
            position=-1, at=SOME_DAY, actor="U0ANN", verb="move", hash=audit_chain.START
        ),
        0,
        "row 1 is missing",
    ),
}


@pytest.mark.parametrize(("forgery", "rows", "wrong"), FORGERIES.values(), ids=FORGERIES)
async def test_a_forged_log_shows(log, forgery, rows, wrong):
    """Up to where it holds, and what is wrong after that."""
    await written(log)
    forge(log, forgery)

    chain = await log.run(audit.verify, KEY)
    assert (chain.rows, chain.wrong) == (rows, wrong)


async def test_an_anchor_shows_what_was_cut_off_with_its_head(log):
    """Whoever can write the head as well is betrayed by what was noted elsewhere."""
    await written(log)
    noted = await log.run(audit.verify, KEY)
    (fourth,) = [row for row in await log.run(audit.rows) if row["position"] == 4]
    forge(log, audit_table.delete().where(PLACE > 4))
    with log.engine.begin() as db:
        db.execute(audit_head.update().values(position=4, hash=fourth["hash"]))

    assert (await log.run(audit.verify, KEY)).wrong is None
    chain = await log.run(audit.verify, KEY, anchor=(noted.rows, noted.head))
    assert chain.wrong == "the log ends before the anchor (6)"


async def test_who_lacks_the_key_cannot_write_rows_that_verify(log, store):
    """The chain is keyed."""
    await written(store)

    assert (await log.run(audit.verify, KEY)).wrong == "row 1 was altered"


@pytest.mark.parametrize(
    "statement",
    [audit_table.delete(), audit_table.update().values(actor="U0CY")],
    ids=["delete", "update"],
)
async def test_the_database_refuses_to_change_the_log(log, statement):
    """Append-only by trigger, on both databases."""
    await written(log, 1)

    with pytest.raises(sa.exc.DatabaseError, match="append-only"), log.engine.begin() as db:
        db.execute(statement)


async def test_what_is_rolled_back_leaves_nothing_and_no_gap(log):
    """A transaction is whole or not at all; the next one goes on where the last good one ended."""
    request = await log.run(requests.add, wish())

    def fails(db):
        requests.move(db, request, State.CANCELED)
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError):
        await log.run(fails)
    assert await log.run(requests.find, request.id) == request
    await log.run(requests.move, request, State.APPROVED)

    assert [row["after"] for row in await log.run(audit.rows)] == ["received", "approved"]
    chain = await log.run(audit.verify, KEY)
    assert (chain.rows, chain.wrong) == (2, None)


async def test_what_a_savepoint_takes_back_leaves_no_row(log):
    """The rows around it stay, in their order."""

    def half_taken_back(db):
        audit.record(db, at=clock.now(), actor="U0ANN", verb="before")
        with db.begin_nested():
            audit.record(db, at=clock.now(), actor="U0ANN", verb="kept")
            inner = db.begin_nested()
            audit.record(db, at=clock.now(), actor="U0ANN", verb="never")
            inner.rollback()
        audit.record(db, at=clock.now(), actor="U0ANN", verb="after")

    await log.run(half_taken_back)

    assert [row["verb"] for row in await log.run(audit.rows)] == ["before", "kept", "after"]
    assert (await log.run(audit.verify, KEY)).wrong is None

"""A page of a list of Graph's in the database: what is written, what is left alone, and in how few statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot import clock
from bot.assignments.model import (
    Assignment,
    AssignmentState,
    DeliveryProgress,
    EndReason,
    TroubleKind,
)
from bot.assignments.store import assignments, listed, troubles, unsure
from bot.database import Store, homes
from bot.database.audit_log import audit
from bot.database.tables import assignments as assignment_table
from bot.database.tables import homes as home_table
from bot.database.tables import notices as notice_table
from bot.notifications.model import Notice
from bot.notifications.store import notices
from bot.people.model import Person
from bot.people.store import people
from tests.bot.samples import ANN, held

MINUTE = timedelta(minutes=1)
START = clock.now() - timedelta(days=20)
END = clock.now() + timedelta(days=10)
ANOTHER_END = datetime(2026, 5, 31, tzinfo=UTC)


def access(**changes: Any) -> Assignment:
    """Ann holds the campaign, from and until the same moments in each answer of Graph's."""
    return held(**{"starts_at": START, "ends_at": END, **changes})


def seen_a_minute_ago(db):
    db.execute(assignment_table.update().values(seen_at=clock.real() - MINUTE))


async def unseen(store: Store, since: datetime) -> list[str]:
    return await store.run(unsure.live_ids, not_seen_since=since, limit=100)


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """Yield what is sent to the database meanwhile; what is sent for many rows at once counts as one."""
    sent: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(store.engine, "before_cursor_execute", note)


async def test_what_graph_says_again_is_only_marked_as_seen(store):
    """Nothing is written of it, nothing is audited, and the sync does not ask after it."""
    mine, hers = access(), access(id="hers", holder="U0CY", entra_id="cy")
    await store.run(listed.save, [mine, hers])
    await store.run(seen_a_minute_ago)
    started = clock.real()

    saved = await store.run(listed.save, [mine, hers])

    assert (saved.new, saved.changed, saved.ended, saved.busy) == ([], [], [], [])
    assert await unseen(store, started) == []
    assert len(await store.run(audit.rows)) == 2


async def test_what_graph_does_not_say_is_no_change(store):
    """Who holds it in Slack we found out ourselves."""
    await store.run(listed.save, [access()])

    silent = replace(access(), holder=None, policy_id=None, holder_name=None)

    assert (await store.run(listed.save, [silent])).changed == []
    assert (await store.run(assignments.find, "assignment")).holder == access().holder


@pytest.mark.parametrize(
    ("had", "said"),
    [
        ({"progress": DeliveryProgress.REPROCESSING}, {"progress": DeliveryProgress.DELIVERING}),
        ({"state": AssignmentState.REMOVING}, {}),
    ],
)
async def test_what_is_under_way_as_before_is_no_change(store, had, said):
    """Being gone through again, and being removed."""
    await store.run(listed.save, [access()])
    await store.run(lambda db: db.execute(assignment_table.update().values(**had)).rowcount)

    assert (await store.run(listed.save, [access(**said)])).changed == []
    assert await store.run(assignments.find, "assignment") is not None
    assert vars(await store.run(assignments.find, "assignment")).items() >= had.items()


# What we have, and what Graph says now.
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another end": ({}, {"ends_at": ANOTHER_END}),
    "no end": ({}, {"ends_at": None}),
    "another start": ({}, {"starts_at": ANOTHER_END}),
    "another name": ({}, {"package_name": "Another name"}),
    "another policy": ({}, {"policy_id": "another"}),
    "no policy said": ({}, {"policy_id": None, "package_name": "Another name"}),
    "another person's name": ({}, {"holder_name": "Ann Baker"}),
    "a part": ({}, {"progress": DeliveryProgress.PARTIAL}),
    "again": ({}, {"progress": DeliveryProgress.DELIVERING}),
    "there": ({"progress": DeliveryProgress.DELIVERING}, {}),
    "all of it": ({"progress": DeliveryProgress.PARTIAL}, {}),
    "readable": ({"unreadable_since": ANOTHER_END, "misses": 2}, {}),
    "not gone": ({"gone_at": ANOTHER_END}, {}),
    "being removed": ({"state": AssignmentState.REMOVING}, {"ends_at": ANOTHER_END}),
}


@pytest.mark.parametrize("change", [*CHANGES, None])
async def test_a_list_writes_what_is_written_of_each_by_itself(store, change):
    """The row, the audit log, what is owed to whoever sees it, and troubles that are over."""
    facts: dict[str, Any] = {}
    for name in ("by itself", "listed"):
        had, said = CHANGES[change] if change else ({}, {})
        row = access(id=name, entra_id=name, holder=f"U0{name[0].upper()}", **said)
        await store.run(_before, row, {**had} if change else None)

        if name == "listed":
            saved = await store.run(listed.save, [row])
            assert [each.id for each in saved.new] == ([] if change else [name])
        else:
            await store.run(assignments.save_live, row)

        facts[name] = await store.run(_facts, name)

    assert facts["listed"] == facts["by itself"]


def _before(db: sa.Connection, row: Assignment, had: dict[str, Any] | None) -> None:
    """Somebody whose Home is open, who was reminded; what they hold, unless it is new, is in trouble."""
    slack_user = row.holder or ""
    people.bind(
        db, Person(slack_user=slack_user, slack_name="a", entra_id=row.entra_id, entra_name="A")
    )
    db.execute(sa.delete(notice_table))
    notices.supersede(db, [_reminder(row)])
    if had is not None:
        assignments.save_live(db, access(id=row.id, entra_id=row.entra_id, holder=row.holder))
        db.execute(
            assignment_table.update()
            .where(assignment_table.c.id == row.id)
            .values({"let_end": None} | had)
        )
        troubles.open_one(db, TroubleKind.PARTIAL, row.id)
    homes.mark_opened(db, slack_user)
    db.execute(home_table.update().values(stale=False))
    db.execute(notice_table.update().values(stale=False))


def _reminder(row: Assignment) -> Notice:
    return Notice(key=f"r:{row.id}", kind="reminder", to=row.holder or "", assignment_id=row.id)


def _facts(db: sa.Connection, name: str) -> dict[str, Any]:
    row = assignments.find(db, name)
    assert row is not None
    changing: dict[str, Any] = {
        "id": "",
        "entra_id": "",
        "holder": "",
        "seen_at": None,
        "progress_at": None,
    }
    log = [each for each in audit.rows(db) if each["assignment_id"] == name]
    return {
        "row": replace(row, **changing),
        "seen": row.seen_at is not None,
        "log": [(each["verb"], each["details"], each["package_id"]) for each in log],
        "troubles": [each.kind for each in troubles.open_about(db, name)],
        "home": db.execute(
            sa.select(home_table.c.stale).where(home_table.c.slack_user == row.holder)
        ).scalar(),
        "reminder": db.execute(
            sa.select(notice_table.c.stale).where(notice_table.c.assignment_id == name)
        ).scalar(),
    }


async def test_since_when_it_is_so_far_is_kept_as_long_as_it_is(store):
    """And begins anew when Entra is farther."""
    await store.run(listed.save, [access(progress=DeliveryProgress.PARTIAL)])
    long_ago = clock.now() - timedelta(days=3)
    await store.run(
        lambda db: db.execute(assignment_table.update().values(progress_at=long_ago)).rowcount
    )

    await store.run(listed.save, [access(progress=DeliveryProgress.PARTIAL, ends_at=ANOTHER_END)])
    assert (await store.run(assignments.find, "assignment")).progress_at == long_ago

    await store.run(listed.save, [access(ends_at=ANOTHER_END)])
    assert (await store.run(assignments.find, "assignment")).progress_at > long_ago


async def test_what_had_ended_is_named_and_left_alone(store):
    """Whether it lives again, only Graph's answer about that very assignment tells."""
    row = access()
    await store.run(listed.save, [row])
    await store.run(assignments.end, row.id, why=EndReason.OUTSIDE, at=clock.now())

    assert (await store.run(listed.save, [row])).ended == [row.id]
    assert (await store.run(assignments.find, row.id)).state is AssignmentState.ENDED


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_row_that_somebody_is_at_work_on_holds_up_nobody(store):
    """It is named, and waits by itself; SQLite has one writer at a time and no locks of rows."""
    rows = [access(), access(id="hers", holder="U0CY", entra_id="cy")]
    await store.run(listed.save, rows)
    with store.engine.begin() as other:
        other.execute(
            sa.select(assignment_table.c.id)
            .where(assignment_table.c.id == "hers")
            .with_for_update()
        )

        saved = await store.run(listed.save, rows)

    assert (saved.new, saved.changed, saved.busy) == ([], [], rows[1:])


def page(count: int, **changes: Any) -> list[Assignment]:
    return [access(id=f"a{number:03}", entra_id=f"u{number}", **changes) for number in range(count)]


@pytest.mark.parametrize(
    "again", [{}, {"ends_at": ANOTHER_END}, {"package_name": "Another"}], ids=["as", "end", "name"]
)
async def test_a_page_takes_as_few_statements_as_one_row(store, again):
    """New, changed, or as before."""
    counts = []
    for count in (2, 150):
        await store.run(lambda db: db.execute(sa.delete(assignment_table)).rowcount)
        with statements(store) as first:
            await store.run(listed.save, page(count))
        with statements(store) as second:
            await store.run(listed.save, page(count, **again))
        counts.append((len(first), len(second)))
    assert counts[0] == counts[1]


async def test_each_row_of_a_page_has_its_own_line_in_the_log(store):
    """And the chain, which is sealed once, holds."""
    await store.run(listed.save, page(30))
    await store.run(listed.save, page(30, ends_at=ANOTHER_END))

    verbs = [each["verb"] for each in await store.run(audit.rows)]
    assert verbs == ["new-assignment"] * 30 + ["end-moved"] * 30
    assert (await store.run(audit.verify, store._audit_key)).wrong is None
    assert {each["subject_entra_id"] for each in await store.run(audit.rows)} == {
        f"u{number}" for number in range(30)
    }


async def test_what_was_not_seen_is_found_a_few_at_a_time(store):
    """Each once, and nothing that has ended."""
    await store.run(listed.save, page(7))
    await store.run(assignments.end, "a003", why=EndReason.OUTSIDE, at=clock.now())
    await store.run(seen_a_minute_ago)
    await store.run(listed.save, page(1))
    found: list[str] = []
    since = clock.real() - MINUTE / 2
    while some := await store.run(
        unsure.live_ids, not_seen_since=since, after=found[-1] if found else "", limit=2
    ):
        assert len(some) <= 2
        found += some

    assert found == ["a001", "a002", "a004", "a005", "a006"]


async def test_only_what_was_removed_once_may_have_been_given_again(store):
    """The others need no second look."""
    assert await store.run(listed.removed_once, [access(entra_id=ANN)]) == []

"""
No statement of the store looks at what is over: each searches an index, or walks along one of what is open.

A statement that is new belongs into `everything`; one that has a good reason to look at more, below.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from benchmarks.history import fill
from bot import clock
from bot.database import Store, open_store
from bot.database.tables import (
    IS_PENDING,
    assignments,
    emergencies,
    findings,
    metadata,
    requests,
)
from tests.bot.database.plans.effort import counting
from tests.bot.database.plans.everything import run_all
from tests.bot.database.plans.recording import Planned, Recording, recording, sites
from tests.bot.samples import ANN
from tests.postgres import new_database

OLD: Final = 2_000
OPEN: Final = 500
PEOPLE: Final = 500

# Tables that stay small, whatever was done with Latchkey.
SMALL: Final = frozenset(
    {
        *("allowance", "audit_checkpoint", "audit_head", "control", "package", "settings_binding"),
        *("slack_wait", "sweep"),
    }
)
# Indexes of what is open.
PARTIAL: Final = frozenset(
    str(index.name)
    for table in metadata.tables.values()
    for index in table.indexes
    if index.dialect_options["sqlite"]["where"] is not None
)
ALL_CURRENT: Final = "the sync compares all that is held now with what Graph has"
FOR_METRICS: Final = "the metrics are about all that is open"
# What walks along an index of what is open, and why that is all it can do.
WALKS: Final = {
    "assignment_lists.page": "a page of everybody's access, in the order of the index",
    "claims.oldest_due_seconds": "the first in the order of the index",
    "claims.oldest_open_seconds": FOR_METRICS,
    "claims.retrying": FOR_METRICS,
    "mismatches.announce": "the few that are open and nobody was told of",
    "mismatches.count": FOR_METRICS,
    "current_stage.waiting_under": "what waits for a decision, once a sync, if approvers are hidden",
    "mismatches.open_ones": "a page of all that is open, in the order of the index",
    "emergencies.all_open": "all emergency access that nobody has reviewed",
    "emergencies.close": "few are not reviewed, so PostgreSQL looks for the one among them",
    "emergencies.open_of": "the same",
    "emergencies.remind": "the same",
    "emergencies.review_counts": FOR_METRICS,
    "findings.settle": "few are not judged, so PostgreSQL looks for the one among them",
    "holds.count": FOR_METRICS,
    "holds._free": "few are held, so PostgreSQL looks for the one among them",
    "holds.page": "a page of all that is on hold",
    "holds.open_ones": "a list of all that is held",
    "notices.untold_holds": "a list of all that is held and nobody knows of",
    "links.holders_to_look_up": ALL_CURRENT,
    "links.unknown": ALL_CURRENT,
    "notices.claim_left_over": "messages of which nobody knows whether they arrived",
    "queues.count": FOR_METRICS,
    "queues.look": "the first of what waits for a decision, and of messages without a clear end",
    "request_lists.counts": FOR_METRICS,
    "request_lists.pending": "the oldest that wait for a decision, in the order of the index",
    "request_lists.pending_of_others": "the same, but for one's own",
    "request_lists.pointless": "the extensions that wait for a decision",
    "flags._redraw_what_says_so": "all that is open, when granting is paused and when it goes on",
    "rows.current_access": "the command line, which reports on all that is held",
    "troubles.count": FOR_METRICS,
    "unsure.live_ids": ALL_CURRENT,
    "unsure.unreadable": "all that could not be read",
}
# What looks at a whole table, and why it may.
SCANS: Final = {
    "accounts.connected_among": "the doctor, which asks once for those who decide",
    "archiving._told": "the command line, once for each turn: a row for each webhook",
    "archiving.first_at": "the first row of the primary key",
    "archiving.by_operators": "the command line, which archives what is old",
    "archiving.cut": "the command line, which archives what is old",
    "assignments.forget": "packages that Latchkey has to do with no more, once each",
    "audit.key_fits": "the last two rows, from the end of the primary key",
    "audit.wrong_at_end": "the same",
    "audit.rows": "the command line, which shows all of it",
    "audit.in_order": "the command line, which follows the chain from its start",
    "deciders.fill_in": "what waits for a decision, beside a table that has nothing else",
    "feeds.positions_between": "the command line, which looks for rows by their time",
    "old_rows.delete_unsent": "messages that were not sent, once a day",
    "old_rows.has_unsent": "the same",
    "homes.touch_all": "every page is to be drawn anew",
    **dict.fromkeys(
        (
            f"forgetting.{name}"
            for name in (
                *("_forget_in_json", "_forget_in_key", "_forget_in_their_requests", "_rows"),
                *("drop_unsent", "forget_in_table", "known_names", "other_entra_ids"),
                *("request_ids", "still_concerned"),
            )
        ),
        "the command line, which forgets somebody wherever they are named",
    ),
    "rows.named_packages": "the command line, which looks for a package that is there no more",
    "request_lists.count_ended": "once, when the program starts; then what has ended since",
}
# Run at the start of the program or by the command line, and about no rows of ours.
NOT_ABOUT_ROWS: Final = frozenset(
    {
        "audit_guard.py",
        "engine.py",
        "listening.py",
        "migrate.py",
        "postgresql.py",
        "postgresql_copy.py",
        "roles.py",
        "server_clock.py",
        "server_facts.py",
        "sqlite_file.py",
        "statements.py",
        "upgrade.py",
        "wakeups.py",
    }
)
# How many steps more are no sign of a past that is looked at: deeper trees, and rows of the calls before.
NOISE: Final = 300


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recording]:
    """All of the store, run once on a database with a past."""
    with ExitStack() as kept:
        yield _recorded(request, tmp_path_factory, kept)


def _recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kept: ExitStack
) -> Recording:
    if request.param == "sqlite":
        # It plans by the statement alone: how many rows there are is nothing to it.
        store = _copy(request.getfixturevalue("sqlite_template"), tmp_path_factory.mktemp("plans"))
    else:
        url = kept.enter_context(new_database(request.getfixturevalue("postgresql"), "planned"))
        store = open_store(url.render_as_string(hide_password=False))
        store.run_here(fill, OLD, people=PEOPLE, pending=OPEN, current=OPEN)
        store.run_here(_hold_some)
        store.run_here(_review_some)
        store.run_here(lambda db: db.exec_driver_sql("ANALYZE").close())
        sa.event.listen(store.engine, "begin", _prefer_indexes)
    with recording(store.engine) as found:
        run_all(store.run_here)
    store.close()
    return found


def _hold_some(db: sa.Connection) -> None:
    """A few, among many."""
    some = sa.and_(IS_PENDING, requests.c.id.startswith("00"))
    db.execute(requests.update().where(some).values(held_at=clock.now()))


def _review_some(db: sa.Connection) -> None:
    """Emergency access of a long past, reviewed as it should be."""
    known = (requests.c.id, requests.c.holder, requests.c.entra_id, requests.c.package_id)
    past = sa.select(*known, requests.c.asked_at).where(requests.c.entra_id.is_not(None))
    rows = db.execute(past.where(requests.c.holder.is_not(None))).mappings().all()
    by = {"closed_by": "U0BEN", "closed_entra_id": "ben", "reviewers": []}
    values = [
        {
            **{column.name: row[column.name] for column in known[1:]},
            "request_id": row["id"],
            **dict.fromkeys(("opened_at", "review_by", "closed_at"), row["asked_at"]),
            **by,
        }
        for row in rows
    ]
    db.execute(emergencies.insert(), values)
    said = {"finding": "fine", "comment": "fine", "slack_user": "U0BEN", "outcome": "accepted"}
    judged = [
        {"id": row["id"], "request_id": row["id"], "at": row["asked_at"], **said} for row in rows
    ]
    db.execute(findings.insert(), judged)


def _copy(template: Path, folder: Path) -> Store:
    file = folder / "latchkey.db"
    file.write_bytes(template.read_bytes())
    return open_store(f"sqlite+pysqlite:///{file}")


def _prefer_indexes(db: sa.Connection) -> None:
    """A few thousand rows are soon read, whole: what is asked is whether an index would do for millions."""
    db.exec_driver_sql("SET LOCAL enable_seqscan = off")


def test_every_statement_of_the_store_was_run(recorded):
    """Whoever adds one adds a call in `tests.bot.database.plans.everything`; then its plan is read, too."""
    missing = [
        f"{file}:{first}"
        for file, first, last in sorted(sites())
        if file not in NOT_ABOUT_ROWS
        and not any((file, line) in recorded.lines for line in range(first, last + 1))
    ]
    assert not missing, f"no plan was read of {', '.join(missing)}"


def test_no_statement_looks_at_a_whole_table(recorded):
    """But for those that have a reason, above."""
    scanning = [_shown(each) for each in _scanning(recorded)]
    assert not scanning, "\n".join(scanning)


def _scanning(recorded: Recording) -> Iterator[Planned]:
    ours = set(metadata.tables) - SMALL
    for each in recorded.planned.values():
        walked = {step.index for step in each.steps if step.table in ours and not step.searches}
        is_excused = each.function in SCANS or (each.function in WALKS and walked <= PARTIAL)
        if walked and not is_excused:
            yield each


def _shown(planned: Planned) -> str:
    return f"{planned.function}\n{planned.statement}\n{planned.text}\n"


def test_whatever_is_excused_needs_it(recorded):
    """A reason that outlives its statement would excuse the next one."""
    functions = {each.function for each in recorded.planned.values()}
    assert (WALKS.keys() | SCANS.keys()) - functions == set()


@pytest.mark.parametrize("recorded", ["sqlite"], indirect=True)
def test_grants_are_found_by_person(recorded):
    """And not by the time of their end, near which many are; PostgreSQL knows how many."""
    found = [
        each for each in recorded.planned.values() if each.function == "request_lists.grants_to"
    ]
    used = {step.index for each in found for step in each.steps}
    assert used == {"request_gave", "request_one_open_of_holder"}


def test_a_past_costs_nothing(sqlite_template, tmp_path_factory):
    """Each statement takes as many steps with thousands of old rows, all of one person's, as without."""
    steps = []
    for old in (1, OLD):
        store = _copy(sqlite_template, tmp_path_factory.mktemp("past"))
        store.run_here(fill, old, people=1, pending=1, current=1)
        store.run_here(_give_all_to_ann)
        with counting(store.engine) as counted:
            run_all(store.run_here)
        store.close()
        steps.append(counted)
    young, old_one = steps
    slower = [
        f"{young[key]} steps, and {old_one[key]} with a past: {key[0]}\n{key[1]}\n"
        for key in young.keys() & old_one.keys()
        if key[0] not in SCANS and old_one[key] > young[key] + NOISE
    ]
    assert not slower, "\n".join(slower)


def _give_all_to_ann(db: sa.Connection) -> None:
    for table in (requests, assignments):
        db.execute(table.update().values(holder="U0ANN", entra_id=ANN))


def test_a_scan_is_recognized(recorded):
    """The check itself, on one statement that reads all of a small table, and on one that reads one row."""
    found = {each.function: each.steps for each in recorded.planned.values()}
    assert [step.searches for step in found["catalog.list_all"]] == [False] * len(
        found["catalog.list_all"]
    )
    assert all(step.searches for step in found["requests.find"])

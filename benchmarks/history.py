"""A database with a past, made by SQL alone: what is over, and less of what is not."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock

# Of what is over, the youngest and the oldest.
SINCE: Final = timedelta(days=1)
YEAR: Final = timedelta(days=365)
PACKAGES: Final = 200
NUMBERS: Final = (
    "WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {count}) "
)

# By table and column, of the i-th row; {at} is when it was over, {to_come} is after now.
ROWS: Final[Mapping[str, Mapping[str, str]]] = {
    "person": {
        "slack_user": "{user}",
        "slack_name": "'Somebody ' || i",
        "entra_id": "{entra}",
        "entra_name": "'Somebody ' || i",
        "bound_at": "{at}",
    },
    "home": {
        "slack_user": "{user}",
        "stale": "{no}",
        "admin": "{no}",
        "published_at": "{today}",
    },
    "contact": {
        "entra_id": "{entra}",
        "slack_user": "{user}",
        "looked_up_at": "{today}",
    },
    "form": {
        "id": "md5('form' || i)",
        "slack_user": "{user}",
        "package_id": "{package}",
        "made_at": "{today}",
    },
    "inbox": {"key": "md5('inbox' || i)", "received_at": "{today}"},
    "request": {
        "id": "md5('request' || i)",
        "kind": "CASE WHEN i % 5 = 0 THEN 'extend' ELSE 'add' END",
        "state": "CASE i % 20 WHEN 0 THEN 'denied' WHEN 1 THEN 'canceled' ELSE 'delivered' END",
        "holder": "{user}",
        "asked_by": "{user}",
        "entra_id": "{entra}",
        "holder_name": "'Somebody ' || i",
        "package_id": "{package}",
        "package_name": "'Package'",
        "assignment_id": "md5('assignment' || i)",
        "justification": "'Because I work on it.'",
        "answers": "'{{}}'",
        "round": "0",
        "stage": "0",
        "escalated": "{no}",
        "deciders": """'["U0BO"]'""",
        "unnamed": "{no}",
        "tell_admins": "{no}",
        "generation": "3",
        "version": "4",
        "attempts": "0",
        "failures": "0",
        "asked_at": "{at}",
        "updated_at": "{at}",
        "ended_at": "{at}",
    },
    "decision": {
        "id": "md5('decision' || i)",
        "request_id": "md5('request' || i)",
        "verb": "'approve'",
        "round": "0",
        "stage": "0",
        "slack_user": "'U0BO'",
        "at": "{at}",
        "outcome": "'accepted'",
        "entra_id": "'bo'",
        "as_admin": "{no}",
        "holder": "{user}",
        "holder_entra_id": "{entra}",
        "answered_at": "{at}",
        "attempts": "0",
        "due_at": "{at}",
    },
    "approver_question": {
        "id": "md5('question' || i)",
        "request_id": "md5('request' || i)",
        "round": "0",
        "stage": "0",
        "slack_user": "'U0BO'",
        "at": "{at}",
        "question": "'Which of them do you need?'",
        "requester": "{user}",
        "holder": "{user}",
        "outcome": "'accepted'",
        "answer": "'The first.'",
        "answered_by": "{user}",
        "answered_at": "{at}",
    },
    "hold": {
        "id": "md5('hold' || i)",
        "request_id": "md5('request' || i)",
        "at": "{at}",
        "error": "'GraphError'",
        "why": "'It failed.'",
        "verb": "CASE WHEN i % 2 = 0 THEN 'retry' END",
    },
    "assignment": {
        "id": "md5('assignment' || i)",
        "entra_id": "{entra}",
        "package_id": "{package}",
        "package_name": "'Package'",
        "policy_id": "'policy'",
        "state": "'ended'",
        "holder": "{user}",
        "holder_name": "'Somebody ' || i",
        "starts_at": "{at}",
        "ends_at": "{at}",
        "ended_at": "{at}",
        "ended_why": "'ran out'",
        "seen_at": "{at}",
        "looked_up_at": "{at}",
        "progress": "'delivered'",
        "misses": "0",
    },
    "trouble": {
        "id": "md5('trouble' || i)",
        "kind": "'partial'",
        "about": "md5('assignment' || i)",
        "at": "{at}",
        "closed_at": "{at}",
        "tries": "0",
    },
    "notice": {
        "key": "CASE WHEN i % 2 = 0 THEN 'card:' || md5('request' || i) ELSE 'expiring:' || md5('assignment' || i) END",
        "kind": "CASE WHEN i % 2 = 0 THEN 'card' ELSE 'reminder' END",
        "recipient": "{user}",
        "request_id": "CASE WHEN i % 2 = 0 THEN md5('request' || i) END",
        "assignment_id": "CASE WHEN i % 2 = 1 THEN md5('assignment' || i) END",
        "attempts": "1",
        "sent_at": "{at}",
        "channel": "'D' || (i % {people})",
        "ts": "'17' || i || '.000100'",
        "stale": "{no}",
    },
    "audit": {
        "position": "i",
        "at": "{at}",
        "actor": "'latchkey'",
        "verb": "'move'",
        "request_id": "md5('request' || i)",
        "hash": "'0'",
    },
}
# How those rows differ that are not over.
PENDING: Final = {
    "id": "md5('pending request' || i)",
    "kind": "'add'",
    "state": "'pending'",
    "assignment_id": "NULL",
    "lapses_at": "{to_come}",
    "escalates_at": "{to_come}",
    "recipients_due_at": "{to_come}",
    "ended_at": "NULL",
}
CURRENT: Final = {
    "id": "md5('current assignment' || i)",
    "state": "'live'",
    "ends_at": "{to_come}",
    "ended_at": "NULL",
    "ended_why": "NULL",
    "seen_at": "{today}",
}
# Of these there is one for so many of the others.
RARE: Final = {"approver_question": 4, "hold": 10, "trouble": 10}
# Of these there is one a person.
OF_PEOPLE: Final = frozenset({"person", "home", "contact", "form", "inbox"})
SPELLINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {
        "no": "0",
        "today": "'{now:%Y-%m-%d %H:%M:%S.%f}'",
        "at": "strftime('%Y-%m-%d %H:%M:%f', '{now:%Y-%m-%d %H:%M:%S}', '-' || ({ago}) || ' seconds') || '000'",
        "to_come": "strftime('%Y-%m-%d %H:%M:%f', '{now:%Y-%m-%d %H:%M:%S}', '+' || ({until}) || ' seconds') || '000'",
    },
    "postgresql": {
        "no": "false",
        "today": "timestamptz '{now:%Y-%m-%d %H:%M:%S.%f}+00'",
        "at": "timestamptz '{now:%Y-%m-%d %H:%M:%S}+00' - ({ago}) * interval '1 second'",
        "to_come": "timestamptz '{now:%Y-%m-%d %H:%M:%S}+00' + ({until}) * interval '1 second'",
    },
}


INDEXES: Final = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": (
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() "
        "AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    ),
}


def fill(db: sa.Connection, count: int, *, people: int, pending: int = 0, current: int = 0) -> None:
    """
    Write *count* old requests, assignments, messages, decisions, questions and audit rows into an empty database.

    Args:
        people: How many they are about; each has a row and a Home.
        pending: So many requests more, which wait for a decision.
        current: So many assignments more, which end some day within a year.
    """
    _teach_md5(db)
    for table, columns in ROWS.items():
        rows = people if table in OF_PEOPLE else count // RARE.get(table, 1)
        _insert(db, table, columns, rows, people)
    _fill_open(db, people=people, pending=pending, current=current)
    db.exec_driver_sql(f"UPDATE audit_head SET position = {count}")  # noqa: S608 (our own words)


def fill_open(db: sa.Connection, *, people: int, pending: int, current: int) -> None:
    """Write what is not over, and whose it is, into a database that a program works with meanwhile."""
    _teach_md5(db)
    _insert(db, "person", ROWS["person"], people, people)
    _fill_open(db, people=people, pending=pending, current=current)


def _fill_open(db: sa.Connection, *, people: int, pending: int, current: int) -> None:
    _insert(db, "request", {**ROWS["request"], **PENDING}, pending, people)
    _insert(db, "assignment", {**ROWS["assignment"], **CURRENT}, current, people)


def _teach_md5(db: sa.Connection) -> None:
    if db.dialect.name == "sqlite":
        driver: Any = db.connection.driver_connection
        driver.create_function("md5", 1, _md5, deterministic=True)


@contextmanager
def without_indexes(db: sa.Connection) -> Iterator[None]:
    """Drop what is no constraint, and make it anew afterwards: many rows are written several times faster."""
    made = db.exec_driver_sql(INDEXES[db.dialect.name]).all()
    for name, _ in made:
        db.exec_driver_sql(f"DROP INDEX {name}")
    yield
    for _, statement in made:
        db.exec_driver_sql(statement)


def _insert(
    db: sa.Connection, table: str, columns: Mapping[str, str], rows: int, people: int
) -> None:
    if not rows:
        return
    is_sqlite = db.dialect.name == "sqlite"
    each = (YEAR - SINCE).total_seconds() / rows
    times = {
        "now": clock.now(),
        "ago": f"{SINCE.total_seconds():.0f} + CAST(i * {each:.6f} AS integer)",
        "until": f"{SINCE.total_seconds():.0f} + CAST(i * {each:.6f} AS integer)",
    }
    facts = {key: value.format(**times) for key, value in SPELLINGS[db.dialect.name].items()} | {
        "people": str(people),
        "user": f"'U' || (i % {people})",
        "entra": f"'entra-' || (i % {people})",
        "package": f"'package-' || ((i / {people}) % {PACKAGES})",
    }
    values = ", ".join(value.format_map(facts) for value in columns.values())
    names = ", ".join(f'"{column}"' for column in columns)
    statement = (
        f"INSERT INTO {table} ({names}) {NUMBERS.format(count=rows)} SELECT {values} FROM numbers"  # noqa: S608 (our own words)
    )
    # The driver for PostgreSQL takes a single one for the beginning of a parameter.
    db.exec_driver_sql(statement if is_sqlite else statement.replace("%", "%%"))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

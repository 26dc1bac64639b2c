"""Forget somebody in every table: ids become a pseudonym, names and words go, and the audit log's chain holds."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.assignments.model import AssignmentState
from bot.auditing.personal import (
    COMPOSED,
    DETAILS_NAMING,
    DETAILS_OWN,
    DETAILS_PLAIN,
    FORGOTTEN,
    NAMES,
    NOT_OF_PEOPLE,
    OF_ONE,
    OWN_VALUES,
    WORDS,
    WORDS_IN_JSON,
)
from bot.database.audit_log import audit, audit_chain, audit_guard
from bot.database.connections.engine import Transaction
from bot.database.statements import words
from bot.database.tables import (
    IS_OPEN,
    NOT_CANCELED,
    REVIEW_IS_OPEN,
    approver_questions,
    assignments,
    decisions,
    delegations,
    emergencies,
    metadata,
    notices,
    requests,
)
from bot.database.tables import audit as audit_rows

# As long as a column of Slack ids.
SHORTEST_ID_COLUMN: Final = 32
# A database takes no condition of a thousand parts.
WORDS_A_QUERY: Final = 50
# Columns of the audit log that are an id of somebody.
IDS: Final = ("actor", "actor_entra_id", "subject_entra_id")
# Nobody is there any more to read them.
DROP_UNSENT: Final = (
    notices.update()
    .where(
        notices.c.recipient.in_(sa.bindparam("ids", expanding=True)),
        notices.c.sent_at.is_(None),
        notices.c.dropped_why.is_(None),
    )
    .values(
        dropped_why="the recipient was forgotten",
        tried_at=None,
        # As if somebody had just claimed it: how long it is kept goes by that.
        claimed_until=sa.bindparam("at"),
    )
)


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """
    Somebody to forget.

    Attributes:
        ids: Slack ids and Entra ids of theirs.
        names: As our tables have them.
        pseudonym: What stands in the place of each id; drawn by chance, and kept nowhere else.
        request_ids: The requests that are theirs.
    """

    ids: frozenset[str]
    names: frozenset[str]
    pseudonym: str
    request_ids: frozenset[str]

    def in_place_of(self, value: Any) -> Any:
        """Return a value, with all that is inside it, without them."""
        if isinstance(value, Mapping):
            return {
                self.in_place_of(key): FORGOTTEN
                if held is not None and self._are_their_words(key, value)
                else self.in_place_of(held)
                for key, held in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.in_place_of(each) for each in value]
        if not isinstance(value, str):
            return value
        return self.pseudonym if value in self.ids or value in self.names else value

    def _are_their_words(self, key: str, among: Mapping[str, Any]) -> bool:
        whose = [among.get(name) for name in WORDS_IN_JSON.get(key, ())]
        return any(who in self.ids or who in self.names for who in whose)

    def is_named_in(self, text: str | None) -> bool:
        """Tell whether a text has an id or a name of theirs in it, however people have written it."""
        if text is None:
            return False
        folded = text.casefold()
        return any(_stands_in(each.casefold(), folded) for each in self.ids | self.names)


def _stands_in(what: str, text: str) -> bool:
    # Most texts have nothing of it, and to make an expression costs a thousand times as much as to look.
    return what in text and re.search(rf"(?<!\w){re.escape(what)}(?!\w)", text) is not None


def still_concerned(db: Transaction, ids: Collection[str]) -> dict[str, int]:
    """Return what has to end before somebody can be forgotten, and how many of it there are."""
    of_request = [
        requests.c[name].in_(ids) for name in ("holder", "entra_id", "asked_by", "wanted_for")
    ]
    of_holder = [assignments.c[name].in_(ids) for name in ("holder", "entra_id")]
    of_delegation = [delegations.c[name].in_(ids) for name in ("delegator", "delegate")]
    not_ended = assignments.c.state.not_in(words((AssignmentState.ENDED,)))
    found = {
        "open request": db.scalar(_count(requests).where(IS_OPEN, sa.or_(*of_request))),
        "access package that they have": db.scalar(
            _count(assignments).where(not_ended, sa.or_(*of_holder))
        ),
        "delegation that holds": db.scalar(
            _count(delegations).where(
                NOT_CANCELED, delegations.c.ends_at > clock.now(), sa.or_(*of_delegation)
            )
        ),
        "emergency access that nobody has reviewed": db.scalar(
            _count(emergencies).where(
                REVIEW_IS_OPEN,
                sa.or_(*(emergencies.c[name].in_(ids) for name in ("holder", "entra_id"))),
            )
        ),
        "decision that is not processed": db.scalar(
            _count(decisions).where(
                # A draft has no such time, and may wait for ever.
                decisions.c.outcome.is_(None),
                decisions.c.due_at.is_not(None),
                decisions.c.slack_user.in_(ids),
            )
        ),
        "question that is not judged": db.scalar(
            _count(approver_questions).where(
                approver_questions.c.outcome.is_(None), approver_questions.c.slack_user.in_(ids)
            )
        ),
    }
    return {what: int(number) for what, number in found.items() if number}


def _count(table: sa.Table) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(table)


def other_entra_ids(
    db: Transaction, slack_users: Collection[str], entra_ids: Collection[str]
) -> list[str]:
    """Return under which other ids of Entra's the tables have what these Slack users asked for or had: accounts of before."""
    found: set[str] = set()
    for table in (requests, assignments):
        theirs = (
            table.c.holder.in_(sorted(slack_users)),
            table.c.entra_id.is_not(None),
            table.c.entra_id.not_in(sorted(entra_ids)),
        )
        found |= set(db.execute(sa.select(table.c.entra_id).where(*theirs).distinct()).scalars())
    return sorted(found)


def known_names(db: Transaction, ids: Collection[str]) -> set[str]:
    """Return all names under which the tables have somebody."""
    found: set[str] = set()
    named = {**NAMES, "person": {"entra_name": OF_ONE["person"], "slack_name": OF_ONE["person"]}}
    for table_name, columns in named.items():
        table = metadata.tables[table_name]
        for column, whose in columns.items():
            query = sa.select(table.c[column]).where(_is_of(table, whose, ids)).distinct()
            found |= set(db.execute(query).scalars())
    return {name for name in found if name and name != FORGOTTEN}


def request_ids(db: Transaction, ids: Collection[str]) -> set[str]:
    """Return the requests for somebody, or by them."""
    whose = ("holder", "entra_id", "asked_by", "wanted_for")
    return set(db.execute(sa.select(requests.c.id).where(_is_of(requests, whose, ids))).scalars())


def _is_of(table: sa.Table, whose: Sequence[str], ids: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.or_(*(table.c[name].in_(sorted(ids)) for name in whose))


def audit_positions(db: Transaction, person: Forgotten) -> tuple[list[int], int]:
    """Return the rows of the audit log that say something of them, and how many of these cannot be changed."""
    found = [row for row in audit.in_order(db) if _replaced(row, person)]
    old = sum(1 for row in found if row["salt"] is None and row["forgotten"] is None)
    return [
        row["position"] for row in found if row["salt"] is not None or row["forgotten"] is not None
    ], old


def _replaced(row: Mapping[str, Any], person: Forgotten) -> dict[str, Any]:
    """Return what a row of the audit log says instead, by column; nothing where it says nothing of them."""
    values = {name: person.pseudonym for name in IDS if row[name] in person.ids}
    is_theirs = bool(values) or row["request_id"] in person.request_ids
    if row["why"] not in (None, FORGOTTEN) and (is_theirs or person.is_named_in(row["why"])):
        values["why"] = FORGOTTEN
    details = _details(row["details"], person, is_theirs=is_theirs)
    return values if details == row["details"] else {**values, "details": details}


def _details(details: Any, person: Forgotten, *, is_theirs: bool) -> Any:
    if not isinstance(details, Mapping):
        return details
    return {
        name: _left_of(name, value, person, is_theirs=is_theirs)
        for name, value in person.in_place_of(details).items()
    }


def _left_of(name: str, value: Any, person: Forgotten, *, is_theirs: bool) -> Any:
    """Return what stays of one of a row's details; what nobody has said anything of is taken for somebody's words."""
    if name in DETAILS_PLAIN or value is None:
        return value
    if is_theirs and name not in DETAILS_NAMING:
        return DETAILS_OWN.get(name, FORGOTTEN)
    return _without_texts_naming(value, person)


def _without_texts_naming(value: Any, person: Forgotten) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_texts_naming(each, person) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_texts_naming(each, person) for each in value]
    names_them = isinstance(value, str) and value != person.pseudonym and person.is_named_in(value)
    return FORGOTTEN if names_them else value


def forget_in_audit(
    db: Transaction, key: bytes, person: Forgotten, positions: Sequence[int]
) -> None:
    """Let these rows of the audit log say nothing of them; their hashes stay."""
    query = sa.select(audit_rows).where(audit_rows.c.position.in_(positions))
    with audit_guard.opened(db):
        for row in map(dict, db.execute(query).mappings().all()):
            values = _replaced(row, person)
            if values:
                changed = audit_chain.forget(key, row, values)
                db.execute(
                    audit_rows.update()
                    .where(audit_rows.c.position == row["position"])
                    .values(changed)
                )


def tables() -> list[sa.Table]:
    """
    Return the tables to forget somebody in, but for those whose rows go as a whole.

    Those that know names are the last: whoever does it again after a crash still finds the names in the others.
    """
    left = [
        table
        for table in metadata.sorted_tables
        if table.name not in NOT_OF_PEOPLE and table.name not in OF_ONE
    ]
    return sorted(left, key=lambda table: (table.name in NAMES, table is not requests))


def drop_unsent(db: Transaction, person: Forgotten) -> None:
    """Send them nothing any more."""
    db.execute(DROP_UNSENT, {"ids": sorted(person.ids), "at": clock.real()})


def delete_rows_about(db: Transaction, person: Forgotten) -> int:
    """Delete the rows that are about them and nothing else; return how many."""
    ids = sorted(person.ids)
    found = [(metadata.tables[name], whose) for name, whose in OF_ONE.items()]
    return sum(_rows(db, table.delete().where(_is_of(table, whose, ids))) for table, whose in found)


def forget_in_table(db: Transaction, table: sa.Table, person: Forgotten) -> int:
    """Forget them in one of `tables`; return how many changes that took."""
    ids, changed = sorted(person.ids), 0
    # By their ids in other columns, so before these are replaced.
    for instead, named in ((person.pseudonym, NAMES), (FORGOTTEN, WORDS)):
        for name, whose in named.get(table.name, {}).items():
            theirs = sa.and_(_is_of(table, whose, ids), table.c[name].is_not(None))
            db.execute(table.update().where(theirs).values({name: instead}))
    for name, (whose, left) in OWN_VALUES.get(table.name, {}).items():
        db.execute(table.update().where(_is_of(table, whose, ids)).values({name: left}))
    if table is requests:
        _forget_in_their_requests(db, ids)
    columns: list[sa.Column[Any]] = list(table.columns)
    for column in columns:
        if isinstance(column.type, sa.JSON):
            changed += _forget_in_json(db, table, column, person)
    if table.name in COMPOSED:
        changed += _forget_in_key(db, table, table.c[COMPOSED[table.name]], person)
    for column in columns:
        if _may_be_id(column):
            instead_of = table.update().where(column.in_(ids))
            changed += _rows(db, instead_of.values({column.name: person.pseudonym}))
    return changed


def _may_be_id(column: sa.Column[Any]) -> bool:
    """Tell whether an id fits into a column; states and kinds are shorter, and words have no length."""
    length = column.type.length if isinstance(column.type, sa.String) else None
    return column.computed is None and (length or 0) >= SHORTEST_ID_COLUMN


def _forget_in_their_requests(db: Transaction, ids: Collection[str]) -> None:
    """
    Clear what was said about them out of the JSON of their requests.

    Their answers, the reason for which an admin took access from them, and the reasons of those who decided in Entra: that
    these have decided stays.
    """
    whose = ("entra_id", "holder")
    query = sa.select(requests.c.id, requests.c.terms, requests.c.decided_there)
    for request_id, terms, there in db.execute(query.where(_is_of(requests, whose, ids))).all():
        values: dict[str, Any] = {
            "decided_there": [
                {**each, "reason": FORGOTTEN} if each.get("reason") else each for each in there
            ]
        }
        if terms is not None:
            removal = terms.get("removal")
            without = {**terms, "answers": {}}
            without |= {"removal": {**removal, "why": FORGOTTEN}} if removal else {}
            values["terms"] = without
        db.execute(requests.update().where(requests.c.id == request_id).values(values))


def _rows(db: Transaction, statement: Any) -> int:
    return int(db.execute(statement).rowcount)


def _forget_in_json(
    db: Transaction, table: sa.Table, column: sa.Column[Any], person: Forgotten
) -> int:
    key = list(table.primary_key.columns)
    text = sa.cast(column, sa.Text)
    # JSON may have letters as escapes: a name is looked for as it is written there, too.
    written = [*person.ids, *person.names, *(_escaped(name) for name in person.names)]
    changed = 0
    for first in range(0, len(written), WORDS_A_QUERY):
        some = written[first : first + WORDS_A_QUERY]
        mentioned = sa.or_(*(text.contains(each, autoescape=True) for each in some))
        for *ids, held in db.execute(sa.select(*key, column).where(mentioned)).all():
            values = {column.name: person.in_place_of(held)}
            if values[column.name] != held:
                this = sa.and_(*(one == value for one, value in zip(key, ids, strict=True)))
                changed += _rows(db, table.update().where(this).values(values))
    return changed


def _escaped(name: str) -> str:
    return json.dumps(name)[1:-1]


def _forget_in_key(
    db: Transaction, table: sa.Table, column: sa.Column[Any], person: Forgotten
) -> int:
    changed = 0
    for theirs in sorted(person.ids):
        having = sa.select(column).where(column.contains(theirs, autoescape=True))
        for key in db.execute(having).scalars().all():
            without = re.sub(rf"(?<!\w){re.escape(theirs)}(?!\w)", person.pseudonym, key)
            if without != key:
                this = table.update().where(column == key)
                changed += _rows(db, this.values({column.name: without}))
    return changed

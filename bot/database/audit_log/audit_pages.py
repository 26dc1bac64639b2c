"""Read the audit log a page at a time, the newest first: all of it, or of a person or a package."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from bot.database.connections.engine import Transaction
from bot.database.statements import MOST
from bot.database.tables import ACCEPTED, audit, decisions

# Behind the last row there will ever be.
END: Final = 2**62
BEFORE: Final = audit.c.position < sa.bindparam("before_position", type_=sa.BigInteger())
OF_PACKAGE: Final = audit.c.package_id == sa.bindparam("of_package", type_=sa.String())
BY: Final = audit.c.actor == sa.bindparam("who", type_=sa.String())
ABOUT: Final = audit.c.subject_entra_id == sa.bindparam("who", type_=sa.String())
# What a delegate has decided for somebody; the row says for whom.
FOR_THEM: Final = (
    sa.select(decisions.c.request_id)
    .where(
        decisions.c.for_user == sa.bindparam("who", type_=sa.String()),
        # Said for the sake of the index of what is for others.
        decisions.c.for_user.is_not(None),
        ACCEPTED,
    )
    .correlate(None)
)
IS_THAT: Final = sa.exists().where(
    decisions.c.request_id == audit.c.request_id,
    decisions.c.for_user == sa.bindparam("who", type_=sa.String()),
    decisions.c.slack_user == audit.c.actor,
    decisions.c.for_entra_id == audit.c.details["for"].as_string(),
    ACCEPTED,
)
IN_THEIR_NAME: Final = sa.and_(audit.c.request_id.in_(FOR_THEM), IS_THAT)


def _newest(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(audit).where(BEFORE, *conditions).order_by(audit.c.position.desc()).limit(MOST)


# By whether a package is asked about.
OF_ANYBODY: Final = {False: _newest(), True: _newest(OF_PACKAGE)}
BY_SOMEBODY: Final = {False: _newest(BY), True: _newest(BY, OF_PACKAGE)}
ABOUT_SOMEBODY: Final = {False: _newest(ABOUT), True: _newest(ABOUT, OF_PACKAGE)}
FOR_SOMEBODY: Final = {False: _newest(IN_THEIR_NAME), True: _newest(IN_THEIR_NAME, OF_PACKAGE)}


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    """
    Say which rows of the audit log are meant; without anything, all of them.

    Attributes:
        actors: Slack users: what one of them did, or another decided for them,
        entra_ids: and what was about one of these people.
        package_id: Of this package only.
    """

    actors: tuple[str, ...] = ()
    entra_ids: tuple[str, ...] = ()
    package_id: str | None = None


def page(
    db: Transaction, wanted: AuditFilter, *, rows: int, before: int = END
) -> list[dict[str, Any]]:
    """Return the newest rows before a position; for a person, what they did, what others decided for them, and what was about them."""
    given: dict[str, Any] = {"before_position": before, "most": rows}
    if wanted.package_id is not None:
        given["of_package"] = wanted.package_id
    has_package = wanted.package_id is not None
    if not wanted.actors and not wanted.entra_ids:
        return _read(db, OF_ANYBODY[has_package], given)
    found: dict[int, dict[str, Any]] = {}
    # One by one: each takes its rows from an index in their order, and no more than it returns.
    for query, people in (
        (BY_SOMEBODY[has_package], wanted.actors),
        (FOR_SOMEBODY[has_package], wanted.actors),
        (ABOUT_SOMEBODY[has_package], wanted.entra_ids),
    ):
        found |= {row["position"]: row for row in _of_each(db, query, people, given)}
    newest = sorted(found, reverse=True)[:rows]
    return [found[position] for position in newest]


def _of_each(
    db: Transaction, query: sa.Select[Any], people: Collection[str], given: dict[str, Any]
) -> list[dict[str, Any]]:
    return [row for who in people for row in _read(db, query, {**given, "who": who})]


def _read(db: Transaction, query: sa.Select[Any], given: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(query, given).mappings()]

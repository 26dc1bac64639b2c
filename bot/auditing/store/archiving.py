"""Find which rows of the audit log may be archived, and delete those that are."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.assignments.model import AssignmentState
from bot.database.audit_log import audit, audit_checkpoints, audit_guard
from bot.database.audit_log.audit_checkpoints import Checkpoint
from bot.database.connections.engine import Transaction
from bot.database.statements import word
from bot.database.tables import assignments, dead_events, webhooks
from bot.database.tables import audit as audit_rows

FIRST_KEPT: Final = sa.select(sa.func.min(audit_rows.c.position)).where(
    audit_rows.c.at >= sa.bindparam("before", type_=audit_rows.c.at.type)
)
LAST: Final = sa.select(sa.func.max(audit_rows.c.position))
FIRST_AT: Final = sa.select(audit_rows.c.at).order_by(audit_rows.c.position).limit(1)
BEHIND: Final = (
    sa.select(webhooks.c.endpoint, sa.func.min(webhooks.c.position))
    .group_by(webhooks.c.endpoint)
    .order_by(webhooks.c.endpoint)
)
REFUSED: Final = sa.select(sa.func.count()).where(dead_events.c.position <= sa.bindparam("last"))
NAMES: Final[sa.BindParameter[Any]] = sa.bindparam("names", expanding=True)
FORGET_WEBHOOKS: Final = webhooks.delete().where(webhooks.c.endpoint.in_(NAMES))
FORGET_DEAD: Final = dead_events.delete().where(dead_events.c.endpoint.in_(NAMES))
# What an endpoint would not take cannot be told any more once its row is gone.
FORGET_REFUSED: Final = dead_events.delete().where(
    dead_events.c.endpoint == sa.bindparam("of_endpoint"),
    dead_events.c.position <= sa.bindparam("last"),
)
PLACE: Final = sa.select(audit_rows.c.position, audit_rows.c.hash).where(
    audit_rows.c.position == sa.bindparam("row")
)
DELETE: Final = audit_rows.delete().where(audit_rows.c.position <= sa.bindparam("last"))
# By which verb is kept what an operator has given, or made longer; what is kept already is archived and kept again.
KEPT_AS: Final = {
    "cli-grant": "archive-grant",
    "cli-extend": "archive-extension",
    "archive-grant": "archive-grant",
    "archive-extension": "archive-extension",
}
BY_OPERATORS: Final = (
    sa.select(
        audit_rows.c.verb,
        audit_rows.c.at,
        audit_rows.c.actor,
        audit_rows.c.details,
        audit_rows.c.subject_entra_id,
        audit_rows.c.package_id,
    )
    .join(
        assignments,
        sa.and_(
            assignments.c.entra_id == audit_rows.c.subject_entra_id,
            assignments.c.package_id == audit_rows.c.package_id,
            assignments.c.state != word(AssignmentState.ENDED),
        ),
    )
    .where(
        audit_rows.c.position <= sa.bindparam("last"),
        audit_rows.c.verb.in_(tuple(KEPT_AS)),
        audit_rows.c.after == "submitted",
    )
    .order_by(audit_rows.c.position)
)


class NotTold(Exception):
    """A webhook has not been told of rows that were to be deleted: somebody has had it told once more meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """
    The rows that may be archived.

    Attributes:
        start: Where the chain begins.
        last: The place of the last row to archive; that of *start*: there is none.
        webhooks: Endpoints that have not been told of rows that are old enough, and up to where each has.
        refused: How many events an endpoint would not take are among the rows: they cannot be replayed any more.
    """

    start: Checkpoint
    last: int
    webhooks: dict[str, int]
    refused: int

    @property
    def rows(self) -> int:
        """Return how many rows there are to archive."""
        return self.last - self.start.position


def cut(db: Transaction, *, before: datetime, without: Collection[str] = ()) -> Cut:
    """
    Return which rows are older than a moment, one behind the other from the first, and known to all webhooks.

    Args:
        without: Webhooks that are not to be told any more.
    """
    start = audit_checkpoints.last(db)
    kept = db.execute(FIRST_KEPT, {"before": before}).scalar()
    newest = db.execute(LAST).scalar()
    old = (kept - 1) if kept is not None else (newest or start.position)
    behind = {name: told for name, told in _told(db).items() if told < old and name not in without}
    last = max(min([old, *behind.values()]), start.position)
    refused = int(db.execute(REFUSED, {"last": last}).scalar_one())
    return Cut(start=start, last=last, webhooks=behind, refused=refused)


def first_at(db: Transaction) -> datetime | None:
    """Return when the first row was written that is not archived; None: there is none."""
    found: datetime | None = db.execute(FIRST_AT).scalar()
    return found


def _told(db: Transaction) -> dict[str, int]:
    """Return up to where each webhook has been told, of all rows or once more, whether the settings still name it or not."""
    return {row[0]: row[1] for row in db.execute(BEHIND)}


def rows(db: Transaction, found: Cut) -> Iterator[Any]:
    """Read the rows to archive, the oldest first."""
    for row in audit.in_order(db):
        if row["position"] > found.last:
            return
        yield row


def by_operators(db: Transaction, *, last: int) -> list[dict[str, Any]]:
    """
    Return what operators have given, or made longer, in the rows up to *last*, as columns to `keep`.

    Only of access that is still there, and the newest of each kind.
    """
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in db.execute(BY_OPERATORS, {"last": last}):
        held = row.details or {}
        found[KEPT_AS[row.verb], row.subject_entra_id, row.package_id] = {
            "verb": row.verb,
            "subject_entra_id": row.subject_entra_id,
            "package_id": row.package_id,
            "after": "submitted",
            "details": {
                "done_at": held.get("done_at", row.at.isoformat()),
                "done_by": held.get("done_by", row.actor),
                **({"starts_at": held["starts_at"]} if "starts_at" in held else {}),
            },
        }
    return list(found.values())


def keep(db: Transaction, some: Sequence[Mapping[str, Any]], *, actor: str) -> None:
    """Write such rows: nobody else knows that this access was not given past Latchkey."""
    for each in some:
        facts = {name: value for name, value in each.items() if name != "verb"}
        audit.record(db, at=clock.now(), actor=actor, verb=KEPT_AS[each["verb"]], **facts)


def forget_webhooks(db: Transaction, names: Collection[str]) -> None:
    """Webhooks that are named again begin with what happens then."""
    db.execute(FORGET_WEBHOOKS, {"names": sorted(names)})
    db.execute(FORGET_DEAD, {"names": sorted(names)})


def delete(db: Transaction, key: bytes, *, last: int, archive: str) -> None:
    """
    Delete the rows up to *last*, and let the chain begin behind it.

    Args:
        archive: The SHA-256 of the file in which they are.

    Raises:
        NotTold: A webhook needs one of them.
    """
    with audit_guard.opened(db):
        # Behind the lock of the log's head, which whoever asks for a replay waits for as well.
        told = _told(db)
        if any(position < last for position in told.values()):
            raise NotTold
        place = db.execute(PLACE, {"row": last}).one()
        audit_checkpoints.add(db, key, position=place.position, chained=place.hash, archive=archive)
        db.execute(DELETE, {"last": last})
        for endpoint in told:
            db.execute(FORGET_REFUSED, {"of_endpoint": endpoint, "last": last})

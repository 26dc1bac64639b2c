"""Note who has asked Entra for access that no request of ours has given, once Entra shows it; the audit log keeps it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.tables import audit as audit_table

VERB: Final = "asked-in-entra"
OF_PEOPLE: Final = sa.select(
    audit_table.c.assignment_id, audit_table.c.actor, audit_table.c.details
).where(
    audit_table.c.subject_entra_id.in_(sa.bindparam("people", expanding=True)),
    audit_table.c.verb == VERB,
)


@dataclass(frozen=True, kw_only=True)
class AskedThere:
    """
    Say who has asked Entra for an access, for themselves or for its holder.

    Attributes:
        slack_user: Who that is in Slack; None: not known.
        at: When they asked, as far as Entra says.
    """

    assignment_id: str
    package_id: str
    holder_entra_id: str
    asker_entra_id: str
    graph_request_id: str
    slack_user: str | None = None
    at: datetime | None = None


def note(db: Transaction, found: Iterable[AskedThere]) -> None:
    """Write down who has asked, once for each access."""
    new = list(found)
    known = of_people(db, {each.holder_entra_id for each in new})
    for each in new:
        if each.assignment_id in known:
            continue
        audit.record(
            db,
            at=clock.now(),
            actor=each.slack_user or audit.LATCHKEY,
            actor_entra_id=each.asker_entra_id,
            verb=VERB,
            assignment_id=each.assignment_id,
            package_id=each.package_id,
            subject_entra_id=each.holder_entra_id,
            details={
                "graph_request_id": each.graph_request_id,
                "asked_at": each.at.isoformat() if each.at else None,
            },
        )


def of_people(
    db: Transaction, entra_ids: Collection[str]
) -> dict[str, tuple[str | None, datetime | None]]:
    """Return who has asked Entra for what these people have, by the assignment's id: their Slack id, if known, and when."""
    if not entra_ids:
        return {}
    found: dict[str, tuple[str | None, datetime | None]] = {}
    for row in db.execute(OF_PEOPLE, {"people": sorted(entra_ids)}):
        at = (row.details or {}).get("asked_at")
        who = None if row.actor == audit.LATCHKEY else row.actor
        found[row.assignment_id] = (who, datetime.fromisoformat(at) if at else None)
    return found

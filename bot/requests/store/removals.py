"""Requests: those by which admins have removed access."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.statements import SINCE
from bot.database.tables import IS_REMOVAL, requests
from bot.requests.model import Request, State
from bot.requests.store.request_rows import SELECT, from_row

# By an admin: one that is under way, or was done since then.
REMOVALS: Final = SELECT.where(
    IS_REMOVAL,
    sa.or_(
        requests.c.state.in_((State.APPROVED, State.SUBMITTED)),
        sa.and_(requests.c.state == State.DELIVERED, requests.c.ended_at >= SINCE),
    ),
    requests.c.asked_by != audit.LATCHKEY,
    # Whoever gives back is the holder.
    sa.or_(requests.c.holder.is_(None), requests.c.holder != requests.c.asked_by),
)
REMOVAL_OF: Final = (
    REMOVALS.where(
        requests.c.entra_id == sa.bindparam("user"),
        requests.c.package_id == sa.bindparam("package"),
    )
    .order_by(requests.c.asked_at.desc())
    .limit(1)
)
REMOVALS_OF_EACH: Final = REMOVALS.where(
    requests.c.entra_id.in_(sa.bindparam("users", expanding=True)),
    requests.c.package_id.in_(sa.bindparam("packages", expanding=True)),
)


def removal_of(
    db: Transaction, entra_id: str, package_id: str, *, since: datetime
) -> Request | None:
    """
    Return the last removal of somebody's access to a package by an admin: one that is under way, or was done after *since*.

    Graph may be done with it before we know.
    """
    given = {"user": entra_id, "package": package_id, "since": since}
    row = db.execute(REMOVAL_OF, given).first()
    return from_row(row) if row else None


def removals_of_each(
    db: Transaction, entra_ids: Collection[str], package_ids: Collection[str], *, since: datetime
) -> dict[tuple[str, str], Request]:
    """Return the same for any of these people and any of these packages, by both ids."""
    given = {"users": list(entra_ids), "packages": list(package_ids), "since": since}
    found = sorted(
        map(from_row, db.execute(REMOVALS_OF_EACH, given)), key=lambda each: each.asked_at
    )
    return {(each.entra_id, each.package_id): each for each in found if each.entra_id is not None}

"""Read everything that the tables have about one request, for `latchkey trace`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction
from bot.database.tables import decisions, holds, notices, requests

REQUEST: Final = sa.select(requests).where(requests.c.id == sa.bindparam("request"))
DECISIONS: Final = (
    sa.select(decisions)
    .where(decisions.c.request_id == sa.bindparam("request"))
    .order_by(decisions.c.at)
)
NOTICES: Final = sa.select(notices).where(notices.c.request_id == sa.bindparam("request"))
HOLDS: Final = (
    sa.select(holds).where(holds.c.request_id == sa.bindparam("request")).order_by(holds.c.at)
)

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Story:
    """The rows about one request, by column."""

    request: Row
    audit: list[Row]
    decisions: list[Row]
    notices: list[Row]
    holds: list[Row]


def find(db: Transaction, request_id: str) -> Story | None:
    """Return what the tables have about a request; None if there is none of that id."""
    about = {"request": request_id}
    request = db.execute(REQUEST, about).mappings().one_or_none()
    if request is None:
        return None
    return Story(
        request=dict(request),
        audit=list(audit.rows(db, request_id=request_id)),
        decisions=[dict(row) for row in db.execute(DECISIONS, about).mappings()],
        notices=[dict(row) for row in db.execute(NOTICES, about).mappings()],
        holds=[dict(row) for row in db.execute(HOLDS, about).mappings()],
    )

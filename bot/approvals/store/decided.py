"""Read what somebody has decided, with the requests: the newest first."""

from typing import Final

import sqlalchemy as sa

from bot.approvals.model import Decision
from bot.approvals.store import decisions as each_decision
from bot.database.connections.engine import Transaction
from bot.database.keyset import ListStatements
from bot.database.tables import ACCEPTED, decisions, requests
from bot.paging import ROWS_A_PAGE, Mark, Page, Start
from bot.requests.model import Request
from bot.requests.store import request_rows

# Without the requests: each decision has one, and to count them no request is looked at.
LISTED: Final = ListStatements(
    sa.select(*each_decision.COLUMNS).where(
        decisions.c.slack_user == sa.bindparam("decider", type_=sa.String()), ACCEPTED
    ),
    time=decisions.c.at,
    id_=decisions.c.id,
    newest_first=True,
)
DECIDED: Final = request_rows.SELECT.where(
    requests.c.id.in_(sa.bindparam("requests", expanding=True))
)


def page(
    db: Transaction, slack_user: str, *, after: Mark | None = None, rows: int = ROWS_A_PAGE
) -> Page[tuple[Decision, Request]]:
    """Return somebody's own decisions that counted, right after one of them, with what they decided."""
    start = Start(after=after)
    found = LISTED.page(db, each_decision.from_row, start=start, rows=rows, decider=slack_user)
    ids = sorted({each.request_id for each in found.rows})
    read = map(request_rows.from_row, db.execute(DECIDED, {"requests": ids}) if ids else ())
    by_id = {request.id: request for request in read}
    return Page(
        rows=[(each, by_id[each.request_id]) for each in found.rows],
        marks=found.marks,
        count=found.count,
        skipped=found.skipped,
    )

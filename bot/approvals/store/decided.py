"""Read what somebody has decided, and delegates in their name, with the requests: the newest first."""

from typing import Final

import sqlalchemy as sa

from bot.approvals.model import Decision
from bot.approvals.store import decisions as each_decision
from bot.database.connections.engine import Transaction
from bot.database.keyset import ListStatements, newest_of
from bot.database.tables import ACCEPTED, decisions, requests
from bot.paging import ROWS_A_PAGE, Mark, Page, Start
from bot.requests.model import Request
from bot.requests.store import request_rows

WHO: Final = sa.bindparam("decider", type_=sa.String())
# Without the requests: each decision has one, and to count them no request is looked at.
THEIRS: Final = ListStatements(
    sa.select(*each_decision.COLUMNS).where(decisions.c.slack_user == WHO, ACCEPTED),
    time=decisions.c.at,
    id_=decisions.c.id,
    newest_first=True,
)
FOR_THEM: Final = ListStatements(
    sa.select(*each_decision.COLUMNS).where(
        decisions.c.for_user == WHO,
        # Said for the sake of the index of what is for others.
        decisions.c.for_user.is_not(None),
        decisions.c.slack_user != WHO,
        ACCEPTED,
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
    """Return decisions that counted, somebody's own and those in their name, right after one of them, with what was decided."""
    start = Start(after=after)
    found = newest_of(
        [
            each.page(db, each_decision.from_row, start=start, rows=rows, decider=slack_user)
            for each in (THEIRS, FOR_THEM)
        ],
        start=start,
        rows=rows,
    )
    ids = sorted({decision.request_id for decision in found.rows})
    read = map(request_rows.from_row, db.execute(DECIDED, {"requests": ids}) if ids else ())
    by_id = {request.id: request for request in read}
    return Page(
        rows=[(each, by_id[each.request_id]) for each in found.rows],
        marks=found.marks,
        count=found.count,
        skipped=found.skipped,
    )

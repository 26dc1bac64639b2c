"""Read what somebody has decided, and delegates in their name: the newest first."""

from typing import Final

import sqlalchemy as sa

from bot.approvals.model import Decision
from bot.approvals.store import decisions as each_decision
from bot.database.connections.engine import Transaction
from bot.database.keyset import ListStatements, newest_of
from bot.database.tables import ACCEPTED, decisions
from bot.paging import ROWS_A_PAGE, Page, Start

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


def page(
    db: Transaction, slack_user: str, *, start: Start, rows: int = ROWS_A_PAGE
) -> Page[Decision]:
    """Return decisions that counted, somebody's own and those in their name, from a place in that list on."""
    lists = [
        each.page(db, each_decision.from_row, start=start, rows=rows, decider=slack_user)
        for each in (THEIRS, FOR_THEM)
    ]
    return newest_of(lists, start=start, rows=rows)

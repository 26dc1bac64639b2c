"""Read the reviews of emergencies that somebody has closed, and delegates in their name: the newest first."""

from typing import Final

import sqlalchemy as sa

from bot.database.connections.engine import Transaction
from bot.database.keyset import ListStatements, newest_of
from bot.database.tables import emergencies
from bot.emergencies.model import Emergency
from bot.emergencies.store.emergencies import SELECT, from_row
from bot.paging import ROWS_A_PAGE, Page, Start

WHO: Final = sa.bindparam("reviewer", type_=sa.String())
BY_THEM: Final = ListStatements(
    SELECT.where(emergencies.c.closed_by == WHO),
    time=emergencies.c.closed_at,
    id_=emergencies.c.request_id,
    newest_first=True,
    all_have_time=True,
)
FOR_THEM: Final = ListStatements(
    SELECT.where(emergencies.c.for_user == WHO, emergencies.c.closed_by != WHO),
    time=emergencies.c.closed_at,
    id_=emergencies.c.request_id,
    newest_first=True,
    all_have_time=True,
)


def page(
    db: Transaction, slack_user: str, *, start: Start, rows: int = ROWS_A_PAGE
) -> Page[Emergency]:
    """Return reviews that somebody has closed, themselves or by a delegate, from a place in that list on."""
    lists = [
        each.page(db, from_row, start=start, rows=rows, reviewer=slack_user)
        for each in (BY_THEM, FOR_THEM)
    ]
    return newest_of(lists, start=start, rows=rows)

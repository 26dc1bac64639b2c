"""Past requests of one person: what they asked for, and what others asked for them, the newest first."""

from typing import Final

import sqlalchemy as sa

from bot.database.connections.engine import Transaction
from bot.database.keyset import ListStatements, newest_of
from bot.database.statements import word
from bot.database.tables import IS_ENDED, IS_PAST_FOR_OTHER, requests
from bot.paging import ROWS_A_PAGE, Mark, Page, Start
from bot.requests.model import Kind, Request
from bot.requests.store.request_rows import SELECT, from_row

WHO: Final = sa.bindparam("who", type_=sa.String())
# What an admin has had removed of others is no request of theirs; a return is one.
ASKED: Final = ListStatements(
    SELECT.where(
        requests.c.asked_by == WHO,
        IS_ENDED,
        sa.or_(requests.c.kind != word(Kind.REMOVE), requests.c.holder == WHO),
    ),
    time=requests.c.asked_at,
    id_=requests.c.id,
    newest_first=True,
)
# The holder is empty until it is known that whoever asked may do so: the other has heard nothing of it before.
FOR_THEM: Final = ListStatements(
    SELECT.where(requests.c.holder == WHO, IS_PAST_FOR_OTHER, requests.c.asked_by != WHO),
    time=requests.c.asked_at,
    id_=requests.c.id,
    newest_first=True,
)


def page(
    db: Transaction, slack_user: str, *, after: Mark | None = None, rows: int = ROWS_A_PAGE
) -> Page[Request]:
    """Return what somebody has asked for, or others for them, and is over: right after a row of that list, the newest first."""
    start = Start(after=after)
    lists = [
        each.page(db, from_row, start=start, rows=rows, who=slack_user)
        for each in (ASKED, FOR_THEM)
    ]
    return newest_of(lists, start=start, rows=rows)

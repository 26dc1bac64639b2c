"""Store who is asked about which pending request, for the list of what waits for somebody."""

from collections.abc import Collection
from typing import Final

import sqlalchemy as sa

from bot.database.connections.engine import Transaction
from bot.database.homes import touch_homes
from bot.database.keyset import ListStatements
from bot.database.tables import deciders, requests
from bot.paging import FIRST, ROWS_A_PAGE, Page, Start
from bot.people.model import NamedAs
from bot.requests.model import Request, State
from bot.requests.store.request_rows import SELECT, from_row

# Of requests that became pending before this table was there, or beside a program that does not know it.
FILLED_IN_TOGETHER: Final = 200

IS_PENDING: Final = requests.c.state == sa.literal_column(f"'{State.PENDING}'")
DECIDER: Final = sa.bindparam("decider", type_=sa.String())
OF: Final = deciders.c.request_id == sa.bindparam("request")
KNOWN: Final = sa.select(deciders.c.slack_user).where(OF)
ASK: Final = deciders.insert()
DROP: Final = deciders.delete().where(
    OF, deciders.c.slack_user.in_(sa.bindparam("gone", expanding=True))
)
WHO: Final = deciders.c.slack_user == sa.bindparam("who")
SAY_WHY: Final = deciders.update().where(OF, WHO).values(named_as=sa.bindparam("why"))
WHY: Final = sa.select(deciders.c.named_as).where(OF, WHO)
MISSING: Final = (
    SELECT.where(
        IS_PENDING,
        sa.cast(requests.c.deciders, sa.Text) != "[]",
        sa.not_(sa.exists().where(deciders.c.request_id == requests.c.id)),
    )
    .order_by(requests.c.asked_at)
    .limit(FILLED_IN_TOGETHER)
)
TERMS_OF: Final = (
    sa.select(requests.c.terms)
    .select_from(deciders.join(requests, requests.c.id == deciders.c.request_id))
    .where(deciders.c.slack_user == DECIDER, IS_PENDING)
    .limit(FILLED_IN_TOGETHER)
)
WAITING: Final = ListStatements(
    SELECT.join(deciders, deciders.c.request_id == requests.c.id).where(
        deciders.c.slack_user == DECIDER,
        IS_PENDING,
        requests.c.holder.is_distinct_from(DECIDER),
    ),
    time=deciders.c.asked_at,
    id_=deciders.c.request_id,
)


def is_asked_here(db: Transaction, slack_user: str) -> bool:
    """Tell whether somebody is asked about a pending request that Latchkey decides, and not Entra."""
    found = db.execute(TERMS_OF, {"decider": slack_user}).scalars()
    return any(not (terms or {}).get("entra_decides") for terms in found)


def keep(db: Transaction, request: Request, who: Collection[str]) -> None:
    """Write down who is asked about a request now, and nobody else."""
    known = set(db.execute(KNOWN, {"request": request.id}).scalars())
    gone, new = known - set(who), set(who) - known
    if gone:
        db.execute(DROP, {"request": request.id, "gone": sorted(gone)})
    if new:
        facts = {"request_id": request.id, "asked_at": request.asked_at}
        db.execute(ASK, [{**facts, "slack_user": each} for each in sorted(new)])


def say_why(db: Transaction, request: Request, slack_user: str, named_as: NamedAs) -> None:
    """Write down why somebody is asked about a request."""
    about = {"request": request.id, "who": slack_user, "why": named_as}
    db.execute(SAY_WHY, about)


def why_asked(db: Transaction, request: Request, slack_user: str) -> NamedAs | None:
    """Return why somebody is asked about a request now; None where they are not, or that is not known."""
    found = db.execute(WHY, {"request": request.id, "who": slack_user}).scalar()
    return NamedAs(found) if found else None


def fill_in(db: Transaction) -> int:
    """Write down who is asked about some requests of which that is not written here; return about how many."""
    found = [from_row(row) for row in db.execute(MISSING)]
    for request in found:
        keep(db, request, request.deciders)
        touch_homes(db, None, deciders=request.deciders)
    return len(found)


def waiting_for(
    db: Transaction, slack_user: str, *, start: Start = FIRST, rows: int = ROWS_A_PAGE
) -> Page[Request]:
    """Return what somebody is asked to decide, oldest first."""
    return WAITING.page(db, from_row, start=start, rows=rows, decider=slack_user)

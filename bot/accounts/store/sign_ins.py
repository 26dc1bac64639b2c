"""The table of sign-ins to Microsoft that somebody has begun: each ends once, and is kept until that was told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.accounts.model import Purpose, SignIn, SignInOutcome
from bot.database.connections.engine import Transaction
from bot.database.statements import BUSINESS_NOW, MOST, NOW, SINCE
from bot.database.tables import sign_ins

FIELDS: Final = tuple(SignIn.__dataclass_fields__)
COLUMNS: Final = [sign_ins.c[name] for name in FIELDS]
# Links that somebody has got and not used; whoever asks for more gets them in place of the oldest, of those first that
# nobody has begun at Microsoft.
MOST_OPEN: Final = 5
# Links of one person that were replaced so, which still say that when they are opened.
MOST_REPLACED: Final = 20
# For whoever looks what went wrong.
KEPT_FOR: Final = timedelta(days=7)

SELECT: Final = sa.select(*COLUMNS)
INSERT: Final = sign_ins.insert()
IS_OPEN: Final = sa.and_(sign_ins.c.finished_at.is_(None), sign_ins.c.expires_at > BUSINESS_NOW)
BY_ID: Final = SELECT.where(sign_ins.c.id == sa.bindparam("sign_in"))
OPEN_BY_ID: Final = BY_ID.where(IS_OPEN)
THIS: Final = sign_ins.c.id == sa.bindparam("sign_in")
BEGIN: Final = sign_ins.update().where(THIS, IS_OPEN).returning(sign_ins.c.id)
# Used once: who comes second finds nothing.
TAKE: Final = (
    sign_ins.update()
    .where(sign_ins.c.state == sa.bindparam("answered"), IS_OPEN)
    .values(finished_at=BUSINESS_NOW)
    .returning(*COLUMNS)
)
TAKE_DEVICE: Final = (
    sign_ins.update()
    .where(THIS, IS_OPEN)
    .values(finished_at=BUSINESS_NOW, due_at=None)
    .returning(*COLUMNS)
)
UPDATE: Final = sign_ins.update().where(THIS)
OPEN_OF_PERSON: Final = sa.select(
    sign_ins.c.id, sign_ins.c.made_at, sign_ins.c.state.is_not(None).label("is_begun")
).where(sign_ins.c.slack_user == sa.bindparam("person"), IS_OPEN)
REPLACE: Final = (
    sign_ins.update()
    .where(sign_ins.c.id.in_(sa.bindparam("ids", expanding=True)), IS_OPEN)
    .values(outcome=SignInOutcome.REPLACED, finished_at=BUSINESS_NOW, flow=None, due_at=None)
)
REPLACED: Final = (
    sa.select(sign_ins.c.id)
    .where(
        sign_ins.c.slack_user == sa.bindparam("person"),
        sign_ins.c.outcome == SignInOutcome.REPLACED,
    )
    .order_by(sign_ins.c.made_at.desc(), sign_ins.c.id)
    .offset(sa.bindparam("most", type_=sa.Integer))
)
REPLACED_BY_ID: Final = sa.select(sign_ins.c.id).where(
    THIS, sign_ins.c.outcome == SignInOutcome.REPLACED
)
REPLACED_BY_STATE: Final = sa.select(sign_ins.c.id).where(
    sign_ins.c.state == sa.bindparam("answered"), sign_ins.c.outcome == SignInOutcome.REPLACED
)
DROP: Final = sign_ins.delete().where(sign_ins.c.id.in_(sa.bindparam("ids", expanding=True)))
FORGET: Final = sign_ins.delete().where(
    sign_ins.c.made_at < SINCE, sign_ins.c.news_due_at.is_(None)
)
DUE: Final = SELECT.where(sign_ins.c.due_at <= NOW).order_by(sign_ins.c.due_at).limit(MOST)
CLAIM: Final = (
    sign_ins.update()
    .where(THIS, sign_ins.c.due_at <= NOW)
    .values(due_at=sa.bindparam("again", type_=sign_ins.c.due_at.type))
    .returning(sign_ins.c.id)
)
ASK_AGAIN: Final = sign_ins.update().where(THIS, sign_ins.c.finished_at.is_(None))
OWING_NEWS: Final = (
    SELECT.where(sign_ins.c.news_due_at <= NOW).order_by(sign_ins.c.news_due_at).limit(MOST)
)


def _sign_in(row: Sequence[Any]) -> SignIn:
    given = dict(zip(FIELDS, row, strict=True))
    given["purpose"] = Purpose(given["purpose"])
    given["scopes"] = tuple(given["scopes"].split())
    given["outcome"] = SignInOutcome(given["outcome"]) if given["outcome"] else None
    return SignIn(**given)


def add(db: Transaction, sign_in: SignIn) -> None:
    """
    Insert a sign-in that somebody may begin; of too many of theirs, the oldest are over.

    Those first that nobody has begun: whoever is at Microsoft's page is not sent back for nothing by a few more presses.
    """
    db.execute(INSERT, {**vars(sign_in), "scopes": " ".join(sign_in.scopes), "state": None})
    now = clock.now()
    given = {"person": sign_in.slack_user, "business_now": now}
    others = [row for row in db.execute(OPEN_OF_PERSON, given) if row.id != sign_in.id]
    too_many = len(others) + 1 - MOST_OPEN
    if too_many > 0:
        first = sorted(others, key=lambda row: (row.is_begun, row.made_at, row.id))
        ids = [row.id for row in first[:too_many]]
        db.execute(REPLACE, {"ids": ids, "business_now": now})
        given = {"person": sign_in.slack_user, "most": MOST_REPLACED}
        db.execute(DROP, {"ids": list(db.execute(REPLACED, given).scalars())})


def find(db: Transaction, sign_in_id: str) -> SignIn | None:
    """Return the sign-in of that id, however it ended."""
    row = db.execute(BY_ID, {"sign_in": sign_in_id}).first()
    return _sign_in(row) if row else None


def find_open(db: Transaction, sign_in_id: str) -> SignIn | None:
    """Return the sign-in of that id, if it can still be begun."""
    row = db.execute(OPEN_BY_ID, {"sign_in": sign_in_id, "business_now": clock.now()}).first()
    return _sign_in(row) if row else None


def was_replaced(
    db: Transaction, *, sign_in_id: str | None = None, state: str | None = None
) -> bool:
    """Tell whether a sign-in is over because its person has asked for so many more links; by its id, or by its state."""
    if sign_in_id is not None:
        return db.execute(REPLACED_BY_ID, {"sign_in": sign_in_id}).first() is not None
    return db.execute(REPLACED_BY_STATE, {"answered": state}).first() is not None


def begin(db: Transaction, sign_in_id: str, *, state: str, browser: str, flow: str) -> bool:
    """
    Note what was sent to Microsoft with a browser; False if it is too late for that.

    An earlier try of the same sign-in counts no more.

    Args:
        state, browser: Digests.
        flow: Sealed.
    """
    values = {"state": state, "browser": browser, "flow": flow}
    given = {"sign_in": sign_in_id, "business_now": clock.now(), **values}
    return db.execute(BEGIN, given).first() is not None


def take(db: Transaction, state: str) -> SignIn | None:
    """Take the answer to what was sent with that state; None if it was taken before, is over or unknown."""
    row = db.execute(TAKE, {"answered": state, "business_now": clock.now()}).first()
    return _sign_in(row) if row else None


def take_device(db: Transaction, sign_in_id: str) -> SignIn | None:
    """Take the answer to a code that was typed in; None if it was taken before, or is over."""
    row = db.execute(TAKE_DEVICE, {"sign_in": sign_in_id, "business_now": clock.now()}).first()
    return _sign_in(row) if row else None


def end(
    db: Transaction,
    sign_in: SignIn,
    outcome: SignInOutcome,
    *,
    other_entra_id: str | None = None,
    has_news: bool = False,
) -> None:
    """Note how a sign-in ended; what was kept to finish it goes."""
    db.execute(
        UPDATE,
        {
            "sign_in": sign_in.id,
            "outcome": outcome,
            "other_entra_id": other_entra_id,
            "finished_at": sign_in.finished_at or clock.now(),
            "flow": None,
            "due_at": None,
            "news_due_at": clock.real() if has_news else None,
        },
    )


def due(db: Transaction, *, limit: int = 20) -> list[SignIn]:
    """Return the sign-ins by a code of which Microsoft is to be asked again."""
    found = db.execute(DUE, {"now": clock.real(), "most": limit})
    return [_sign_in(row) for row in found]


def claim(db: Transaction, sign_in: SignIn, *, again: datetime | None) -> bool:
    """Claim the right to ask of a code now; others ask at *again* (real time), or never."""
    given = {"sign_in": sign_in.id, "now": clock.real(), "again": again}
    return db.execute(CLAIM, given).first() is not None


def claim_again(db: Transaction, sign_in: SignIn, *, again: datetime) -> None:
    """Say when to ask of a code again (real time), if it has not ended meanwhile."""
    db.execute(ASK_AGAIN, {"sign_in": sign_in.id, "due_at": again})


def owing_news(db: Transaction, *, limit: int = 50) -> list[SignIn]:
    """Return the sign-ins of which those concerned are still to be told how they ended."""
    found = db.execute(OWING_NEWS, {"now": clock.real(), "most": limit})
    return [_sign_in(row) for row in found]


def schedule_news(db: Transaction, sign_in: SignIn, *, news: datetime | None) -> None:
    """Say when to look again (real time) whether everybody was told; None: they were."""
    db.execute(UPDATE, {"sign_in": sign_in.id, "news_due_at": news})


def forget_old(db: Transaction) -> None:
    """Delete what is over for a while and was told."""
    db.execute(FORGET, {"since": clock.now() - KEPT_FOR})

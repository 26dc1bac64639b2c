"""Store whom a pending request is shown to: found bit by bit, beside the decisions and never in their way."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.approvals.store import deciders as all_deciders
from bot.database.connections.engine import Transaction
from bot.database.homes import touch_homes
from bot.database.statements import MOST, NOW, UNTIL, word
from bot.database.tables import deciders, emergencies, notices, requests
from bot.notifications.model import Notice, is_channel
from bot.people.model import Delegation, NamedAs
from bot.requests.model import Request, State
from bot.requests.store.redraws import REDRAW, mark_views_stale
from bot.requests.store.request_rows import COLUMNS, SELECT, from_row

# A card that its reader is not asked about any more.
WITHDRAWN: Final = "no longer asked"

ANY_DUE: Final = sa.select(requests.c.id).where(
    requests.c.state == word(State.PENDING), requests.c.recipients_due_at <= NOW
)
DUE: Final = (
    ANY_DUE.order_by(requests.c.recipients_due_at)
    .limit(MOST)
    .with_for_update(skip_locked=True)
    .cte("due")
)
CLAIM: Final = (
    requests.update()
    .where(requests.c.id.in_(sa.select(DUE.c.id)))
    .values(recipients_due_at=UNTIL)
    .returning(*COLUMNS)
)
LOCK: Final = SELECT.where(requests.c.id == sa.bindparam("request")).with_for_update()
# Not `requests.UPDATE_KNOWN`: what a card says stays the same, so a decision under way must not be disturbed.
UPDATE: Final = requests.update().where(requests.c.id == sa.bindparam("request"))
# Whoever has changed something since these recipients were claimed wants them looked up once more, which stays due.
SCHEDULE: Final = UPDATE.where(requests.c.recipients_due_at > NOW)
ASKED_OF: Final = sa.select(deciders.c.request_id).where(
    deciders.c.slack_user.in_(sa.bindparam("people", expanding=True))
)
LOOK_AGAIN_FOR: Final = (
    requests.update()
    .where(
        requests.c.state == word(State.PENDING),
        requests.c.id.in_(sa.bindparam("asked", expanding=True)),
    )
    .values(recipients_due_at=sa.bindparam("at_once", type_=requests.c.asked_at.type))
)
# Of the few emergencies whose review is open: a delegate of who is asked reviews them, too.
LOOK_AGAIN_TO_REVIEW: Final = (
    emergencies.update()
    .where(emergencies.c.recipients_due_at > NOW)
    .values(recipients_due_at=sa.bindparam("at_once", type_=requests.c.asked_at.type))
)
CARDS: Final = notices.c.key.in_(sa.bindparam("cards", expanding=True))
WITHDRAW: Final = notices.update().where(CARDS).values(dropped_why=WITHDRAWN, stale=True)
RESTORE: Final = (
    notices.update()
    .where(CARDS, notices.c.dropped_why == WITHDRAWN)
    .values(dropped_why=None, stale=True)
)


def claim(db: Transaction, *, lease: timedelta, limit: int) -> list[Request]:
    """Take pending requests whose recipients are to be looked up; nobody else gets them for *lease*."""
    now = clock.real()
    taken = db.execute(CLAIM, {"now": now, "until": now + lease, "most": limit})
    return [from_row(row) for row in taken]


def add(db: Transaction, request: Request, slack_user: str, named_as: NamedAs) -> bool:
    """Let somebody be sent a card, which says why they; False if the request has gone on meanwhile."""
    now = _as_asked(db, request)
    if now is None or now.version != request.version:
        return False
    if slack_user not in now.deciders:
        _set(db, now, deciders=(*now.deciders, slack_user))
    all_deciders.say_why(db, now, slack_user, named_as)
    return True


def settle(
    db: Transaction,
    request: Request,
    found: Sequence[str],
    *,
    nobody: bool,
    nobody_left: bool = False,
    grown: bool = False,
    again_at: datetime,
) -> None:
    """
    Record who is asked, all of them; whoever is asked no more, has a card that says so.

    Args:
        nobody: The policy names nobody at all.
        nobody_left: Nor is there an admin who could decide it: whoever asked reads so, and the admins are told what to do.
        grown: Somebody has been added since the cards were drawn, which say who is asked.
        again_at: When to look again (real time).
    """
    now = _as_asked(db, request)
    if now is None or now.version != request.version:
        # Somebody has approved it, or it was escalated: they are looked up anew.
        return
    gone = [each for each in now.deciders if each not in found]
    db.execute(SCHEDULE, {"request": now.id, "now": clock.real(), "recipients_due_at": again_at})
    if gone or set(found) != set(now.deciders):
        _set(db, now, deciders=tuple(found))
    if gone or grown:
        db.execute(REDRAW, {"shown_request": now.id, "shown_assignment": None})
    if gone:
        db.execute(WITHDRAW, {"cards": [card_key(now, each) for each in gone]})
        touch_homes(db, None, deciders=gone)
    if nobody != now.unnamed:
        # What nobody but an admin can decide is shown to the admins: their card may be owed only now.
        db.execute(UPDATE, {"request": now.id, "unnamed": nobody, "cards_due_at": clock.real()})
        db.execute(REDRAW, {"shown_request": now.id, "shown_assignment": None})
    if nobody_left != now.nobody_left:
        # The admins are told either way.
        changed = {"nobody_left": nobody_left, "nudge_at": clock.now()}
        db.execute(UPDATE, {"request": now.id, **changed})
        mark_views_stale(db, now)


def has_decided(db: Transaction, request: Request, who: Collection[str]) -> None:
    """Ask these people no more, because they have decided: their cards stay, and say so."""
    now = locked(db, request)
    left = tuple(each for each in now.deciders if each not in who)
    if left != now.deciders:
        _set(db, now, deciders=left)
        touch_homes(db, None, deciders=[each for each in now.deciders if each in who])


def look_again(db: Transaction, request: Request, *, at: datetime | None = None) -> None:
    """Look at *at* (real time; now without) whom else to ask, or whom no more."""
    if _as_asked(db, request) is not None:
        values = {"recipients_due_at": at or clock.real()}
        db.execute(UPDATE, {"request": request.id, **values})


def look_again_for(db: Transaction, slack_users: Collection[str]) -> None:
    """Look now whom else to ask, or whom no more, about all that any of these people is asked about."""
    # In two steps: in one, PostgreSQL may read every request there ever was.
    asked = db.execute(ASKED_OF, {"people": sorted(slack_users)}).scalars().all()
    db.execute(LOOK_AGAIN_FOR, {"asked": sorted(set(asked)), "at_once": clock.real()})


def look_again_at_delegate(db: Transaction, delegation: Delegation) -> None:
    """Look now whom to ask about what the approver of a delegation is asked about, or to review, which has begun or ended."""
    look_again_for(db, [delegation.delegator])
    now = clock.real()
    db.execute(LOOK_AGAIN_TO_REVIEW, {"now": now, "at_once": now})
    touch_homes(db, None, deciders=[delegation.delegator, delegation.delegate])


def card_key(request: Request, to: str) -> str:
    """
    Return the key of the card about a request.

    A channel has one, which goes along from stage to stage; a person has one for each stage that they are asked about.
    """
    return f"card:{request.id if is_channel(to) else request.ask_id}:{to}"


def asks_about(request: Request, card: Notice) -> bool:
    """Tell whether a sent card is one of those that ask about the stage and round that is decided now."""
    return card.key == card_key(request, card.to)


def locked(db: Transaction, request: Request) -> Request:
    """Return the request as it is, which nobody changes before this transaction is over."""
    return from_row(db.execute(LOCK, {"request": request.id}).one())


def _as_asked(db: Transaction, request: Request) -> Request | None:
    """Return the request, if what is asked about it is still the same; locked."""
    now = locked(db, request)
    same = now.state is State.PENDING and now.ask_id == request.ask_id
    return now if same else None


def _set(db: Transaction, request: Request, *, deciders: tuple[str, ...]) -> None:
    new = [each for each in deciders if each not in request.deciders]
    values: dict[str, Any] = {"deciders": deciders, "cards_due_at": clock.real()}
    db.execute(UPDATE, {"request": request.id, **values})
    all_deciders.keep(db, request, deciders)
    if request.assignment_id is not None:
        # The reminder in which it was asked for says for whom it waits.
        db.execute(REDRAW, {"shown_request": "", "shown_assignment": request.assignment_id})
    if new:
        db.execute(RESTORE, {"cards": [card_key(request, each) for each in new]})
        touch_homes(db, request.holder, deciders=new)

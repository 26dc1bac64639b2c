"""Messages: claimed, sent, recorded; and which of them show something that is no longer so."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.connections.engine import Transaction, insert
from bot.database.statements import MOST, NOW, SINCE, UNTIL, for_each_database, words
from bot.database.tables import holds as hold_table
from bot.database.tables import notices, requests
from bot.notifications.model import CARD, OVERTAKEN, Notice, is_channel
from bot.requests.model import Hold, Request, State
from bot.requests.store import holds

FIELDS: Final = tuple(Notice.__dataclass_fields__)
COLUMNS: Final = [notices.c["recipient" if name == "to" else name] for name in FIELDS]

# SQLite takes 32,766 parameters a statement, PostgreSQL 65,535.
KEYS_A_QUERY: Final = 1_000

# A request on hold is told to the admins under the hold's id; the word is stored.
ON_HOLD: Final = "held"
IS_SETTLED: Final = sa.or_(
    notices.c.sent_at.is_not(None),
    notices.c.dropped_why.is_not(None),
    notices.c.claimed_until > NOW,
)
SETTLED: Final = sa.select(notices.c.key).where(
    notices.c.key.in_(sa.bindparam("notices", expanding=True)), IS_SETTLED
)
IS_TOLD: Final[sa.Select[Any]] = sa.select(sa.literal_column("1")).where(
    notices.c.key == sa.literal_column(f"'{ON_HOLD}:'", sa.String()) + hold_table.c.id, IS_SETTLED
)
# Not as NOT EXISTS, for which PostgreSQL might read every message: asked by itself, one is found by its key.
UNTOLD_HOLDS: Final = holds.OPEN.where(
    hold_table.c.at >= SINCE,
    IS_TOLD.correlate(hold_table).scalar_subquery().is_(None),
)

UPDATE: Final = notices.update().where(notices.c.key == sa.bindparam("notice"))
UPDATE_ALL: Final = notices.update().where(
    notices.c.key.in_(sa.bindparam("notices", expanding=True))
)
# Whoever was held up for longer than its lease must not free what somebody else is sending.
UPDATE_CLAIMED: Final = UPDATE.where(
    notices.c.sent_at.is_(None), notices.c.claimed_until == sa.bindparam("claim")
)
UPDATE_SENT: Final = UPDATE.where(notices.c.sent_at.is_not(None))
UPDATE_UNSENT: Final = UPDATE_ALL.where(notices.c.sent_at.is_(None))
FORGET_CLAIMED: Final = notices.delete().where(
    notices.c.key == sa.bindparam("notice"),
    notices.c.sent_at.is_(None),
    notices.c.claimed_until == sa.bindparam("claim"),
)
FINISHED: Final = sa.select(notices.c.key).where(
    notices.c.key.in_(sa.bindparam("notices", expanding=True)),
    sa.or_(notices.c.sent_at.is_not(None), notices.c.dropped_why.is_not(None)),
)
SENT: Final = sa.select(notices.c.key).where(
    notices.c.key.in_(sa.bindparam("notices", expanding=True)), notices.c.sent_at.is_not(None)
)
FINISHED_ABOUT: Final = sa.select(notices.c.key, notices.c.dropped_why).where(
    notices.c.request_id == sa.bindparam("request"),
    sa.or_(notices.c.sent_at.is_not(None), notices.c.dropped_why.is_not(None)),
)
SENT_AT: Final = sa.select(notices.c.key, notices.c.sent_at).where(
    notices.c.key.in_(sa.bindparam("notices", expanding=True)), notices.c.sent_at.is_not(None)
)
IN_MESSAGE: Final = (
    sa.select(*COLUMNS)
    .where(notices.c.channel == sa.bindparam("channel"), notices.c.ts == sa.bindparam("ts"))
    .order_by(notices.c.key)
)

BY_KEY: Final = sa.select(*COLUMNS).where(notices.c.key == sa.bindparam("notice"))
STATE: Final = (
    sa.select(requests.c.state).where(requests.c.id == notices.c.request_id).scalar_subquery()
)
ANY_LEFT_OVER: Final = (
    sa.select(notices.c.key)
    .where(
        notices.c.kind.in_(words((CARD, "nudge"))),
        notices.c.tried_at.is_not(None),
        notices.c.dropped_why.is_(None),
        notices.c.claimed_until <= NOW,
        # As a value and not as EXISTS, of which SQLite makes a join that begins with every request.
        STATE != State.PENDING,
    )
    .limit(MOST)
)
LEFT_OVER: Final = ANY_LEFT_OVER.with_for_update(skip_locked=True).cte("due")
CLAIM_LEFT_OVER: Final = (
    notices.update()
    .where(notices.c.key.in_(sa.select(LEFT_OVER.c.key)))
    .values(claimed_until=UNTIL)
    .returning(*COLUMNS)
)
ANY_STALE: Final = (
    sa.select(notices.c.key)
    # A claim that ran out is owed a redraw, too: whoever took it has died.
    # Each half says for its index that the message was sent.
    .where(
        sa.or_(
            sa.and_(notices.c.stale, notices.c.ts.is_not(None), notices.c.claimed_until.is_(None)),
            sa.and_(
                notices.c.claimed_until.is_not(None),
                notices.c.ts.is_not(None),
                notices.c.claimed_until <= NOW,
            ),
        )
    )
    .limit(MOST)
)
STALE: Final = ANY_STALE.with_for_update(skip_locked=True).cte("due")
CLAIM_STALE: Final = (
    notices.update()
    .where(notices.c.key.in_(sa.select(STALE.c.key)))
    .values(stale=False, claimed_until=UNTIL)
    .returning(*COLUMNS)
)
CARDS_OF: Final = (
    sa.select(*COLUMNS)
    .where(
        notices.c.request_id == sa.bindparam("request"),
        notices.c.kind == CARD,
        notices.c.sent_at.is_not(None),
    )
    .order_by(notices.c.key)
)


@for_each_database
def _upsert_claim(db: Transaction) -> Any:
    """For many rows at once: SQLAlchemy makes one statement of it as long as all parameters are in VALUES."""
    row = insert(db, notices)
    now = row.excluded.tried_at
    # It may be for another account than at the last try, which was for another channel then.
    is_for_same = notices.c.recipient == row.excluded.recipient
    return row.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "recipient": row.excluded.recipient,
            "claimed_until": row.excluded.claimed_until,
            "attempts": notices.c.attempts + sa.literal_column("1"),
            "tried_at": sa.case(
                (is_for_same, sa.func.coalesce(notices.c.tried_at, now)), else_=now
            ),
        },
        where=notices.c.sent_at.is_(None)
        & notices.c.dropped_why.is_(None)
        & (notices.c.claimed_until.is_(None) | (notices.c.claimed_until <= now)),
    ).returning(*COLUMNS)


@for_each_database
def _insert_superseded(db: Transaction) -> Any:
    return insert(db, notices).on_conflict_do_nothing(index_elements=["key"])


def _notice(row: Sequence[Any]) -> Notice:
    return Notice(**dict(zip(FIELDS, row, strict=True)))


def claim(db: Transaction, wanted: Sequence[Notice], *, lease: timedelta) -> list[Notice]:
    """
    Take the right to send each of *wanted*, in one statement: claimed for exactly one caller, and for no other.

    A claim that was never finished (the process died, Slack did not answer) can be taken again when its
    lease has run out; then ``tried_at`` says since when the message may be in Slack.
    """
    now = clock.real()
    rows = [
        {
            "key": notice.key,
            "kind": notice.kind,
            "recipient": notice.to,
            "request_id": notice.request_id,
            "assignment_id": notice.assignment_id,
            "claimed_until": now + lease,
            "attempts": 1,
            "tried_at": now,
            "stale": False,
        }
        # In one order, or two replicas might wait for each other.
        for notice in sorted(wanted, key=lambda each: each.key)
    ]
    if not rows:
        return []
    claimed = {notice.key: notice for notice in map(_notice, db.execute(_upsert_claim(db), rows))}
    return [
        replace(found, tried_at=None) if found.tried_at == now else found
        for found in (claimed.get(notice.key) for notice in wanted)
        if found is not None
    ]


def claim_left_over(db: Transaction, *, lease: timedelta, limit: int = 50) -> list[Notice]:
    """
    Take cards that may have reached Slack and that nobody will send any more: their requests are decided.

    Wherever such a card is, it must be found, or its buttons would stay.
    """
    now = clock.real()
    taken = db.execute(CLAIM_LEFT_OVER, {"now": now, "until": now + lease, "most": limit})
    return [_notice(row) for row in taken]


def sent(db: Transaction, keys: Sequence[str], *, channel: str, ts: str) -> None:
    # The claim ends here, so that a redraw can be claimed at once.
    values = {"sent_at": clock.now(), "tried_at": None, "claimed_until": None}
    db.execute(UPDATE_ALL, {"notices": keys, **values, "channel": channel, "ts": ts})


def retry_at(db: Transaction, claimed: Sequence[Notice], *, at: datetime) -> None:
    """Slack certainly did not take it: try again at *at* (real time)."""
    changes = {"claimed_until": at, "tried_at": None}
    db.execute(UPDATE_CLAIMED, [_known(notice) | changes for notice in claimed])


def put_back(db: Transaction, claimed: Sequence[Notice], *, at: datetime) -> None:
    """Give back what was not tried this time, to be claimed from *at* on (real time); earlier tries stay known."""
    changes = [_known(each) | {"claimed_until": at, "tried_at": each.tried_at} for each in claimed]
    db.execute(UPDATE_CLAIMED, changes)


def look_at(db: Transaction, claimed: Sequence[Notice], *, at: datetime) -> None:
    """Slack could not say whether an earlier try arrived: ask again at *at* (real time)."""
    db.execute(UPDATE_CLAIMED, [_known(notice) | {"claimed_until": at} for notice in claimed])


def _known(claimed: Notice) -> dict[str, Any]:
    return {"notice": claimed.key, "claim": claimed.claimed_until}


def drop(db: Transaction, keys: Sequence[str], *, why: str) -> None:
    """It will never be sent."""
    db.execute(UPDATE_UNSENT, {"notices": keys, "dropped_why": why, "tried_at": None})


def forget(db: Transaction, claimed: Notice) -> None:
    """It is not owed now, and nothing of it is in Slack: once it is owed again, it is sent as if for the first time."""
    db.execute(FORGET_CLAIMED, _known(claimed))


def supersede(db: Transaction, wanted: Sequence[Notice]) -> None:
    """Mark as overtaken what a more urgent message makes needless, unless it went out before."""
    rows = [
        {
            "key": notice.key,
            "kind": notice.kind,
            "recipient": notice.to,
            "assignment_id": notice.assignment_id,
            "attempts": 0,
            "stale": False,
            "dropped_why": "superseded",
            # As if somebody had just claimed it: how long it is kept goes by that.
            "claimed_until": clock.real(),
        }
        for notice in sorted(wanted, key=lambda each: each.key)
    ]
    if rows:
        db.execute(_insert_superseded(db), rows)


def settled_keys(db: Transaction, keys: Sequence[str]) -> set[str]:
    """Return those of *keys* that were sent, dropped, or are being sent right now."""
    found: set[str] = set()
    for first in range(0, len(keys), KEYS_A_QUERY):
        given = {"notices": keys[first : first + KEYS_A_QUERY], "now": clock.real()}
        found.update(db.execute(SETTLED, given).scalars())
    return found


def finished_about(db: Transaction, request_id: str) -> dict[str, bool]:
    """
    Return the keys of all that was sent about a request, or dropped; each with False if it was overtaken before it was sent.

    What Slack never takes counts as what was sent: it would be refused again.
    """
    found = db.execute(FINISHED_ABOUT, {"request": request_id})
    return {key: why != OVERTAKEN for key, why in found}


def untold_holds(db: Transaction, *, since: datetime) -> list[tuple[Hold, Request]]:
    """Find holds no older than that of which the admins neither know nor are being told."""
    found = db.execute(UNTOLD_HOLDS, {"since": since, "now": clock.real()})
    return [holds.with_request(row) for row in found]


def finished_keys(db: Transaction, keys: Sequence[str]) -> set[str]:
    """Return those of *keys* that were sent or will never be."""
    return set(db.execute(FINISHED, {"notices": keys}).scalars())


def sent_keys(db: Transaction, keys: Sequence[str]) -> set[str]:
    """Return those of *keys* that were sent."""
    return set(db.execute(SENT, {"notices": keys}).scalars())


def find(db: Transaction, key: str) -> Notice | None:
    """Return the notice with that key; None if nobody has ever begun to send it."""
    row = db.execute(BY_KEY, {"notice": key}).first()
    return _notice(row) if row else None


def sent_at(db: Transaction, keys: Sequence[str]) -> dict[str, datetime]:
    """Return when those of *keys* were sent that were."""
    return {row.key: row.sent_at for row in db.execute(SENT_AT, {"notices": keys})}


def cards_in_channels(db: Transaction, request_id: str) -> list[Notice]:
    """Return the sent cards about a request that are in channels, below which its events are told."""
    found = map(_notice, db.execute(CARDS_OF, {"request": request_id}))
    return [each for each in found if is_channel(each.to) and each.dropped_why is None]


def has_stale(db: Transaction) -> bool:
    """Tell whether `claim_stale` would find any."""
    return db.execute(ANY_STALE, {"now": clock.real(), "most": 1}).first() is not None


def claim_stale(db: Transaction, *, lease: timedelta, limit: int) -> list[Notice]:
    """Take sent messages that are owed a redraw; a change that comes later marks them again."""
    now = clock.real()
    taken = db.execute(CLAIM_STALE, {"now": now, "until": now + lease, "most": limit})
    return [_notice(row) for row in taken]


def mark_stale(db: Transaction, *keys: str) -> None:
    """Note that what sent messages show has changed: they are owed a redraw."""
    if keys:
        # In one order, or two replicas might wait for each other.
        db.execute(UPDATE_SENT, [{"notice": key, "stale": True} for key in sorted(keys)])


def redrawn(db: Transaction, keys: Sequence[str]) -> None:
    db.execute(UPDATE_ALL, {"notices": keys, "claimed_until": None})


def not_redrawn(db: Transaction, keys: Sequence[str], *, retry_at: datetime) -> None:
    db.execute(UPDATE_ALL, {"notices": keys, "stale": True, "claimed_until": retry_at})


def in_message(db: Transaction, *, channel: str, ts: str) -> list[Notice]:
    """Every notice that one Slack message carries."""
    found = db.execute(IN_MESSAGE, {"channel": channel, "ts": ts})
    return [_notice(row) for row in found]

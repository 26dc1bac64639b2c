"""
Keep how far each endpoint is in the audit log, and what it would not take.

The audit log is the queue: a row is in it if and only if what it tells of was committed, in the order of the commits.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.connections.engine import Transaction, insert
from bot.database.statements import MOST, NOW, for_each_database
from bot.database.tables import (
    UtcDateTime,
    audit,
    audit_head,
    dead_events,
    packages,
    requests,
    webhooks,
)
from bot.webhooks.model import DeadEvent, Feed, FeedState, Skipped

FIELDS: Final = tuple(Feed.__dataclass_fields__)
COLUMNS: Final = [webhooks.c[name] for name in FIELDS]
NAMES: Final[sa.BindParameter[Any]] = sa.bindparam("names", expanding=True)
# A column is called "until".
LEASE_END: Final = sa.bindparam("lease_end", type_=UtcDateTime())

HEAD: Final = sa.select(audit_head.c.position).where(audit_head.c.id == 1)
IS_BEHIND: Final = webhooks.c.position < HEAD.scalar_subquery()
IS_FREE: Final = sa.or_(webhooks.c.lease_until.is_(None), webhooks.c.lease_until <= NOW)
IS_DUE: Final = sa.and_(webhooks.c.disabled_at.is_(None), webhooks.c.due_at <= NOW, IS_BEHIND)
OF_ENDPOINTS: Final = webhooks.c.endpoint.in_(NAMES)
ANY_DUE: Final = sa.select(webhooks.c.id).where(OF_ENDPOINTS, IS_DUE, IS_FREE).limit(1)
DUE: Final = (
    sa.select(webhooks.c.id)
    .where(OF_ENDPOINTS, IS_DUE, IS_FREE)
    .with_for_update(skip_locked=True)
    .cte("due")
)
CLAIM: Final = (
    webhooks.update()
    .where(webhooks.c.id.in_(sa.select(DUE.c.id)))
    .values(lease_until=LEASE_END, generation=webhooks.c.generation + 1)
    .returning(*COLUMNS)
)
KNOWN: Final = sa.and_(
    webhooks.c.id == sa.bindparam("feed"),
    webhooks.c.generation == sa.bindparam("known_generation"),
)
UPDATE: Final = webhooks.update().where(KNOWN)
# A replay that has got to its end.
FINISH: Final = webhooks.delete().where(KNOWN, webhooks.c.position >= webhooks.c.until)
END_REPLAYS: Final = webhooks.delete().where(
    webhooks.c.endpoint == sa.bindparam("of_endpoint"), webhooks.c.until.is_not(None)
)
NEXT: Final = (
    sa.select(
        audit,
        requests.c.kind.label("request_kind"),
        requests.c.graph_request_id.label("request_graph_id"),
        requests.c.sent_as.label("request_sent_as"),
        requests.c.asked_by.label("request_asked_by"),
        requests.c.holder.label("request_holder"),
        requests.c.entra_id.label("request_entra_id"),
        requests.c.package_id.label("request_package_id"),
        requests.c.ends_at.label("request_ends_at"),
        packages.c.name.label("package_name"),
    )
    .select_from(audit)
    .outerjoin(requests, requests.c.id == audit.c.request_id)
    .outerjoin(
        packages, packages.c.id == sa.func.coalesce(audit.c.package_id, requests.c.package_id)
    )
    .where(audit.c.position > sa.bindparam("after"))
    .order_by(audit.c.position)
    .limit(MOST)
)
FIND: Final = sa.select(*COLUMNS).where(webhooks.c.id == sa.bindparam("feed"))
ALL: Final = sa.select(*COLUMNS).where(OF_ENDPOINTS).order_by(webhooks.c.endpoint, webhooks.c.id)
WRITTEN_AT: Final = sa.select(audit.c.at).where(audit.c.position == sa.bindparam("row"))
# By the time, which has no index: for whoever replays by hand.
FIRST_SINCE: Final = sa.select(sa.func.min(audit.c.position)).where(
    audit.c.at >= sa.bindparam("from_at", type_=audit.c.at.type)
)
LAST_BEFORE: Final = sa.select(sa.func.max(audit.c.position)).where(
    audit.c.at < sa.bindparam("to_at", type_=audit.c.at.type)
)
DEAD_OF: Final = (
    sa.select(dead_events)
    .where(dead_events.c.endpoint.in_(NAMES))
    .order_by(dead_events.c.endpoint, dead_events.c.position)
)
COUNT_DEAD: Final = (
    sa.select(dead_events.c.endpoint, sa.func.count())
    .where(dead_events.c.endpoint.in_(NAMES))
    .group_by(dead_events.c.endpoint)
)
FORGET_DEAD: Final = dead_events.delete().where(
    dead_events.c.endpoint == sa.bindparam("of_endpoint"),
    dead_events.c.position > sa.bindparam("after"),
    dead_events.c.position <= sa.bindparam("last"),
)
# In one order, as two feeds of an endpoint may hear at once that it is gone.
LOCK_ALL_OF: Final = (
    sa.select(webhooks.c.id)
    .where(webhooks.c.endpoint == sa.bindparam("of_endpoint"))
    .order_by(webhooks.c.id)
    .with_for_update()
)
# An endpoint that is gone is told no replay either.
DISABLE_OTHERS: Final = webhooks.update().where(
    webhooks.c.endpoint == sa.bindparam("of_endpoint"), webhooks.c.disabled_at.is_(None)
)
# What a feed is like whose next event has not been tried.
FRESH: Final[Mapping[str, Any]] = {"failures": 0, "refusals": 0, "error": None}
LIVE: Final = webhooks.update().where(webhooks.c.id == sa.bindparam("feed"))


@for_each_database
def _insert(db: Transaction) -> Any:
    return insert(db, webhooks).on_conflict_do_nothing(index_elements=["id"])


@for_each_database
def _bury(db: Transaction) -> Any:
    return insert(db, dead_events).on_conflict_do_nothing(index_elements=["endpoint", "position"])


def _feed(row: Sequence[Any]) -> Feed:
    return Feed(**dict(zip(FIELDS, row, strict=False)))


def begin(db: Transaction, names: Collection[str]) -> None:
    """Let endpoints that are new be told of what happens from now on; those that are known go on where they were."""
    head = head_position(db)
    for name in sorted(names):
        _add(db, feed_id=name, endpoint=name, position=head, until=None)


def replay(db: Transaction, *, feed_id: str, endpoint: str, first: int, last: int) -> bool:
    """
    Let an endpoint be told once more of rows *first* to *last*; what was given up among them is not given up any more.

    False: it is gone, and is told once it is enabled.
    """
    told = find(db, endpoint)
    disabled_at = told.disabled_at if told else None
    _add(
        db,
        feed_id=feed_id,
        endpoint=endpoint,
        position=first - 1,
        until=last,
        disabled_at=disabled_at,
    )
    db.execute(FORGET_DEAD, {"of_endpoint": endpoint, "after": first - 1, "last": last})
    return disabled_at is None


def _add(
    db: Transaction,
    *,
    feed_id: str,
    endpoint: str,
    position: int,
    until: int | None,
    disabled_at: datetime | None = None,
) -> None:
    values = {
        "id": feed_id,
        "endpoint": endpoint,
        "position": position,
        "until": until,
        "disabled_at": disabled_at,
        "generation": 0,
        "due_at": clock.real(),
        **FRESH,
    }
    db.execute(_insert(db), values)


def head_position(db: Transaction) -> int:
    """Return the place of the last row of the audit log."""
    return int(db.execute(HEAD).scalar_one())


def claim(db: Transaction, names: Collection[str], *, lease: timedelta) -> list[Feed]:
    """Take what these endpoints are to be told now; nobody else gets it meanwhile."""
    now = clock.real()
    given = {"names": list(names), "now": now}
    if db.execute(ANY_DUE, given).first() is None:
        return []
    return [_feed(row) for row in db.execute(CLAIM, {**given, "lease_end": now + lease})]


def is_any_due(db: Transaction, names: Collection[str]) -> bool:
    """Tell whether there is anything to tell one of these endpoints now."""
    given = {"names": list(names), "now": clock.real()}
    return db.execute(ANY_DUE, given).first() is not None


def rows_after(db: Transaction, feed: Feed, *, limit: int) -> list[Mapping[str, Any]]:
    """Return the next rows of the audit log that *feed* has not been told of, with what events say of their requests."""
    rows = db.execute(NEXT, {"after": feed.position, "most": limit}).mappings()
    return [dict(row) for row in rows if feed.until is None or row["position"] <= feed.until]


def advance(
    db: Transaction, feed: Feed, *, position: int, lease: timedelta, delivered: bool
) -> bool:
    """Note that all up to *position* is done, and keep the feed; False if it is somebody else's by now."""
    now = clock.real()
    values: dict[str, Any] = {"position": position, "lease_until": now + lease}
    if delivered:
        values |= {**FRESH, "delivered_at": now}
    return _update(db, feed, values)


def bury(db: Transaction, feed: Feed, *, position: int, error: str, lease: timedelta) -> bool:
    """Note that the endpoint would not take the event at *position*, and go on behind it; False as of `advance`."""
    now = clock.real()
    values: dict[str, Any] = {
        "position": position,
        "lease_until": now + lease,
        **FRESH,
        "error": error,
    }
    if not _update(db, feed, values):
        return False
    dead = {"endpoint": feed.endpoint, "position": position, "at": clock.now(), "error": error}
    db.execute(_bury(db), dead)
    return True


def postpone(db: Transaction, feed: Feed, *, due_at: datetime, refusals: int, error: str) -> bool:
    """Note that a try failed, and so often because the event was refused: once more at *due_at* (real time)."""
    values = {
        "due_at": due_at,
        "failures": feed.failures + 1,
        "refusals": refusals,
        "error": error,
    }
    return _update(db, feed, {**values, "lease_until": None})


def disable(db: Transaction, feed: Feed, *, error: str) -> bool:
    """Note that the endpoint is gone: it is told nothing more, and no replay, until somebody says so."""
    now = clock.real()
    db.execute(LOCK_ALL_OF, {"of_endpoint": feed.endpoint}).all()
    if not _update(db, feed, {"disabled_at": now, "error": error, "lease_until": None}):
        return False
    db.execute(DISABLE_OTHERS, {"of_endpoint": feed.endpoint, "disabled_at": now})
    return True


def release(db: Transaction, feed: Feed) -> bool:
    """Give a feed back that has nothing more to tell; a replay that is done is over."""
    if feed.is_replay and db.execute(FINISH, _known(feed)).rowcount == 1:
        return True
    return _update(db, feed, {"lease_until": None})


def enable(db: Transaction, endpoint: str) -> None:
    """Tell an endpoint what it has missed, at once."""
    values = {**FRESH, "disabled_at": None, "due_at": clock.real()}
    for state in states(db, (endpoint,)):
        db.execute(LIVE, {"feed": state.feed.id, **values})


def skip(db: Transaction, endpoint: str) -> Skipped:
    """Pass over all that an endpoint has not been told, and was to be told once more."""
    head = head_position(db)
    found = next(each for each in states(db, (endpoint,)) if not each.feed.is_replay)
    # Whoever is at work on it finds that it is not theirs any more.
    values: dict[str, Any] = {
        "position": head,
        "generation": found.feed.generation + 1,
        "lease_until": None,
    }
    values |= {**FRESH, "disabled_at": None, "due_at": clock.real()}
    db.execute(LIVE, {"feed": found.feed.id, **values})
    everything = {"of_endpoint": endpoint, "after": 0, "last": head}
    refused = db.execute(FORGET_DEAD, everything).rowcount
    # Whoever is at work on one finds that it is not theirs any more.
    replays = db.execute(END_REPLAYS, {"of_endpoint": endpoint}).rowcount
    return Skipped(after=found.feed.position, until=head, refused=refused, replays=replays)


def states(db: Transaction, names: Collection[str]) -> list[FeedState]:
    """Return how far these endpoints are."""
    head = head_position(db)
    found = []
    for row in db.execute(ALL, {"names": list(names)}):
        feed = _feed(row)
        last = head if feed.until is None else min(feed.until, head)
        behind = max(last - feed.position, 0)
        oldest = db.execute(WRITTEN_AT, {"row": feed.position + 1}).scalar() if behind else None
        found.append(FeedState(feed=feed, behind=behind, oldest_at=oldest))
    return found


def find(db: Transaction, feed_id: str) -> Feed | None:
    row = db.execute(FIND, {"feed": feed_id}).first()
    return _feed(row) if row else None


def dead(db: Transaction, names: Collection[str]) -> list[DeadEvent]:
    """Return all events that these endpoints would not take: what is not listed here is named nowhere."""
    rows = db.execute(DEAD_OF, {"names": list(names)}).mappings()
    return [DeadEvent(**row) for row in rows]


def count_dead(db: Transaction, names: Collection[str]) -> dict[str, int]:
    """Return how many events each of these endpoints would not take."""
    counted = {row[0]: row[1] for row in db.execute(COUNT_DEAD, {"names": list(names)})}
    return {name: counted.get(name, 0) for name in names}


def positions_between(
    db: Transaction, *, from_at: datetime | None, to_at: datetime | None
) -> tuple[int, int] | None:
    """Return the first and last row of the audit log that were written between two moments; None: there are none."""
    first = 1 if from_at is None else db.execute(FIRST_SINCE, {"from_at": from_at}).scalar()
    last = (
        head_position(db) if to_at is None else db.execute(LAST_BEFORE, {"to_at": to_at}).scalar()
    )
    return (first, last) if first is not None and last is not None and first <= last else None


def _update(db: Transaction, feed: Feed, values: Mapping[str, Any]) -> bool:
    return db.execute(UPDATE, {**_known(feed), **values}).rowcount == 1


def _known(feed: Feed) -> dict[str, Any]:
    return {"feed": feed.id, "known_generation": feed.generation}

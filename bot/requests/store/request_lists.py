"""Requests: the questions that are asked about many of them."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from bot import clock
from bot.assignments.model import AssignmentState
from bot.assignments.store.assignment_lists import MINE as IS_THEIRS
from bot.assignments.store.assignments import IS_NOT_ENDED
from bot.database import deletions
from bot.database.connections.engine import Transaction
from bot.database.keyset import ListStatements
from bot.database.statements import BUSINESS_NOW, MOST, NOW, SINCE, UNTIL, word, words
from bot.database.tables import (
    GAVE,
    IS_ENDED,
    IS_OPEN,
    IS_PENDING,
    IS_TRIED,
    TELLS_ADMINS,
    assignments,
    requests,
)
from bot.paging import FIRST, ROWS_A_PAGE, Page, Start
from bot.requests.model import Kind, Request, State
from bot.requests.store.request_rows import COLUMNS, SELECT, SHOWN_STATE, from_row

HOLDER: Final = requests.c.holder == sa.bindparam("holder")
PACKAGE: Final = requests.c.package_id == sa.bindparam("package")

OPEN_OF: Final = SELECT.where(HOLDER, PACKAGE, requests.c.kind == sa.bindparam("kind"), IS_OPEN)
OPEN_FOR_OTHER: Final = SELECT.where(
    requests.c.asked_by == sa.bindparam("asker"),
    requests.c.wanted_for == sa.bindparam("other"),
    # Said for the sake of the index of what is for others.
    requests.c.wanted_for.is_not(None),
    PACKAGE,
    requests.c.kind == word(Kind.ADD),
    IS_OPEN,
).order_by(requests.c.asked_at)
OPEN_OF_EACH: Final = SELECT.where(
    requests.c.holder.in_(sa.bindparam("holders", expanding=True)),
    requests.c.kind == sa.bindparam("kind"),
    IS_OPEN,
)
OPEN_FOR_ASSIGNMENT: Final = SELECT.where(
    requests.c.assignment_id == sa.bindparam("assignment"), IS_OPEN
)
OPEN_FOR_ASSIGNMENTS: Final = SELECT.where(
    requests.c.assignment_id.in_(sa.bindparam("assignments", expanding=True)), IS_OPEN
)
GRANTS: Final = sa.select(
    requests.c.holder,
    requests.c.package_id,
    requests.c.kind,
    requests.c.state,
    requests.c.ends_at,
    requests.c.ended_at,
).where(requests.c.holder.in_(sa.bindparam("holders", expanding=True)))
# Graph has taken them on; open is said for the sake of the index of what is.
GRANTS_UNDER_WAY: Final = GRANTS.where(
    IS_OPEN,
    requests.c.kind.in_(words((Kind.ADD, Kind.EXTEND))),
    requests.c.state == State.SUBMITTED,
)
GRANTS_SINCE: Final = GRANTS.where(GAVE, requests.c.ended_at >= SINCE)
# What is about to be given, and what was given and may not be in Graph's lists yet.
BEING_GIVEN: Final = sa.select(requests.c.package_id).where(
    requests.c.entra_id == sa.bindparam("user"),
    # Open is said for the sake of the index of what is.
    IS_OPEN,
    requests.c.id != sa.bindparam("but"),
    requests.c.kind == Kind.ADD,
    requests.c.state.in_(words((State.APPROVED, State.SUBMITTED))),
)
KNOWN_TO_HAVE: Final = sa.select(assignments.c.package_id).where(
    assignments.c.entra_id == sa.bindparam("user"), IS_NOT_ENDED
)
IS_SAID_OF_ACCESS: Final = sa.and_(
    requests.c.kind == word(Kind.REMOVE),
    sa.exists().where(
        assignments.c.id == requests.c.assignment_id,
        IS_NOT_ENDED,
        IS_THEIRS,
    ),
)
OPEN_FOR: Final = ListStatements(
    SELECT.where(HOLDER, IS_OPEN), time=requests.c.asked_at, id_=requests.c.id
)
# Who waits for what: whoever gets it, and whoever has asked for it for somebody else, while that waits for a decision.
# A removal of access that is listed as theirs is left out: that access says so itself.
OWN_OPEN: Final = sa.select(requests.c.id).where(HOLDER, IS_OPEN, sa.not_(IS_SAID_OF_ACCESS))
ASKED_FOR_OTHERS: Final = sa.select(requests.c.id).where(
    requests.c.asked_by == sa.bindparam("holder"),
    IS_PENDING,
    requests.c.wanted_for.is_not(None),
)
WAITED_FOR: Final = ListStatements(
    SELECT.where(requests.c.id.in_(sa.union_all(OWN_OPEN, ASKED_FOR_OTHERS))),
    time=requests.c.asked_at,
    id_=requests.c.id,
)
# What is asked about these assignments of somebody's.
ASKED_ABOUT: Final = SELECT.where(
    requests.c.assignment_id.in_(sa.bindparam("assignments", expanding=True)), HOLDER, IS_OPEN
)
OPEN_KINDS: Final = sa.select(requests.c.assignment_id, requests.c.kind).where(
    requests.c.assignment_id.in_(sa.bindparam("assignments", expanding=True)), IS_OPEN
)

PENDING: Final = SELECT.where(requests.c.state == word(State.PENDING))
OLDEST_PENDING: Final = ListStatements(PENDING, time=requests.c.asked_at, id_=requests.c.id)
PENDING_OF_OTHERS: Final = ListStatements(
    PENDING.where(requests.c.holder.is_distinct_from(sa.bindparam("but"))),
    time=requests.c.asked_at,
    id_=requests.c.id,
)
OWING_CARDS: Final = (
    SELECT.where(requests.c.state == word(State.PENDING), requests.c.cards_due_at <= NOW)
    .order_by(requests.c.cards_due_at)
    .limit(MOST)
)
OWING_NEWS: Final = (
    SELECT.where(
        requests.c.news_due_at <= NOW,
        # What has not ended is to begin later, which is news as well.
        sa.or_(requests.c.ended_at.is_(None), requests.c.ended_at >= SINCE),
    )
    .order_by(requests.c.news_due_at)
    .limit(MOST)
)
# These go by the moment, of which there is one while it is pending only, and not along all that are.
LAPSED: Final = (
    SELECT.where(requests.c.state == word(State.PENDING), requests.c.lapses_at <= BUSINESS_NOW)
    .order_by(requests.c.lapses_at)
    .limit(MOST)
)
# There is nothing left to extend.
POINTLESS: Final = PENDING.where(
    requests.c.kind == word(Kind.EXTEND),
    requests.c.assignment_id.in_(
        sa.select(assignments.c.id).where(
            assignments.c.id == requests.c.assignment_id,
            assignments.c.state == AssignmentState.ENDED,
        )
    ),
).limit(MOST)
ESCALATING: Final = (
    SELECT.where(
        requests.c.state == word(State.PENDING),
        requests.c.escalates_at <= BUSINESS_NOW,
        sa.or_(requests.c.lapses_at.is_(None), requests.c.lapses_at > BUSINESS_NOW),
    )
    .order_by(requests.c.escalates_at)
    .limit(MOST)
)
NUDGING: Final = (
    sa.select(requests.c.id)
    .where(requests.c.state == word(State.PENDING), requests.c.nudge_at <= BUSINESS_NOW)
    .order_by(requests.c.nudge_at)
    .limit(MOST)
)
TO_NUDGE: Final = NUDGING.with_for_update(skip_locked=True).cte("due")
CLAIM_NUDGES: Final = (
    requests.update()
    .where(requests.c.id.in_(sa.select(TO_NUDGE.c.id)))
    .values(nudge_at=UNTIL)
    .returning(*COLUMNS)
)
STUCK: Final = SELECT.where(
    IS_OPEN,
    IS_TRIED,
    requests.c.held_at.is_(None),
    sa.or_(
        requests.c.attempts >= sa.bindparam("attempts"),
        # Not held, because Graph fails everybody: then that is what they hear.
        requests.c.failures >= sa.bindparam("attempts"),
    ),
    requests.c.asked_at >= SINCE,
)
NEEDING_ACCOUNT: Final = SELECT.where(requests.c.needs_account_at <= BUSINESS_NOW)
NOT_CANCELED: Final = SELECT.where(
    requests.c.not_canceled_why.is_not(None), requests.c.cancel_wanted_at <= BUSINESS_NOW
)
NOT_UNDERSTOOD_OF: Final = (
    sa.select(sa.func.count())
    .select_from(requests)
    .where(PACKAGE, TELLS_ADMINS, requests.c.ended_at >= SINCE, requests.c.ended_at < UNTIL)
)

COUNT: Final = sa.select(requests.c.state, sa.func.count()).group_by(requests.c.state)
COUNT_OPEN: Final = sa.select(SHOWN_STATE, sa.func.count()).where(IS_OPEN).group_by(SHOWN_STATE)
COUNT_ENDED_SINCE: Final = COUNT.where(IS_ENDED, requests.c.ended_at >= SINCE)
COUNT_ENDED: Final = COUNT_ENDED_SINCE.where(requests.c.ended_at < UNTIL)
# A request that ended longer ago than this is seen by everybody; no transaction takes a minute.
COMMITTED_WITHIN: Final = timedelta(minutes=10)


def claim_nudges(db: Transaction, *, lease: timedelta, limit: int) -> list[Request]:
    """Take pending requests of which somebody may have to be nudged; nobody else gets them for *lease*."""
    now = clock.now()
    given = {"business_now": now, "until": now + lease, "most": limit}
    return [from_row(row) for row in db.execute(CLAIM_NUDGES, given)]


def open_of(db: Transaction, holder: str, package_id: str, kind: Kind) -> Request | None:
    """Return the open request of this kind that *holder* has for the package."""
    row = db.execute(OPEN_OF, {"holder": holder, "package": package_id, "kind": kind}).first()
    return from_row(row) if row else None


def open_for_other(db: Transaction, asker: str, other: str, package_id: str) -> Request | None:
    """Return what *asker* has asked for that other person, if it is open; what others have asked for them is not looked at."""
    given = {"asker": asker, "other": other, "package": package_id}
    row = db.execute(OPEN_FOR_OTHER, given).first()
    return from_row(row) if row else None


def open_of_each(db: Transaction, holders: Collection[str], kind: Kind) -> list[Request]:
    """Return the open requests of this kind that any of *holders* has."""
    return _read(db, OPEN_OF_EACH, holders=list(holders), kind=kind)


def open_for_assignment(db: Transaction, assignment_id: str) -> list[Request]:
    return _read(db, OPEN_FOR_ASSIGNMENT, assignment=assignment_id)


def open_for_assignments(db: Transaction, assignment_ids: Collection[str]) -> list[Request]:
    """Return the open requests about any of these assignments."""
    return _read(db, OPEN_FOR_ASSIGNMENTS, assignments=list(assignment_ids))


def being_removed(db: Transaction, assignment_ids: Collection[str]) -> frozenset[str]:
    """Return those of these assignments whose removal is asked for, and not over."""
    given = {"assignments": list(assignment_ids)}
    return frozenset(
        row.assignment_id for row in db.execute(OPEN_KINDS, given) if row.kind == Kind.REMOVE
    )


def open_of_user(db: Transaction, entra_id: str, package_id: str, kind: Kind) -> Request | None:
    """Return the open request of this kind that is about an Entra user and a package."""
    query = SELECT.where(
        requests.c.entra_id == entra_id,
        requests.c.package_id == package_id,
        requests.c.kind == kind,
        IS_OPEN,
    )
    row = db.execute(query).first()
    return from_row(row) if row else None


class GivenAccess(NamedTuple):
    """A request that has given access, extended it, or is about to, since Graph has accepted it."""

    holder: str
    package_id: str
    kind: str
    state: str
    ends_at: datetime | None
    ended_at: datetime | None


def grants_to(db: Transaction, holders: Collection[str], *, since: datetime) -> list[GivenAccess]:
    """Return what has given any of *holders* access since then, or made it longer, or is about to."""
    given = {"holders": sorted(holders)}
    under_way = db.execute(GRANTS_UNDER_WAY, given).all()
    return [
        GivenAccess(*row)
        for row in (*under_way, *db.execute(GRANTS_SINCE, {**given, "since": since}))
    ]


def known_to_have(db: Transaction, entra_id: str, *, but: str) -> set[str]:
    """Return the packages that somebody has, or is about to be given by another request than that: approved, and not over."""
    given = db.execute(BEING_GIVEN, {"user": entra_id, "but": but}).scalars()
    return {*given, *db.execute(KNOWN_TO_HAVE, {"user": entra_id}).scalars()}


def open_for(
    db: Transaction, holder: str, *, start: Start = FIRST, rows: int = ROWS_A_PAGE
) -> Page[Request]:
    """Return every open request for *holder*, oldest first."""
    return OPEN_FOR.page(db, from_row, start=start, rows=rows, holder=holder)


def waited_for(
    db: Transaction, holder: str, *, start: Start = FIRST, rows: int = ROWS_A_PAGE
) -> Page[Request]:
    """
    Return what *holder* waits for, oldest first: their own requests, and what they have asked for somebody else.

    That some access is being removed is left out: the list of their access says so.
    """
    return WAITED_FOR.page(db, from_row, start=start, rows=rows, holder=holder, slack_user=holder)


def asked_about(
    db: Transaction, holder: str, assignment_ids: Collection[str]
) -> dict[str, Request]:
    """Return the open requests about assignments of *holder*'s, by assignment."""
    if not assignment_ids:
        return {}
    given = {"holder": holder, "assignments": list(assignment_ids)}
    found = [from_row(row) for row in db.execute(ASKED_ABOUT, given)]
    return {each.assignment_id: each for each in found if each.assignment_id}


def pending(db: Transaction, *, start: Start = FIRST, rows: int = ROWS_A_PAGE) -> Page[Request]:
    """Return what waits for a decision, oldest first."""
    return OLDEST_PENDING.page(db, from_row, start=start, rows=rows)


def pending_of_others(db: Transaction, but: str, *, rows: int) -> Page[Request]:
    """Return what waits for a decision and is not somebody's own, oldest first."""
    return PENDING_OF_OTHERS.page(db, from_row, rows=rows, but=but)


def owing_cards(db: Transaction, *, limit: int = 100) -> list[Request]:
    """Pending requests with a decider who has no card yet, those looked at longest ago first."""
    return _read(db, OWING_CARDS, now=clock.real(), most=limit)


def owing_news(db: Transaction, *, since: datetime, limit: int = 100) -> list[Request]:
    """Requests that ended since then, or are to begin later, and of which that is still to be told, those looked at longest ago first."""
    return _read(db, OWING_NEWS, now=clock.real(), since=since, most=limit)


def overdue_decisions(db: Transaction, *, limit: int = 100) -> tuple[list[Request], list[Request]]:
    """
    Pending requests that nobody decided in time, and those whose stand-in approvers are to be asked.

    The most overdue first, *limit* of each: whoever deals with these looks for more.
    """
    given = {"business_now": clock.now(), "most": limit}
    return _read(db, LAPSED, **given), _read(db, ESCALATING, **given)


def pointless(db: Transaction, *, limit: int = 100) -> list[Request]:
    """Pending extensions of access that has ended meanwhile, *limit* of them."""
    return _read(db, POINTLESS, most=limit)


def stuck(db: Transaction, *, attempts: int, since: datetime) -> list[Request]:
    """Open requests that were looked at, or failed, *attempts* times and still wait; those held have an alarm of their own."""
    return _read(db, STUCK, attempts=attempts, since=since)


def needing_account(db: Transaction) -> list[Request]:
    """Return the requests that wait until whoever asked has connected their Microsoft account."""
    return _read(db, NEEDING_ACCOUNT, business_now=clock.now())


def not_canceled(db: Transaction) -> list[Request]:
    """Return the requests that Entra does not cancel, although whoever asked wants that and nobody has decided them."""
    return _read(db, NOT_CANCELED, business_now=clock.now())


def count_not_understood(
    db: Transaction, package_id: str, *, since: datetime, until: datetime
) -> int:
    """Return how many requests for a package were refused then because its rules are not understood."""
    given = {"package": package_id, "since": since, "until": until}
    return int(db.execute(NOT_UNDERSTOOD_OF, given).scalar_one())


@dataclass(frozen=True, kw_only=True)
class Ended:
    """
    Counts of requests that had ended before a moment, by state: no more of them will.

    Attributes:
        before: The moment (business time).
        deletions: How often some had been deleted by then: after one more they are counted anew.
    """

    before: datetime
    counts: Counter[str]
    deletions: int = 0


NONE_ENDED: Final = Ended(before=datetime(1970, 1, 1, tzinfo=UTC), counts=Counter())


def counts(db: Transaction, ended: Ended = NONE_ENDED) -> tuple[Counter[str], Ended]:
    """
    Return how many requests are in each state, for the metrics.

    Args:
        ended: What the call before returned: what ended long ago is not counted again.
    """
    ended = count_ended(db, ended)
    lately = _by_state(db, COUNT_ENDED_SINCE, since=ended.before)
    return ended.counts + lately + _by_state(db, COUNT_OPEN), ended


def count_ended(db: Transaction, ended: Ended) -> Ended:
    """Count what has ended since then, but for the last minutes: more may be committed that ended in them."""
    # Before the rows: what is deleted meanwhile is noticed the next time.
    so_far = deletions.count(db)
    if so_far != ended.deletions:
        ended = replace(NONE_ENDED, deletions=so_far)
    before = max(clock.now() - COMMITTED_WITHIN, ended.before)
    more = _by_state(db, COUNT_ENDED, since=ended.before, until=before)
    return replace(ended, before=before, counts=ended.counts + more)


def _by_state(db: Transaction, query: sa.Select[Any], **given: Any) -> Counter[str]:
    return Counter({row[0]: row[1] for row in db.execute(query, given)})


def _read(db: Transaction, query: sa.Select[Any], **given: Any) -> list[Request]:
    return [from_row(row) for row in db.execute(query, given)]

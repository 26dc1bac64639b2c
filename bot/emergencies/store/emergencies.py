"""Store emergencies: opened with the grant, reviewed once, and reminded of until then."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.engine import Transaction, insert
from bot.database.homes import touch_homes
from bot.database.statements import BUSINESS_NOW, MOST, NOW, SINCE, UNTIL, for_each_database
from bot.database.tables import REVIEW_IS_OPEN, UtcDateTime, emergencies, notices
from bot.emergencies.model import Emergency, Finding, ReviewedRequest, ReviewFinding
from bot.requests.model import Request
from bot.requests.store import request_rows, requests

# The kind of the messages that show an emergency.
NOTICE: Final = "emergency"
# In the audit log.
OPEN_REVIEW: Final = "emergency"
CLOSE_REVIEW: Final = "review"
REMIND: Final = "remind-review"
ESCALATE: Final = "escalate-review"

FIELDS: Final = tuple(Emergency.__dataclass_fields__)
COLUMNS: Final = [emergencies.c[name] for name in FIELDS]
SELECT: Final = sa.select(*COLUMNS)
BY_ID: Final = SELECT.where(emergencies.c.request_id == sa.bindparam("request"))
LOCK: Final = BY_ID.with_for_update()
OF_PERSON: Final = sa.and_(
    emergencies.c.entra_id == sa.bindparam("user"),
    emergencies.c.package_id == sa.bindparam("package"),
)
LATELY: Final = (
    SELECT.where(
        OF_PERSON, sa.or_(emergencies.c.opened_at >= SINCE, emergencies.c.closed_at >= SINCE)
    )
    .order_by(emergencies.c.opened_at.desc())
    .limit(MOST)
)
OPEN_OF_PERSON: Final = SELECT.where(OF_PERSON, emergencies.c.closed_at.is_(None)).limit(1)
ALL_OPEN: Final = SELECT.where(REVIEW_IS_OPEN).order_by(emergencies.c.opened_at).limit(MOST)
# Those that are open are few.
IS_OVERDUE: Final = emergencies.c.review_by <= BUSINESS_NOW
REVIEW_COUNTS: Final = (
    sa.select(IS_OVERDUE, sa.func.count()).where(REVIEW_IS_OPEN).group_by(IS_OVERDUE)
)
UPDATE: Final = emergencies.update().where(emergencies.c.request_id == sa.bindparam("request"))
CLOSE: Final = UPDATE.where(emergencies.c.closed_at.is_(None)).returning(*COLUMNS)
REDRAW: Final = (
    notices.update()
    .where(
        notices.c.request_id == sa.bindparam("request"),
        notices.c.kind == NOTICE,
    )
    .values(stale=True)
)
OWING_NEWS: Final = (
    SELECT.where(emergencies.c.news_due_at <= NOW).order_by(emergencies.c.news_due_at).limit(MOST)
)
SEEKING: Final = sa.select(emergencies.c.request_id).where(emergencies.c.recipients_due_at <= NOW)
SEEKING_CTE: Final = (
    SEEKING.order_by(emergencies.c.recipients_due_at)
    .limit(MOST)
    .with_for_update(skip_locked=True)
    .cte("due")
)
CLAIM_SEEKING: Final = (
    emergencies.update()
    .where(emergencies.c.request_id.in_(sa.select(SEEKING_CTE.c.request_id)))
    .values(recipients_due_at=UNTIL)
    .returning(*COLUMNS)
)
# Whoever has changed something since they were claimed wants them looked for once more, which stays due.
LOOK_LATER: Final = UPDATE.where(emergencies.c.recipients_due_at > NOW)
REMINDING: Final = sa.select(emergencies.c.request_id).where(
    emergencies.c.remind_at <= BUSINESS_NOW
)
TO_REMIND: Final = (
    SELECT.where(emergencies.c.remind_at <= BUSINESS_NOW)
    .order_by(emergencies.c.remind_at)
    .limit(MOST)
)
NEXT_REMINDER: Final = UPDATE.where(
    emergencies.c.closed_at.is_(None),
    emergencies.c.remind_at == sa.bindparam("known_remind_at", type_=UtcDateTime()),
)
# More than the limit of one week can be.
MOST_LATELY: Final = 200
MOST_OPEN: Final = 200


@for_each_database
def _insert(db: Transaction) -> Any:
    return insert(db, emergencies).on_conflict_do_nothing().returning(emergencies.c.request_id)


def from_row(row: Sequence[Any]) -> Emergency:
    """Make an emergency of a row of COLUMNS."""
    values = dict(zip(FIELDS, row, strict=True))
    values["reviewers"] = tuple(values["reviewers"])
    values["finding"] = Finding(values["finding"]) if values["finding"] else None
    return Emergency(**values)


def open_review(db: Transaction, request: Request, *, review_within: timedelta) -> None:
    """Note that access was given without an approval, which somebody else has to review; once for each request."""
    now = clock.now()
    values: dict[str, Any] = {
        "request_id": request.id,
        "holder": request.holder,
        "entra_id": request.entra_id,
        "package_id": request.package_id,
        "opened_at": now,
        "review_by": now + review_within,
        "remind_at": now + review_within / 2,
        "recipients_due_at": clock.real(),
        "news_due_at": clock.real(),
        "reviewers": [],
        "reminders": 0,
        "as_admin": False,
    }
    if db.execute(_insert(db), values).first() is None:
        return
    audit.record(
        db,
        at=now,
        actor=request.asked_by,
        actor_entra_id=request.entra_id,
        verb=OPEN_REVIEW,
        why=request.justification,
        details={
            "until": request.ends_at.isoformat() if request.ends_at else None,
            "review_by": (now + review_within).isoformat(),
        },
        **request_rows.audit_ids(request),
    )


def find(db: Transaction, request_id: str) -> Emergency | None:
    """Return the emergency of that request, if it is one that Entra has taken on."""
    row = db.execute(BY_ID, {"request": request_id}).first()
    return from_row(row) if row else None


def lately(db: Transaction, entra_id: str, package_id: str, *, since: datetime) -> list[Emergency]:
    """Return somebody's emergencies about a package that began or were reviewed since then, the newest first."""
    given = {"user": entra_id, "package": package_id, "since": since, "most": MOST_LATELY}
    return [from_row(row) for row in db.execute(LATELY, given)]


def open_of(db: Transaction, entra_id: str, package_id: str) -> Emergency | None:
    """Return somebody's emergency about a package that nobody has reviewed yet."""
    row = db.execute(OPEN_OF_PERSON, {"user": entra_id, "package": package_id}).first()
    return from_row(row) if row else None


def all_open(db: Transaction) -> list[Emergency]:
    """Return the emergencies that nobody has reviewed yet, the oldest first."""
    return [from_row(row) for row in db.execute(ALL_OPEN, {"most": MOST_OPEN})]


def review_counts(db: Transaction) -> dict[str, int]:
    """Return how many reviews are open, by whether they are due later or overdue."""
    found = dict(db.execute(REVIEW_COUNTS, {"business_now": clock.now()}).all())
    return {"due": found.get(False, 0), "overdue": found.get(True, 0)}


def open_reviews(
    db: Transaction, slack_user: str, *, is_admin: bool, most: int
) -> tuple[list[ReviewedRequest], int]:
    """
    Return the first reviews that somebody is asked for and all others that admins look after, and how many there are.

    Nobody's own: somebody else reviews these.

    Args:
        is_admin: They look after those as well for which others are asked.
    """
    theirs = [
        each
        for each in all_open(db)
        if each.holder != slack_user and (is_admin or slack_user in each.reviewers)
    ]
    shown = [
        ReviewedRequest(emergency=each, request=requests.get(db, each.request_id))
        for each in theirs[:most]
    ]
    return shown, len(theirs)


def close(
    db: Transaction,
    said: ReviewFinding,
    request: Request,
    *,
    entra_id: str,
    name: str | None,
    as_admin: bool,
    for_user: str | None,
    for_name: str | None,
) -> Emergency | None:
    """Close a review as somebody has said who may; None if somebody else has closed it."""
    now = clock.now()
    values = {
        "finding": said.finding,
        "comment": said.comment,
        "closed_at": now,
        "closed_by": said.slack_user,
        "closed_entra_id": entra_id,
        "closed_name": name,
        "as_admin": as_admin,
        "for_user": for_user,
        "for_name": for_name,
        "remind_at": None,
        "recipients_due_at": None,
        "news_due_at": clock.real(),
    }
    row = db.execute(CLOSE, {"request": said.request_id, **values}).first()
    if row is None:
        return None
    closed = from_row(row)
    audit.record(
        db,
        at=now,
        actor=said.slack_user,
        actor_entra_id=entra_id,
        verb=CLOSE_REVIEW,
        why=said.comment,
        details={"finding": said.finding, "as_admin": as_admin, "for": for_user},
        **request_rows.audit_ids(request),
    )
    mark_views_stale(db, closed)
    return closed


def set_removal(db: Transaction, emergency: Emergency, removal_id: str) -> None:
    """Note which request takes the access away."""
    db.execute(UPDATE, {"request": emergency.request_id, "removal_id": removal_id})
    mark_views_stale(db, emergency)


def mark_views_stale(db: Transaction, emergency: Emergency) -> None:
    """Note that what people see of it has changed: its cards and Homes are owed a redraw."""
    db.execute(REDRAW, {"request": emergency.request_id})
    touch_homes(db, emergency.holder, deciders=emergency.reviewers)


def owing_news(db: Transaction, *, limit: int = 50) -> list[Emergency]:
    """Return the emergencies about which messages are owed."""
    due = db.execute(OWING_NEWS, {"now": clock.real(), "most": limit})
    return [from_row(row) for row in due]


def locked(db: Transaction, request_id: str) -> Emergency:
    """Return the emergency as it is, which nobody changes before this transaction is over."""
    return from_row(db.execute(LOCK, {"request": request_id}).one())


def schedule_news(db: Transaction, emergency: Emergency, *, news: datetime | None) -> None:
    """Say when to look again (real time) what is owed about it as it is now; None: nothing is."""
    if locked(db, emergency.request_id) == emergency:
        db.execute(UPDATE, {"request": emergency.request_id, "news_due_at": news})


def claim_seeking(db: Transaction, *, lease: timedelta, limit: int) -> list[Emergency]:
    """Take the emergencies whose reviewers are to be looked for; nobody else gets them for *lease*."""
    now = clock.real()
    taken = db.execute(CLAIM_SEEKING, {"now": now, "until": now + lease, "most": limit})
    return [from_row(row) for row in taken]


def settle_reviewers(
    db: Transaction, request_id: str, found: Collection[str], *, again_at: datetime
) -> None:
    """Record who is asked to review it, and when to look again (real time), unless it is closed by now."""
    now = locked(db, request_id)
    if not now.is_open:
        return
    later = {"now": clock.real(), "recipients_due_at": again_at}
    db.execute(LOOK_LATER, {"request": request_id, **later})
    if tuple(found) != now.reviewers:
        changed = {"reviewers": list(found), "news_due_at": clock.real()}
        db.execute(UPDATE, {"request": request_id, **changed})
        db.execute(REDRAW, {"request": request_id})
        touch_homes(db, None, deciders={*found, *now.reviewers})


def to_remind(db: Transaction, *, limit: int = 50) -> list[Emergency]:
    """Return the emergencies of which somebody is to be reminded now."""
    due = db.execute(TO_REMIND, {"business_now": clock.now(), "most": limit})
    return [from_row(row) for row in due]


def remind(db: Transaction, emergency: Emergency, request: Request, *, next_at: datetime) -> bool:
    """
    Note that those who review it are reminded once more; False if somebody else has, or it is closed.

    Once it is overdue, the admins are told, too.
    """
    now = clock.now()
    values: dict[str, Any] = {"remind_at": next_at, "reminders": emergency.reminders + 1}
    escalates = emergency.escalated_at is None and emergency.is_overdue(now)
    if escalates:
        values["escalated_at"] = now
    known = {"request": emergency.request_id, "known_remind_at": emergency.remind_at}
    done = db.execute(NEXT_REMINDER, {**known, **values, "news_due_at": clock.real()})
    if done.rowcount != 1:
        return False
    audit.record(
        db,
        at=now,
        actor=audit.LATCHKEY,
        verb=ESCALATE if escalates else REMIND,
        **request_rows.audit_ids(request),
    )
    if escalates:
        # The card says now that it is overdue.
        mark_views_stale(db, emergency)
    return True

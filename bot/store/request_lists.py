"""Requests: the questions that are asked about many of them."""

from datetime import datetime

import sqlalchemy as sa

from bot import clock
from bot.models import OPEN, Kind, Request, State
from bot.store.database import Transaction
from bot.store.requests import COLUMNS, from_row
from bot.store.schema import requests


def open_of(db: Transaction, holder: str, package_id: str, kind: Kind) -> Request | None:
    """The open request of this kind that *holder* has for the package."""
    query = sa.select(*COLUMNS).where(
        requests.c.holder == holder,
        requests.c.package_id == package_id,
        requests.c.kind == kind,
        requests.c.state.in_(OPEN),
    )
    row = db.execute(query).mappings().first()
    return from_row(row) if row else None


def open_for_assignment(db: Transaction, assignment_id: str) -> list[Request]:
    query = sa.select(*COLUMNS).where(
        requests.c.assignment_id == assignment_id, requests.c.state.in_(OPEN)
    )
    return [from_row(row) for row in db.execute(query).mappings()]


def grants_of(db: Transaction, holder: str, package_id: str) -> list[Request]:
    """What has given somebody a package, or made it longer, or is about to: Graph has taken it on."""
    query = sa.select(*COLUMNS).where(
        requests.c.holder == holder,
        requests.c.package_id == package_id,
        requests.c.kind.in_((Kind.ADD, Kind.EXTEND)),
        requests.c.state.in_((State.SUBMITTED, State.DELIVERED)),
    )
    return [from_row(row) for row in db.execute(query).mappings()]


def open_for(db: Transaction, holder: str) -> list[Request]:
    """Everything *holder* waits for, oldest first."""
    query = sa.select(*COLUMNS).where(requests.c.holder == holder, requests.c.state.in_(OPEN))
    return [from_row(row) for row in db.execute(query.order_by(requests.c.asked_at)).mappings()]


def pending(db: Transaction, *, limit: int = 200) -> list[Request]:
    """What waits for a decision, oldest first."""
    query = sa.select(*COLUMNS).where(requests.c.state == State.PENDING)
    return [
        from_row(row)
        for row in db.execute(query.order_by(requests.c.asked_at).limit(limit)).mappings()
    ]


def owing_cards(db: Transaction, *, limit: int = 100) -> list[Request]:
    """Pending requests with a decider who has no card yet, those looked at longest ago first."""
    due = requests.c.cards_due_at
    query = sa.select(*COLUMNS).where(requests.c.state == State.PENDING, due <= clock.real())
    return [from_row(row) for row in db.execute(query.order_by(due).limit(limit)).mappings()]


def owing_news(db: Transaction, *, since: datetime, limit: int = 100) -> list[Request]:
    """Requests that ended since then and whose end is still to be told, those looked at longest ago first."""
    due = requests.c.news_due_at
    query = sa.select(*COLUMNS).where(due <= clock.real(), requests.c.ended_at >= since)
    return [from_row(row) for row in db.execute(query.order_by(due).limit(limit)).mappings()]


def overdue_decisions(db: Transaction) -> tuple[list[Request], list[Request]]:
    """Pending requests that nobody decided in time, and those whose stand-in approvers are to be asked."""
    now = clock.now()
    query = sa.select(*COLUMNS).where(requests.c.state == State.PENDING)
    lapsed = query.where(requests.c.lapses_at <= now)
    escalating = query.where(
        requests.c.escalates_at <= now,
        sa.or_(requests.c.lapses_at.is_(None), requests.c.lapses_at > now),
    )
    return (
        [from_row(row) for row in db.execute(lapsed).mappings()],
        [from_row(row) for row in db.execute(escalating).mappings()],
    )


def stuck(db: Transaction, *, attempts: int, since: datetime) -> list[Request]:
    """Open requests that have been looked at *attempts* times and still wait; those held have an alarm of their own."""
    query = sa.select(*COLUMNS).where(
        requests.c.state.in_(OPEN),
        requests.c.held_at.is_(None),
        requests.c.attempts >= attempts,
        requests.c.asked_at >= since,
    )
    return [from_row(row) for row in db.execute(query).mappings()]


def counts(db: Transaction) -> dict[str, int]:
    """How many requests are in each state, for the metrics."""
    query = sa.select(requests.c.state, sa.func.count()).group_by(requests.c.state)
    return {row[0]: row[1] for row in db.execute(query)}

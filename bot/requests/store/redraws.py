"""Requests: what people see of one, and is owed a redraw when the request changes."""

from collections.abc import Collection
from typing import Final

import sqlalchemy as sa

from bot.database.connections.engine import Transaction
from bot.database.homes import touch_homes
from bot.database.statements import words
from bot.database.tables import notices
from bot.requests.model import Request

REDRAW: Final = (
    notices.update()
    .where(
        sa.or_(
            sa.and_(
                notices.c.request_id == sa.bindparam("shown_request"),
                notices.c.kind.in_(
                    words(
                        (
                            "card",
                            "held",
                            "nudge",
                            "progress",
                            "question",
                            "emergency",
                            "for-other",
                            "ended-extending",
                        )
                    )
                ),
            ),
            sa.and_(
                notices.c.assignment_id == sa.bindparam("shown_assignment"),
                notices.c.kind == "reminder",
            ),
        )
    )
    .values(stale=True)
)


def mark_views_stale(db: Transaction, request: Request, *, deciders: Collection[str] = ()) -> None:
    """Note that what people see of it has changed: its cards, the reminders of its access, and Homes are owed a redraw."""
    redraw(db, request)
    # Whoever asks for somebody else may be asked about it, and is shown that.
    others = (*deciders, request.asked_by) if request.is_on_behalf else deciders
    touch_homes(db, request.holder, deciders=others)


def redraw(db: Transaction, request: Request) -> None:
    about = {"shown_request": request.id, "shown_assignment": request.assignment_id}
    db.execute(REDRAW, about)

"""Find why people have what they have: the request that gave each access, and who approved it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from bot.approvals.model import Decision
from bot.approvals.store import decisions
from bot.database.connections.engine import Transaction
from bot.database.tables import GAVE, requests
from bot.requests.model import Kind, Request
from bot.requests.store.request_rows import SELECT, from_row

LAST: Final = (
    SELECT.where(
        requests.c.assignment_id == sa.bindparam("assignment"),
        requests.c.kind == sa.bindparam("wanted"),
        GAVE,
    )
    .order_by(requests.c.ended_at.desc())
    .limit(1)
)


@dataclass(frozen=True, kw_only=True)
class AccessOrigin:
    """
    Tell where an access comes from.

    Attributes:
        request: What gave it; None if that is not known.
        approved: Who approved that, stage by stage.
        extended: The request that extended it last.
        extension_approved: Who approved that.
    """

    request: Request | None = None
    approved: tuple[Decision, ...] = ()
    extended: Request | None = None
    extension_approved: tuple[Decision, ...] = ()


def of_each(db: Transaction, assignment_ids: Collection[str]) -> dict[str, AccessOrigin]:
    """Return where each of these accesses comes from; for a page of them."""
    return {each: _of(db, each) for each in assignment_ids}


def _of(db: Transaction, assignment_id: str) -> AccessOrigin:
    given, extended = (_last(db, assignment_id, kind) for kind in (Kind.ADD, Kind.EXTEND))
    return AccessOrigin(
        request=given,
        approved=tuple(decisions.accepted_of(db, given)) if given else (),
        extended=extended,
        extension_approved=tuple(decisions.accepted_of(db, extended)) if extended else (),
    )


def request_that_gave(db: Transaction, assignment_id: str) -> Request | None:
    """Return the request that has given this access; None if that is not known."""
    return _last(db, assignment_id, Kind.ADD)


def _last(db: Transaction, assignment_id: str, kind: Kind) -> Request | None:
    row = db.execute(LAST, {"assignment": assignment_id, "wanted": kind}).first()
    return from_row(row) if row else None

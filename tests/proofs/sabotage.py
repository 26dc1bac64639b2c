"""
Protections switched off, one at a time, to show that a proof can fail.

The product has no switch for any of them.  What is changed is said here, by name, and a name that is gone is an
error: a proof must not go on with a sabotage that does nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

from bot.database.statements import MOST, NOW, UNTIL
from bot.database.tables import IS_OPEN
from bot.database.tables import requests as request_table
from bot.notifications.outbox import Sending
from bot.requests.in_entra.submission import Submitter
from bot.requests.store import claims, request_rows, requests


async def _nothing_found(self: Submitter, request: Any, **where: Any) -> None:
    return None


async def _nothing_sent(self: Sending, claimed: Any, close: Any, **where: Any) -> Any:
    return claimed


def _asked_since_the_start(self: Submitter, request: Any) -> bool:
    return False


def _take_what_others_have() -> Any:
    """`claims.TAKE` without a look at anybody else's lease."""
    due = (
        sa.select(request_table.c.id)
        .where(IS_OPEN, sa.or_(request_table.c.due_at <= NOW, request_table.c.lease_until > NOW))
        .order_by(request_table.c.due_at)
        .limit(MOST)
        .cte()
    )
    return (
        request_table.update()
        .where(request_table.c.id.in_(sa.select(due.c.id)))
        .values(lease_until=UNTIL)
        .returning(*request_rows.COLUMNS)
    )


# Matches a row however it has changed since it was read.
_ANYHOW = request_table.update().where(request_table.c.id == sa.bindparam("known_id"))

SABOTAGES: Final[Mapping[str, tuple[tuple[object, str, Any], ...]]] = {
    # Graph is not searched for an earlier try.
    "no look in Graph": ((Submitter, "_look", _nothing_found),),
    # Slack is not searched for an earlier try.
    "no look in Slack": ((Sending, "_not_there", _nothing_sent),),
    # Whoever has lost its claim writes all the same.
    "no fence": (
        (claims, "UPDATE_CLAIMED", _ANYHOW),
        (requests, "MOVE", _ANYHOW.returning(*request_rows.COLUMNS)),
        (requests, "MOVE_CLAIMED", _ANYHOW.returning(*request_rows.COLUMNS)),
    ),
    # What one worker has in hand, another takes as well.
    "no claim": ((claims, "TAKE", _take_what_others_have()),),
    # A restored database is believed.
    "no look after a start": ((Submitter, "_is_from_before", _asked_since_the_start),),
}


@contextmanager
def switched_off(name: str) -> Iterator[None]:
    """
    Do without one protection for as long as the block runs.

    Raises:
        AttributeError: The code has been renamed, and this table must be, too.
    """
    before = [(where, what, getattr(where, what)) for where, what, _ in SABOTAGES[name]]
    for where, what, instead in SABOTAGES[name]:
        setattr(where, what, instead)
    try:
        yield
    finally:
        for where, what, was in before:
            setattr(where, what, was)

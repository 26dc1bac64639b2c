"""Requests: which of ours follow a request that Graph shows."""

from typing import Final

import sqlalchemy as sa

from bot.database.connections.engine import Transaction
from bot.database.tables import requests
from bot.requests.model import OPEN, State

OTHERS: Final = sa.select(requests.c.state).where(
    requests.c.graph_request_id == sa.bindparam("graph_id"),
    requests.c.id != sa.bindparam("request"),
)


def is_anothers(db: Transaction, request_id: str, graph_id: str, *, is_over: bool) -> bool:
    """
    Tell whether a request that Graph shows is followed by another one of ours, or has been.

    Args:
        is_over: Graph is done with it, so that it was the other's alone. What still goes on there may be taken up after the
            other has ended, for example because an admin has given it up.
    """
    found = db.execute(OTHERS, {"graph_id": graph_id, "request": request_id}).scalars().all()
    return any(is_over or State(each) in OPEN for each in found)

"""Messages that are owed: requests that were refused, and nobody has been told."""

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from bot.database.tables import requests
from bot.requests.model import Kind, Request, State

CHUNK: Final = 1_000


def owe_messages(database: str, count: int) -> None:
    """
    Write so many ended requests whose people have not been told.

    Args:
        database: Its address with our driver.
    """
    now = datetime.now(UTC)
    rows = [
        {
            **vars(
                Request(
                    id=f"{number:032x}",
                    kind=Kind.ADD,
                    state=State.REFUSED,
                    holder=f"U2P{number:06d}",
                    asked_by=f"U2P{number:06d}",
                    package_id="d1000000-0000-4000-8000-000000000000",
                    package_name="Open Package 00",
                    asked_at=now,
                    updated_at=now,
                    ended_at=now,
                    why="It is only a benchmark.",
                )
            ),
            requests.c.news_due_at.name: now,
        }
        for number in range(count)
    ]
    engine = sa.create_engine(database, poolclass=sa.NullPool)
    for start in range(0, count, CHUNK):
        with engine.begin() as db:
            db.execute(requests.insert(), rows[start : start + CHUNK])

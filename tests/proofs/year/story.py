"""The story of a reminder that is missing or was not due: what Entra has, and what the bot's rows say."""

from datetime import datetime

import sqlalchemy as sa

from bot.database import Store, Transaction
from bot.database.tables import assignments, notices
from tests.proofs.year.count import RUNGS
from tests.proofs.year.world import Held


async def story(store: Store, what: str, held: Held, *, now: datetime) -> str:
    """*what* is wrong about the reminders of one assignment at this moment."""
    lines = [f"{what} at {now}: {held.id} of {held.user}, package {held.package}, ends {held.end}"]
    if held.end is not None:
        lines += [f"  {rung.days} days before is {held.end - rung}" for rung in RUNGS]
    return "\n  ".join(lines + await store.run(_rows, held))


def _rows(db: Transaction, held: Held) -> list[str]:
    rows = [
        sa.select(assignments).where(assignments.c.id == held.id),
        sa.select(notices).where(notices.c.assignment_id == held.id).order_by(notices.c.key),
    ]
    return [
        ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
        for query in rows
        for row in db.execute(query).mappings()
    ]

"""Note that ended requests were deleted: whoever has counted them counts anew."""

from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.connections.engine import Transaction, insert
from bot.database.statements import for_each_database
from bot.database.tables import sweeps

# Its row counts the deletions, as the others count turns.
NAME: Final = "deleted-requests"
COUNT: Final = sa.select(sweeps.c.generation).where(sweeps.c.name == NAME)


@for_each_database
def _count_up(db: Transaction) -> Any:
    return insert(db, sweeps).on_conflict_do_update(
        index_elements=["name"], set_={"generation": sweeps.c.generation + 1}
    )


def note(db: Transaction) -> None:
    """Note that this transaction deletes some."""
    db.execute(_count_up(db), {"name": NAME, "generation": 1, "due_at": clock.real()})


def count(db: Transaction) -> int:
    """Return how many transactions have deleted some."""
    return int(db.execute(COUNT).scalar() or 0)

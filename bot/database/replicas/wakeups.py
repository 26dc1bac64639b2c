"""
Wakeups: a transaction that makes work due tells the jobs of every other replica, when it has committed.

PostgreSQL carries them (NOTIFY): inside the transaction, so that nobody hears of what is rolled back, or comes before
it.  They may get lost, and nothing depends on them: whatever is due is in the tables, and looked for by the clock.
"""

from collections.abc import Collection
from typing import Final, Protocol

import sqlalchemy as sa

from bot.database.connections.engine import Transaction

# The execution option that has the way to the other replicas, where there are any.
OPTION: Final = "latchkey_wire"
CHANNEL: Final = "latchkey"
NOTIFY: Final = sa.text("SELECT pg_notify(:channel, :said)")

DECISIONS: Final = "decisions"
REQUESTS: Final = "requests"
REPROCESSING: Final = "reprocessing"
DRIFT: Final = "drift answers"
ALL: Final = (DECISIONS, REQUESTS, REPROCESSING, DRIFT)


class Notifier(Protocol):
    """The way to the other replicas, as a transaction sees it."""

    def wake(self, db: Transaction, jobs: Collection[str]) -> None:
        """Wake these jobs of every other replica as soon as *db* has committed."""


def attach(engine: sa.Engine, notifier: Notifier) -> None:
    """Let the transactions of *engine* wake other replicas; once, before it is used."""
    engine.update_execution_options(**{OPTION: notifier})


def due(db: Transaction, *jobs: str) -> None:
    """This transaction makes work due for *jobs*."""
    notifier: Notifier | None = db.get_execution_options().get(OPTION)
    if notifier is not None:
        notifier.wake(db, jobs)


def notify(db: Transaction, said: str, *, channel: str = CHANNEL) -> None:
    """Say something to whoever listens, when this transaction commits; PostgreSQL only."""
    db.execute(NOTIFY, {"channel": channel, "said": said})

"""What has come in already: the same click, command or event is worked on once, however often it is delivered."""

import hashlib
from datetime import timedelta
from typing import Final

from bot import clock
from bot.store.database import Transaction, insert
from bot.store.schema import inbox

# Slack redelivers for up to a day; a signature is good for five minutes.
KEPT: Final = timedelta(days=2)


def is_new(db: Transaction, key: str) -> bool:
    """Note *key*; False if it was noted before.  Only its digest is kept: parts of it open Slack's forms."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    row = insert(db, inbox).values(key=digest, received_at=clock.real())
    row = row.on_conflict_do_nothing(index_elements=["key"]).returning(inbox.c.key)
    return db.execute(row).first() is not None


def forget_old(db: Transaction) -> None:
    db.execute(inbox.delete().where(inbox.c.received_at < clock.real() - KEPT))

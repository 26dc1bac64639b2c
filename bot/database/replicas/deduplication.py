"""Remember what has come in: the same click, command or event is handled once, however often it is delivered."""

import hashlib
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa

from bot import clock
from bot.database.connections.engine import Transaction, insert
from bot.database.statements import UNTIL, for_each_database
from bot.database.tables import inbox
from bot.errors import SeenBefore

# Slack redelivers for up to a day; a signature is good for five minutes.
KEPT: Final = timedelta(days=2)

SEEN: Final = sa.select(inbox.c.key).where(inbox.c.key.in_(sa.bindparam("digests", expanding=True)))
FORGET_OLD: Final = inbox.delete().where(inbox.c.received_at < UNTIL)


@for_each_database
def _insert_new(db: Transaction) -> Any:
    row = insert(db, inbox).on_conflict_do_nothing(index_elements=["key"])
    return row.returning(inbox.c.key)


def is_new(db: Transaction, key: str) -> bool:
    """Note *key*; False if it was noted before."""
    return bool(note(db, [key]))


def note(db: Transaction, keys: Collection[str]) -> set[str]:
    """
    Note *keys*; return those that were not noted before.

    Only their digests are kept: parts of them open Slack's forms.
    """
    if not keys:
        return set()
    now = clock.real()
    digests = _digests(keys)
    # In one order, so that no two who note the same wait for each other.
    rows = [{"key": digest, "received_at": now} for digest in sorted(digests)]
    return {digests[new] for new in db.execute(_insert_new(db), rows).scalars()}


def seen(db: Transaction, keys: Collection[str]) -> set[str]:
    """Return those of *keys* that were noted before."""
    if not keys:
        return set()
    digests = _digests(keys)
    found = db.execute(SEEN, {"digests": list(digests)}).scalars()
    return {digests[known] for known in found}


def _digests(keys: Collection[str]) -> dict[str, str]:
    return {hashlib.sha256(key.encode()).hexdigest(): key for key in keys}


def check_new(db: Transaction, key: str | None) -> None:
    """
    Note *key*, if there is one, in the transaction of what came in under it.

    Raises:
        SeenBefore: It was noted before.
    """
    if key is not None and not is_new(db, key):
        raise SeenBefore


def forget_old(db: Transaction) -> None:
    db.execute(FORGET_OLD, {"until": clock.real() - KEPT})

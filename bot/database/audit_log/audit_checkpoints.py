"""Know where the chain of the audit log begins, since its older rows were archived."""

import hmac
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from bot import clock
from bot.database.audit_log.audit_chain import START, seal_of_checkpoint
from bot.database.tables import audit_checkpoints

LAST: Final = sa.select(audit_checkpoints).order_by(audit_checkpoints.c.position.desc()).limit(1)
ADD: Final = audit_checkpoints.insert()


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """
    The place behind which the chain begins.

    Attributes:
        position: Of the last row that was deleted; 0: none was.
        hash: Of that row.
        archive: The SHA-256 of the file in which the rows up to there are.
    """

    position: int = 0
    hash: str = START
    archive: str = ""
    seal: str = ""

    def is_genuine(self, key: bytes) -> bool:
        """Tell whether it was made with *key*; the very start of the log needs no proof."""
        if self.position == 0:
            return self.hash == START
        expected = seal_of_checkpoint(key, self.position, self.hash, self.archive)
        return hmac.compare_digest(expected, self.seal)


def last(db: sa.Connection) -> Checkpoint:
    """Return the checkpoint that counts."""
    row = db.execute(LAST).one_or_none()
    if row is None:
        return Checkpoint()
    return Checkpoint(position=row.position, hash=row.hash, archive=row.archive, seal=row.seal)


def add(db: sa.Connection, key: bytes, *, position: int, chained: str, archive: str) -> None:
    """Let the chain begin behind a row; the rows up to it are deleted in the same transaction."""
    values = {"position": position, "hash": chained, "archive": archive, "made_at": clock.now()}
    db.execute(ADD, {**values, "seal": seal_of_checkpoint(key, position, chained, archive)})

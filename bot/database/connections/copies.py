"""Say what a copy of the database holds, or why there is none; of either database."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Nobody else reads it: it holds all that the database does.
PRIVATE: Final = 0o600


class CannotCopy(Exception):
    """The copy is not made, or not put back; a sentence."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """
    A summary of what a copy holds.

    Attributes:
        rows: Of the audit log.
        head: Its last hash.
        kept: Where what was there before is now.
    """

    rows: int
    head: str
    kept: Path | None = None

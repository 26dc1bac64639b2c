"""The way to the other replicas and back: which jobs a commit here has work for, and which one there."""

from collections.abc import Callable, Collection
from typing import Final, Protocol

from bot.database import Transaction
from bot.database.replicas import wakeups

Heard = Callable[[Collection[str]], None]

NOT_YET: Final = "not connected yet"
NO_SERVER: Final = "SQLite serves one process"


class Wire(wakeups.Notifier, Protocol):
    """
    The way to the other replicas and back.

    Attributes:
        silent_because: Why nothing is heard from others now; None while it is.
    """

    silent_because: str | None

    async def listen(self, heard: Heard) -> None:
        """Tell *heard* which jobs other replicas have woken, for ever; all of them, where some may have been missed."""


class NoWire:
    """The wire of a bot that has no other replicas."""

    silent_because: str | None = NO_SERVER

    def wake(self, db: Transaction, jobs: Collection[str]) -> None:
        """Nobody is there."""

    async def listen(self, heard: Heard) -> None:
        """Nobody is heard."""

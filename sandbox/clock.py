"""The time that the sandbox lives in: the machine's own, moved forward on demand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def machine_time() -> datetime:
    """The machine's own time, aware, in UTC."""
    return datetime.now(UTC)


class SandboxClock:
    """The machine's time plus an offset, shared by the stand-ins and the page.

    Args:
        machine: where the machine's own time comes from.
    """

    def __init__(self, machine: Callable[[], datetime] = machine_time) -> None:
        self.offset = timedelta(0)
        self._machine = machine
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The sandbox's present moment, aware, in UTC."""
        return self._machine() + self.offset

    def machine(self) -> datetime:
        """The machine's own time, which nobody moves: what tokens, signatures and triggers live in."""
        return self._machine()

    def machine_seconds(self) -> float:
        """The same in seconds since 1970."""
        return self._machine().timestamp()

    def shift(self, by: timedelta) -> None:
        """Move the sandbox forward and tell everyone who subscribed.

        Raises ValueError for a negative step: access that has ended does not come back.
        """
        if by < timedelta(0):
            raise ValueError("the sandbox clock only moves forward")
        self.offset += by
        for listener in list(self._listeners):
            listener()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call *callback* after each shift; the returned function ends that."""
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

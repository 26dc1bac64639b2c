"""The time that the sandbox lives in: the real one, moved forward on demand."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class SandboxClock:
    """Real time plus an offset, shared by the stand-ins and the page."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """The sandbox's present moment, aware, in UTC."""
        return datetime.now(UTC) + self.offset

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

"""Say how long what is over is kept."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Retention:
    """
    The time that rows are kept after they are of no use; None: for ever.

    Attributes:
        requests: Requests that are closed, with their decisions, questions, holds and messages; and access that has ended.
        messages: Which message was sent to whom.
    """

    requests: timedelta | None = None
    messages: timedelta | None = None

    @property
    def is_wanted(self) -> bool:
        """Tell whether anything is ever deleted."""
        return self.requests is not None or self.messages is not None

    def later(self, margin: timedelta) -> "Retention":
        """Return the same, so much longer."""
        return Retention(
            requests=self.requests + margin if self.requests is not None else None,
            messages=self.messages + margin if self.messages is not None else None,
        )


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """Counts of the rows of each kind that were deleted; the decisions, questions, holds and messages of a request count with it."""

    requests: int = 0
    assignments: int = 0
    messages: int = 0

    @property
    def is_nothing(self) -> bool:
        """Tell whether there was nothing to delete."""
        return self == Deleted()

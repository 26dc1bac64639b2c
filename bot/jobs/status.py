"""Record how each job is doing, for /readyz and the metrics."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot import clock
from bot.database import Busy
from bot.jobs.clock_check import SkewedClock
from bot.slack.errors import SlackError
from graph.errors import GraphError

# Errors whose text holds nothing that not everybody may read.
PUBLIC_ERRORS: Final = (GraphError, SlackError, Busy, SkewedClock)


@dataclass
class JobStatus:
    """
    Status of a job on this replica; moments in real time.

    Attributes:
        every: How often it runs by the clock, or is looked for.
        last_success: When it last came to a good end, or got on; of a sync: on whichever replica.
        last_error: Why it last failed; None if it did not.
        failures: Failed runs since the start.
    """

    every: timedelta
    last_success: datetime | None = None
    last_error: str | None = None
    failures: int = 0

    def succeed(self) -> None:
        """Note that it came to a good end just now."""
        self.last_success, self.last_error = clock.real(), None

    def progress(self) -> None:
        """Note that a run which takes long got on: it is not stuck."""
        self.last_success = clock.real()

    def fail(self, error: Exception) -> None:
        """Note that it failed."""
        self.failures += 1
        self.last_error = describe_error(error)


def describe_error(error: Exception) -> str:
    """Return what /readyz may say of an error, which is read by many: the text of others may repeat anything."""
    text = f": {error}" if isinstance(error, PUBLIC_ERRORS) else ""
    return f"{type(error).__name__}{text}"

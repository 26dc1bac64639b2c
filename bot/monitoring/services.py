"""Remember how Slack and Graph have answered last, and how far their clocks are from ours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import clock

# A Date header has whole seconds, and has been on its way.
ROUNDED: timedelta = timedelta(seconds=2)


@dataclass(kw_only=True)
class ServiceStatus:
    """
    The state of a service of somebody else's, by its answers; moments in real time.

    Attributes:
        answered_at: When it last did something for us, or refused one thing in particular.
        failed_at: When it last refused everything, or did not answer.
        failing_since: The first failure with nothing but failures after it; None if it works.
        error: What it said then, with its own codes, fit to be read by many.
        skew: How far our clock was ahead of its clock; None if it has not said.
    """

    answered_at: datetime | None = None
    failed_at: datetime | None = None
    failing_since: datetime | None = None
    error: str | None = None
    skew: timedelta | None = None

    def succeed(self) -> None:
        """Note that it works for us."""
        self.answered_at, self.failing_since, self.error = clock.real(), None, None

    def fail(self, error: str) -> None:
        """Note that it does not, and why."""
        self.failed_at, self.error = clock.real(), error
        if self.failing_since is None:
            self.failing_since = self.failed_at

    def compare_clock(self, theirs: datetime | None, *, took: timedelta) -> None:
        """Compare its clock when it answered with ours now; the exchange itself took so long."""
        if theirs is None:
            return
        apart = clock.real() - theirs
        if timedelta(0) <= apart <= ROUNDED + took:
            apart = timedelta(0)
        elif apart > ROUNDED + took:
            apart -= took
        self.skew = apart

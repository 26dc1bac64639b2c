"""
Remember requests that are not signed as Slack signs ours, and tell a wrong signing secret from strangers who knock.

Anybody may post to the endpoint.  What counts as a sign that something is wrong with us is a request which names our own Slack app,
while none was accepted since.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.monitoring import definitions
from bot.monitoring.figures import Figures
from handlers.dispatch.signature import SignatureProblem

log = structlog.get_logger(__name__)

# One may be anybody's.
ENOUGH: Final = 3
SHOWN_FOR: Final = timedelta(minutes=10)
# Whoever knocks all day fills no disk.
LOGGED_EVERY: Final = timedelta(minutes=1)


class Rejections:
    """
    The requests that came to the endpoint and were not accepted.

    Attributes:
        accepted_at: When a request was last accepted (real time); None if none was.
    """

    def __init__(self, figures: Figures, *, app_id: str) -> None:
        self._figures = figures
        self._app_id = app_id.encode()
        self._of_ours: list[tuple[datetime, SignatureProblem]] = []
        self._logged_at: dict[SignatureProblem, datetime] = {}
        self.accepted_at: datetime | None = None

    def accepted(self, body: bytes) -> None:
        """
        Note that a request was signed as it should be: the secret and the clock are right.

        Only one that names our app, as Slack's do: `latchkey doctor` signs with the secret of the settings, right or wrong.
        """
        if self._app_id not in body:
            return
        self._of_ours.clear()
        self.accepted_at = clock.real()

    def rejected(self, problem: SignatureProblem, body: bytes) -> None:
        """Count a request that was turned away, and remember it if it names our app."""
        self._figures.count(definitions.REJECTED, problem)
        now = clock.real()
        names_us = self._app_id in body
        if names_us:
            self._of_ours = [*self._of_ours[1 - ENOUGH :], (now, problem)]
        last = self._logged_at.get(problem)
        if last is None or now - last >= LOGGED_EVERY:
            self._logged_at[problem] = now
            log.warning("signature-rejected", reason=problem, code="names-us" if names_us else None)

    def problem(self) -> str | None:
        """Return what is probably wrong with our secret or clock, a sentence; None if nothing points to that."""
        lately = [each for at, each in self._of_ours if clock.real() - at < SHOWN_FOR]
        if len(lately) < ENOUGH:
            return None
        since = f"{self.accepted_at:%H:%M:%S} UTC" if self.accepted_at else "the start"
        if all(each is SignatureProblem.STALE for each in lately):
            return (
                f"requests that Slack has signed are refused as too old or too new, and none was accepted since {since}: "
                "is this machine's clock right?"
            )
        return (
            f"requests that name this Slack app are refused for their signature, and none was accepted since {since}: "
            "is SLACK_SIGNING_SECRET this app's?"
        )

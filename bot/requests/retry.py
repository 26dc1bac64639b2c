"""
A step of a request that failed: tried again later, and after too many in a row held until an admin looks at it.

Whoever is asked to wait has not failed: a 429, a missing token, a busy database, a pause, a delivery that Graph
says is under way.  Everything else that raises has, for whatever reason.
"""

from datetime import timedelta
from typing import Final

from bot import clock
from bot.database import Busy, Transaction
from bot.errors import LatchkeyError, TooSlow
from bot.requests.model import Request
from bot.requests.store import claims, holds
from bot.slack.errors import SlackBusy, SlackError
from bot.timing import backoff
from bot.words import N_
from graph.errors import AuthError, GraphError, Throttled

# Failed steps in a row; with the pauses between them that takes about an hour.
HELD_AFTER: Final = 12
# A step that was cut off has taken minutes: of those, three are enough.
FAILURES_OF_A_SLOW_STEP: Final = 4
# Doublings of the pause before a click is processed again.
LONGEST_WAIT_FOR_PEOPLE: Final = 4

# What may go wrong outside; anything else is a mistake of ours, and its traceback is wanted.
EXPECTED: Final = (GraphError, SlackError, Busy, LatchkeyError)
TOLD_TO_WAIT: Final = (Throttled, AuthError, SlackBusy, Busy)


def reschedule_or_hold(
    db: Transaction, /, request: Request, error: Exception, *, may_hold: bool = True
) -> None:
    """
    Give a claimed request back after a step that raised *error*; hold it if that was one too many.

    Args:
        may_hold: False while Graph fails everybody: that is no fault of this request, and passes.
    """
    pause = getattr(error, "retry_after", None)
    if isinstance(error, TOLD_TO_WAIT):
        due_at = clock.real() + (pause or backoff(request.attempts))
        claims.release(db, request, due_at=due_at, attempts=request.attempts + 1)
        return
    failures = request.failures + (FAILURES_OF_A_SLOW_STEP if isinstance(error, TooSlow) else 1)
    if failures >= HELD_AFTER and may_hold:
        holds.put(db, request, failures=failures, error=type(error).__name__, why=in_words(error))
        return
    due_at = clock.real() + (pause or backoff(request.failures))
    claims.release(db, request, due_at=due_at, attempts=request.attempts, failures=failures)


def in_words(error: Exception) -> str:
    """Return what went wrong, for an admin."""
    if isinstance(error, SlackError):
        return N_("Slack did not answer as it should: {error}.").format(error=error)
    if isinstance(error, EXPECTED):
        return str(error)
    return N_("Something broke in Latchkey itself; its log says what, at “step-failed”.")


def pause_after(error: Exception, *, attempts: int) -> timedelta:
    """Return how long somebody who waits for an answer is to wait more: as whoever failed asks, or half a minute at most."""
    pause: timedelta | None = getattr(error, "retry_after", None)
    return pause or backoff(min(attempts, LONGEST_WAIT_FOR_PEOPLE))

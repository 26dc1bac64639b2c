"""Find the queues that have something in them now."""

from typing import Any, Final

from bot import clock
from bot.approvals.store import approver_questions, decisions, recipients
from bot.assignments.store import assignments, troubles
from bot.database import Transaction, homes
from bot.database.replicas import queues
from bot.drift.store import wanted_answers
from bot.emergencies.store import emergencies, findings
from bot.notifications import owed_work
from bot.notifications.assignments.expiries import STILL_NEWS
from bot.notifications.owed_work import STUCK_AFTER_ATTEMPTS
from bot.notifications.store import notices
from bot.requests.store import claims, request_lists

# The job that looks for what is due.
LOOK_JOB: Final = "due"
# The jobs that do nothing but empty a queue, and what they look for.
QUEUES: Final = {
    "decisions": (
        decisions.ANY_PENDING,
        approver_questions.ANY_UNPROCESSED,
        findings.ANY_PENDING,
        request_lists.LAPSED,
        request_lists.ESCALATING,
        request_lists.POINTLESS,
    ),
    "requests": (claims.ANY_DUE,),
    "recipients": (recipients.ANY_DUE, emergencies.SEEKING),
    "messages": tuple(select for part in owed_work.PARTS.values() for select in part),
    "endings": (assignments.OWING_NEWS,),
    "redraws": (notices.ANY_STALE,),
    "homes": (homes.ANY_STALE,),
    "reprocessing": (troubles.ANY_TO_DO,),
    "drift answers": (wanted_answers.ANY_TO_DO,),
}
OWED: Final = queues.counting(
    {**owed_work.PARTS, "endings": QUEUES["endings"], "redraws": QUEUES["redraws"]}
)
LOOK: Final = queues.together(QUEUES, next_due=claims.NEXT_DUE)


def look(db: Transaction) -> queues.Due:
    """Find the queues in which something is due, and when the next request will be."""
    return queues.look(db, LOOK, _moments())


def owed_messages(db: Transaction) -> dict[str, int]:
    """Count the rows about which messages are owed, by what owes them; a thousand each at most."""
    return queues.count(db, OWED, _moments())


def _moments() -> dict[str, Any]:
    return {
        "now": clock.real(),
        "business_now": clock.now(),
        "since": clock.now() - STILL_NEWS,
        "attempts": STUCK_AFTER_ATTEMPTS,
    }

"""Read a page of what one person has and waits for: the same for a command and for App Home."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.approvals.model import NO_QUESTIONS, OpenQuestions
from bot.approvals.store import approver_questions
from bot.assignments.model import Assignment
from bot.assignments.store import assignment_lists
from bot.database import Transaction
from bot.packages.local_links import OpeningsByPackage
from bot.packages.offers import PoliciesHeldUnder
from bot.paging import ROWS_A_PAGE, Count, ListName, Page, Place, Start
from bot.people.store import people
from bot.requests.model import Request
from bot.requests.pausing import waits_for_pause
from bot.requests.store import request_lists


@dataclass(frozen=True, kw_only=True)
class AccessOverview:
    """
    A page of what one person has and, after that, of what else they wait for.

    Attributes:
        asked: The open requests about what is shown, by assignment.
        is_paused: All granting is paused, and something that is shown waits for that.
        questions: What waits for their answer, on the first page.
        held_under: The policies under which people have it, which say what these may do.
        opens: What they can open of what they have.
        is_connected_elsewhere: What they have is shown to another Slack account, which has signed in as them; here there is none.
    """

    held: Page[Assignment]
    waiting: Page[Request]
    asked: Mapping[str, Request]
    questions: OpenQuestions = NO_QUESTIONS
    held_under: PoliciesHeldUnder = field(default_factory=dict)
    opens: OpeningsByPackage = field(default_factory=dict)
    is_connected_elsewhere: bool = False
    is_paused: bool = False


def access_overview(
    db: Transaction,
    slack_user: str,
    place: Place | None = None,
    *,
    skip: int = 0,
    rows: int = ROWS_A_PAGE,
) -> AccessOverview:
    """Return what somebody has and waits for, from a place in that list on, or after so many rows of it."""
    start = Start(after=place.after if place else None, skip=skip)
    if place is not None and place.list is ListName.ASKED:
        nothing: Page[Assignment] = Page(rows=(), marks=(), count=Count(0), skipped=None)
        waiting = request_lists.waited_for(db, slack_user, start=start, rows=rows)
        return AccessOverview(
            held=nothing, waiting=waiting, asked={}, is_paused=waits_for_pause(db, waiting.rows)
        )
    held = assignment_lists.own_page(db, slack_user, start=start, rows=rows)
    before = skip - assignment_lists.count_own(db, slack_user) if held.is_beyond else 0
    waiting = request_lists.waited_for(
        db, slack_user, start=Start(skip=before), rows=rows - len(held.rows)
    )
    asked = request_lists.asked_about(db, slack_user, [row.id for row in held.rows])
    is_first = place is None and not skip
    questions = approver_questions.open_to(db, slack_user) if is_first else NO_QUESTIONS
    return AccessOverview(
        held=held,
        waiting=waiting,
        asked=asked,
        questions=questions,
        is_connected_elsewhere=is_first and not held.rows and _is_elsewhere(db, slack_user),
        is_paused=waits_for_pause(db, waiting.rows),
    )


def _is_elsewhere(db: Transaction, slack_user: str) -> bool:
    known = people.known_as(db, slack_user)
    return known is not None and known.is_proven_elsewhere

"""Read a page of what somebody has decided and reviewed, and delegates in their name, with the requests."""

from collections.abc import Sequence

from bot.approvals.model import Decision
from bot.approvals.store import decided
from bot.database import Transaction
from bot.database.keyset import newest_of
from bot.emergencies.model import Emergency
from bot.emergencies.store import closed
from bot.paging import ROWS_A_PAGE, Mark, Page, Start
from bot.requests.model import Request
from bot.requests.store import requests

# Of a request: a decision about it, or the review of the emergency access that it gave.
Decided = tuple[Decision | Emergency, Request]


def find_decided(
    db: Transaction, slack_user: str, after: Mark | None = None, *, rows: int = ROWS_A_PAGE
) -> Page[Decided]:
    """Return what somebody has decided and reviewed, themselves or by a delegate: right after one of these, the newest first."""
    start = Start(after=after)
    lists: Sequence[Page[Decision | Emergency]] = [
        decided.page(db, slack_user, start=start, rows=rows),
        closed.page(db, slack_user, start=start, rows=rows),
    ]
    found = newest_of(lists, start=start, rows=rows)
    about = requests.find_each(db, {each.request_id for each in found.rows})
    return Page(
        rows=[(each, about[each.request_id]) for each in found.rows],
        marks=found.marks,
        count=found.count,
        skipped=found.skipped,
    )

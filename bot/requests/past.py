"""Read a page of somebody's past requests, with what became of each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import clock
from bot.approvals.store import decisions
from bot.assignments.store import assignment_lists, assignments
from bot.database import Transaction
from bot.messages.overviews.past_requests import PastRequest
from bot.paging import Mark, Page
from bot.requests.model import Kind, State
from bot.requests.store import past


@dataclass(frozen=True, kw_only=True)
class FoundPast:
    """A page as the database has it, and the packages that the reader has or waits for."""

    page: Page[PastRequest]
    mine: frozenset[str]


def find_past(db: Transaction, slack_user: str, after: Mark | None) -> FoundPast:
    """Return a page of what somebody has asked for, or others for them, and is over."""
    found = past.page(db, slack_user, after=after)
    decided = decisions.accepted_of_each(db, found.rows)
    given = {each.assignment_id for each in found.rows if each.assignment_id is not None}
    access = {row.id: row for row in assignments.by_ids(db, given)} if given else {}
    rows = [
        PastRequest(
            request=each,
            decided=decided[each.id],
            access=access.get(each.assignment_id or "") if each.state is State.DELIVERED else None,
        )
        for each in found.rows
    ]
    page = Page(rows=rows, marks=found.marks, count=found.count, skipped=found.skipped)
    return FoundPast(page=page, mine=frozenset(assignment_lists.my_packages(db, slack_user)))


def may_ask_again(found: FoundPast, slack_user: str, offered: Collection[str]) -> frozenset[str]:
    """
    Return which of them the reader may ask for once more, by id: their own, of packages that they neither have nor wait for.

    What they asked for somebody else, they may ask for again whatever they have themselves.

    Args:
        offered: The packages that can be asked for, by id.
    """
    return frozenset(
        request.id
        for request in (each.request for each in found.page.rows)
        if request.kind is Kind.ADD
        and request.asked_by == slack_user
        and request.package_id in offered
        and (
            request.state is not State.DELIVERED
            if request.is_on_behalf
            else request.package_id not in found.mine
        )
    )


def kept_since(kept: timedelta | None) -> datetime | None:
    """Return before when what has ended is not kept; None: everything is."""
    return None if kept is None else clock.now() - kept

"""Check the shorter end until which an approver lets somebody have access."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.approvals.model import WrongEndKind
from bot.requests.model import Request


@dataclass(frozen=True, kw_only=True)
class WrongEnd:
    """
    An end that cannot be set.

    Attributes:
        bound: What it must be later than, or earlier than.
    """

    why: WrongEndKind
    bound: datetime | None = None


def find_wrong_end(
    request: Request, *, end: datetime, current_end: datetime | None, now: datetime
) -> WrongEnd | None:
    """
    Return what is wrong with an end that an approver sets at *now*; None if it can be granted.

    Args:
        current_end: When the access ends that is to be extended.
    """
    if not request.can_be_shortened:
        return WrongEnd(why=WrongEndKind.UNKNOWN)
    after = max(each for each in (now, request.starts_at, current_end) if each)
    if end <= after:
        return WrongEnd(why=WrongEndKind.TOO_EARLY, bound=after)
    latest = request.latest_end(now)
    if latest is not None and end >= latest:
        return WrongEnd(why=WrongEndKind.TOO_LATE, bound=latest)
    return None


def shortened(request: Request, end: datetime | None) -> Request:
    """Return the request with the end that an approver has set, unless an earlier one is set already."""
    if end is None or request.terms is None:
        return request
    earliest = min(each for each in (end, request.approved_until) if each)
    terms = replace(request.terms, approved_until=earliest.isoformat())
    return replace(request, terms=terms)

"""An emergency, its review, and what somebody says in it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.approvals.model import Outcome
from bot.requests.model import Request


class Finding(StrEnum):
    """The finding of somebody who reviews an emergency: all is well, or the access has to go now."""

    FINE = "fine"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True)
class Emergency:
    """
    Access that was given without an approval, and its review.  Times are aware UTC.

    Attributes:
        opened_at: When Entra took the grant on; access may exist since then.
        review_by: Until when somebody else has to close the review.
        reviewers: Slack users who are asked to review it, as far as they were found.
        remind_at: When to look whether somebody is to be reminded; None once it is closed.
        reminders: How often those who review it were reminded.
        escalated_at: When the admins were told that nobody reviews it.
        finding: How it was closed; None while it is open.
        closed_by, closed_entra_id, closed_name: Who closed it.
        as_admin: They closed it as an admin, and not as somebody whom the policy names.
        for_user, for_name: The approver for whom a delegate closed it.
        removal_id: The request that takes the access away.
    """

    request_id: str
    holder: str
    entra_id: str
    package_id: str
    opened_at: datetime
    review_by: datetime
    reviewers: tuple[str, ...] = ()
    remind_at: datetime | None = None
    reminders: int = 0
    escalated_at: datetime | None = None
    finding: Finding | None = None
    comment: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    closed_entra_id: str | None = None
    closed_name: str | None = None
    as_admin: bool = False
    for_user: str | None = None
    for_name: str | None = None
    removal_id: str | None = None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it should have been reviewed by now."""
        return self.is_open and now >= self.review_by


@dataclass(frozen=True, kw_only=True)
class ReviewFinding:
    """
    A finding that somebody has sent in the form of a review; it is saved first, and counts once it is known who they are.

    Attributes:
        team: The workspace it came from, as Slack says.
        why: Why it did not count.
    """

    id: str
    request_id: str
    finding: Finding
    comment: str
    slack_user: str
    at: datetime
    team: str | None = None
    outcome: Outcome | None = None
    why: str | None = None
    entra_id: str | None = None
    attempts: int = 0


@dataclass(frozen=True, kw_only=True)
class ReviewedRequest:
    """
    An emergency with its request.

    Attributes:
        is_over: The access has ended, or Entra has not given it: there is nothing to take away.
    """

    emergency: Emergency
    request: Request
    is_over: bool = False

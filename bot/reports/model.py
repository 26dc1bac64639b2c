"""Say what the figures about access and decisions are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.requests.model import State

ONE_WEEK: Final = timedelta(days=7)


class RequestOutcome(StrEnum):
    """The end of a request for access, as people read it."""

    GRANTED = "granted"
    DENIED = "denied"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELED = "canceled"
    FAILED = "failed"


OUTCOMES: Final[Mapping[State, RequestOutcome]] = {
    State.DELIVERED: RequestOutcome.GRANTED,
    State.DENIED: RequestOutcome.DENIED,
    State.REFUSED: RequestOutcome.REFUSED,
    State.LAPSED: RequestOutcome.EXPIRED,
    State.CANCELED: RequestOutcome.CANCELED,
    State.FAILED: RequestOutcome.FAILED,
}


@dataclass(frozen=True, kw_only=True)
class Period:
    """
    From when until when is counted.

    Attributes:
        until: Not itself in it.
    """

    since: datetime
    until: datetime

    @property
    def days(self) -> int:
        """Return how many days that are, to the nearest."""
        return round((self.until - self.since) / timedelta(days=1))

    def weeks(self) -> list["Period"]:
        """Return its weeks, the oldest first; the last one ends with it, and the first may be shorter."""
        found, until = [], self.until
        while until > self.since:
            since = max(until - ONE_WEEK, self.since)
            found.append(Period(since=since, until=until))
            until = since
        return found[::-1]


@dataclass(frozen=True, kw_only=True)
class CurrentAccess:
    """
    Access that somebody has now.

    Attributes:
        holder: Their Slack id, where it is known.
        holder_name: Their name in Entra, where it is known.
        starts_at: Since when; None: Entra does not say.
        ends_at: Until when; None: it has no end.
    """

    id: str
    entra_id: str
    holder: str | None
    holder_name: str | None
    package_id: str
    package_name: str
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class CountedDecision:
    """
    A decision that counted.

    Attributes:
        by: Who decided, by name; the id where no name is known.
        by_id: The same by an id: of Slack's, or of Entra's where it was made there.
        for_name: Whom they decided for, as a delegate.
        approves: False: it denied.
        in_entra: It was made in Microsoft Entra, by no button of Latchkey's.
    """

    by: str
    by_id: str
    for_name: str | None = None
    approves: bool
    reason: str | None = None
    at: datetime
    in_entra: bool = False


@dataclass(frozen=True, kw_only=True)
class FinishedRequest:
    """
    A request for access, or for an extension, that has ended in the period.

    Attributes:
        why: Why it was refused or has failed, in a sentence.
        justification: Why they asked, in their words.
        decisions: Those that counted, in order; none where nobody had to approve.
        entra_decides: It was decided in Entra: by those whose decisions are here, and by whoever decided there.
    """

    id: str
    outcome: RequestOutcome
    is_extension: bool
    package_id: str
    package_name: str
    holder: str | None
    holder_name: str | None
    asked_at: datetime
    ended_at: datetime
    why: str | None = None
    justification: str | None = None
    decisions: tuple[CountedDecision, ...] = ()
    entra_decides: bool = False

    @property
    def decided_in(self) -> timedelta | None:
        """Return how long it took from asking to the last decision; None if nobody decided."""
        return max(each.at for each in self.decisions) - self.asked_at if self.decisions else None


@dataclass(frozen=True, kw_only=True)
class PackageFigures:
    """
    One package.

    Attributes:
        holders: How many accesses to it people have now.
        ending: How many of these end soon.
        decided_in: Half of its decisions took no longer; None where there were none.
    """

    id: str
    name: str
    catalog: str
    holders: int
    ending: int
    granted: int
    denied: int
    decided_in: timedelta | None


@dataclass(frozen=True, kw_only=True)
class WeekFigures:
    """The figures of what ended within a week of the period."""

    week: Period
    granted: int
    denied: int


@dataclass(frozen=True, kw_only=True)
class ApproverFigures:
    """
    The figures of what somebody has decided.

    Attributes:
        name: Told apart from everybody else in the figures.
        decided_in: Half of the requests that they had a part in were decided in no longer.
    """

    name: str
    approved: int
    denied: int
    decided_in: timedelta


@dataclass(frozen=True, kw_only=True)
class CountedReason:
    """A reason, and how often it was given."""

    reason: str
    outcome: RequestOutcome | None = None
    count: int


@dataclass(frozen=True, kw_only=True)
class UnusedPolicy:
    """A policy under which nobody has, or had, access, as far as Latchkey knows."""

    package_name: str
    policy_name: str


@dataclass(frozen=True, kw_only=True)
class ReportFigures:
    """
    The figures about some packages.

    Attributes:
        at: When they were made.
        period: Of what has ended.
        ends_before: What ends before then, ends soon.
        packages: All that were asked about, by name; behind them those that are not known any more, where all were.
        current: All access that people have to them, what ends first at the front, what has no end last.
        finished: The requests of the period, the newest first.
        decided_in: Half of the decisions took no longer, from asking to the last decision; None: there were none.
        most_decided_in: Nine of ten took no longer.
        why_not: Why requests were denied or refused, the most frequent first.
        reasons: Why people asked, the most frequent first, where several gave the same reason.
        reasonless: How many of the requests have no reason.
        kept_since: What has ended before may be deleted; None: everything is kept.
    """

    at: datetime
    period: Period
    ends_before: datetime
    packages: Sequence[PackageFigures]
    current: Sequence[CurrentAccess]
    finished: Sequence[FinishedRequest]
    outcomes: dict[RequestOutcome, int]
    weeks: Sequence[WeekFigures]
    decided_in: timedelta | None
    most_decided_in: timedelta | None
    approvers: Sequence[ApproverFigures]
    why_not: Sequence[CountedReason]
    reasons: Sequence[CountedReason]
    reasonless: int
    unused: Sequence[UnusedPolicy]
    kept_since: datetime | None = None

    @property
    def ending(self) -> list[CurrentAccess]:
        """Return what ends soon, the first end at the front."""
        return [
            each
            for each in self.current
            if each.ends_at is not None and each.ends_at < self.ends_before
        ]

    @property
    def granted(self) -> list[FinishedRequest]:
        """Return the requests that were granted, the newest first."""
        return [each for each in self.finished if each.outcome is RequestOutcome.GRANTED]

    @property
    def longest_held(self) -> list[CurrentAccess]:
        """Return the accesses of which it is known since when, the oldest first."""
        known = [each for each in self.current if each.starts_at is not None]
        return sorted(known, key=lambda each: (each.starts_at or self.at, each.id))

    @property
    def people(self) -> int:
        """Return how many people have access to one of the packages or more."""
        return len({each.entra_id for each in self.current})

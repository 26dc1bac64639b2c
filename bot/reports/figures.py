"""Make the figures about access and decisions, for the owners' digest, the report and everybody else."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.database import Transaction
from bot.messages.phrases.alike import told_apart
from bot.packages.model import Package
from bot.packages.store import catalog
from bot.reports.model import (
    ApproverFigures,
    CountedDecision,
    CountedReason,
    CurrentAccess,
    FinishedRequest,
    PackageFigures,
    Period,
    ReportFigures,
    RequestOutcome,
    UnusedPolicy,
    WeekFigures,
)
from bot.reports.store import rows

NEVER: Final = datetime.max.replace(tzinfo=UTC)
# Behind the name of whoever has decided there.
IN_ENTRA: Final = " (in Microsoft Entra)"
# In the place of its catalog, of a package that was deleted, or is of a catalog that is left out by now.
GONE: Final = "(no longer in Latchkey)"


def figures(
    db: Transaction,
    *,
    at: datetime,
    period: Period,
    ends_within: timedelta,
    package_ids: Collection[str] | None = None,
    trend: Period | None = None,
    kept: timedelta | None = None,
) -> ReportFigures:
    """
    Make the figures about some packages.

    Args:
        at: Now.
        ends_within: What ends so soon after *at* is listed as ending.
        package_ids: Only of these, also where they are not known any more; None: of all.
        trend: Whose weeks are counted one by one; ends with *period*, or is None, and then *period* itself.
        kept: For how long what has ended is kept; None: for ever.
    """
    packages = [
        each for each in catalog.list_all(db) if package_ids is None or each.id in package_ids
    ]
    policies = {policy.id for each in packages for policy in each.policies}
    trend = trend or period
    return make_figures(
        packages,
        at=at,
        period=period,
        trend=trend,
        ends_before=at + ends_within,
        current=rows.current_access(db, package_ids),
        finished=rows.finished(db, package_ids, trend),
        used=rows.used_policies(db, policies),
        kept_since=at - kept if kept is not None else None,
    )


def make_figures(
    packages: Sequence[Package],
    *,
    at: datetime,
    period: Period,
    trend: Period,
    ends_before: datetime,
    current: Iterable[CurrentAccess],
    finished: Iterable[FinishedRequest],
    used: Collection[str],
    kept_since: datetime | None = None,
) -> ReportFigures:
    """
    Make the figures of what was read.

    Args:
        packages: Those that are counted.
        current, finished: Of these packages, in whatever order; where all are meant, of those that are there no more as well.
        used: Ids of the policies under which somebody has access, or had.
        kept_since: What has ended before may be deleted; None: everything is kept.
    """
    # What is over by its end, and Entra has not said so yet, is no access any more; what begins later is none yet.
    now = sorted(
        (
            each
            for each in current
            if (each.ends_at is None or each.ends_at > at)
            and (each.starts_at is None or each.starts_at <= at)
        ),
        key=lambda each: (each.ends_at or NEVER, each.holder_name or "", each.id),
    )
    now = _holders_told_apart(now)
    every = sorted(finished, key=lambda each: (each.ended_at, each.id), reverse=True)
    ended = [each for each in every if each.ended_at >= period.since]
    waits = [each.decided_in for each in ended if each.decided_in is not None]
    return ReportFigures(
        at=at,
        period=period,
        ends_before=ends_before,
        packages=_by_package(
            [*packages, *_gone(packages, now, ended)], now, ended, ends_before=ends_before
        ),
        current=now,
        finished=ended,
        outcomes=dict(Counter(each.outcome for each in ended)),
        weeks=[_of_week(week, every) for week in trend.weeks()],
        decided_in=share_within(waits, 0.5),
        most_decided_in=share_within(waits, 0.9),
        approvers=_by_approver(ended),
        why_not=_why_not(ended),
        reasons=_reasons(ended),
        reasonless=sum(not each.justification for each in ended),
        unused=[
            UnusedPolicy(package_name=each.name, policy_name=policy.name)
            for each in packages
            for policy in each.policies
            if policy.id not in used
        ],
        kept_since=kept_since,
    )


def _holders_told_apart(current: Sequence[CurrentAccess]) -> list[CurrentAccess]:
    """Return the same access, where two who have some have one name with whose it is."""
    named = {each.entra_id: each.holder_name for each in current if each.holder_name}
    names = told_apart(named)
    return [replace(each, holder_name=names.get(each.entra_id)) for each in current]


def _gone(
    packages: Collection[Package],
    current: Sequence[CurrentAccess],
    ended: Sequence[FinishedRequest],
) -> list[Package]:
    """Return the packages that people have asked for, or have, and that are there no more, as they were called last."""
    known = {each.id for each in packages}
    # The newest request is the first.
    called = {each.package_id: each.package_name for each in reversed(ended)}
    called |= {each.package_id: each.package_name for each in current}
    return sorted(
        (
            Package(id=package_id, slug=package_id, name=name, catalog=GONE)
            for package_id, name in called.items()
            if package_id not in known
        ),
        key=lambda each: (each.name, each.id),
    )


def share_within(waits: Collection[timedelta], share: float) -> timedelta | None:
    """Return the shortest of *waits* that *share* of them are no longer than; None if there are none."""
    ordered = sorted(waits)
    # The nearest rank: a wait that somebody had, and no mean of two.
    return ordered[max(1, math.ceil(len(ordered) * share)) - 1] if ordered else None


@dataclass
class _Tally:
    """The counts of one package."""

    holders: int = 0
    ending: int = 0
    granted: int = 0
    denied: int = 0

    def __post_init__(self) -> None:
        self.waits: list[timedelta] = []


def _by_package(
    packages: Sequence[Package],
    current: Iterable[CurrentAccess],
    finished: Iterable[FinishedRequest],
    *,
    ends_before: datetime,
) -> list[PackageFigures]:
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    for access in current:
        tally = tallies[access.package_id]
        tally.holders += 1
        tally.ending += access.ends_at is not None and access.ends_at < ends_before
    for request in finished:
        tally = tallies[request.package_id]
        tally.granted += request.outcome is RequestOutcome.GRANTED
        tally.denied += request.outcome is RequestOutcome.DENIED
        if request.decided_in is not None:
            tally.waits.append(request.decided_in)
    return [
        PackageFigures(
            id=package.id,
            name=package.name,
            catalog=package.catalog,
            holders=tallies[package.id].holders,
            ending=tallies[package.id].ending,
            granted=tallies[package.id].granted,
            denied=tallies[package.id].denied,
            decided_in=share_within(tallies[package.id].waits, 0.5),
        )
        for package in packages
    ]


def _of_week(week: Period, finished: Iterable[FinishedRequest]) -> WeekFigures:
    within = Counter(each.outcome for each in finished if week.since <= each.ended_at < week.until)
    return WeekFigures(
        week=week,
        granted=within[RequestOutcome.GRANTED],
        denied=within[RequestOutcome.DENIED],
    )


def _by_approver(finished: Iterable[FinishedRequest]) -> list[ApproverFigures]:
    """Return who has decided, and how much, whoever decided most at the front; two of one name are two."""
    made: defaultdict[tuple[str, bool], list[tuple[CountedDecision, timedelta]]] = defaultdict(list)
    for request in finished:
        for decision in request.decisions:
            who = decision.by_id, decision.in_entra
            made[who].append((decision, decision.at - request.asked_at))
    # Requests come the newest first, so this is what they are called by now.
    names = {
        there: told_apart(
            {who: decided[0][0].by for (who, at), decided in made.items() if at is there}
        )
        for there in (False, True)
    }
    found = [
        ApproverFigures(
            name=f"{names[in_entra][who]}{IN_ENTRA if in_entra else ''}",
            approved=sum(each.approves for each, _ in decided),
            denied=sum(not each.approves for each, _ in decided),
            decided_in=share_within([wait for _, wait in decided], 0.5) or timedelta(0),
        )
        for (who, in_entra), decided in made.items()
    ]
    return sorted(found, key=lambda each: (-each.approved - each.denied, each.name))


def _why_not(finished: Iterable[FinishedRequest]) -> list[CountedReason]:
    """Return why requests were denied or refused, the most frequent first."""
    counted: Counter[tuple[RequestOutcome, str]] = Counter()
    for request in finished:
        if request.outcome is RequestOutcome.DENIED:
            denials = [each.reason for each in request.decisions if not each.approves]
            counted[request.outcome, next(filter(None, denials), "")] += 1
        elif request.outcome in {RequestOutcome.REFUSED, RequestOutcome.FAILED}:
            counted[request.outcome, request.why or ""] += 1
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return [
        CountedReason(reason=reason, outcome=outcome, count=count)
        for (outcome, reason), count in ordered
    ]


def _reasons(finished: Iterable[FinishedRequest]) -> list[CountedReason]:
    """Return the reasons that were given more than once, whatever their capitals, the most frequent first."""
    spelled: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for request in finished:
        said = " ".join((request.justification or "").split())
        if said:
            spelled.setdefault(said.casefold(), said)
            counted[said.casefold()] += 1
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return [CountedReason(reason=spelled[key], count=count) for key, count in ordered if count > 1]

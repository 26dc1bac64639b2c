"""
Compare: which access nobody has asked for, what lasts longer than was approved, and who is in a group without a reason.

Pure: facts in, mismatches out.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress, EndReason
from bot.drift.model import DriftKind, Found
from bot.requests.model import Kind, Request
from graph.values import moment_after

# What has only just begun or ended is not there everywhere yet.
GRACE: Final = timedelta(hours=1)
# Graph tries for hours; after that somebody must look.
STUCK_FOR: Final = timedelta(days=1)
# Entra counts from another moment than we do.
SAME_END: Final = timedelta(hours=1)
# An assignment is an operator's if it starts so long before or after their grant: clocks differ, and Graph does not say
# whether its start is when it was asked for or when it was delivered.  What takes longer than that is told as stuck.
BEFORE_GRANT: Final = timedelta(hours=1)
AFTER_GRANT: Final = STUCK_FOR


@dataclass(frozen=True, kw_only=True)
class Approved:
    """
    Tell what was approved for some people, as far as Latchkey knows.

    Attributes:
        gave: The last request that gave each assignment, or made it longer, by the assignment's id.
        under_way: Persons and packages of open requests for new access.
        extending: Assignments of open requests that may have reached Entra.
        given: What operators have given, by person and package: each moment at which that was to start, or was made
            longer by them, as Entra may answer an extension with another start.
        made_longer: What they have extended, by the same: when they did so last.
        automatic: Policies under which Entra gives by itself.
        told: Assignments of which the admins are told something else already: that they are there again.
    """

    gave: Mapping[str, Request]
    under_way: Collection[tuple[str, str]] = ()
    extending: Collection[str] = ()
    given: Mapping[tuple[str, str], Collection[datetime]]
    made_longer: Mapping[tuple[str, str], datetime]
    automatic: Collection[str] = ()
    told: Collection[str] = ()


def of_assignments(
    rows: Sequence[Assignment], approved: Approved, *, now: datetime
) -> Iterator[Found]:
    """Find, among assignments that have not ended, what no request gave, what is stuck, and what lasts too long."""
    for row in rows:
        if row.state is not AssignmentState.LIVE:
            continue
        if row.progress is DeliveryProgress.DELIVERING:
            since = row.progress_at
            if since is not None and now - since >= STUCK_FOR:
                yield _found(DriftKind.STUCK, row, since=since)
            continue
        request, whose = approved.gave.get(row.id), (row.entra_id, row.package_id)
        if request is None:
            is_known = (
                _is_given(row, approved.given.get(whose, ()))
                or whose in approved.under_way
                or row.id in approved.told
                or row.policy_id in approved.automatic
            )
            if not is_known:
                yield _found(DriftKind.UNASKED, row, since=row.starts_at)
            continue
        longer = approved.made_longer.get(whose)
        if row.id in approved.extending or (longer and longer >= (request.ended_at or longer)):
            continue
        until = approved_end(request)
        if until is not None and (row.ends_at is None or row.ends_at > until + SAME_END):
            mark = row.ends_at.strftime("%Y-%m-%d %H:%M") if row.ends_at else "never"
            yield _found(DriftKind.LATER_END, row, mark=mark, approved_until=until)


def _is_given(row: Assignment, starts: Collection[datetime]) -> bool:
    """Tell whether an assignment is one that an operator gave; of one without a start, any that they gave counts."""
    at = row.starts_at
    if at is None:
        return bool(starts)
    return any(each - BEFORE_GRANT <= at <= each + AFTER_GRANT for each in starts)


def approved_end(request: Request) -> datetime | None:
    """
    Return until when a request that was delivered lets somebody have access; None: without an end.

    That is the end which Entra showed then, and no later than what was approved.
    """
    ends = [request.ends_at, request.approved_until]
    terms = request.terms
    if terms is not None and request.kind is Kind.ADD:
        began = max(each for each in (request.starts_at, request.ended_at) if each)
        if terms.longest_seconds is not None:
            ends.append(moment_after(began, timedelta(seconds=terms.longest_seconds)))
        if terms.latest_end is not None:
            ends.append(datetime.fromisoformat(terms.latest_end))
    return min((each for each in ends if each), default=None)


def ended_in_entra(
    rows: Sequence[Assignment],
    gave: Mapping[str, Request],
    *,
    has_now: Collection[tuple[str, str]],
) -> Iterator[Found]:
    """Find access of ours that was ended in Entra, where the person does not have it again."""
    for row in rows:
        if row.id in gave and (row.entra_id, row.package_id) not in has_now:
            yield _found(DriftKind.ENDED_OUTSIDE, row, since=row.ended_at)


def of_request(request: Request) -> Found:
    """Say that Entra has not carried out a request, and shows no assignment of it."""
    sent_at = request.intent_at or request.asked_at
    return Found(
        kind=DriftKind.STUCK,
        about=request.id,
        request_id=request.id,
        entra_id=request.entra_id or "",
        person_name=request.holder_name,
        package_id=request.package_id,
        package_name=request.package_name,
        since=max(sent_at, request.starts_at or sent_at),
    )


@dataclass(frozen=True, kw_only=True)
class GivenGroup:
    """A group of which packages make people members; these, by id, with their names."""

    id: str
    name: str
    packages: Mapping[str, str]


def missing_members(
    group: GivenGroup, members: Collection[str], held: Sequence[Assignment], *, now: datetime
) -> Iterator[Found]:
    """
    Find those who have a package which gives the group, and are not in it.

    Args:
        members: Entra ids of everybody in it, those of groups within it included.
    """
    for row in held:
        is_settled = row.progress_at is not None and now - row.progress_at >= GRACE
        is_there = (
            row.state is AssignmentState.LIVE
            and row.progress is DeliveryProgress.DELIVERED
            and row.unreadable_since is None
            and row.gone_at is None
            and (row.ends_at is None or row.ends_at > now)
        )
        if is_there and is_settled and row.entra_id not in members:
            yield _found(
                DriftKind.NOT_MEMBER, row, about=group.id, mark=_short(row.id), group=group.name
            )


def nested_groups(group: GivenGroup, nested: Mapping[str, str | None]) -> Iterator[Found]:
    """
    Find the groups within the group: no package gives it to those who are in these.

    Args:
        nested: Their names by Entra id.
    """
    package_id, package_name = first_package(group)
    for entra_id, name in nested.items():
        yield Found(
            kind=DriftKind.NESTED,
            about=group.id,
            entra_id=entra_id,
            person_name=name,
            package_id=package_id,
            package_name=package_name,
            group_name=group.name,
        )


def first_package(group: GivenGroup) -> tuple[str, str]:
    """Return the id and the name of the package that stands for all that give a group."""
    return min(group.packages.items(), key=lambda each: each[1])


def extra_members(
    group: GivenGroup,
    members: Mapping[str, str | None],
    *,
    direct: Collection[str],
    accepted: Collection[str] = (),
    past: Mapping[str, Assignment],
    told: Mapping[str, Found],
    now: datetime,
) -> Iterator[Found]:
    """
    Find those who are in the group and have no package which gives it.

    Whose access has ended is known as long as they are in the group, even if its row is deleted by then (retention).

    Args:
        members: Their names by Entra id; of those only who have none of its packages, and ask for none.
        direct: Entra ids of those who are in it themselves, and not only in a group within it, which is told by itself.
        accepted: Entra ids of those who are in it only by groups within it that an admin has settled: nothing new is told
            of them.
        past: The access to one of its packages that each of them has had last.
        told: What was found of each of them in this group before, and has not passed.
    """
    for entra_id, name in members.items():
        known = told.get(entra_id)
        was_told = known is not None and known.kind is DriftKind.STILL_MEMBER
        if entra_id in accepted and not was_told:
            continue
        row = past.get(entra_id)
        if row is not None and row.ended_why != EndReason.NEVER_DELIVERED:
            if row.ended_at is not None and now - row.ended_at >= GRACE:
                yield _found(
                    DriftKind.STILL_MEMBER,
                    row,
                    about=group.id,
                    group=group.name,
                    since=row.ended_at,
                )
            continue
        if known is not None and was_told:
            yield replace(known, person_name=name or known.person_name)
            continue
        if entra_id not in direct:
            continue
        package_id, package_name = first_package(group)
        yield Found(
            kind=DriftKind.MEMBER,
            about=group.id,
            entra_id=entra_id,
            person_name=name,
            package_id=package_id,
            package_name=package_name,
            group_name=group.name,
        )


def _short(assignment_id: str) -> str:
    """Return what tells an assignment from another of the same person."""
    return assignment_id.replace("-", "")[:24]


def _found(
    kind: DriftKind,
    row: Assignment,
    *,
    about: str | None = None,
    mark: str = "",
    group: str | None = None,
    since: datetime | None = None,
    approved_until: datetime | None = None,
) -> Found:
    return Found(
        kind=kind,
        about=about or row.id,
        mark=mark,
        entra_id=row.entra_id,
        person_name=row.holder_name,
        package_id=row.package_id,
        package_name=row.package_name,
        assignment_id=row.id,
        group_name=group,
        since=since,
        ends_at=row.ends_at,
        approved_until=approved_until,
    )

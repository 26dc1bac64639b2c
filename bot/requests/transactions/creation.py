"""
The desk's transactions: a wish checked against the tables, and the row it becomes.

Plain functions of one connection; whatever must be read in Slack or Entra is read later, by the jobs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Concatenate, Final, ParamSpec, TypeVar

from bot import chance, clock
from bot.approvals.model import Decision
from bot.approvals.store import decisions
from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress, TroubleKind
from bot.assignments.store import assignments, troubles
from bot.database import Transaction, audit, deduplication, limits
from bot.database.limits import EXTENSIONS, REFUSALS, Limit
from bot.errors import (
    NotAllowed,
    TooLate,
    TooOften,
    WrongFields,
)
from bot.packages import names as package_names
from bot.packages.model import Package
from bot.packages.offers import agreed_dates, find_wrong_dates
from bot.packages.questions import Answers, find_wrong_answers, normalize_answers
from bot.packages.store import catalog
from bot.people.model import DONE, Verb
from bot.people.permissions import Actor, may
from bot.people.store import people
from bot.requests import transitions
from bot.requests.model import MOVES, Kind, Request, State
from bot.requests.store import request_lists, requests

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A wish that is on disk; *is_new* is False when the same one was open already."""

    request: Request
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A click on Approve or Deny that still lacks its reason."""

    decision: Decision
    request: Request


@dataclass(frozen=True, kw_only=True)
class FilledIn:
    """
    A form to ask for a package, as somebody has filled it in.

    Attributes:
        policy_id: The policy whose questions were answered.
        is_chosen: There were several, and the person chose.
        answers: By question id, as they were given.
    """

    slack_user: str
    package_id: str
    policy_id: str | None
    is_chosen: bool = False
    reason: str | None = None
    answers: Answers = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Look:
    """
    An admin's look at a list of what is other people's.

    Attributes:
        of: Which list.
        about: What it is narrowed to.
        key: What tells the command or click from every other; None if it has been noted already.
    """

    slack_user: str
    of: str
    about: str | None = None
    key: str | None = None


TOO_MANY: Final = "You have asked for more access in this hour than one person may"
ON_ITS_WAY: Final = {
    State.APPROVED: "on its way to Entra",
    State.SUBMITTED: "being set up by Entra",
}


def so_far(request: Request) -> str:
    """Where a request is, for a sentence."""
    return ON_ITS_WAY.get(request.state, str(request.state))


def ask_by_form(db: Transaction, filled: FilledIn, asks: Limit) -> Taken:
    _insist_on_member(db, filled.slack_user)
    package = catalog.find(db, filled.package_id)
    if package is None or not package.can_be_asked_for:
        raise TooLate("That package is not offered any more.")
    policy = next((each for each in package.policies if each.id == filled.policy_id), None)
    if policy is None:
        raise WrongFields({"policy": "Please choose one."})
    if policy.not_askable:
        raise WrongFields({"policy" if filled.is_chosen else "reason": policy.not_askable})
    now = clock.now()
    reason = package_names.clean(filled.reason or "")[: package_names.LONGEST_REASON] or None
    fields = find_wrong_dates(policy, start=filled.start, end=filled.end, now=now)
    if policy.needs_reason and reason is None:
        fields["reason"] = "Please say why you need it."
    answers = normalize_answers(policy.questions, filled.answers)
    wrong = find_wrong_answers(policy.questions, answers)
    if fields or wrong:
        raise WrongFields(fields, wrong)
    starts_at, ends_at = agreed_dates(policy, start=filled.start, end=filled.end, now=now)
    already = request_lists.open_of(db, filled.slack_user, package.id, Kind.ADD)
    if already is not None:
        return Taken(request=already, is_new=False)
    _count(db, filled.slack_user, asks, TOO_MANY)
    return _take(
        db,
        replace(
            new_request(filled.slack_user, package, reason),
            answers=answers,
            # Answers belong to the policy that asked; so does a choice.
            wanted_policy_id=policy.id if filled.is_chosen or answers or ends_at else None,
            starts_at=starts_at,
            ends_at=ends_at,
        ),
    )


def new_request(slack_user: str, package: Package, reason: str | None) -> Request:
    """What somebody asks for, as it begins."""
    return Request(
        id=chance.new_id(),
        kind=Kind.ADD,
        state=State.RECEIVED,
        holder=slack_user,
        asked_by=slack_user,
        package_id=package.id,
        package_name=package.name,
        justification=reason,
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=clock.real(),
    )


def _insist_on_member(db: Transaction, slack_user: str) -> None:
    """Read nothing for somebody whom Slack has called no member a moment ago."""
    why = limits.guest_refusal(db, slack_user)
    if why is not None:
        raise NotAllowed(why)


def _count(db: Transaction, slack_user: str, limit: Limit, what: str) -> None:
    again_in = limits.take(db, slack_user, limit)
    if again_in is not None:
        raise TooOften(what, again_in=again_in)


def _take(db: Transaction, request: Request) -> Taken:
    added = requests.add(db, request)
    if added is not None:
        return Taken(request=added, is_new=True)
    for other in (
        request_lists.open_of(db, request.holder, request.package_id, request.kind)
        if request.holder
        else None,
        *(
            each
            for each in request_lists.open_for_assignment(db, request.assignment_id or "")
            if each.kind is request.kind
        ),
    ):
        if other is not None:
            return Taken(request=other, is_new=False)
    raise TooLate("That has just been done. Please look again.")


def take_decision(db: Transaction, decision: Decision) -> Draft | None:
    request = requests.get(db, decision.request_id)
    if request is None:
        raise TooLate("I do not know that request any more.")
    _insist_on_patience(db, decision)
    stage = request.current_stage
    # Somebody who may not decide anyway, or comes too late, is told so without being asked for a reason.
    in_time = request.lapses_at is None or decision.at < request.lapses_at
    current = in_time and request.state is State.PENDING and request.ask_id == _ask_id_of(decision)
    needs_reason = decision.verb is Verb.DENY or bool(stage and stage.reason_required)
    is_draft = current and needs_reason and decision.slack_user != request.holder
    same = decisions.open_like(db, decision)
    if same is not None and same[1] == is_draft:
        # Pressed again before it was judged, or after the form was closed: one click.
        return Draft(decision=same[0], request=request) if is_draft else None
    decisions.add(
        db, decision, holder=request.holder, holder_entra_id=request.entra_id, is_draft=is_draft
    )
    return Draft(decision=decision, request=request) if is_draft else None


def _insist_on_patience(db: Transaction, decision: Decision) -> None:
    """
    Judge no more clicks on this card of somebody whom it has refused, and who is refused all the time.

    Any other card they may decide: nobody is kept from approving by what was refused elsewhere.
    """
    again_in = limits.time_left(db, decision.slack_user, REFUSALS)
    if again_in is not None and decisions.was_refused(db, decision):
        raise TooOften(
            "That was refused, and so were many other clicks of yours in this hour",
            again_in=again_in,
        )


def _ask_id_of(decision: Decision) -> str:
    return f"{decision.request_id}{decision.round:02x}{decision.stage:02x}"


def explain(db: Transaction, decision_id: str, slack_user: str, reason: str) -> None:
    if not decisions.explain(db, decision_id, slack_user=slack_user, reason=reason):
        raise TooLate("That decision has been sent already. Please look at the card.")


def cancel(db: Transaction, slack_user: str, request_id: str) -> Request:
    request = requests.get(db, request_id)
    if request is None:
        raise TooLate("I do not know that request any more.")
    _insist(slack_user, Verb.CANCEL, request.asked_by)
    if request.state is State.CANCELED:
        raise TooLate("You have withdrawn that request already.")
    if State.CANCELED not in MOVES.get(request.state, ()) or request.intent_at is not None:
        raise TooLate(f"That request cannot be withdrawn any more: {_fate(db, request)}.")
    moved = transitions.cancel(db, request, actor=slack_user)
    if moved is None:
        current = requests.get(db, request_id) or request
        raise TooLate(f"Somebody was faster: {_fate(db, current)}. Please look again.")
    return moved


def _fate(db: Transaction, request: Request) -> str:
    """What has become of a request, and through whom."""
    counted = decisions.accepted_of(db, request)
    if not counted or request.state is State.SUBMITTED:
        return f"it is {so_far(request)}"
    last = counted[-1]
    return f"it was {DONE[last.verb]} by {last.name or 'somebody else'}"


def _insist(slack_user: str, verb: Verb, holder: str | None) -> None:
    why = may(Actor(slack_user=slack_user), verb, holder=holder, holder_entra_id=None)
    if why:
        raise NotAllowed(why)


def _insist_on_own(db: Transaction, slack_user: str, verb: Verb, assignment: Assignment) -> None:
    """Insist that access is of whoever wants something of it: by their own binding, not by where its messages go."""
    if (why := _why_not_own(db, slack_user, verb, assignment)) is not None:
        raise NotAllowed(why)


def _why_not_own(
    db: Transaction, slack_user: str, verb: Verb, assignment: Assignment
) -> str | None:
    bound = people.find_active(db, slack_user)
    actor = Actor(slack_user=slack_user, entra_id=bound.entra_id if bound else None)
    return may(actor, verb, holder=assignment.holder, holder_entra_id=assignment.entra_id)


def _held(db: Transaction, assignment_id: str) -> Assignment:
    assignment = assignments.get(db, assignment_id)
    if assignment is None or assignment.state is AssignmentState.ENDED:
        raise TooLate("That access has ended already.")
    return assignment


def extend(db: Transaction, slack_user: str, assignment_id: str) -> Taken:
    assignment = _held(db, assignment_id)
    _insist_on_own(db, slack_user, Verb.EXTEND, assignment)
    about = request_lists.open_for_assignment(db, assignment.id)
    if assignment.state is AssignmentState.REMOVING or any(
        each.kind is Kind.REMOVE for each in about
    ):
        raise TooLate("That access is being taken back already.")
    if assignment.progress in {
        DeliveryProgress.DELIVERING,
        DeliveryProgress.PARTIAL,
        DeliveryProgress.FAILED,
    }:
        raise TooLate(
            f"Entra has not delivered all of {assignment.package_name} yet, so it cannot be extended."
        )
    if assignment.ends_at is None:
        raise TooLate(f"{assignment.package_name} has no end date, so there is nothing to extend.")
    package = catalog.find(db, assignment.package_id)
    if package is None or assignment.policy_id not in package.can_extend:
        raise NotAllowed(
            f"{assignment.package_name} cannot be extended: its policy does not allow it. "
            "You can ask for it again when it has ended."
        )
    if not any(each.kind is Kind.EXTEND for each in about):
        _count(db, slack_user, EXTENSIONS, "You have extended access too often in this hour")
    return _take(db, _about(assignment, Kind.EXTEND, holder=slack_user, asked_by=slack_user))


def remove(
    db: Transaction, slack_user: str, assignment_id: str, verb: Verb, reason: str | None
) -> Taken:
    assignment = _held(db, assignment_id)
    why = _why_not_own(db, slack_user, Verb.RETURN, assignment)
    if verb is Verb.RETURN and why is not None:
        raise NotAllowed(why)
    holder = slack_user if why is None else _holder_to_tell(db, assignment)
    about = _about(assignment, Kind.REMOVE, holder=holder, asked_by=slack_user, reason=reason)
    return _take(db, about)


def _holder_to_tell(db: Transaction, assignment: Assignment) -> str | None:
    """The account that hears what becomes of access and sees it as theirs; None unless it is theirs for certain."""
    bound = people.find_active(db, assignment.holder) if assignment.holder else None
    return bound.slack_user if bound and bound.entra_id == assignment.entra_id else None


def reprocess(db: Transaction, slack_user: str, assignment_id: str) -> Assignment:
    """Note that an admin wants Entra to process an access again; the jobs see to it."""
    assignment = _held(db, assignment_id)
    if assignment.state is AssignmentState.REMOVING:
        raise TooLate("That access is being taken back already.")
    kind = (
        TroubleKind.FAILED
        if assignment.progress is DeliveryProgress.FAILED
        else TroubleKind.PARTIAL
    )
    if assignment.progress not in {DeliveryProgress.PARTIAL, DeliveryProgress.FAILED}:
        raise TooLate("Entra has delivered all of that access, or is at work on it.")
    troubles.open_one(db, kind, assignment.id, **assignments.audit_ids(assignment))
    for trouble in troubles.open_about(db, assignment.id):
        if trouble.kind is kind:
            troubles.request_reprocessing(db, trouble, by=slack_user)
    return assignment


def _about(
    assignment: Assignment,
    kind: Kind,
    *,
    holder: str | None,
    asked_by: str,
    reason: str | None = None,
) -> Request:
    return Request(
        id=chance.new_id(),
        kind=kind,
        state=State.RECEIVED,
        holder=holder,
        holder_name=assignment.holder_name,
        asked_by=asked_by,
        entra_id=assignment.entra_id,
        package_id=assignment.package_id,
        package_name=assignment.package_name,
        assignment_id=assignment.id,
        justification=reason,
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=clock.real(),
    )


def let_end(db: Transaction, slack_user: str, assignment_id: str) -> Assignment:
    assignment = _held(db, assignment_id)
    _insist_on_own(db, slack_user, Verb.RETURN, assignment)
    assignments.let_end(db, assignment, actor=slack_user)
    return assignment


def look(
    db: Transaction,
    what: Look,
    work: Callable[Concatenate[Transaction, P], R],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """
    Write down that an admin looks at what is other people's, and return what *work* reads for them.

    Raises:
        SeenBefore: What they did to see it has come in before.
    """
    deduplication.check_new(db, what.key)
    asked = {"of": what.of, "about": what.about}
    audit.record(
        db,
        at=clock.now(),
        actor=what.slack_user,
        verb="list",
        details={name: value for name, value in asked.items() if value is not None},
    )
    return work(db, *args, **kwargs)


def record_refusal(
    db: Transaction, slack_user: str, about_id: str | None, why: str, key: str | None = None
) -> None:
    """
    Somebody wanted what they may not; *about_id* is the request or assignment that their button named.

    Nobody fills the log: beyond a number an hour they are counted, and the next row says how many it stands for.

    Args:
        key: What tells what came in from everything else, unless it has been noted already.

    Raises:
        SeenBefore: It has come in before.
    """
    deduplication.check_new(db, key)
    times = limits.count_refusal(db, slack_user)
    if not times:
        return
    details: dict[str, object] = {"about": about_id} if about_id else {}
    if times > 1:
        details["times"] = times
    audit.record(
        db, at=clock.now(), actor=slack_user, verb="refused", why=why, details=details or None
    )


def record_refusals_left(db: Transaction) -> None:
    """What was only counted, of those who have stopped; and forget who may do everything again."""
    for slack_user, times in limits.unreported_refusals(db):
        audit.record(
            db,
            at=clock.now(),
            actor=slack_user,
            verb="refused",
            why="more often in an hour than is written down one by one",
            details={"times": times},
        )
    limits.forget_old(db)

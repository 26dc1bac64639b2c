"""Save a click on Approve or Deny, and the reason that completes it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import clock
from bot.approvals.ends import WrongEnd, find_wrong_end
from bot.approvals.in_time import NOTHING_TO_DECIDE
from bot.approvals.model import ApproverQuestion, Decision
from bot.approvals.store import approver_questions, decisions
from bot.assignments.store import assignments
from bot.database import Transaction
from bot.database.replicas import limits
from bot.database.replicas.limits import REFUSALS
from bot.errors import TooLate, TooOften, WrongFields
from bot.people.model import Verb
from bot.requests.model import Request, State
from bot.requests.store import requests
from bot.words import N_

ONE_BY_ONE = N_(
    "One of these takes a fresh sign-in of yours: approve that one from its own card, and the others here."
)


@dataclass(frozen=True, kw_only=True)
class IncompleteDecision:
    """
    A click on Approve or Deny that still lacks its reason, its end, or the sign-in that proves it.

    Attributes:
        counted: The decisions that count so far.
        questions: What those who decide have asked, with the answers.
    """

    decision: Decision
    request: Request
    counted: Sequence[Decision] = ()
    questions: Sequence[ApproverQuestion] = ()


def take_decision(
    db: Transaction, decision: Decision, for_less: bool = False
) -> IncompleteDecision | None:
    """
    Save a click; return it if a form must complete it.

    Args:
        for_less: They want to set a shorter end, which the form asks for.
    """
    request = requests.find(db, decision.request_id)
    if request is None:
        raise TooLate(N_("I do not know that request any more."))
    _insist_on_patience(db, decision)
    # Somebody who may not decide anyway, or comes too late, is told so without being asked for a reason.
    current = (
        request.state is State.PENDING
        and request.ask_id == _ask_id_of(decision)
        and not request.is_past_deadline(decision.at)
    )
    is_draft = (
        current
        and (lacks_reason(decision, request) or lacks_sign_in(decision, request) or for_less)
        and decision.slack_user != request.holder
    )
    same = decisions.open_like(db, decision)
    if same is not None and same[1] == is_draft:
        # Pressed again before it was judged, or after the form was closed: one click.
        if not is_draft:
            return None
        draft = same[0] if for_less else _without_end(db, same[0])
        return _incomplete(db, draft, request)
    decisions.add(
        db,
        decision,
        # Whoever has asked in Entra may be nobody in Slack: then their Entra id keeps them from deciding.
        holder=request.holder or request.asked_by,
        holder_entra_id=request.entra_id,
        is_draft=is_draft,
    )
    return _incomplete(db, decision, request) if is_draft else None


def approve_several(db: Transaction, approvals: Sequence[Decision]) -> None:
    """
    Save the approvals of several requests, each a click of its own that is judged by itself.

    Raises:
        WrongFields: One of them needs a reason, and none was given; nothing is saved.
        TooOften: They have been refused too often on one of these cards; nothing is saved.
    """
    for approval in approvals:
        draft = take_decision(db, approval)
        if draft is not None and lacks_sign_in(approval, draft.request):
            raise WrongFields({"chosen": ONE_BY_ONE})
        if draft is not None:
            raise WrongFields({"reason": N_("One of these needs a reason. Please say why.")})


def _without_end(db: Transaction, draft: Decision) -> Decision:
    """
    Return a draft as its plain button means it: for as long as was asked for.

    A shorter end that was chosen for it, and never signed for, is given up, and so is the reason that was given for that end.
    """
    if draft.ends_at is None:
        return draft
    decisions.explain(db, draft.id, slack_user=draft.slack_user, reason=None, is_complete=False)
    return replace(draft, reason=None, ends_at=None, instead_of=None)


def _incomplete(db: Transaction, decision: Decision, request: Request) -> IncompleteDecision:
    counted = decisions.accepted_of(db, request)
    return IncompleteDecision(
        decision=decision,
        request=request,
        counted=counted,
        questions=approver_questions.accepted_of(db, request.id),
    )


def _insist_on_patience(db: Transaction, decision: Decision) -> None:
    """
    Judge no more clicks on this card of somebody whom it has refused, and who is refused all the time.

    Any other card they may decide: nobody is kept from approving by what was refused elsewhere.
    """
    again_in = limits.time_left(db, decision.slack_user, REFUSALS)
    if again_in is not None and decisions.was_refused(db, decision):
        raise TooOften(
            N_("That was refused, and so were many other clicks of yours in this hour"),
            again_in=again_in,
        )


def _ask_id_of(decision: Decision) -> str:
    return f"{decision.request_id}{decision.round:02x}{decision.stage:02x}"


def lacks_reason(decision: Decision, request: Request) -> bool:
    """Tell whether a click on the card of the current stage still lacks its reason."""
    stage = request.current_stage
    wants_reason = decision.verb is Verb.DENY or bool(stage and stage.reason_required)
    return wants_reason and not decision.reason


def lacks_sign_in(decision: Decision, request: Request) -> bool:
    """Tell whether an approval still lacks the fresh sign-in that the current stage takes; a denial takes none."""
    stage = request.current_stage
    is_current = request.state is State.PENDING and request.ask_id == _ask_id_of(decision)
    return (
        is_current
        and decision.verb is Verb.APPROVE
        and stage is not None
        and stage.fresh_sign_in
        and decision.proof is None
    )


def explain(
    db: Transaction, decision_id: str, slack_user: str, reason: str
) -> IncompleteDecision | None:
    """
    Complete a draft with its reason; return it if it still lacks a sign-in.

    Raises:
        TooLate: There is no such draft of this person's, or it has been completed.
    """
    draft = decisions.find_draft(db, decision_id, slack_user=slack_user)
    request = requests.get(db, draft.request_id) if draft else None
    waits = draft is not None and request is not None and lacks_sign_in(draft, request)
    if not decisions.explain(
        db, decision_id, slack_user=slack_user, reason=reason, is_complete=not waits
    ):
        raise TooLate(N_("That decision has been sent already. Please look at the card."))
    if draft is None or request is None or not waits:
        return None
    return _incomplete(db, replace(draft, reason=reason), request)


def approve_until(
    db: Transaction, decision_id: str, slack_user: str, *, end: datetime, reason: str | None
) -> WrongEnd | IncompleteDecision | None:
    """
    Complete a draft with a shorter end; return what is wrong with the end, or the draft if it still lacks a sign-in.

    Raises:
        TooLate: There is no such draft of this person's, or what they look at has changed.
    """
    draft = decisions.find_draft(db, decision_id, slack_user=slack_user)
    if draft is None:
        raise TooLate(N_("That decision has been sent already. Please look at the card."))
    request = requests.get(db, draft.request_id)
    if draft.verb is not Verb.APPROVE or request.state is not State.PENDING:
        raise TooLate(NOTHING_TO_DECIDE)
    now = clock.now()
    current = assignments.find(db, request.assignment_id) if request.assignment_id else None
    wrong = find_wrong_end(
        request, end=end, current_end=current.ends_at if current else None, now=now
    )
    if wrong is not None:
        return wrong
    waits = lacks_sign_in(draft, request)
    decisions.explain(
        db,
        decision_id,
        slack_user=slack_user,
        reason=reason,
        ends_at=end,
        instead_of=request.latest_end(now),
        is_complete=not waits,
    )
    return _incomplete(db, replace(draft, reason=reason, ends_at=end), request) if waits else None

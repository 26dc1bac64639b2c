"""
Every arrow of the state diagram, one function each; nothing else moves a request.

Each is called inside a transaction, and does with the row's move whatever belongs to it: the assignment that begins or
ends, the extension that has become pointless.  The diagram is in docs/explanation/how-it-works.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bot import chance, clock
from bot.accounts.model import ConnectedAccount
from bot.accounts.store import accounts
from bot.approvals.store import grants
from bot.assignments.model import (
    ENDED_BY_US,
    Assignment,
    AssignmentState,
    DeliveryProgress,
    EndReason,
    TroubleKind,
)
from bot.assignments.store import assignments, troubles
from bot.database import Transaction, audit, flags
from bot.emergencies.model import Emergency, Finding
from bot.emergencies.store import emergencies
from bot.packages import policy_terms
from bot.people.interaction_audit import record_refusal
from bot.people.model import Verb
from bot.requests.model import (
    DECLINED,
    NOT_CONNECTED,
    REMOVED_MEANWHILE,
    DecidedThere,
    Kind,
    Request,
    State,
)
from bot.requests.store import claims, holds, made_in_entra, request_lists, requests
from bot.timing import poll_pause
from bot.words import N_

# Graph tries for hours; after that somebody must look.
PARTIAL_FOR: Final = timedelta(days=1)
# Where the policy says no time; two weeks are what Entra gives if nothing else is set.
ACCOUNT_WITHIN: Final = timedelta(days=14)
# Access that comes back so soon after an admin has removed it is worth a look.
GIVEN_AGAIN_WITHIN: Final = timedelta(days=30)
ENDED_MEANWHILE: Final = N_(
    "The access ended before it could be extended. You can ask for it again."
)
ENDED_IN_PART: Final = N_("The access has ended, before Microsoft Entra had delivered all of it.")
# Why access that was removed is there again.
AUTOMATIC: Final = "automatic"
# Of a request that begins again, in a new round.
_ANEW: Final[Mapping[str, Any]] = {
    "stage": 0,
    "approvals": 0,
    "escalated": False,
    "deciders": (),
    "unnamed": False,
    "waits_since": None,
    "reminded_at": None,
}


def refuse(
    db: Transaction, request: Request, why: str, *, tell_admins: bool = False
) -> Request | None:
    """Refuse what the rules do not allow."""
    return requests.move(db, request, State.REFUSED, fence=True, why=why, tell_admins=tell_admins)


def reach_stage(
    db: Transaction,
    request: Request,
    changes: Mapping[str, Any],
    *,
    actor: str,
    actor_entra_id: str | None = None,
    fence: bool = False,
) -> Request | None:
    """
    Let a request wait for the deciders of a stage, or approve it when no stage is left.

    Args:
        changes: Of the row, as `bot.requests.evaluation.stages.stage_changes` makes them for that stage; without deciders it is approved.
        fence: Insist that our claim still stands (for workers).
    """
    to = State.PENDING if "deciders" in changes else State.APPROVED
    if to is State.APPROVED and request.state is State.PENDING and request.entra_decides:
        # It is there already.
        to = State.SUBMITTED
    return requests.move(
        db, request, to, actor=actor, actor_entra_id=actor_entra_id, fence=fence, **changes
    )


def begin_in_entra(db: Transaction, request: Request, changes: Mapping[str, Any]) -> Request | None:
    """
    Begin what somebody has made in Entra, and what waits there: pending from the first moment; None if it is known.

    Args:
        changes: Of the row, as `bot.requests.evaluation.stages.stage_changes` makes them for its stage.
    """
    if request_lists.open_of_user(db, request.entra_id or "", request.package_id, request.kind):
        # One of ours, which is on its way there or will find it.
        return None
    return made_in_entra.add(db, request, changes)


def go_on_in_entra(
    db: Transaction, request: Request, there: Sequence[DecidedThere] = ()
) -> Request | None:
    """
    Follow on what waited for a decision in Entra, and does not any more.

    Args:
        there: Who has decided in Entra, where that is known.
    """
    return requests.move(db, request, State.SUBMITTED, fence=True, **_decided_there(there))


def _decided_there(there: Sequence[DecidedThere]) -> dict[str, Any]:
    return {"decided_there": requests.decided_there_row(there)} if there else {}


def wait_for_account(
    db: Transaction, request: Request, seen: ConnectedAccount | None, *, due_at: datetime
) -> None:
    """
    Keep a request until whoever asked has connected their Microsoft account; they are asked to, and it lapses in the end.

    Args:
        seen: The account that was connected when it was tried; if there is another by now, it goes on at once.
        due_at: When to look again in any case (real time).
    """
    now = accounts.find(db, request.asked_by)
    if now is not None and (seen is None or now.connected_at != seen.connected_at):
        claims.release(db, request, due_at=clock.real(), attempts=request.attempts)
        return
    since = request.needs_account_at or clock.now()
    if clock.now() >= account_needed_by(request, since):
        requests.move(db, request, State.LAPSED, fence=True, why=NOT_CONNECTED)
        return
    claims.release(
        db,
        request,
        due_at=due_at,
        attempts=request.attempts,
        needs_account_at=since,
    )


def account_needed_by(request: Request, since: datetime) -> datetime:
    """Return until when a request waits for the account that it is to be sent by: as long as its first stage would wait."""
    stages = request.terms.stages if request.terms else ()
    seconds = stages[0].deny_after_seconds if stages else None
    return since + (timedelta(seconds=seconds) if seconds else ACCOUNT_WITHIN)


def need_account_to_cancel(db: Transaction, request: Request) -> None:
    """Have whoever asked asked to connect their account, without which their request is not canceled in Entra."""
    if request.needs_account_at is None:
        claims.update(db, request, needs_account_at=clock.now())


def not_canceled(db: Transaction, request: Request, why: str) -> None:
    """Entra does not cancel what waits there for a decision: it goes on, and whoever asked is told."""
    claims.update(db, request, not_canceled_why=why)


def count_approval(db: Transaction, request: Request, approved: Request) -> Request | None:
    """
    Let a stage wait on that needs the approvals of more people.

    Args:
        approved: The request as it is approved, which may have a shorter end, with the number of its approvals.
    """
    if approved.terms is None:
        raise ValueError("a request without terms has no stages")
    return requests.count_approval(
        db,
        request,
        approvals=approved.approvals,
        terms=approved.terms,
        terms_hash=policy_terms.hash_of(approved.terms),
    )


def deny(
    db: Transaction,
    request: Request,
    why: str | None,
    *,
    actor: str,
    actor_entra_id: str | None,
    there: Sequence[DecidedThere] = (),
) -> Request | None:
    """
    Deny it, as somebody who may decide has said.

    Args:
        there: Who has decided in Entra, where that is known.
    """
    return requests.move(
        db,
        request,
        State.DENIED,
        actor=actor,
        actor_entra_id=actor_entra_id,
        why=why,
        **_decided_there(there),
    )


def cancel(
    db: Transaction, request: Request, *, actor: str, why: str | None = None
) -> Request | None:
    """
    Cancel it for whoever has asked.

    Args:
        why: Where it is not they who wanted that.
    """
    return requests.move(db, request, State.CANCELED, actor=actor, why=why)


def cancel_for_leaver(db: Transaction, request: Request, actor_entra_id: str | None) -> None:
    """Cancel a claimed request for the admin who wants that, once it is known that they may."""
    requests.move(
        db,
        request,
        State.CANCELED,
        fence=True,
        actor=request.cancel_by or audit.LATCHKEY,
        actor_entra_id=actor_entra_id,
        why=request.cancel_why,
    )


def not_canceled_for_leaver(db: Transaction, request: Request, why: str) -> None:
    """Whoever wanted a claimed request canceled may not: it goes on, and that they tried is written down."""
    if request.cancel_by is not None:
        record_refusal(db, request.cancel_by, request.id, why)
    # What waits for people, or for an admin, is not looked at by the clock.
    waits = request.held_at is not None or (
        request.state is State.PENDING and not request.entra_decides
    )
    claims.update(
        db,
        request,
        lease_until=None,
        due_at=None if waits else clock.real(),
        cancel_by=None,
        cancel_why=None,
    )


def decline(db: Transaction, request: Request, *, actor: str) -> Request | None:
    """Cancel it for whoever would get the access, and did not ask for it."""
    return requests.move(db, request, State.CANCELED, actor=actor, why=DECLINED)


def lapse(db: Transaction, request: Request, why: str | None = None) -> Request | None:
    """End what nobody has decided in time, or need not decide any more."""
    return requests.move(db, request, State.LAPSED, why=why)


def ask_anew(db: Transaction, request: Request, *, fence: bool = False) -> Request | None:
    """
    Make an extension whose access has ended a request for new access, which is judged like any other.

    Where the access did not run out by itself, or somebody has asked for it anew already, the extension ends.
    What Graph may have taken on is left as it is.

    Args:
        fence: Insist that our claim still stands (for workers).
    """
    if request.entra_decides and request.graph_request_id is not None:
        # Entra has it, and says what becomes of it.
        return None
    ended_at = _ran_out_at(db, request)
    if ended_at is not None:
        first = grants.request_that_gave(db, request.assignment_id or "")
        try:
            return requests.move(
                db,
                request,
                State.RECEIVED,
                fence=fence,
                why=N_("The access ended before it was extended."),
                kind=Kind.ADD,
                access_ended_at=ended_at,
                # A shorter end was set for the extension; what is asked for now is another thing.
                terms=_terms_as_asked(request),
                assignment_id=None,
                # Answers stay with the access in Entra, so its extension has none; nor a reason, unless the policy wants one.
                answers=_answers_row(first),
                justification=request.justification or (first.justification if first else None),
                ends_at=None,
                intent_at=None,
                settles_at=None,
                round=request.round + 1,
                stage=0,
                approvals=0,
                escalated=False,
                deciders=(),
                unnamed=False,
                waits_since=None,
                reminded_at=None,
            )
        except requests.AlreadyOpen:
            pass
    to = State.LAPSED if request.state is State.PENDING else State.REFUSED
    return requests.move(db, request, to, fence=fence, why=ENDED_MEANWHILE)


def ask_anew_of_claimed(db: Transaction, request: Request) -> Request | None:
    """Do the same with a request that we have claimed, if our claim still stands."""
    return ask_anew(db, request, fence=True)


def make_emergency(db: Transaction, request: Request, why: str) -> Request | None:
    """
    Make what waits for its approvers an emergency, as whoever asked wants; whoever clicks on its cards comes too late.

    Args:
        why: Their reason now, which takes the place of the one before.
    """
    if request.graph_request_id is not None:
        # Entra has it, and gives it once it is approved there: nothing is given twice.
        return None
    return requests.move(
        db,
        request,
        State.RECEIVED,
        actor=request.asked_by,
        why=N_("Asked for as an emergency."),
        emergency=True,
        no_emergency_why=None,
        justification=why,
        starts_at=None,
        ends_at=None,
        **_ANEW,
        round=request.round + 1,
    )


def make_ordinary(db: Transaction, request: Request, why: str) -> Request | None:
    """Make what is no emergency by the rules a request like any other; what Graph may have taken on is left as it is."""
    return requests.move(
        db,
        request,
        State.RECEIVED,
        fence=True,
        why=N_("It is no emergency: {why}").format(why=why),
        emergency=False,
        no_emergency_why=why,
        terms=None,
        terms_hash=None,
        ends_at=None,
        intent_at=None,
        settles_at=None,
        **_ANEW,
        round=request.round + 1,
    )


def decide_elsewhere(db: Transaction, request: Request) -> Request | None:
    """Have a request evaluated anew of which Entra decides now and Latchkey did before, or the other way round."""
    return requests.move(
        db,
        request,
        State.RECEIVED,
        fence=True,
        why=N_("Who decides about the package has changed."),
        terms=None,
        terms_hash=None,
        intent_at=None,
        settles_at=None,
        **_ANEW,
        round=request.round + 1,
    )


def _ran_out_at(db: Transaction, request: Request) -> datetime | None:
    """Return when the access of an extension ended by itself; None if it did not, or somebody has ended it."""
    row = assignments.find(db, request.assignment_id or "")
    if row is None or row.ends_at is None or row.ends_at > clock.now():
        return None
    if row.state is AssignmentState.ENDED and row.ended_why != EndReason.RAN_OUT:
        return None
    return row.ends_at


def _terms_as_asked(request: Request) -> dict[str, Any] | None:
    return asdict(replace(request.terms, approved_until=None)) if request.terms else None


def _answers_row(first: Request | None) -> dict[str, list[str]]:
    return {key: list(given) for key, given in first.answers.items()} if first else {}


def intend(
    db: Transaction,
    request: Request,
    *,
    intent_at: datetime,
    settles_at: datetime,
    lease_until: datetime,
    sent_as: str | None = None,
) -> bool:
    """
    Write down that the POST is about to leave; False if it must not.

    It must not when the claim is no longer ours, or when granting has been paused meanwhile.

    Args:
        sent_as: What Graph calls it, where that is not said by its kind and terms.
    """
    if request.kind is not Kind.REMOVE and flags.pause_reason(db) is not None:
        return False
    return claims.update(
        db,
        request,
        intent_at=intent_at,
        settles_at=settles_at,
        lease_until=lease_until,
        needs_account_at=None,
        sent_as=sent_as,
    )


def approve_removal(
    db: Transaction, request: Request, *, sent_as: str | None = None
) -> Request | None:
    """
    Let a removal go on; whoever wanted the access longer meanwhile, does no more.

    Args:
        sent_as: What Graph calls it, if it is to be sent in the name of whoever has the access.
    """
    moved = requests.move(
        db, request, State.APPROVED, actor=request.asked_by, fence=True, sent_as=sent_as
    )
    if moved is not None:
        _cancel_extensions(db, moved)
    return moved


def _cancel_extensions(db: Transaction, removal: Request) -> None:
    for other in request_lists.open_for_assignment(db, removal.assignment_id or ""):
        if other.kind is not Kind.EXTEND or other.not_canceled_why is not None:
            continue
        if other.can_be_withdrawn:
            cancel(db, other, actor=removal.asked_by, why=REMOVED_MEANWHILE)
        elif other.can_be_canceled_in_entra and accounts.find(db, other.asked_by) is not None:
            # As long as it waits there, Entra takes no removal of the same access; the app itself may not cancel it.
            requests.want_canceled(db, other, by=removal.asked_by, why=REMOVED_MEANWHILE)


def wait_behind_open_request(db: Transaction, removal: Request, *, due_at: datetime) -> None:
    """
    Keep a removal that Entra has refused because something about the same access waits there; whoever wants it is told.

    Args:
        due_at: When to look again (real time).
    """
    since = removal.needs_account_at or clock.now()
    ours = claims.release(
        db,
        removal,
        due_at=due_at,
        attempts=removal.attempts,
        failures=0,
        intent_at=None,
        settles_at=None,
        needs_account_at=since,
    )
    if ours:
        _cancel_extensions(db, removal)


def submit(db: Transaction, request: Request, graph_request_id: str | None) -> None:
    """Graph has taken it on; what it has just taken on is not done yet."""
    first_look = clock.real()
    if graph_request_id is not None:
        first_look += poll_pause(0)
    moved = requests.move(
        db,
        request,
        State.SUBMITTED,
        fence=True,
        graph_request_id=graph_request_id,
        due_at=first_look,
    )
    if moved is not None and moved.kind is Kind.REMOVE and moved.assignment_id is not None:
        assignments.set_removing(db, moved.assignment_id)
    emergency = moved.terms.emergency if moved is not None and moved.terms is not None else None
    if moved is not None and moved.emergency and emergency is not None:
        # From now on there may be access: somebody has to look at it, whatever becomes of the rest.
        review_within = timedelta(seconds=emergency.review_seconds)
        emergencies.open_review(db, moved, review_within=review_within)


def fail(db: Transaction, request: Request, why: str) -> None:
    """Graph has refused it, or given up."""
    moved = requests.move(db, request, State.FAILED, fence=True, why=why)
    if moved is not None and moved.kind is Kind.REMOVE and moved.assignment_id is not None:
        assignments.set_not_removing(db, moved.assignment_id)


def give_up(db: Transaction, request: Request, why: str, *, actor_entra_id: str | None) -> None:
    """An admin has given it up, and there is nothing of it in Graph."""
    moved = requests.move(
        db,
        request,
        State.FAILED,
        actor=request.give_up_by or audit.LATCHKEY,
        actor_entra_id=actor_entra_id,
        fence=True,
        why=why,
        give_up_by=request.give_up_by,
    )
    if moved is not None and moved.kind is Kind.REMOVE and moved.assignment_id is not None:
        assignments.set_not_removing(db, moved.assignment_id)


def not_repaired(
    db: Transaction, request: Request, actor_entra_id: str | None, why: str, *, by: str, verb: Verb
) -> None:
    """Whoever wanted it tried again, or given up, may not: it is held as before, for another admin."""
    holds.put(
        db,
        request,
        failures=request.failures,
        error="NotAllowed",
        why=why,
        actor=by,
        actor_entra_id=actor_entra_id,
        details={"wanted": verb},
    )


def deliver(db: Transaction, request: Request, held: Assignment) -> None:
    """The access is there, or has its new end: Graph has shown it."""
    moved = requests.move(
        db, request, State.DELIVERED, fence=True, assignment_id=held.id, ends_at=held.ends_at
    )
    if moved is not None:
        assignments.save_live(db, held, read_by_id_at=clock.real())
        remove_if_reviewed(db, moved)


def remove_if_reviewed(db: Transaction, request: Request) -> None:
    """Take away the access of an emergency whose review has said so, once there is any, and only once."""
    if not request.emergency or request.assignment_id is None:
        return
    emergency = emergencies.find(db, request.id)
    if emergency is None or emergency.finding is not Finding.REMOVE or emergency.removal_id:
        return
    _remove_after_review(db, emergency, request.assignment_id)


def _remove_after_review(db: Transaction, emergency: Emergency, assignment_id: str) -> None:
    row = assignments.find(db, assignment_id)
    if row is None or row.state is AssignmentState.ENDED:
        return
    others = request_lists.open_for_assignment(db, assignment_id)
    under_way = next((each for each in others if each.kind is Kind.REMOVE), None)
    removal = Request(
        id=chance.new_id(),
        kind=Kind.REMOVE,
        # Whoever reviews an emergency may end it: that was read afresh.
        state=State.APPROVED,
        holder=emergency.holder,
        holder_name=row.holder_name,
        asked_by=emergency.closed_by or audit.LATCHKEY,
        entra_id=row.entra_id,
        package_id=row.package_id,
        package_name=row.package_name,
        assignment_id=row.id,
        justification=emergency.comment,
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=clock.real(),
    )
    added = under_way or requests.add(db, removal)
    if added is not None:
        emergencies.set_removal(db, emergency, added.id)


def deliver_partly(
    db: Transaction, request: Request, held: Assignment, *, given_up: bool, due_at: datetime
) -> None:
    """
    A part of the access is there, and Entra is at the rest of it, or has given that up.

    Args:
        given_up: Graph has said that it is done with it.
    """
    ours = claims.release(
        db,
        request,
        due_at=due_at,
        attempts=request.attempts + 1,
        failures=0,
        assignment_id=held.id,
    )
    if ours and assignments.save_live(db, held, read_by_id_at=clock.real()):
        tell_if_partial(db, held.id, given_up=given_up)
        found = requests.find(db, request.id)
        if found is not None:
            # A part of it is access, too.
            remove_if_reviewed(db, found)


def end_partly(db: Transaction, request: Request, held_id: str, *, due_at: datetime) -> None:
    """
    End a request whose access has ended before all of it was there: the request fails.

    Whoever gave it back, or had it taken, hears that from the removal, and not that access could not be had.

    Args:
        due_at: When to look again (real time), while a removal of ours is not at its end.
    """
    others = request_lists.open_for_assignment(db, held_id)
    if any(each.kind is Kind.REMOVE and each.intent_at is not None for each in others):
        claims.release(db, request, due_at=due_at, attempts=request.attempts + 1, failures=0)
        return
    row = assignments.find(db, held_id)
    moved = requests.move(db, request, State.FAILED, fence=True, why=ENDED_IN_PART)
    if moved is not None and row is not None and row.ended_why in ENDED_BY_US:
        requests.look_again(db, moved, news=None)


def tell_if_partial(db: Transaction, assignment_id: str, *, given_up: bool = False) -> None:
    """Make it known that somebody has a part only, once that has lasted, or Graph has given up."""
    row = assignments.find(db, assignment_id)
    if row is None or row.progress not in {DeliveryProgress.PARTIAL, DeliveryProgress.FAILED}:
        return
    lasts = row.progress_at is not None and clock.now() - row.progress_at >= PARTIAL_FOR
    if row.progress is DeliveryProgress.FAILED or given_up or lasts:
        kind = (
            TroubleKind.PARTIAL if row.progress is DeliveryProgress.PARTIAL else TroubleKind.FAILED
        )
        troubles.open_one(db, kind, row.id, **assignments.audit_ids(row))


def tell_if_given_again(db: Transaction, row: Assignment, *, automatic: bool) -> None:
    """
    Make it known that Entra, or somebody in Entra, has given what an admin had removed.

    Args:
        automatic: Its policy gives it to everybody whom it names, by itself.
    """
    since = clock.now() - GIVEN_AGAIN_WITHIN
    removal = request_lists.removal_of(db, row.entra_id, row.package_id, since=since)
    ours = request_lists.open_of_user(db, row.entra_id, row.package_id, Kind.ADD)
    if removal is None or ours is not None:
        return
    troubles.open_one(
        db,
        TroubleKind.REGIVEN,
        row.id,
        why=AUTOMATIC if automatic else None,
        **assignments.audit_ids(row),
    )


def end(db: Transaction, request: Request) -> None:
    """The access is gone: Graph has shown it."""
    moved = requests.move(db, request, State.DELIVERED, fence=True)
    if moved is not None and moved.assignment_id is not None:
        why = EndReason.RETURNED if moved.is_given_back else EndReason.REMOVED
        if moved.asked_by == audit.LATCHKEY:
            why = EndReason.REMOVED_BY_LATCHKEY
        assignments.end(db, moved.assignment_id, why=why, at=clock.now(), actor=moved.asked_by)


def misdelivered(db: Transaction, request: Request, held: Assignment, why: str) -> None:
    """Entra gave somebody, or something, else: the request fails, and what was given is removed."""
    moved = requests.move(db, request, State.FAILED, fence=True, why=why)
    if moved is None:
        return
    assignments.save_live(db, held, read_by_id_at=clock.real())
    ask_for_removal(db, held, N_("Delivered by mistake for request {id}.").format(id=request.id))


def ask_for_removal(db: Transaction, held: Assignment, why: str) -> None:
    """Have access removed that is nobody's to have: Latchkey itself asks for that."""
    removal = Request(
        id=chance.new_id(),
        kind=Kind.REMOVE,
        state=State.APPROVED,
        holder=None,
        holder_name=held.holder_name,
        asked_by=audit.LATCHKEY,
        entra_id=held.entra_id,
        package_id=held.package_id,
        package_name=held.package_name,
        assignment_id=held.id,
        justification=why,
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=clock.real(),
    )
    requests.add(db, removal)


def revive(db: Transaction, seen: Assignment, *, read_at: datetime) -> None:
    """
    Graph, asked for it by its id, shows access that we have said was over: the admins hear of it.

    What we had removed ourselves is removed again; anything else is access like any other.
    """
    before = assignments.find(db, seen.id)
    if before is None or before.state is not AssignmentState.ENDED:
        assignments.save_live(db, seen, read_by_id_at=read_at)
        return
    if not assignments.save_live(db, seen, read_by_id_at=read_at):
        return
    troubles.open_one(
        db,
        TroubleKind.REVIVED,
        seen.id,
        why=before.ended_why,
        **assignments.audit_ids(seen),
    )
    if before.ended_why in ENDED_BY_US:
        now = assignments.find(db, seen.id) or seen
        ask_for_removal(db, now, N_("It had been removed, and was there again."))

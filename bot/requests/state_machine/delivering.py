"""Move a request by what Entra has made of it: delivered, in part, to somebody else, ended, or back again."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot import chance, clock
from bot.assignments.model import (
    ENDED_BY_US,
    Assignment,
    AssignmentState,
    DeliveryProgress,
    EndReason,
    TroubleKind,
)
from bot.assignments.store import assignments, troubles
from bot.database import Transaction
from bot.database.audit_log import audit
from bot.emergencies.model import Emergency, Finding
from bot.emergencies.store import emergencies
from bot.packages.model import Terms
from bot.requests.model import (
    Kind,
    Request,
    State,
)
from bot.requests.store import claims, holds, removals, request_lists, requests
from bot.words import N_

# Graph tries for hours; after that somebody must look.
PARTIAL_FOR: Final = timedelta(days=1)
# Access that comes back so soon after an admin has removed it is worth a look.
GIVEN_AGAIN_WITHIN: Final = timedelta(days=30)
ENDED_IN_PART: Final = N_("The access has ended, before Microsoft Entra had delivered all of it.")
# Why a removal is taken off hold that no admin has taken off.
RUN_OUT_MEANWHILE: Final = N_("The access has run out meanwhile.")
# Why access that was removed is there again.
AUTOMATIC: Final = "automatic"


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
    _remove_after_review(db, emergency, request, request.assignment_id)


def _remove_after_review(
    db: Transaction, emergency: Emergency, reviewed: Request, assignment_id: str
) -> None:
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
        # It waits for nobody; but whoever had the access may not see who has reviewed it, where these say so.
        terms=_as_reviewed(reviewed.terms) if reviewed.terms else None,
        justification=emergency.comment,
        asked_at=clock.now(),
        updated_at=clock.now(),
        due_at=clock.real(),
    )
    added = under_way or requests.add(db, removal)
    if added is not None:
        emergencies.set_removal(db, emergency, added.id)


def _as_reviewed(terms: Terms) -> Terms:
    """Return the terms of an emergency without what only the request for it needs."""
    return replace(terms, stages=(), asker=None, questions=(), answers={})


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
    if _is_being_removed(db, held_id):
        claims.release(db, request, due_at=due_at, attempts=request.attempts + 1, failures=0)
        return
    row = assignments.find(db, held_id)
    moved = requests.move(db, request, State.FAILED, fence=True, why=ENDED_IN_PART)
    if moved is not None and row is not None and row.ended_why in ENDED_BY_US:
        requests.schedule_notices(db, moved, news=None)


def deliver_over(
    db: Transaction, request: Request, held: Assignment, *, ended_at: datetime, due_at: datetime
) -> None:
    """
    The access was there, and had ended before anybody looked: nobody is told that they have it, but that it has ended.

    Args:
        ended_at: When it ended, by Graph.
        due_at: When to look again (real time), while a removal of ours is not at its end.
    """
    if _is_being_removed(db, held.id):
        claims.release(db, request, due_at=due_at, attempts=request.attempts + 1, failures=0)
        return
    moved = requests.move(
        db, request, State.DELIVERED, fence=True, assignment_id=held.id, ends_at=held.ends_at
    )
    if moved is None:
        return
    requests.schedule_notices(db, moved, news=None)
    known = assignments.find(db, held.id)
    if known is None or known.state is not AssignmentState.ENDED:
        assignments.save_live(db, held, read_by_id_at=clock.real())
        ran_out = held.ends_at is not None and held.ends_at <= ended_at
        why = EndReason.RAN_OUT if ran_out else EndReason.OUTSIDE
        assignments.end(db, held.id, why=why, at=ended_at)


def _is_being_removed(db: Transaction, assignment_id: str) -> bool:
    """Tell whether a removal of ours has been posted, or is about to be: whoever has the access hears from that."""
    others = request_lists.open_for_assignment(db, assignment_id)
    return any(each.kind is Kind.REMOVE and each.intent_at is not None for each in others)


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
    removal = removals.removal_of(db, row.entra_id, row.package_id, since=since)
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


def end(db: Transaction, request: Request, *, is_confirmed: bool = True) -> None:
    """
    The access is gone: Graph has shown it.

    Args:
        is_confirmed: Graph says that the removal is done.  What is gone without that, and whose time was over, nobody has
            removed.
    """
    moved = requests.move(db, request, State.DELIVERED, fence=True)
    if moved is None or moved.assignment_id is None:
        return
    row = assignments.find(db, moved.assignment_id)
    if row is not None and not is_confirmed and _has_run_out(row):
        assignments.end(db, row.id, why=EndReason.RAN_OUT, at=row.ends_at or clock.now())
    else:
        why = EndReason.RETURNED if moved.is_given_back else EndReason.REMOVED
        if moved.asked_by == audit.LATCHKEY:
            why = EndReason.REMOVED_BY_LATCHKEY
        assignments.end(db, moved.assignment_id, why=why, at=clock.now(), actor=moved.asked_by)


def go_on_with_held_removal(db: Transaction, access: Assignment) -> None:
    """
    Have a removal looked at again that was put on hold before the access ran out, which Graph shows.

    What is held after that once more is for an admin.
    """
    if access.ends_at is None or not _has_run_out(access):
        return
    for request in request_lists.open_for_assignment(db, access.id):
        is_from_before = request.held_at is not None and request.held_at < access.ends_at
        if request.kind is Kind.REMOVE and is_from_before:
            holds.end_by_itself(db, request, why=RUN_OUT_MEANWHILE)


def _has_run_out(access: Assignment) -> bool:
    return access.ends_at is not None and access.ends_at <= clock.now()


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

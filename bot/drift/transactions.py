"""Take what an admin has pressed on a mismatch."""

from datetime import datetime
from typing import Final

from bot.assignments.store import assignments
from bot.database import Transaction
from bot.drift.model import DriftState, Mismatch, ShownMismatch
from bot.drift.store import mismatches, wanted_answers
from bot.errors import NotAllowed, TooLate
from bot.people.model import Verb
from bot.people.permissions import Actor, may
from bot.people.store import contacts
from bot.words import N_

UNKNOWN: Final = N_("I do not know that any more.")
SETTLED: Final = N_("That is settled already. Please look at its card again.")


def want(
    db: Transaction,
    slack_user: str,
    mismatch_id: str,
    verb: Verb,
    actor: Actor,
    *,
    until: datetime | None = None,
    why: str | None = None,
) -> Mismatch:
    """
    Save that an admin adopts a mismatch, or ignores it until a moment; who it is, is read afresh before that is so.

    Raises:
        NotAllowed: *actor* may not do that.
        TooLate: It has passed, or somebody has said what it is.
    """
    mismatch = open_mismatch(db, mismatch_id)
    refused = why_not(db, mismatch, verb, actor)
    if refused is not None:
        raise NotAllowed(refused)
    wanted = wanted_answers.want(db, mismatch, verb, by=slack_user, until=until, why=why)
    if wanted is None:
        raise TooLate(SETTLED)
    return wanted


def open_mismatch(db: Transaction, mismatch_id: str) -> Mismatch:
    """
    Return a mismatch of which nobody has said anything.

    Raises:
        TooLate: It has passed, or somebody has said what it is.
    """
    mismatch = mismatches.find(db, mismatch_id)
    if mismatch is None:
        raise TooLate(UNKNOWN)
    if mismatch.state is not DriftState.OPEN:
        raise TooLate(SETTLED)
    return mismatch


def holder_of(db: Transaction, mismatch: Mismatch) -> str | None:
    """Return whom a mismatch is about in Slack; None if that is not known."""
    bound = contacts.bound_slack_users(db, [mismatch.person_id] if mismatch.person_id else [])
    row = assignments.find(db, mismatch.assignment_id) if mismatch.assignment_id else None
    return bound.get(mismatch.entra_id) or (row.holder if row else None)


def shown(db: Transaction, mismatch: Mismatch) -> ShownMismatch:
    """Return a mismatch with what people are shown beside it."""
    row = assignments.find(db, mismatch.assignment_id) if mismatch.assignment_id else None
    return ShownMismatch(mismatch=mismatch, row=row, holder=holder_of(db, mismatch))


def why_not(
    db: Transaction, mismatch: Mismatch, verb: Verb, actor: Actor, *, is_theirs: bool = False
) -> str | None:
    """
    Return why somebody may not adopt or ignore a mismatch; None if they may.

    Args:
        is_theirs: It is about a group that they are in, and so about their own access, too.
    """
    holder_entra_id = actor.entra_id if is_theirs else mismatch.person_id
    return may(actor, verb, holder=holder_of(db, mismatch), holder_entra_id=holder_entra_id)

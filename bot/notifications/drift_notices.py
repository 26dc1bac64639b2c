"""Find the card that a mismatch of drift calls for, and draw it as it must be now."""

from bot.database import Transaction
from bot.drift.model import Mismatch
from bot.drift.store import mismatches
from bot.drift.transactions import shown
from bot.messages import drift as words
from bot.messages.parts import Message
from bot.notifications.model import Notice


def notice_for(mismatch: Mismatch, *, admin_channel: str) -> Notice:
    """Return the notice that tells the admins of a mismatch."""
    return Notice(
        key=mismatches.notice_key(mismatch),
        kind=mismatches.NOTICE,
        to=admin_channel,
        assignment_id=mismatch.assignment_id if mismatch.together is None else None,
    )


def first_content(db: Transaction, mismatch_id: str) -> Message | None:
    """Return what the admins are told; None where it has passed, or is settled, before it was sent."""
    mismatch = mismatches.find(db, mismatch_id)
    if mismatch is None or (not mismatches.is_open(mismatch) and mismatch.together is None):
        return None
    return _card(db, mismatch)


def content_of(db: Transaction, notice: Notice) -> Message | None:
    """Return what a sent card says now; None where it has been found anew, and a newer card says that."""
    mismatch = mismatches.find(db, mismatches.id_in(notice.key))
    if mismatch is None or mismatches.notice_key(mismatch) != notice.key:
        return None
    return _card(db, mismatch)


def _card(db: Transaction, mismatch: Mismatch) -> Message:
    if mismatch.together is not None:
        return words.together(mismatch)
    return words.card(shown(db, mismatch))

"""Find the card that a mismatch of drift calls for, and draw it as it must be now."""

from bot.database import Store, Transaction
from bot.drift.model import Mismatch
from bot.drift.store import mismatches
from bot.drift.transactions import shown
from bot.messages.admins import drift as words
from bot.messages.blocks.parts import Message
from bot.notifications.announcing import when_unfinished
from bot.notifications.model import Notice
from bot.notifications.outbox import Sending


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


class DriftNews:
    """Tells the admins where Entra and what was approved do not agree."""

    def __init__(self, *, store: Store, sending: Sending, admin_channel: str) -> None:
        self._store = store
        self._sending = sending
        self._admin_channel = admin_channel

    async def send(self, mismatch: Mismatch) -> bool:
        """Tell the admins where Entra and what was approved do not agree."""
        notice = notice_for(mismatch, admin_channel=self._admin_channel)

        def content(db: Transaction) -> Message | None:
            return first_content(db, mismatch.id)

        return await self._sending.send(
            [notice], content, close=lambda db: _close_drift(db, mismatch, notice.key)
        )


def _close_drift(db: Transaction, mismatch: Mismatch, key: str) -> None:
    mismatches.schedule_notice(db, mismatch, news=when_unfinished(db, [key]))

"""Tell the events of a request below its card in a channel: the next stage, and how it ended."""

from collections.abc import Sequence
from typing import Final

from bot.approvals.model import Decision
from bot.database import Transaction
from bot.messages.approvals import card_threads
from bot.messages.blocks.parts import Message, in_thread
from bot.notifications.model import Notice, is_channel
from bot.notifications.outcome_notices import OwedNotice
from bot.notifications.store import notices
from bot.requests.model import Request, State
from bot.requests.store import requests

REPLY: Final = "reply"


def step_replies(request: Request, asked: Sequence[str]) -> list[Notice]:
    """
    Return the replies that are owed because a later stage, or a new round, is decided now, or one of several has approved.

    Args:
        asked: Where cards about it go.
    """
    if request.state is not State.PENDING:
        return []
    if request.approvals:
        prefix = f"step:{request.ask_id}:{request.approvals}"
    elif request.stage or request.round:
        prefix = f"step:{request.ask_id}"
    else:
        return []
    return [_reply(prefix, request, to=to) for to in asked if is_channel(to)]


def step_reply(db: Transaction, notice: Notice, request: Request) -> Message | None:
    """Return what a reply says; None if that is over, or there is no card that it could stand below."""
    now = requests.find(db, request.id)
    if now is None or notice not in step_replies(now, [notice.to]):
        return None
    for card in notices.cards_in_channels(db, request.id):
        if card.to == notice.to and card.ts:
            return in_thread(card_threads.next_step(now), card.ts)
    return None


def ending_replies(
    request: Request, decided: Sequence[Decision], cards: Sequence[Notice]
) -> list[OwedNotice]:
    """
    Return the replies that say how a request has ended, one below each card in a channel.

    Args:
        cards: Those in channels.
    """
    return [
        (
            _reply(f"outcome:{request.id}", request, to=card.to),
            in_thread(card_threads.ending(request, decided), card.ts),
        )
        for card in cards
        if card.ts
    ]


def _reply(prefix: str, request: Request, *, to: str) -> Notice:
    return Notice(key=f"{prefix}:{to}", kind=REPLY, to=to, request_id=request.id)

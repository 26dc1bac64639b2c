"""Say what a card about a request must say now, where it is."""

from bot.approvals.store import approver_questions, deciders, decisions, recipients
from bot.assignments.model import Assignment
from bot.database import Transaction
from bot.messages.approvals import approval_card
from bot.messages.blocks.parts import Message
from bot.notifications.model import Notice, is_channel
from bot.requests.model import Request


def drawn(
    db: Transaction,
    request: Request,
    card: Notice,
    *,
    admin_channel: str,
    access: Assignment | None = None,
) -> Message:
    """
    Return what a card about *request* says now, where it is.

    Args:
        access: What it gave, where admins may remove it again.
    """
    return approval_card.card(
        request,
        decisions.accepted_of(db, request),
        questions=approver_questions.accepted_of(db, request.id),
        reader=None if is_channel(card.to) else card.to,
        named_as=deciders.why_asked(db, request, card.to),
        asked=recipients.asks_about(request, card),
        access=access,
        is_for_admins=card.to == admin_channel,
    )

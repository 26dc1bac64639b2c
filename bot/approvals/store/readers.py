"""Tell whom the whole card of a request has been shown to: by a card of their own, or because they have had a part in it."""

from typing import Final

import sqlalchemy as sa

from bot.approvals.model import Outcome
from bot.database.connections.engine import Transaction
from bot.database.statements import word
from bot.database.tables import approver_questions, decisions, notices
from bot.notifications.model import CARD

REQUEST: Final = sa.bindparam("request", type_=sa.String())
READER: Final = sa.bindparam("reader", type_=sa.String())
FOUND: Final = sa.literal_column("1", sa.Integer)
# A card that says that its reader is not asked any more shows nothing of the request.
HAS_CARD: Final = sa.select(FOUND).where(
    notices.c.request_id == REQUEST,
    notices.c.kind == word(CARD),
    notices.c.recipient == READER,
    notices.c.sent_at.is_not(None),
    notices.c.dropped_why.is_(None),
)
# In any round: what one has decided stays one's own when the request begins anew.
HAS_DECIDED: Final = sa.select(FOUND).where(
    decisions.c.request_id == REQUEST,
    decisions.c.outcome == word(Outcome.ACCEPTED),
    sa.or_(decisions.c.slack_user == READER, decisions.c.for_user == READER),
)
HAS_ASKED: Final = sa.select(FOUND).where(
    approver_questions.c.request_id == REQUEST,
    approver_questions.c.outcome == word(Outcome.ACCEPTED),
    approver_questions.c.slack_user == READER,
)
ANY: Final = sa.union_all(HAS_CARD, HAS_DECIDED, HAS_ASKED).limit(1)


def has_seen_card(db: Transaction, request_id: str, slack_user: str) -> bool:
    """Tell whether somebody has the card of a request, has decided a step of it, or has asked a question about it."""
    return db.execute(ANY, {"request": request_id, "reader": slack_user}).first() is not None

"""Show the whole card of a request in a modal."""

from collections.abc import Sequence
from typing import Any, Final

from bot import clock
from bot.approvals.model import ApproverQuestion, Decision
from bot.messages.approvals import approval_card
from bot.messages.blocks.parts import Block, context, plain, section
from bot.people.model import NamedAs
from bot.requests.model import Request, State
from bot.words import _, pgettext

CALLBACK: Final = "latchkey_review"


def decision_saved() -> dict[str, Any]:
    """Say in the card's place that a decision is saved; whether it counts is checked right after."""
    return {
        "type": "modal",
        "callback_id": "latchkey_reviewed",
        "title": plain(pgettext("title", "Review")),
        "close": plain(_("Close")),
        "blocks": [
            section(
                _(
                    "Your decision is saved. I check it with Slack and Entra right now; if it does not "
                    "count, I tell you why."
                )
            )
        ],
    }


def review(
    request: Request,
    decided: Sequence[Decision],
    *,
    questions: Sequence[ApproverQuestion] = (),
    reader: str,
    named_as: NamedAs | None = None,
    may_decide: bool = True,
) -> dict[str, Any]:
    """
    Draw the card; without its buttons for whoever cannot decide it: whom it is about, and admins who may not.

    Args:
        may_decide: Their decision would count, as far as that is known.
    """
    card = approval_card.card(
        request,
        decided,
        questions=questions,
        reader=reader,
        named_as=named_as,
        is_shown_only=not may_decide,
    )
    blocks: list[Block] = card["blocks"]
    if reader in {request.holder, request.asked_by}:
        blocks = [block for block in blocks if block["type"] != "actions"]
        if request.state is State.PENDING and not request.is_past_deadline(clock.now()):
            blocks.append(context(_("This is your own request: somebody else decides it.")))
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": request.id,
        "title": plain(pgettext("title", "Review")),
        "close": plain(_("Close")),
        "blocks": blocks,
    }

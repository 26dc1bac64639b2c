"""Say in one word what state a request is in, in sentences that are kept or raised."""

from collections.abc import Mapping
from typing import Final

from bot.requests.model import Request, State
from bot.words import N_

STATE_WORDS: Final[Mapping[State, str]] = {
    State.RECEIVED: N_("received"),
    State.PENDING: N_("pending"),
    State.APPROVED: N_("approved"),
    State.SUBMITTED: N_("submitted"),
    State.DELIVERED: N_("delivered"),
    State.REFUSED: N_("refused"),
    State.DENIED: N_("denied"),
    State.CANCELED: N_("canceled"),
    State.LAPSED: N_("expired"),
    State.FAILED: N_("failed"),
}


def state_word(request: Request) -> str:
    """Return the word for the state of a request: what Entra is asked to decide is approved by nobody yet."""
    if request.is_asked_for_in_entra:
        return N_("being asked for in Microsoft Entra")
    return STATE_WORDS[request.state]

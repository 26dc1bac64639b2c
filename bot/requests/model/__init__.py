"""A request: its states and moves, what is shown beside it, and what becomes of it when it keeps failing."""

from bot.requests.model.evidence import MOST_COUNTED, DecidedThere, Evidence
from bot.requests.model.holds import Hold
from bot.requests.model.known import KnownPackage
from bot.requests.model.request import OWN_REMOVAL, Request, id_of_entra_request, read_ask_id
from bot.requests.model.states import (
    DECLINED,
    ENDED,
    LEAVER,
    MOVES,
    NOT_CONNECTED,
    OPEN,
    REMOVED_MEANWHILE,
    SENDING,
    Kind,
    State,
)
from bot.requests.model.together import AskedTogether

__all__ = [
    "DECLINED",
    "ENDED",
    "LEAVER",
    "MOST_COUNTED",
    "MOVES",
    "NOT_CONNECTED",
    "OPEN",
    "OWN_REMOVAL",
    "REMOVED_MEANWHILE",
    "SENDING",
    "AskedTogether",
    "DecidedThere",
    "Evidence",
    "Hold",
    "Kind",
    "KnownPackage",
    "Request",
    "State",
    "id_of_entra_request",
    "read_ask_id",
]

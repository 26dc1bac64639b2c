"""A request: its states and moves, what is shown beside it, and what becomes of it when it keeps failing."""

from bot.requests.model.evidence import MOST_COUNTED, DecidedThere, Evidence
from bot.requests.model.holds import Hold
from bot.requests.model.known import KnownPackage
from bot.requests.model.request import OWN_REMOVAL, Request, id_of_entra_request, read_ask_id
from bot.requests.model.states import (
    DECLINED,
    ENDED,
    ENDED_MEANWHILE,
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
from bot.requests.model.visibility import (
    hides_any_decider,
    hides_deciders,
    may_clicker_see_deciders,
    may_see_deciders,
    shown_there,
)

__all__ = [
    "DECLINED",
    "ENDED",
    "ENDED_MEANWHILE",
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
    "hides_any_decider",
    "hides_deciders",
    "id_of_entra_request",
    "may_clicker_see_deciders",
    "may_see_deciders",
    "read_ask_id",
    "shown_there",
]

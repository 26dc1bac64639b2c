"""List the kinds and the states of a request, the moves between them, and why one ends that nobody has decided."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from bot.words import N_


class Kind(StrEnum):
    """The kind of a request: access, its extension, or its removal."""

    ADD = "add"
    EXTEND = "extend"
    REMOVE = "remove"


class State(StrEnum):
    """The state of a request; docs/explanation/how-it-works.md draws the moves."""

    RECEIVED = "received"
    PENDING = "pending"
    APPROVED = "approved"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    DENIED = "denied"
    CANCELED = "canceled"
    LAPSED = "lapsed"
    FAILED = "failed"


MOVES: Final[Mapping[State, frozenset[State]]] = {
    # Failed without ever having been sent: it could not even be judged, and an admin gave it up.
    # Received once more: an extension whose access has run out meanwhile is a request for new access from then on.
    State.RECEIVED: frozenset(
        {
            State.RECEIVED,
            State.PENDING,
            State.APPROVED,
            State.REFUSED,
            State.CANCELED,
            State.FAILED,
        }
    ),
    # Submitted from there: what Entra decides is in Entra already; and failed, when Entra does not show it any more.
    State.PENDING: frozenset(
        {
            State.RECEIVED,
            State.PENDING,
            State.APPROVED,
            State.SUBMITTED,
            State.DENIED,
            State.CANCELED,
            State.LAPSED,
            State.FAILED,
        }
    ),
    # Lapsed: whoever asked has not connected the account in whose name it would be sent.
    # Back to pending when what was approved is no longer what would be granted.
    State.APPROVED: frozenset(
        {
            State.RECEIVED,
            State.SUBMITTED,
            State.PENDING,
            State.REFUSED,
            State.CANCELED,
            State.LAPSED,
            State.FAILED,
        }
    ),
    # Pending, denied, canceled or lapsed from there: where Entra decides.
    State.SUBMITTED: frozenset(
        {
            State.PENDING,
            State.DELIVERED,
            State.DENIED,
            State.CANCELED,
            State.LAPSED,
            State.FAILED,
        }
    ),
}

OPEN: Final = tuple(MOVES)

# What is said of a request that is to be sent to Entra, which decides: its row is "approved" as of all that is to be
# sent, and nobody has approved it.
SENDING: Final = "sending"

ENDED: Final = tuple(state for state in State if state not in MOVES)

# Why a request is canceled that whoever asked has not withdrawn.
DECLINED: Final = N_("Declined by the person whom it was for.")

REMOVED_MEANWHILE: Final = N_("The access is being removed.")

# Why an extension is over whose access can only be asked for anew.
ENDED_MEANWHILE: Final = N_("The access ended before it could be extended.")

# Why what Entra decides has lapsed without having been sent there.
NOT_CONNECTED: Final = N_("The Microsoft account was not connected in time.")

# All access of the person is being removed.
LEAVER: Final = N_("An admin is removing all access of this person: {reason}")

"""Say what a request asks for and how it stands: each kind and state in one place."""

from collections.abc import Mapping
from typing import Final

from bot.messages.parts import escape, person
from bot.messages.quorum import approvals_so_far
from bot.messages.waiting import waiting_for
from bot.requests.model import Kind, Request, State

# "@Ann … *Marketing*".
WANTS: Final[Mapping[Kind, str]] = {
    Kind.ADD: "asks for",
    Kind.EXTEND: "asks to extend",
    Kind.REMOVE: "asks to remove",
}
# "… *Marketing* for @Ann", to admins.
FOR_ADMINS: Final[Mapping[Kind, str]] = {
    Kind.ADD: "Access to",
    Kind.EXTEND: "Extension of",
    Kind.REMOVE: "Removal of",
}
# "… *Marketing*", to whoever has asked.
FOR_REQUESTER: Final[Mapping[Kind, str]] = {**FOR_ADMINS, Kind.REMOVE: "Return of"}
# "it is …".
IN_ENTRA: Final[Mapping[Kind, str]] = {
    Kind.ADD: "being set up by Entra",
    Kind.EXTEND: "being extended by Entra",
    Kind.REMOVE: "being removed by Entra",
}
STUCK: Final = "stuck; the admins have been told"
DECLINED: Final = "Declined by the person whom it was for."
# On the approval card, once nothing is left to decide.
OUTCOME: Final[Mapping[State, str]] = {
    State.RECEIVED: "Being checked.",
    State.PENDING: "Waiting for a decision.",
    State.DELIVERED: "Delivered.",
    State.DENIED: "Denied.",
    State.CANCELED: "Canceled by the requester.",
    State.LAPSED: "Expired: nobody decided in time.",
    State.REFUSED: "Refused.",
    State.FAILED: "Entra did not deliver it.",
}
UNDER_WAY: Final[Mapping[Kind, str]] = {
    Kind.ADD: "Approved. Setting it up …",
    Kind.EXTEND: "Approved. Extending it …",
    Kind.REMOVE: "Approved. Removing it …",
}


def progress(request: Request) -> str:
    """Return how an open request stands, to go behind "it is"."""
    if request.held_at is not None:
        return STUCK
    return stage_of_work(request)


def stage_of_work(request: Request) -> str:
    """Return which step of the way an open request is at, whether it is stuck there or not."""
    match request.state:
        case State.PENDING:
            return waiting_for(request)
        case State.APPROVED:
            return (
                "about to be removed"
                if request.kind is Kind.REMOVE
                else "approved, and next to be set up"
            )
        case State.SUBMITTED:
            return IN_ENTRA[request.kind]
        case _:
            return "being checked"


def outcome(request: Request) -> str:
    """Return how a request stands or has ended, as a sentence for those who decide."""
    if request.state in {State.APPROVED, State.SUBMITTED}:
        return UNDER_WAY[request.kind]
    if request.state is State.LAPSED and request.why:
        # There was nothing left to decide.
        return "Expired."
    counted = approvals_so_far(request)
    if request.state is State.LAPSED and request.approvals and counted:
        return f"Expired: it got {counted} in time."
    if request.state is State.LAPSED and request.stage and request.terms:
        stages = len(request.terms.stages)
        return f"Expired: nobody decided step {request.stage + 1} of {stages} in time."
    if request.state is State.CANCELED and request.why:
        # Not by whoever asked.
        return DECLINED if request.is_on_behalf else "Canceled."
    if request.state is State.FAILED and request.give_up_by:
        return "An admin has given it up."
    if request.state is State.DELIVERED and request.kind is Kind.EXTEND:
        return "Extended."
    return OUTCOME[request.state]


def wish(request: Request) -> str:
    """Return who asks for what, mrkdwn without a full stop: "@Ann asks for *Marketing*"."""
    name = escape(request.package_name)
    holder = person(request.holder, request.holder_name)
    if request.is_on_behalf:
        return f"{person(request.asked_by)} asks for *{name}* for {holder}"
    return f"{holder} {WANTS[request.kind]} *{name}*"

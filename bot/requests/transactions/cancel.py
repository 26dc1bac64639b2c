"""Withdraw a request that has not been sent to Entra."""

from typing import Final

from bot.approvals.store import decisions
from bot.database import Transaction
from bot.errors import NotAllowed, TooLate
from bot.people.model import DONE, Verb
from bot.people.permissions import Actor, may
from bot.requests import transitions
from bot.requests.model import MOVES, Request, State
from bot.requests.store import requests

_ON_ITS_WAY: Final = {
    State.APPROVED: "on its way to Entra",
    State.SUBMITTED: "being set up by Entra",
}


def _so_far(request: Request) -> str:
    """Return where a request is, for a sentence."""
    return _ON_ITS_WAY.get(request.state, str(request.state))


def cancel(db: Transaction, slack_user: str, request_id: str) -> Request:
    """
    Withdraw a request.

    Raises:
        NotAllowed: It is somebody else's.
        TooLate: It has gone on already.
    """
    request = requests.find(db, request_id)
    if request is None:
        raise TooLate("I do not know that request any more.")
    why = may(
        Actor(slack_user=slack_user), Verb.CANCEL, holder=request.asked_by, holder_entra_id=None
    )
    if why:
        raise NotAllowed(why)
    if request.state is State.CANCELED:
        raise TooLate("You have withdrawn that request already.")
    if State.CANCELED not in MOVES.get(request.state, ()) or request.intent_at is not None:
        raise TooLate(f"That request cannot be withdrawn any more: {_fate(db, request)}.")
    moved = transitions.cancel(db, request, actor=slack_user)
    if moved is None:
        current = requests.find(db, request_id) or request
        raise TooLate(f"Somebody was faster: {_fate(db, current)}. Please look again.")
    return moved


def _fate(db: Transaction, request: Request) -> str:
    """Return what has become of a request, and through whom."""
    counted = decisions.accepted_of(db, request)
    if not counted or request.state is State.SUBMITTED:
        return f"it is {_so_far(request)}"
    last = counted[-1]
    return f"it was {DONE[last.verb]} by {last.name or 'somebody else'}"

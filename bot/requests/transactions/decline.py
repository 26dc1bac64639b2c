"""Decline access that somebody else has asked for."""

from bot.database import Transaction
from bot.errors import NotAllowed, TooLate
from bot.people.model import Verb
from bot.people.permissions import Actor, may
from bot.requests import state_machine
from bot.requests.model import MOVES, Request, State
from bot.requests.state_words import state_word
from bot.requests.store import requests
from bot.requests.transactions.remove import remove
from bot.words import N_


def decline(db: Transaction, slack_user: str, request_id: str) -> Request:
    """
    Cancel a request for whoever would get the access; once it is delivered, return the access.

    Raises:
        NotAllowed: It is somebody else's access.
        TooLate: It is on its way to Entra, or over.
    """
    request = requests.find(db, request_id)
    if request is None:
        raise TooLate(N_("I do not know that request any more."))
    holder = request.holder if request.is_on_behalf else None
    why = may(
        Actor(slack_user=slack_user), Verb.DECLINE, holder=holder, holder_entra_id=request.entra_id
    )
    if why:
        raise NotAllowed(why)
    if request.state is State.DELIVERED and request.assignment_id is not None:
        return remove(db, slack_user, request.assignment_id, Verb.RETURN, None).request
    if request.state not in MOVES:
        raise TooLate(N_("That request is {state} already.").format(state=state_word(request)))
    if not request.can_be_withdrawn:
        raise TooLate(
            N_(
                "That is being set up by Entra already. Once you have it, /my-access lets you return "
                "it."
            )
        )
    moved = state_machine.decline(db, request, actor=slack_user)
    if moved is None:
        raise TooLate(N_("Somebody was faster. Please look again."))
    return moved

"""Have those reminded who decide a request, once a day."""

from bot import clock
from bot.database import Transaction
from bot.errors import NotAllowed, TooLate
from bot.messages.phrases.waiting import REMIND_EVERY
from bot.people.model import Verb
from bot.people.permissions import Actor, may
from bot.requests.model import Request, State
from bot.requests.store import current_stage, requests
from bot.words import N_


def remind(db: Transaction, slack_user: str, request_id: str) -> Request:
    """
    Have those reminded who decide a request.

    Raises:
        NotAllowed: It is somebody else's.
        TooLate: Nothing waits any more, nobody is asked, or they have been reminded today.
    """
    request = requests.find(db, request_id)
    if request is None:
        raise TooLate(N_("I do not know that request any more."))
    why = may(
        Actor(slack_user=slack_user), Verb.REMIND, holder=request.asked_by, holder_entra_id=None
    )
    if why:
        raise NotAllowed(why)
    if request.comes_to_a_decision:
        raise TooLate(
            N_(
                "That request is being checked, and nobody has to decide it yet; /my-access shows how it stands."
            )
        )
    if request.state is not State.PENDING:
        raise TooLate(
            N_("Nobody has to decide that request any more; /my-access shows how it stands.")
        )
    if not request.deciders:
        raise TooLate(N_("I have found nobody in Slack yet whom I could remind of that request."))
    reminded = current_stage.remind(db, request, not_since=clock.now() - REMIND_EVERY)
    if reminded is not None:
        return reminded
    now = requests.get(db, request_id)
    if now.state is State.PENDING and now.reminded_at is not None:
        raise TooLate(N_("You had them reminded within the last day; you can do that once a day."))
    raise TooLate(N_("That request has gone on meanwhile; /my-access shows how it stands."))

"""Let an admin retry or give up a request that is on hold."""

from bot.database import Transaction
from bot.errors import NotAllowed, TooLate
from bot.people.model import Verb
from bot.people.permissions import Actor, may
from bot.requests.model import Request
from bot.requests.store import holds, requests
from bot.words import N_

DONE = {Verb.RETRY: N_("tried again"), Verb.GIVE_UP: N_("given up")}


def repair(db: Transaction, slack_user: str, hold_id: str, verb: Verb, actor: Actor) -> Request:
    """
    Let a request on hold be tried again, or given up by the next step of a worker.

    Raises:
        NotAllowed: *actor* may not do that.
        TooLate: It is not on hold any more.
    """
    hold = holds.find(db, hold_id)
    request = requests.find(db, hold.request_id) if hold else None
    if hold is None or request is None:
        raise TooLate(N_("I do not know that request any more."))
    why = may(actor, verb, holder=request.holder, holder_entra_id=request.entra_id)
    if why:
        raise NotAllowed(why)
    if hold.verb is not None:
        raise TooLate(N_("That request has been {done} already.").format(done=DONE[hold.verb]))
    freed = holds.end(db, hold, request, verb, actor=slack_user)
    if freed is None:
        raise TooLate(N_("That request is not on hold any more. Please look again."))
    return freed

"""Withdraw a request that has not been sent to Entra, or have it canceled there, where Entra decides."""

from typing import Final

from bot.approvals.store import decisions
from bot.database import Transaction
from bot.errors import NotAllowed, TooLate
from bot.people.model import DONE, Verb
from bot.people.permissions import Actor, may
from bot.requests import state_machine
from bot.requests.model import Request, State, may_see_deciders
from bot.requests.state_words import state_word
from bot.requests.store import cancellations, requests
from bot.words import N_
from bot.words.formats import kept_moment

_ON_ITS_WAY: Final = {
    State.APPROVED: N_("on its way to Entra"),
    State.SUBMITTED: N_("being set up by Entra"),
}
# The last that happened to a request in these was a decision, if there is one.
_BY_DECISION: Final = frozenset({State.PENDING, State.APPROVED, State.DENIED})


def _so_far(request: Request) -> str:
    """Return where a request is, for a sentence."""
    if request.is_scheduled and request.starts_at is not None:
        return N_("due to begin {when}").format(when=kept_moment(request.starts_at))
    if request.is_asked_for_in_entra:
        return state_word(request)
    return _ON_ITS_WAY.get(request.state, state_word(request))


def cancel(db: Transaction, slack_user: str, request_id: str) -> Request:
    """
    Withdraw a request; of what is in Entra, which decides it, note that it is to be canceled there.

    Raises:
        NotAllowed: It is somebody else's.
        TooLate: It has gone on already.
    """
    request = requests.find(db, request_id)
    if request is None:
        raise TooLate(N_("I do not know that request any more."))
    why = may(
        Actor(slack_user=slack_user), Verb.CANCEL, holder=request.asked_by, holder_entra_id=None
    )
    if why:
        raise NotAllowed(why)
    if request.state is State.CANCELED:
        raise TooLate(N_("You have withdrawn that request already."))
    if request.can_be_canceled_in_entra:
        wanted = cancellations.want_canceled(db, request)
        if wanted is None:
            raise TooLate(
                N_("Somebody was faster: {fate}. Please look again.").format(
                    fate=_fate(db, requests.find(db, request_id) or request)
                )
            )
        return wanted
    if request.is_being_canceled:
        raise TooLate(N_("That request is being canceled in Microsoft Entra already."))
    if not request.can_be_withdrawn:
        raise TooLate(
            N_("That request cannot be withdrawn any more: {fate}.").format(fate=_fate(db, request))
        )
    moved = state_machine.cancel(db, request, actor=slack_user)
    if moved is None:
        current = requests.find(db, request_id) or request
        raise TooLate(
            N_("Somebody was faster: {fate}. Please look again.").format(fate=_fate(db, current))
        )
    return moved


def _fate(db: Transaction, request: Request) -> str:
    """
    Return what has become of a request; where a decision is the last that was, through whom.

    A stage that was approved says nothing of what has expired, was refused or failed after it; and whoever asked may not see
    who decides every stage.
    """
    counted = decisions.accepted_of(db, request) if request.state in _BY_DECISION else ()
    if not counted or not may_see_deciders(request, counted[-1].stage, request.asked_by):
        return N_("it is {state}").format(state=_so_far(request))
    last = counted[-1]
    return N_("it was {done} by {person}").format(
        done=DONE[last.verb], person=last.name or N_("somebody else")
    )

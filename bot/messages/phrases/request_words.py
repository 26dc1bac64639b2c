"""Say what a request asks for and how it stands: each kind and state in one place."""

from collections.abc import Mapping
from typing import Final

from bot.messages.blocks.parts import bold, escape, moment, person
from bot.messages.phrases.quorum import approvals_so_far
from bot.messages.phrases.waiting import waiting_for
from bot.requests.model import Kind, Request, State
from bot.words import N_, _

# "it is …".
IN_ENTRA: Final[Mapping[Kind, str]] = {
    Kind.ADD: N_("being set up by Entra"),
    Kind.EXTEND: N_("being extended by Entra"),
    Kind.REMOVE: N_("being removed by Entra"),
}
STUCK: Final = N_("stuck; the admins have been told")
# Behind how far a request is that is to be granted.
PAUSED: Final = N_("All granting is paused just now. I go on with this as soon as that is over.")
DECLINED: Final = N_("Declined by the person whom it was for.")
# On the approval card, once nothing is left to decide.
OUTCOME: Final[Mapping[State, str]] = {
    State.RECEIVED: N_("Being checked."),
    State.PENDING: N_("Waiting for a decision."),
    State.DELIVERED: N_("Delivered."),
    State.DENIED: N_("Denied."),
    State.CANCELED: N_("Canceled by the requester."),
    State.LAPSED: N_("Expired: nobody decided in time."),
    State.REFUSED: N_("Refused."),
    State.FAILED: N_("Entra did not deliver it."),
}
UNDER_WAY: Final[Mapping[Kind, str]] = {
    Kind.ADD: N_("Approved. Setting it up …"),
    Kind.EXTEND: N_("Approved. Extending it …"),
    Kind.REMOVE: N_("Approved. Removing it …"),
}


def for_admins(request: Request) -> str:
    """Name a request to admins: "Access to *Marketing* for @Ann"."""
    match request.kind:
        case Kind.ADD:
            sentence = _("Access to *{package}* for {person}")
        case Kind.EXTEND:
            sentence = _("Extension of *{package}* for {person}")
        case Kind.REMOVE:
            sentence = _("Removal of *{package}* for {person}")
    holder = person(request.holder, request.holder_name)
    return sentence.format(package=escape(request.package_name), person=holder)


def for_requester(request: Request) -> str:
    """Name a request to whoever has asked, how it stands and since when."""
    match request.kind:
        case Kind.ADD:
            sentence = _("Access to *{package}*: {progress}, asked {when}")
        case Kind.EXTEND:
            sentence = _("Extension of *{package}*: {progress}, asked {when}")
        case Kind.REMOVE:
            sentence = _("Return of *{package}*: {progress}, asked {when}")
    return sentence.format(
        package=escape(request.package_name),
        progress=progress(request),
        when=moment(request.asked_at),
    )


def about_busy(request: Request) -> str:
    """Say in a reminder which step an open request about the same access is at."""
    match request.kind:
        case Kind.ADD:
            sentence = _("Access to {package}: {progress}.")
        case Kind.EXTEND:
            sentence = _("Extension of {package}: {progress}.")
        case Kind.REMOVE if request.is_given_back:
            sentence = _("Return of {package}: {progress}.")
        case Kind.REMOVE:
            sentence = _("Removal of {package}: {progress}.")
    return sentence.format(package=bold(request.package_name), progress=stage_of_work(request))


def progress(request: Request) -> str:
    """Return how an open request stands, to go behind "it is"."""
    if request.held_at is not None:
        return _(STUCK)
    return stage_of_work(request)


def stage_of_work(request: Request, *, own: bool = True) -> str:
    """
    Return which step of the way an open request is at, whether it is stuck there or not.

    Args:
        own: It is said to whoever asked.
    """
    if request.is_being_canceled:
        return _("being canceled in Microsoft Entra")
    match request.state:
        case State.PENDING:
            return waiting_for(request, reader=request.asked_by if own else None)
        case State.APPROVED if request.emergency:
            return _("emergency access, and next to be set up")
        case State.APPROVED if request.needs_account_at is not None and request.kind is Kind.REMOVE:
            return _("waiting until another request about it is over in Microsoft Entra")
        case State.APPROVED if request.needs_account_at is not None and not own:
            return _("waiting until they connect their Microsoft account")
        case State.APPROVED if request.needs_account_at is not None:
            return _("waiting until you connect your Microsoft account")
        case State.APPROVED if request.entra_decides:
            return _("about to be sent to Microsoft Entra")
        case State.SUBMITTED if request.is_scheduled:
            return _("due to begin {when}").format(when=_begins(request))
        case State.SUBMITTED if request.is_asked_for_in_entra:
            return _("sent to Microsoft Entra")
        case State.APPROVED if request.kind is Kind.REMOVE:
            return _("about to be removed")
        case State.APPROVED if request.is_delayed:
            return _("approved, and next to be set up, which takes longer than usual")
        case State.APPROVED:
            return _("approved, and next to be set up")
        case State.SUBMITTED:
            return _(IN_ENTRA[request.kind])
        case _ if request.is_delayed:
            return _("being checked, which takes longer than usual")
        case _:
            return _("being checked")


def _begins(request: Request) -> str:
    return moment(request.starts_at) if request.starts_at else ""


def outcome_for_requester(request: Request) -> str:
    """Return how a request has ended, as a sentence for whoever asked."""
    if request.is_canceled_by_admin:
        return _("Canceled by an admin.")
    if request.state is State.CANCELED and not request.why and not request.is_canceled_in_entra:
        return _("You canceled it.")
    return outcome(request)


def outcome(request: Request) -> str:
    """Return how a request stands or has ended, as a sentence for those who decide."""
    if request.emergency and request.state in {State.APPROVED, State.SUBMITTED}:
        return _("Emergency access, without an approval. Setting it up …")
    if request.emergency and request.state is State.DELIVERED:
        return _("Delivered as emergency access, without an approval.")
    if request.is_scheduled:
        # Nothing redraws what this stands in when that moment has passed.
        return _("Approved, to begin {when}.").format(when=_begins(request))
    if request.is_asked_for_in_entra:
        return _("Microsoft Entra decides it, and is being asked.")
    if request.state in {State.APPROVED, State.SUBMITTED}:
        return _(UNDER_WAY[request.kind])
    if request.state is State.LAPSED and request.why:
        # There was nothing left to decide.
        return _("Expired.")
    counted = approvals_so_far(request)
    if request.state is State.LAPSED and request.approvals and counted:
        return _("Expired: it got {counted} in time.").format(counted=counted)
    if request.state is State.LAPSED and request.stage and request.terms:
        stages = len(request.terms.stages)
        return _("Expired: nobody decided step {stage} of {stages} in time.").format(
            stage=request.stage + 1, stages=stages
        )
    if request.state is State.DENIED and request.entra_decides:
        return _("Denied in Microsoft Entra.")
    if request.is_canceled_in_entra:
        return _("Canceled in Microsoft Entra.")
    if request.state is State.CANCELED and request.why:
        # Not by whoever asked.
        return _(DECLINED) if request.is_declined else _("Canceled.")
    if request.state is State.FAILED and request.give_up_by:
        return _("An admin has given it up.")
    if request.state is State.DELIVERED and request.kind is Kind.EXTEND:
        return _("Extended.")
    return _(OUTCOME[request.state])


def asks_for(kind: Kind, *, person: str, package: str) -> str:
    """Return who asks for what, without a full stop."""
    match kind:
        case Kind.ADD:
            sentence = _("{person} asks for {package}")
        case Kind.EXTEND:
            sentence = _("{person} asks to extend {package}")
        case Kind.REMOVE:
            sentence = _("{person} asks to remove {package}")
    return sentence.format(person=person, package=package)


def wish(request: Request) -> str:
    """Return who asks for what, mrkdwn without a full stop: "@Ann asks for *Marketing*"."""
    name = bold(request.package_name)
    holder = person(request.holder, request.holder_name)
    if request.is_on_behalf:
        return _("{asker} asks for {package} for {person}").format(
            asker=person(request.asked_by), package=name, person=holder
        )
    return asks_for(request.kind, person=holder, package=name)

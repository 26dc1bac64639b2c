"""Say what it takes for a delegate to decide where an approval takes a fresh sign-in, and let its giver sign in for it."""

from collections.abc import Sequence
from typing import Any, Final

from bot.messages.accounts.connecting import sign_in_button
from bot.messages.blocks.modals import said_in_modal
from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    button,
    context,
    message,
    moment,
    person,
    plain,
    section,
)
from bot.messages.phrases.shorter_ends import plain_moment
from bot.packages.settings.model import DelegationLimits
from bot.people.model import Delegation
from bot.words import N_, _, pgettext
from bot.words.formats import in_a_row

TAKES_OWN_SIGN_IN: Final = N_(
    "Where an approval takes a fresh sign-in to Microsoft, this counts only once you have signed in for it; your delegate "
    "then signs in for each approval."
)
ENTRA_LEFT_OUT: Final = N_(
    "What Microsoft Entra decides is left out: it knows no delegates of Latchkey's."
)


def what_it_takes(
    delegation: Delegation, limits: DelegationLimits, *, reader: str | None
) -> list[str]:
    """Say where this delegation does not count, or what it takes to count there; in whole sentences."""
    said = _takes(delegation, limits, reader=reader) if limits.takes_sign_in else None
    return [
        *([said] if said is not None else []),
        *([_(ENTRA_LEFT_OUT)] if limits.entra_decides else []),
    ]


def before_it_is_made(limits: DelegationLimits) -> list[str]:
    """Say the same to whoever is about to let somebody decide."""
    return [
        *([_(TAKES_OWN_SIGN_IN)] if limits.takes_sign_in else []),
        *([_(ENTRA_LEFT_OUT)] if limits.entra_decides else []),
    ]


def _takes(delegation: Delegation, limits: DelegationLimits, *, reader: str | None) -> str:
    if delegation.is_proven_for(None):
        return _note_of_proven(delegation, limits, reader=reader)
    if reader == delegation.delegator:
        return _(TAKES_OWN_SIGN_IN)
    if reader == delegation.delegate:
        return _(
            "Where an approval takes a fresh sign-in to Microsoft, this counts only once {person} has signed in for it; "
            "you then sign in for each approval."
        ).format(person=person(delegation.delegator))
    return _(
        "Where an approval takes a fresh sign-in to Microsoft, this counts only once {person} has signed in for it, which "
        "nobody can do for them."
    ).format(person=person(delegation.delegator))


def note(delegation: Delegation, limits: DelegationLimits, *, reader: str | None) -> str | None:
    """Say in a list whether a delegation counts where an approval takes a fresh sign-in; None where none does."""
    if not limits.takes_sign_in:
        return None
    if delegation.is_proven_for(None):
        return _note_of_proven(delegation, limits, reader=reader)
    if reader == delegation.delegator:
        return _("Not where an approval takes a fresh sign-in: you have not signed in for it.")
    return _(
        "Not where an approval takes a fresh sign-in: {person} has not signed in for it."
    ).format(person=person(delegation.delegator))


def _note_of_proven(delegation: Delegation, limits: DelegationLimits, *, reader: str | None) -> str:
    if reader == delegation.delegator:
        said = _("Also where an approval takes a fresh sign-in: you have signed in for it.")
    elif reader == delegation.delegate:
        said = _(
            "Also where an approval takes a fresh sign-in, with a sign-in of your own: {person} has signed in for it."
        ).format(person=person(delegation.delegator))
    else:
        said = _(
            "Also where an approval takes a fresh sign-in: {person} has signed in for it."
        ).format(person=person(delegation.delegator))
    return " ".join([said, *_not_yet(_missing(delegation, limits))])


def _missing(delegation: Delegation, limits: DelegationLimits) -> list[str]:
    return [each for each in limits.contexts if not delegation.is_proven_for(each)]


def _not_yet(contexts: Sequence[str]) -> list[str]:
    """Say where a delegation that a sign-in has proven does not count all the same: of these authentication contexts."""
    if not contexts:
        return []
    said = _("Not yet where it takes the authentication context {contexts}.")
    return [said.format(contexts=in_a_row(contexts))]


def sign_in_row(delegation: Delegation, limits: DelegationLimits, *, reader: str) -> list[Block]:
    """Make the row with which its giver signs in for a delegation; nothing for others, or where that changes nothing."""
    is_of_use = limits.takes_sign_in and delegation.lacks_proof(limits.contexts)
    if reader != delegation.delegator or not is_of_use:
        return []
    sign_in = button(_("Sign in for it"), "prove_delegation", delegation.id)
    return [actions(sign_in, block_id=f"prove:{delegation.id}")]


def form(delegation: Delegation, links: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """
    Show in a modal the links by which its giver signs in for a delegation.

    Args:
        links: Each with the authentication context that it asks for; None: as any sign-in is.
    """
    text = _(
        "{person} decides for you until {when}.\n\nSign in to Microsoft now, so that this counts where an approval takes a "
        "fresh sign-in as well."
    ).format(person=person(delegation.delegate), when=moment(delegation.ends_at))
    hint = _(
        "Each link is for you alone, and good for ten minutes and this one delegation. Do not pass it on. To end the delegation "
        "takes no sign-in."
    )
    # A block takes one button of each action.
    rows = [
        actions(_link_button(url, wanted), block_id=f"sign-in:delegate:{wanted or ''}")
        for url, wanted in links
    ]
    said = message(text, [section(text), *rows, context(hint)])
    return said_in_modal(said, title=_("Sign in to delegate"))


def _link_button(url: str, wanted: str | None) -> Block:
    if wanted is None:
        return sign_in_button(url)
    label = _("Sign in with {context}").format(context=wanted)
    return {**sign_in_button(url), "text": plain(label)}


def not_possible(why: str) -> dict[str, Any]:
    """Say in a modal why nobody can sign in for a delegation."""
    said = message(why, [{"type": "section", "text": plain(why)}])
    return said_in_modal(said, title=_("Sign in to delegate"))


def page_lines(
    delegation: Delegation, *, name: str, address: str | None, missing: Sequence[str]
) -> list[str]:
    """
    Say in plain text what somebody is about to let another person do.

    Args:
        name, address: Of the delegate, as Entra has them now.
        missing: The authentication contexts that packages ask for, and that it lacks after this sign-in.
    """
    whom = name if address is None else f"{name} ({address})"
    what = _(
        "You are about to let {person} decide for you until {when}, also where an approval takes a fresh sign-in."
    ).format(person=whom, when=plain_moment(delegation.ends_at))
    return [
        " ".join([what, *_not_yet(missing)]),
        _(
            "Each of these approvals then takes a sign-in of theirs, and none of yours. You can end it in Slack at any time."
        ),
        _(
            "Go on only if you have pressed “Sign in for it” yourself, in Slack, just now. If you have not, somebody else uses "
            "your Slack account: close this page, and tell your identity team at once."
        ),
    ]


def saved_line(*, missing: Sequence[str]) -> str:
    """Say in plain text, on the page after the sign-in, what it has proven; *missing* as for `page_lines`."""
    said = _(
        "Your delegate can now decide for you also where an approval takes a fresh sign-in, with a sign-in of their own."
    )
    return " ".join([said, *_not_yet(missing), _("You can close this page.")])


def told_delegate(delegation: Delegation, limits: DelegationLimits) -> Message:
    """Tell a delegate that whoever lets them decide has signed in for it, and where that does not suffice."""
    said = _(
        "{person} has signed in to Microsoft for letting you decide until {when}. Where an approval takes a fresh sign-in, "
        "you can now give it with a sign-in of your own."
    ).format(person=person(delegation.delegator), when=moment(delegation.ends_at))
    return message(" ".join([said, *_not_yet(_missing(delegation, limits))]))


def told_delegator(delegation: Delegation, limits: DelegationLimits) -> Message:
    """Tell an approver where their sign-in lets their delegate decide, so that nobody does that unnoticed."""
    said = _(
        "You have signed in to Microsoft for letting {person} decide for you until {when}, also where an approval takes a fresh "
        "sign-in."
    ).format(person=person(delegation.delegate), when=moment(delegation.ends_at))
    warning = _("If that was not you, cancel it, and tell your identity team at once.")
    text = " ".join([said, *_not_yet(_missing(delegation, limits)), warning])
    cancel = button(pgettext("end a delegation", "Cancel"), "undelegate", delegation.id)
    return message(text, [section(text), actions(cancel, block_id=f"delegation:{delegation.id}")])

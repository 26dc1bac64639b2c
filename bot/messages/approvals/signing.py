"""Say that an approval takes a sign-in to Microsoft: in the form that has the link, and on the page before it."""

from typing import Any

from bot.approvals.model import Decision
from bot.messages.accounts.connecting import sign_in_button
from bot.messages.blocks.modals import said_in_modal
from bot.messages.blocks.parts import actions, context, message, section
from bot.messages.phrases.request_words import wish
from bot.messages.phrases.shorter_ends import plain_moment
from bot.requests.model import Request
from bot.words import _


def form(url: str, request: Request) -> dict[str, Any]:
    """Show in a modal the link by which somebody signs in for an approval."""
    text = _(
        "{wish}.\n\nTo approve it, sign in to Microsoft now, whatever you are signed in to already. Nothing is approved before."
    ).format(wish=wish(request))
    hint = _(
        "The link is for you alone, and good for ten minutes and this one approval. Do not pass it on. To deny it takes "
        "no sign-in."
    )
    said = message(
        text,
        [section(text), actions(sign_in_button(url), block_id="sign-in:approve"), context(hint)],
    )
    return said_in_modal(said, title=_("Sign in to approve"))


def page_lines(decision: Decision, request: Request) -> list[str]:
    """Say in plain text what somebody is about to approve."""
    person = request.holder_name or _("Somebody")
    lines = [
        _("You are about to approve “{package}” for {person}.").format(
            package=request.package_name, person=person
        )
    ]
    end = decision.ends_at or request.granted_end
    if end is not None:
        lines.append(_("The access lasts until {when}.").format(when=plain_moment(end)))
    if request.justification:
        lines.append(_("Why they ask: {why}").format(why=request.justification))
    if decision.reason:
        lines.append(_("Your reason: {why}").format(why=decision.reason))
    lines.append(
        _(
            "Go on only if you have pressed Approve yourself, in Slack, just now. If you have not, somebody else uses your "
            "Slack account: close this page, and tell your identity team at once."
        )
    )
    return lines

"""Say how somebody connects their Microsoft account, that it is connected or not any more, and to whom a sign-in belonged."""

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from bot import clock
from bot.accounts.model import SIGN_IN_AGAIN, ConnectedAccount, Purpose
from bot.messages.blocks.modals import said_in_modal
from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    bold,
    button,
    confirm,
    context,
    escape,
    message,
    moment,
    person,
    plain,
    section,
)
from bot.messages.blocks.sentences import escape_sentence
from bot.requests.model import Request
from bot.words import N_, _, translate

# Titles of modals take 24 characters.
TITLE: Final = N_("Microsoft account")


def link(url: str, *, account: ConnectedAccount | None, only_to_ask: str | None = None) -> Message:
    """
    Answer whoever wants to connect their account, with the link to the sign-in.

    Args:
        only_to_ask: Another link, to a sign-in that needs no administrator's consent, for those who decide in Entra.
    """
    if account is None:
        text = _(
            "Sign in to Microsoft with the work account that belongs to this Slack account. From then on Latchkey "
            "knows you by that, and no longer by your e-mail address."
        )
    elif account.must_sign_in_again:
        text = _(SIGN_IN_AGAIN)
    else:
        text = _(
            "Your Microsoft account has been connected since {moment}. You can sign in once more, for example because "
            "Microsoft asks for it."
        ).format(moment=moment(account.connected_at))
    return message(
        text,
        [
            section(text),
            actions(
                sign_in_button(url),
                disconnect_button() if account is not None else None,
                block_id="connect:link",
            ),
            *(_only_to_ask(only_to_ask) if only_to_ask is not None else ()),
            context(
                _(
                    "The link is for you alone, and good for one sign-in within ten minutes. Do not pass it on: sign "
                    "in only where the address is {host} or Microsoft's."
                ).format(host=urlsplit(url).netloc)
            ),
        ],
    )


def _only_to_ask(url: str) -> list[Block]:
    text = _(
        "You are asked to decide in Microsoft Entra, for which an administrator must have consented. If Microsoft says "
        "that it needs an administrator's approval, sign in without it: you can ask for access then, and decide in My "
        "Access."
    )
    without = {**button(_("Sign in without deciding"), "sign_in", "-"), "url": url}
    return [section(text), actions(without, block_id="connect:asking")]


def sign_in_button(url: str) -> Block:
    """Make the button that opens a link to a sign-in."""
    return {**button(_("Sign in to Microsoft"), "sign_in", "-", style="primary"), "url": url}


def code(typed: str, url: str, minutes: int) -> dict[str, Any]:
    """Show in a modal a code that somebody types in at Microsoft's."""
    text = _(
        "Open {url} in a browser, type in this code, and sign in with the work account that belongs to this Slack "
        "account:"
    ).format(url=f"<{escape(url)}>")
    hint = _(
        "The code is for you alone, and good for {minutes} minutes. I will send you a message when it is done."
    ).format(minutes=minutes)
    said = message(text, [section(text), section(f"*`{typed}`*"), context(hint)])
    return said_in_modal(said, title=_(TITLE))


def code_refused(why: str) -> dict[str, Any]:
    """Say in a modal why there is no code."""
    return said_in_modal(message(why, [{"type": "section", "text": plain(why)}]), title=_(TITLE))


def connected() -> Message:
    """Tell somebody that their account is connected."""
    text = _(
        "Your Microsoft account is connected. If that was not you, disconnect it and tell your identity team at once."
    )
    return message(text, [section(text), actions(disconnect_button(), block_id="connect:done")])


def mismatch(purpose: Purpose) -> Message:
    """Tell whoever began a sign-in that somebody else signed in."""
    if purpose is Purpose.DELEGATE:
        return message(
            _(
                "Somebody signed in to Microsoft to let another person decide in your name, with an account that is not "
                "yours. Nothing has changed. If that was not you, somebody else uses your Slack account: tell your identity "
                "team at once."
            )
        )
    if purpose is Purpose.APPROVE:
        return message(
            _(
                "Somebody signed in to Microsoft to approve a request in your name, with an account that is not yours. "
                "Nothing is approved. If that was not you, somebody else uses your Slack account: tell your identity team "
                "at once."
            )
        )
    return message(
        _(
            "Somebody signed in to Microsoft by your link, with an account that is not the one of your Slack account. "
            "Nothing is connected. If that was not you, tell your identity team at once."
        )
    )


def used_by(slack_user: str, purpose: Purpose) -> Message:
    """Tell the owner of a Microsoft account that it was signed in to for somebody else's Slack account."""
    if purpose is Purpose.DELEGATE:
        return message(
            _(
                "Your Microsoft account was signed in to, to let somebody decide in the name of {person}. Nothing has "
                "changed. If that was not you, tell your identity team at once."
            ).format(person=person(slack_user))
        )
    if purpose is Purpose.APPROVE:
        return message(
            _(
                "Your Microsoft account was signed in to, to approve a request in the name of {person}. Nothing is "
                "approved. If that was not you, tell your identity team at once."
            ).format(person=person(slack_user))
        )
    return message(
        _(
            "Your Microsoft account was signed in to by a link for the Slack account of {person}. Nothing is connected. "
            "If that was not you, tell your identity team at once."
        ).format(person=person(slack_user))
    )


def disconnected(*, was_connected: bool) -> Message:
    """Answer whoever disconnects their account."""
    if not was_connected:
        return message(_("You have not connected a Microsoft account."))
    return message(
        _(
            "Your Microsoft account is disconnected: I have deleted what I kept to act in your name. I still know that "
            "this Slack account is yours, because you have signed in."
        )
    )


def home_row(account: ConnectedAccount | None) -> list[Block]:
    """Show in Home whether somebody has connected their account, with the buttons for what they can do about it."""
    if account is None:
        return [actions(connect_button(), block_id="connect:home")]
    if account.must_sign_in_again:
        both = actions(connect_button(), disconnect_button(), block_id="connect:home")
        return [section(_(SIGN_IN_AGAIN)), both]
    line = _("Your Microsoft account has been connected since {moment}.").format(
        moment=moment(account.connected_at)
    )
    return [section(line, accessory=disconnect_button(), block_id="connect:home")]


def connect_button() -> Block:
    """Make the button with which somebody begins to connect their account."""
    return button(_("Connect my Microsoft account"), "connect", "-")


def disconnect_button() -> Block:
    """Make the button with which somebody disconnects their account."""
    return button(
        _("Disconnect"),
        "disconnect",
        "-",
        about=_("my Microsoft account"),
        confirm=confirm(
            _("Disconnect?"),
            _(
                "Latchkey deletes what it keeps to act in your name. You can connect again at any time."
            ),
            yes=_("Disconnect"),
        ),
    )


def connect_to_decide(why: str, *, my_access: str | None) -> Message:
    """
    Answer an approver whose decision takes a connected account.

    Args:
        why: The whole sentence, fit for Slack.
        my_access: The address of My Access, where it is known.
    """
    row = actions(connect_button(), block_id="connect:decide")
    return message(why, [section(why), row, *_my_access(my_access)])


def _my_access(url: str | None) -> list[Block]:
    """Link to My Access; to its first page, because where it shows one request is not documented."""
    if url is None:
        return []
    return [context(f"<{url}|{_('Open My Access')}>")]


def connect_to_cancel(request: Request, *, my_access: str | None = None) -> Message:
    """Ask whoever wants to cancel what is in Entra to connect their account; it is canceled as soon as they have."""
    package = bold(request.package_name)
    begins = request.starts_at
    if begins is not None and begins > clock.now():
        # Whether it is decided by then or not: Entra cancels it until it begins.
        text = _(
            "To cancel your request for {package} in Microsoft Entra, I need your Microsoft account. Please connect it "
            "before the access begins {when}, and I cancel the request then; or cancel it in My Access."
        ).format(package=package, when=moment(begins))
    else:
        text = _(
            "To cancel your request for {package} in Microsoft Entra, I need your Microsoft account. Please connect it, "
            "and I cancel the request then, unless it is decided by that time; or cancel it in My Access."
        ).format(package=package)
    row = actions(connect_button(), block_id="connect:cancel")
    return message(text, [section(text), row, *_my_access(my_access)])


def not_canceled(request: Request) -> Message:
    """Tell whoever wanted their request canceled that Entra does not do that, and why."""
    return message(
        _("Your request for {package} is not canceled. {why}").format(
            package=bold(request.package_name),
            why=escape_sentence(translate(request.not_canceled_why or "")),
        )
    )


def connect_before(request: Request, until: datetime) -> Message:
    """Remind whoever wants something that Entra decides about to connect their account before the request expires."""
    text = _(
        "Your request for {package} still waits until you connect your Microsoft account. Without that it expires {when}."
    ).format(package=bold(request.package_name), when=moment(until))
    return message(text, [section(text), actions(connect_button(), block_id="connect:ask")])


def connect_to_ask(request: Request) -> Message:
    """Ask whoever wants something that Entra decides about to connect their account; the request waits until then."""
    text = _(
        "Microsoft Entra decides about {package}, so I ask there in your own name. Please connect your Microsoft "
        "account. I have saved your request, and send it on as soon as you have."
    ).format(package=bold(request.package_name))
    return message(text, [section(text), actions(connect_button(), block_id="connect:ask")])

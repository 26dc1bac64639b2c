"""Say what concerns requests that people have made in Microsoft Entra themselves."""

from bot.messages.blocks.parts import Message, escape, message
from bot.requests.model import Kind, Request
from bot.words import _


def seen(request: Request) -> Message:
    """Tell whoever has made a request in Entra that it is followed here, too."""
    if request.was_sent_before:
        line = _not_known(request)
    elif request.kind is Kind.EXTEND:
        line = _(
            "You have asked in My Access to extend *{package}*. `/my-access` shows for whom it waits, and I will tell "
            "you here how it ends."
        )
    else:
        line = _(
            "You have asked for *{package}* in My Access. `/my-access` shows for whom it waits, and I will tell you "
            "here how it ends."
        )
    return message(line.format(package=escape(request.package_name)))


def _not_known(request: Request) -> str:
    """Say no more than Entra shows: whether it was made here, and forgotten with a restore, or elsewhere, is not known."""
    if request.kind is Kind.EXTEND:
        return _(
            "Microsoft Entra has a request of yours to extend *{package}* that I did not know. I follow it from now on: "
            "`/my-access` shows for whom it waits, and I will tell you here how it ends."
        )
    return _(
        "Microsoft Entra has a request of yours for *{package}* that I did not know. I follow it from now on: "
        "`/my-access` shows for whom it waits, and I will tell you here how it ends."
    )

"""Say what concerns requests that people have made in Microsoft Entra themselves."""

from bot.messages.blocks.parts import Message, escape, message
from bot.requests.model import Kind, Request
from bot.words import _


def seen(request: Request) -> Message:
    """Tell whoever has made a request in Entra that it is followed here, too."""
    if request.kind is Kind.EXTEND:
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

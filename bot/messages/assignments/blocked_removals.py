"""Say that access cannot be removed yet, because a request about it waits in Microsoft Entra, and what is to be done about that."""

from bot.messages.accounts.connecting import connect_button
from bot.messages.blocks.parts import Message, actions, bold, message, person, section
from bot.requests.model import Request
from bot.words import _


def removal_waits(request: Request) -> Message:
    """Tell whoever wants access removed what they can do; it goes on by itself when the request in Entra is over."""
    package = bold(request.package_name)
    if request.asked_by == request.holder:
        text = _(
            "You still have {package}: Microsoft Entra takes nothing back while a request to keep it longer waits there "
            "for a decision. Please connect your Microsoft account, so that I can cancel that request, or cancel it in "
            "My Access. As soon as it is over, I go on by myself."
        ).format(package=package)
        return message(text, [section(text), actions(connect_button(), block_id="connect:cancel")])
    text = _(
        "{person} still has {package}: Microsoft Entra takes no removal while a request about that access waits there for "
        "a decision. Please have that request denied in Microsoft Entra, or ask them to connect their Microsoft "
        "account, so that I can cancel it. As soon as it is over, I go on by myself."
    ).format(person=person(request.holder, request.holder_name), package=package)
    return message(text)

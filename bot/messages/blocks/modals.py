"""Say in a modal what would be said in a message, where there is no message to answer."""

from typing import Any, Final

from bot.messages.blocks.parts import Message, plain
from bot.words import _

CALLBACK: Final = "latchkey_said"


def said_in_modal(content: Message, *, title: str) -> dict[str, Any]:
    """Make a modal with nothing to fill in, which says what *content* says."""
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(title),
        "close": plain(_("Close")),
        "blocks": list(content["blocks"]),
    }

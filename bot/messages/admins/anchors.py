"""Say where the audit log ends, so that Slack keeps it."""

from bot.messages.blocks.parts import Message, message
from bot.words import _


def anchor(text: str) -> Message:
    """Say the anchor of the audit log."""
    return message(
        _(
            "The audit log of Latchkey ends with row and hash `{anchor}` today. Keep this message: with "
            "`latchkey audit verify --anchor` it shows whether somebody has changed what came before."
        ).format(anchor=text)
    )

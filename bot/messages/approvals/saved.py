"""Say that a decision is saved which cannot be processed just now."""

from typing import Final

from bot.messages.blocks.parts import Message, message
from bot.words import N_, _

SAVED_WHILE_PAUSED: Final = N_(
    "Your decision is saved. Granting is paused just now; when it goes on, I pass your decision on to Microsoft Entra."
)


def decision_saved(*, is_paused: bool = False) -> Message:
    """
    Say that a decision is not lost that cannot be processed just now.

    Args:
        is_paused: It waits because granting is paused.
    """
    if is_paused:
        return message(_(SAVED_WHILE_PAUSED))
    return message(
        _(
            "Your decision is saved. I can't verify it with Slack and Entra right now; I'll apply "
            "it as soon as I can."
        )
    )

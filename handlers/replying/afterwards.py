"""
Tell whoever has sent a form that they may not do that, where they sent it, once it is known.

A form is answered before anything is read: what it asks for is saved, and judged by who they are when it is carried
out.  That is written down and told where it happens; this is the sentence for whoever still looks at the answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from bot.messages.blocks.parts import Message, message
from bot.messages.blocks.sentences import escape_sentence
from bot.people.guard import Guard
from bot.people.model import Verb
from bot.words import translate
from handlers.replying.background import Background

# So long may Slack and Entra take to say who somebody is: nothing waits for it, but whoever reads the answer goes away.
KNOWN_WITHIN_SECONDS: Final = 30.0
# What replaces our answer to a form must not get to Slack before it.
AFTER_ANSWER_SECONDS: Final = 1.0


def say_if_refused(
    background: Background,
    guard: Guard,
    *,
    user: str,
    verb: Verb,
    say: Callable[[Message], Awaitable[None]],
) -> None:
    """Say why somebody may not do what only admins may, and what a form of theirs has asked for; nothing if they may."""

    async def read() -> None:
        await asyncio.sleep(AFTER_ANSWER_SECONDS)
        why = await guard.find_reason_against(user, verb, seconds=KNOWN_WITHIN_SECONDS)
        if why is not None:
            await say(message(escape_sentence(translate(why))))

    background.start(read)

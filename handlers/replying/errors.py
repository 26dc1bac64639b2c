"""Turn errors into sentences in Slack; no exception leaves a handler."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from bot import chance
from bot.database import Busy, Unsure
from bot.errors import LatchkeyError, SeenBefore
from bot.messages.blocks.parts import message
from bot.messages.blocks.sentences import escape_sentence
from bot.words import N_, _, translate

# The database could not be asked: whatever was wanted, nothing has happened.
REQUEST_NOT_SAVED: Final = N_(
    "I can't save your request right now. Nothing has changed; please try again in a minute."
)
DECISION_NOT_SAVED: Final = N_(
    "I can't save your decision right now. Nothing has changed; please try again in a minute."
)
CHANGE_NOT_SAVED: Final = N_(
    "I can't save that right now. Nothing has changed; please try again in a minute."
)
# It went away between the wish to commit and the answer.
NOT_KNOWN: Final = N_(
    "My database stopped answering just as I was saving that, so I can't tell whether I have it. Please look in a minute "
    "whether it has worked, and do it again if not: nothing is done twice."
)
NOT_READ: Final = N_("I can't look that up right now. Please try again in a minute.")

log = structlog.get_logger(__name__)

Say = Callable[[Mapping[str, Any]], Awaitable[None]]


def not_done(error: Busy, *, busy: str) -> str:
    """
    Return what to say where the database could not do something.

    Args:
        busy: The same where nothing has happened: what was wanted differs.
    """
    return NOT_KNOWN if isinstance(error, Unsure) else busy


@asynccontextmanager
async def explain_errors(say: Say, *, busy: str) -> AsyncIterator[None]:
    """
    Tell the person what went wrong inside this block, and raise nothing; a repetition is not answered.

    Args:
        busy: What to say when the database could not do it: what was wanted differs.

    Letting an exception out of a Bolt listener undoes its ack: Slack would show an error of its own on top.
    """
    try:
        yield
    except SeenBefore:
        log.info("seen-before")
    except LatchkeyError as error:
        await say(message(escape_sentence(translate(str(error)))))
    except Busy as error:
        log.warning("busy", error=type(error).__name__)
        await say(message(_(not_done(error, busy=busy))))
    except Exception:
        incident = chance.new_id()[:8]
        log.exception("unexpected", incident=incident)
        broke = _("Something broke on my side. Please tell your identity team: `{incident}`.")
        await say(message(broke.format(incident=incident)))

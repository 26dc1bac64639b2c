"""Turn errors into sentences in Slack; no exception leaves a handler."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog

from bot import chance
from bot.database import Busy
from bot.errors import LatchkeyError, SeenBefore
from bot.messages.parts import escape, message

BUSY: Final = (
    "I can't save your request right now. Nothing has changed; please try again in a minute."
)

log = structlog.get_logger(__name__)

Say = Callable[[Mapping[str, Any]], Awaitable[None]]


@asynccontextmanager
async def explain_errors(say: Say) -> AsyncIterator[None]:
    """
    Tell the person what went wrong inside this block, and raise nothing; a repetition is not answered.

    Letting an exception out of a Bolt listener undoes its ack: Slack would show an error of its own on top.
    """
    try:
        yield
    except SeenBefore:
        log.info("seen-before")
    except LatchkeyError as error:
        await say(message(escape(str(error))))
    except Busy:
        log.warning("busy")
        await say(message(BUSY))
    except Exception:
        incident = chance.new_id()[:8]
        log.exception("unexpected", incident=incident)
        await say(
            message(f"Something broke on my side. Please tell your identity team: `{incident}`.")
        )

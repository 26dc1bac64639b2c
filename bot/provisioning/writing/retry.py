"""
Wait where Graph is slow, repeat what certainly did not happen, and say so.

The one place that decides by Graph's answer whether a write is worth another try:

* too many requests: nothing happened; as long as Graph says, and no attempt is counted.  Only what came in a batch
  with others may have happened all the same: look, and then again
* it does not see yet what was made a moment ago (``is_early``): again, for five minutes
* there is one already (``is_there_already``): look whether it is there, and only then try again
* no answer: look, and never write a second time what must not be there twice
* anything else: a refusal
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, repeat
from typing import Final, TypeVar

from bot.repeating import Sleep, until_done, until_found
from graph.errors import (
    DUPLICATE_KEY,
    DUPLICATE_PACKAGE,
    RESOURCE_ALREADY_ONBOARDED,
    RESOURCE_IN_USE,
    RESOURCE_NOT_VISIBLE_YET,
    Conflict,
    GraphError,
    NotFound,
    Rejected,
    Throttled,
)

Result = TypeVar("Result")

# Entra shows a new group to entitlement management after seconds to minutes.
PATIENCE: Final = timedelta(minutes=5)
# An earlier try of ours shows up in lists within this, if it worked.
SETTLES: Final = timedelta(seconds=30)
PAUSES: Final = (0.5, 1, 2, 3, 5, 8)  # seconds; the last one again and again
WHEN_THROTTLED: Final = timedelta(seconds=10)


# Codes by which Graph says that it does not see yet what was just made.
EARLY: Final = frozenset(
    {RESOURCE_NOT_VISIBLE_YET.casefold(), "subjectnotfound", "rolenotfound", "resourcenotfound"}
)
# Codes that say nothing: there the sentence decides.
VAGUE: Final = frozenset({"", "badrequest", "invalidmodel", "invalidrequest", "request_badrequest"})
_NOT_SEEN: Final = re.compile(r"not (be )?found|does not exist|doesn't exist", re.IGNORECASE)
_THERE: Final = re.compile(r"already (exist|onboarded|a duplicated|a member)", re.IGNORECASE)
_DUPLICATES: Final = frozenset(
    code.casefold() for code in (RESOURCE_ALREADY_ONBOARDED, DUPLICATE_PACKAGE, DUPLICATE_KEY)
)


def is_early(error: GraphError) -> bool:
    """
    Tell whether Graph only does not see yet what was made a moment ago.

    Everything that apply writes about was there when it was planned, or was made since: a 404 means "not yet".
    """
    if isinstance(error, NotFound):
        return True
    code = (error.code or "").casefold()
    if not isinstance(error, Rejected):
        return False
    return (
        code in EARLY
        or code.endswith("notfound")
        or (code in VAGUE and _NOT_SEEN.search(str(error)) is not None)
    )


def is_there_already(error: GraphError) -> bool:
    """Tell whether Graph refuses because there is one: ours, somebody else's, or one that is being made."""
    if isinstance(error, Conflict):
        return True
    code = (error.code or "").casefold()
    return isinstance(error, Rejected) and (
        code in _DUPLICATES or (code in VAGUE and _THERE.search(str(error)) is not None)
    )


def asked_for(error: Throttled) -> timedelta:
    """Return how long Graph asks to wait, or long enough where it does not say."""
    return error.retry_after or WHEN_THROTTLED


def may_write_again(error: GraphError) -> bool:
    """Tell whether to repeat what may be written twice: what may have happened is done again."""
    return error.may_have_happened or is_early(error)


def may_delete_again(error: GraphError) -> bool:
    """Tell whether a deletion is only too early; that a thing is not there is no failure, but the end."""
    return error.may_have_happened or error.has_code(RESOURCE_IN_USE) or isinstance(error, Conflict)


@dataclass(frozen=True, kw_only=True)
class Retrier:
    """
    Repeats looks and writes until they succeed or patience is over.

    Attributes:
        say: Told what is waited for, each time it is looked for in vain.
        sleep: Waits so many seconds.
        patience: The longest wait for one thing.
    """

    say: Callable[[str], object]
    sleep: Sleep = asyncio.sleep
    patience: timedelta = PATIENCE

    async def wait_until(
        self,
        what: str,
        look: Callable[[], Awaitable[Result | None]],
        *,
        patience: timedelta | None = None,
    ) -> Result | None:
        """
        Look until something is found, and return it; None when patience is over.

        Graph's 404 is nothing found: it does not show at once even what it answered for.
        """
        left = self.patience if patience is None else patience

        async def look_once() -> Result | None:
            with suppress(NotFound):
                return await look()
            return None

        def pauses() -> Iterator[timedelta]:
            waited = timedelta()
            for each in _pauses():
                if waited >= left:
                    return
                pause = min(each, left - waited)
                seconds = waited.total_seconds()
                self.say(f"waiting for {what}" + (f" ({seconds:.0f} s)" if seconds >= 1 else ""))
                yield pause
                waited += pause

        return await until_found(look_once, pauses=pauses(), sleep=self.sleep)

    async def retry(
        self,
        what: str,
        write: Callable[[], Awaitable[Result]],
        *,
        retry_on: Callable[[GraphError], bool] = is_early,
    ) -> Result:
        """
        Write, and write again while Graph says that it did nothing because of haste.

        Args:
            retry_on: Which refusals are only a matter of time, beside too many requests.

        Raises:
            GraphError: Another failure, or patience is over.
        """
        left, pauses = self.patience, _pauses()

        def pause_after(error: Exception) -> timedelta | None:
            nonlocal left
            if not isinstance(error, GraphError):
                return None
            nothing_happened = isinstance(error, Throttled) and not error.may_have_happened
            if not (nothing_happened or retry_on(error)):
                return None
            if isinstance(error, Throttled):
                pause = asked_for(error)
                said = f"Graph asks to wait {pause.total_seconds():.0f} s before {what}"
            else:
                pause = next(pauses)
                said = f"waiting for {what}"
            if pause > left:
                return None
            self.say(said)
            left -= pause
            return pause

        return await until_done(write, pause_after=pause_after, sleep=self.sleep)


def _pauses() -> Iterator[timedelta]:
    """Yield `PAUSES`, and then the last of them for ever."""
    yield from (timedelta(seconds=each) for each in chain(PAUSES, repeat(PAUSES[-1])))

"""Patience with Graph: waits where it is slow, repeats what certainly did not happen, and says so."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from graph.errors import GraphError, Throttled

Result = TypeVar("Result")

# Entra shows a new group to entitlement management after seconds to minutes.
PATIENCE: Final = timedelta(minutes=5)
# An earlier try of ours shows up in lists within this, if it worked.
SETTLES: Final = timedelta(seconds=30)
PAUSES: Final = (0.5, 1, 2, 3, 5, 8)  # seconds; the last one again and again
WHEN_THROTTLED: Final = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """
    How a command waits.

    Attributes:
        say: Told what is waited for, each time it is looked for in vain.
        sleep: Waits so many seconds.
        patience: The longest wait for one thing.
    """

    say: Callable[[str], object]
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    patience: timedelta = PATIENCE

    async def until(
        self,
        what: str,
        look: Callable[[], Awaitable[Result | None]],
        *,
        patience: timedelta | None = None,
    ) -> Result | None:
        """What *look* finds, as soon as it finds something; None when patience is over."""
        left = (self.patience if patience is None else patience).total_seconds()
        pauses = iter(PAUSES)
        waited = 0.0
        while True:
            found = await look()
            if found is not None:
                return found
            if left <= 0:
                return None
            pause = min(next(pauses, PAUSES[-1]), left)
            self.say(f"waiting for {what}" + (f" ({waited:.0f} s)" if waited >= 1 else ""))
            await self.sleep(pause)
            left, waited = left - pause, waited + pause

    async def patiently(
        self,
        what: str,
        write: Callable[[], Awaitable[Result]],
        *,
        also: Callable[[GraphError], bool] = lambda error: False,
    ) -> Result:
        """
        Do *write*, again while Graph says that it did nothing because of haste.

        Args:
            also: Whether another refusal is only a matter of time.

        Raises:
            GraphError: Another failure, or patience is over.
        """
        left = self.patience.total_seconds()
        pauses = iter(PAUSES)
        while True:
            try:
                return await write()
            except GraphError as error:
                pause = next(pauses, PAUSES[-1])
                if isinstance(error, Throttled):
                    pause = (error.retry_after or WHEN_THROTTLED).total_seconds()
                elif not also(error):
                    raise
                if pause > left:
                    raise
                self.say(f"waiting for {what}")
            await self.sleep(pause)
            left -= pause

"""
Let somebody who waits for an answer go before work that nobody waits for.

Jobs, and what they start, run "in the background".  While somebody is being answered they make do with one call
every now and then, so that they get on, and nobody notices them.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

# After an answer the next command may be near.
LULL_SECONDS: Final = 0.01
# While people are being answered, one thing of the background begins in so much time.
TURN_SECONDS: Final = 0.1


class Courtesy:
    """Knows whether anybody is being answered, and lets the background wait for them."""

    def __init__(self) -> None:
        self._answering = 0
        self._quiet_at = 0.0
        self._turn_at = 0.0
        self._queue: Final = asyncio.Lock()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Somebody waits for what is done in this block."""
        self._answering += 1
        try:
            yield
        finally:
            self._answering -= 1
            self._quiet_at = asyncio.get_running_loop().time() + LULL_SECONDS

    @contextmanager
    def background(self) -> Iterator[None]:
        """Nobody waits for what this block does, and for what the tasks do that it starts."""
        before = _background.set(self)
        try:
            yield
        finally:
            _background.reset(before)

    async def wait_for_turn(self) -> None:
        """Wait until nobody is being answered, or until it is the background's turn all the same."""
        loop = asyncio.get_running_loop()
        if not self._is_busy(loop):
            return
        async with self._queue:
            while self._is_busy(loop):
                wait = self._turn_at - loop.time()
                if wait <= 0:
                    self._turn_at = loop.time() + TURN_SECONDS
                    return
                await asyncio.sleep(min(wait, LULL_SECONDS))

    def _is_busy(self, loop: asyncio.AbstractEventLoop) -> bool:
        return self._answering > 0 or loop.time() < self._quiet_at


_background: Final[ContextVar[Courtesy | None]] = ContextVar("background", default=None)


def is_background() -> bool:
    """Tell whether nobody waits for what runs now."""
    return _background.get() is not None


async def give_way() -> None:
    """Let those go first who wait for an answer; in the background only."""
    courtesy = _background.get()
    if courtesy is not None:
        await courtesy.wait_for_turn()

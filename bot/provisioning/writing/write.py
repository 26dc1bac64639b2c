"""Writes once what must not be written twice, and sees that it is there."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.provisioning.writing.diff import Change
from bot.provisioning.writing.retry import (
    SETTLES,
    Retrier,
    asked_for,
    is_there_already,
    may_write_again,
)
from bot.provisioning.writing.state import StateFile
from graph.errors import Conflict, GraphError, GraphUnavailable, Throttled

# Finds the id of what was created; None while it does not show.
Look = Callable[[], Awaitable[str | None]]
# Creates something; returns its id if whoever calls looks by itself whether it shows.
Create = Callable[[], Awaitable[str | None]]
# Tells whether what was written shows.
IsShown = Callable[[], Awaitable[bool]]


class OpenCalls:
    """Counts the creations whose answer is not there yet."""

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one more, for as long as the block runs."""
        self._count += 1
        self._none.clear()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._none.set()

    async def none(self) -> None:
        """Wait until all have their answer, so that one look serves all who wait for it."""
        await self._none.wait()


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes for apply, and sees that what was written shows."""

    state: StateFile
    retrier: Retrier
    open_calls: OpenCalls = field(default_factory=OpenCalls)

    async def create_once(
        self,
        change: Change,
        look: Look,
        create: Create,
        *,
        accepts_existing: bool = False,
        **within: str,
    ) -> str:
        """
        Create something exactly once, whatever became of an earlier try, and return its id.

        The state says that it is begun before the call leaves.  A call without an answer, now or
        before a crash, is followed by looking, not by a second call: Graph has no idempotency key.

        Args:
            accepts_existing: One that somebody else made meanwhile is as good.  It is not entered as ours, so that
                nobody's but our own is ever deleted.

        Raises:
            GraphError: Graph refuses, or nobody can tell what happened.
        """
        found = None
        was_begun = self.state.is_begun(change.key)
        if was_begun:
            found = await self.retrier.wait_until(change.title, look, patience=SETTLES)
        if found is None:
            await self.state.begin(change.key)
            found, is_ours = await self._created(change, look, create, was_begun=was_begun)
            if not (is_ours or accepts_existing):
                self.state.remove([change.key])
                raise Conflict(f"{change.title} was made by somebody else meanwhile; plan again.")
            if not is_ours:
                self.state.remove([change.key])
                self.retrier.say(f"{change.title} is there already; destroy will not delete it")
                return found
        await self.state.add_together(change.key, found, **within)
        return found

    async def _created(
        self, change: Change, look: Look, create: Create, *, was_begun: bool
    ) -> tuple[str, bool]:
        """Create it, and return its id and whether it is ours."""
        left = self.retrier.patience - SETTLES
        while True:
            try:
                with self.open_calls.one():
                    found = await self.retrier.retry(change.title, create)
                break
            except GraphError as error:
                # "There is one already" speaks of ours only if we began one before.
                is_ours = was_begun = error.may_have_happened or was_begun
                is_throttled, is_there = isinstance(error, Throttled), is_there_already(error)
                if not (is_ours or is_there):
                    self.state.remove([change.key])
                    raise
                if isinstance(error, Throttled) and error.may_have_happened:
                    await self.retrier.sleep(asked_for(error).total_seconds())
                    left -= asked_for(error)
                found = await self.retrier.wait_until(change.title, look, patience=SETTLES)
                if found is not None:
                    return found, is_ours
                # Graph says that there is one where nothing is: another one was just being made.  Or it says that
                # there were too many calls in a batch, and the look shows that this one did nothing.
                may_repeat = is_throttled or (is_there and not error.may_have_happened)
                if not may_repeat or left < SETTLES:
                    if not is_ours:
                        self.state.remove([change.key])
                    raise
                left -= SETTLES
        await self.open_calls.none()
        if found is None:
            found = await self.retrier.wait_until(f"{change.title} to show up", look)
        if found is None:
            raise GraphUnavailable(
                f"{change.title} was created, and Graph does not show it.", may_have_happened=True
            )
        return found, True

    async def write_and_confirm(
        self, change: Change, write: Callable[[], Awaitable[None]], is_shown: IsShown
    ) -> None:
        """
        Write what may be written twice, and see it there.

        Raises:
            GraphError: Graph refuses, or does not show what was written.
        """
        await self.write(change, write)

        async def shown() -> bool | None:
            return True if await is_shown() else None

        if await self.retrier.wait_until(f"{change.title} to show what was written", shown) is None:
            raise _not_shown(change)

    async def write(self, change: Change, write: Callable[[], Awaitable[None]]) -> None:
        """
        Write what may be written twice.

        Raises:
            GraphError: Graph refuses.
        """
        await self.retrier.retry(change.title, write, retry_on=may_write_again)

    async def wait_until_same(
        self,
        change: Change,
        differing: Callable[[], Awaitable[set[str]]],
        *,
        may_stay: frozenset[str],
    ) -> set[str]:
        """
        Wait until nothing differs from what was written; return what does, and may stay so.

        Args:
            differing: Reads which words differ still.
            may_stay: Words that are not worth all patience: Graph keeps them as they were.

        Raises:
            GraphUnavailable: Something else still differs.
        """
        left: set[str] = set()

        async def shown() -> bool | None:
            nonlocal left
            left = await differing()
            return None if left else True

        what = f"{change.title} to show what was written"
        if await self.retrier.wait_until(what, shown, patience=SETTLES) or (
            left and left <= may_stay
        ):
            return left
        if (
            await self.retrier.wait_until(what, shown, patience=self.retrier.patience - SETTLES)
            is None
        ):
            raise _not_shown(change)
        return left


def _not_shown(change: Change) -> GraphUnavailable:
    return GraphUnavailable(
        f"Graph took {change.title}, and does not show it as it was written; plan again to see how."
    )

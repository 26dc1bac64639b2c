"""Writes once what must not be written twice, and sees that it is there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.provisioning.changes import Change
from bot.provisioning.record import Record
from bot.provisioning.waiting import SETTLES, Waiting, is_there_already, may_write_again
from graph.errors import Conflict, GraphError, GraphUnavailable

# Finds the id of what was created; None while it does not show.
Look = Callable[[], Awaitable[str | None]]
# Whether what was written shows; None while it does not.
Shown = Callable[[], Awaitable[bool | None]]


@dataclass(frozen=True, kw_only=True)
class Writing:
    """The only way in which apply writes."""

    record: Record
    waiting: Waiting

    async def once(
        self,
        change: Change,
        look: Look,
        create: Callable[[], Awaitable[object]],
        *,
        joins: bool = False,
        **within: str,
    ) -> str:
        """
        Create something exactly once, whatever became of an earlier try, and return its id.

        The record says that it is begun before the call leaves.  A call without an answer, now or
        before a crash, is followed by looking, not by a second call: Graph has no idempotency key.

        Args:
            joins: Whether one that somebody else made meanwhile is as good.  It is not entered as ours, so that
                nobody's but our own is ever deleted.

        Raises:
            GraphError: Graph refuses, or nobody can tell what happened.
        """
        found = None
        was_begun = self.record.is_begun(change.key)
        if was_begun:
            found = await self.waiting.until(change.title, look, patience=SETTLES)
        if found is None:
            self.record.begin(change.key)
            found, is_ours = await self._created(change, look, create, was_begun=was_begun)
            if not (is_ours or joins):
                self.record.forget([change.key])
                raise Conflict(f"{change.title} was made by somebody else meanwhile; plan again.")
            if not is_ours:
                self.record.forget([change.key])
                self.waiting.say(f"{change.title} is there already; destroy will not delete it")
                return found
        self.record.made(change.key, found, **within)
        return found

    async def _created(
        self,
        change: Change,
        look: Look,
        create: Callable[[], Awaitable[object]],
        *,
        was_begun: bool,
    ) -> tuple[str, bool]:
        """Its id, and whether it is ours."""
        left = self.waiting.patience - SETTLES
        while True:
            try:
                await self.waiting.patiently(change.title, create)
                break
            except GraphError as error:
                # "There is one already" speaks of ours only if we began one before.
                is_ours = error.may_have_happened or was_begun
                is_there = is_there_already(error)
                if not (is_ours or is_there):
                    self.record.forget([change.key])
                    raise
                found = await self.waiting.until(change.title, look, patience=SETTLES)
                if found is not None:
                    return found, is_ours
                # Graph says that there is one where nothing is: another one was just being made.
                if error.may_have_happened or not is_there or left < SETTLES:
                    if not is_ours:
                        self.record.forget([change.key])
                    raise
                left -= SETTLES
        found = await self.waiting.until(f"{change.title} to show up", look)
        if found is None:
            raise GraphUnavailable(
                f"{change.title} was created, and Graph does not show it.", may_have_happened=True
            )
        return found, True

    async def again(
        self, change: Change, write: Callable[[], Awaitable[None]], shown: Shown
    ) -> None:
        """
        Write what may be written twice, and see it there.

        Raises:
            GraphError: Graph refuses, or does not show what was written.
        """
        await self.write(change, write)
        await self.seen(change, shown)

    async def write(self, change: Change, write: Callable[[], Awaitable[None]]) -> None:
        """
        Write what may be written twice.

        Raises:
            GraphError: Graph refuses.
        """
        await self.waiting.patiently(change.title, write, retry_on=may_write_again)

    async def until_shown(
        self,
        change: Change,
        differing: Callable[[], Awaitable[set[str] | None]],
        *,
        may_stay: frozenset[str],
    ) -> set[str]:
        """
        Wait until nothing differs from what was written; what does, and may stay so.

        Args:
            differing: Which words differ still.
            may_stay: Words that are not worth all patience: Graph keeps them as they were.

        Raises:
            GraphUnavailable: Something else still differs.
        """
        left: set[str] = set()

        async def shown() -> bool | None:
            nonlocal left
            left = await differing() or set()
            return None if left else True

        what = f"{change.title} to show what was written"
        if await self.waiting.until(what, shown, patience=SETTLES) or (left and left <= may_stay):
            return left
        if await self.waiting.until(what, shown, patience=self.waiting.patience - SETTLES) is None:
            raise GraphUnavailable(
                f"Graph took {change.title}, and does not show it as it was written; plan again to see how."
            )
        return left

    async def seen(self, change: Change, shown: Shown) -> None:
        """
        Wait until it shows.

        Raises:
            GraphUnavailable: It does not.
        """
        if await self.waiting.until(f"{change.title} to show what was written", shown) is None:
            raise GraphUnavailable(
                f"Graph took {change.title}, and does not show it as it was written; plan again to see how."
            )

"""
Take turns: what is read of Graph or Slack for everybody is read by one replica, once in each interval.

Whose turn it is stands in the database (`bot.database.replicas.turns`).  An owner that dies is followed by another when its lease
is over; one that was only frozen finds its turn gone, and writes nothing over what has been read since.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

import structlog

from bot import clock
from bot.database import Store, Transaction
from bot.database.replicas import turns
from bot.database.replicas.leases import renewed
from bot.database.replicas.turns import Overtaken, SyncState, Turn
from bot.timing import Waits

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# While another replica is at it: how long until the next look whether it is done, or dead.
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
LOOK_AGAIN: Final = timedelta(seconds=15)


class Transactions(Protocol):
    """Transactions of a sync: the store itself, or a fence before it."""

    async def run(
        self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R: ...

    async def read(
        self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R: ...


@dataclass
class Fence:
    """
    The store, as a sync sees it: while one has its turn, each transaction insists that it still has.

    Without a turn (nobody else is there) it is the store itself.
    """

    store: Store
    turn: Turn | None = None

    async def run(
        self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """
        Run a transaction, as `Store.run` does.

        Raises:
            Overtaken: The turn is another replica's by now; nothing was written.
        """
        if self.turn is None:
            return await self.store.run(function, *args, **kwargs)
        return await self.store.run(_in_turn, self.turn, function, args, kwargs)

    async def read(
        self, function: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Read in a transaction, as `Store.read` does."""
        return await self.store.read(function, *args, **kwargs)


def _in_turn(db: Transaction, turn: Turn, function: Any, args: Any, kwargs: Any) -> Any:
    turns.check_turn(db, turn)
    return function(db, *args, **kwargs)


@dataclass(kw_only=True)
class SharedSync:
    """
    Something to read once for all replicas.

    Attributes:
        name: Tells it from the others; replicas that would read something else have another name.
        every: From the beginning of a turn to that of the next.
        body: Does it, and returns what the others are to know, as JSON; None: it is in the tables.
        learn: Takes what was found, by whichever replica.
        fence: What the body writes through, if it writes.
        again_after_failure: From the beginning of a turn that failed to that of the next; None: as of one that did not.
        say: What may be said of an error where many read it.
        wanted: A turn that began before (real time) is not enough, even if none is due.
    """

    name: str
    every: timedelta
    body: Callable[[], Awaitable[Any]]
    store: Store
    waits: Waits
    say: Callable[[Exception], str]
    wanted: datetime = LONG_AGO
    learn: Callable[[Any], Awaitable[None]] | None = None
    fence: Fence | None = None
    again_after_failure: timedelta | None = None

    async def look(self) -> SyncState:
        """
        Do it if it is our turn, and learn what was found in any case; how it stands then.

        Raises:
            Exception: Whatever the body raises.
        """
        state = await self.store.read(turns.find, self.name)
        if state is None or state.is_to_take(clock.real(), wanted=self.wanted):
            turn = await self.store.run(
                turns.take, self.name, lease=self.waits.lease, wanted=self.wanted
            )
            if turn is not None:
                await self._do(turn)
            state = await self.store.read(turns.get, self.name)
        if self.learn is not None and state.found is not None:
            await self.learn(state.found)
        return state

    async def _do(self, turn: Turn) -> None:
        done = functools.partial(turns.finish, due_at=turn.began_at + self.every)
        try:
            async with self._kept(turn):
                found = await self.body()
        except Overtaken:
            log.warning("sync-overtaken", sync=self.name)
        except Exception as error:
            due_at = turn.began_at + (self.again_after_failure or self.every)
            await self.store.run(done, turn, error=self.say(error), due_at=due_at)
            raise
        except asyncio.CancelledError:
            # We stop: whoever comes next need not wait for the lease.
            await self.store.run(turns.release, turn)
            raise
        else:
            if not await self.store.run(done, turn, found=found):
                log.warning("sync-overtaken", sync=self.name)

    @asynccontextmanager
    async def _kept(self, turn: Turn) -> AsyncIterator[None]:
        """Keep the turn ours while the body works, and let it write by that right."""

        async def renew() -> bool:
            return await self.store.run(turns.renew, turn, lease=self.waits.lease)

        async with renewed(renew, every=self.waits.beat, name=f"turn of {self.name}"):
            if self.fence is not None:
                self.fence.turn = turn
            try:
                yield
            finally:
                if self.fence is not None:
                    self.fence.turn = None


def look_again_in(state: SyncState) -> timedelta:
    """Return how long until the next look: when it is due, or sooner where somebody who has it now may die."""
    now = clock.real()
    due = state.due_at
    if state.lease_until is not None:
        due = min(state.lease_until, now + LOOK_AGAIN)
    return max(due - now, timedelta(0))

"""
Note the anchor of the audit log once a day where the database's owner cannot change it: in a file, at a webhook, in the admins' channel.

One replica does it for all; a place that does not take it is tried again an hour later.
"""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from pydantic import TypeAdapter

from bot import clock
from bot.database import Store, Transaction
from bot.database.audit_log import audit
from bot.database.replicas import turns
from bot.messages.admins import anchors as words
from bot.notifications.model import Notice
from bot.notifications.owed import Notices
from bot.notifications.store import notices
from bot.sync.turns import SharedSync
from bot.timing import Waits

log = structlog.get_logger(__name__)

NAME: Final = "anchors"
EVERY: Final = timedelta(hours=1)
# A day, less what an hourly look may come early.
AGAIN_AFTER: Final = timedelta(hours=23, minutes=30)
TURN_OF: Final = "anchor-"
CHANNEL: Final = "channel"
FILE: Final = "file"
WEBHOOK: Final = "webhook"
PLACES: Final = (CHANNEL, FILE, WEBHOOK)
# A disk of another machine may answer late, or never.
FILE_LIMIT: Final = timedelta(seconds=30)

Result = TypeVar("Result")


class NotNoted(Exception):
    """A place did not take an anchor; ``str(error)`` says why, without addresses."""


@dataclass(frozen=True, kw_only=True)
class NotedAnchor:
    """
    The end of the audit log, as it was noted.

    Attributes:
        at: When (real time).
    """

    position: int
    hash: str
    at: datetime

    @property
    def text(self) -> str:
        """Return it as `latchkey audit verify --anchor` takes it."""
        return f"{self.position}:{self.hash}"


ANCHOR: Final = TypeAdapter(NotedAnchor)
# Keeps an anchor, or raises NotNoted.
Keep = Callable[[NotedAnchor], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class AnchorState:
    """
    The last anchor that a place has, and why the last try failed, if it did.
    """

    last: NotedAnchor | None
    error: str | None


def state(db: Transaction, place: str) -> AnchorState:
    """Return what is known of a place."""
    found = turns.find(db, f"{TURN_OF}{place}")
    if found is None:
        return AnchorState(last=None, error=None)
    last = ANCHOR.validate_python(found.found) if found.found else None
    return AnchorState(last=last, error=found.error)


@dataclass(kw_only=True)
class Anchors:
    """
    Looks once an hour.

    Attributes:
        places: What keeps an anchor, by the names in PLACES.
    """

    store: Store
    waits: Waits
    places: Mapping[str, Keep]
    _turns: list[SharedSync] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._turns = [self._turn(name, keep) for name, keep in self.places.items()]

    async def look(self) -> None:
        """
        Note the anchor at each place that has none of the last day.

        Raises:
            Busy: The database does not answer.
        """
        for turn in self._turns:
            try:
                await turn.look()
            except NotNoted as error:
                # The doctor says so; the bot works without.
                log.warning("anchor-not-noted", sync=turn.name, reason=str(error))

    def _turn(self, place: str, keep: Keep) -> SharedSync:
        async def body() -> dict[str, Any] | None:
            return await self._note(place, keep)

        return SharedSync(
            name=f"{TURN_OF}{place}",
            every=EVERY,
            body=body,
            store=self.store,
            waits=self.waits,
            say=str,
        )

    async def _note(self, place: str, keep: Keep) -> dict[str, Any] | None:
        last = (await self.store.read(state, place)).last
        position, chained = await self.store.read(audit.head)
        now = clock.real()
        if last is None or now - last.at >= AGAIN_AFTER:
            anchor = NotedAnchor(position=position, hash=chained, at=now)
            is_new = last is None or (last.position, last.hash) != (position, chained)
            if is_new and position > 0:
                await keep(anchor)
            last = anchor if position > 0 else None
        return ANCHOR.dump_python(last, mode="json") if last else None


def in_file(file: Path, *, limit: timedelta = FILE_LIMIT) -> Keep:
    """
    Return what adds a line to a file for each anchor, beside the event loop.

    Args:
        limit: Who waits longer for the disk gives up; the write itself cannot be ended, and no second one begins before it has come back.
    """
    threads = _DaemonThreads()
    last: asyncio.Future[None] | None = None

    async def keep(anchor: NotedAnchor) -> None:
        nonlocal last
        if last is not None and not last.done():
            raise NotNoted("the disk has not answered since the last try")
        line = f"{anchor.at.isoformat(timespec='seconds')} {anchor.text}\n".encode()
        last = asyncio.get_running_loop().run_in_executor(threads, _add_line, file, line)
        # Of one that comes back too late nobody asks any more how it went.
        last.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait({last}, timeout=limit.total_seconds())
        if not last.done():
            raise NotNoted(f"the disk has not answered within {limit.total_seconds():.0f} s")
        try:
            last.result()
        except OSError as error:
            raise NotNoted(error.strerror or type(error).__name__) from None

    return keep


def _add_line(file: Path, line: bytes) -> None:
    """Add all of a line to a file, and see it on the disk; one that was cut short before stays a line by itself."""
    if _ends_within_a_line(file):
        line = b"\n" + line
    to = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        while line:
            # Where there is no room for the rest, that is what the next try says.
            line = line[os.write(to, line) :]
        os.fsync(to)
    finally:
        os.close(to)


def _ends_within_a_line(file: Path) -> bool:
    """Tell whether the file's last line was cut short; what may not be read is taken for whole."""
    try:
        with file.open("rb") as found:
            found.seek(-1, os.SEEK_END)
            return found.read(1) != b"\n"
    except OSError:
        return False


class _DaemonThreads(Executor):
    """A thread for each call, which keeps neither other work nor the end of the process waiting."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        future: Future[Result] = Future()

        def work() -> None:
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, name="latchkey-anchor", daemon=True).start()
        return future


def in_channel(channel: str, *, store: Store, outbox: Notices) -> Keep:
    """Return what sends each anchor to a channel in Slack, once."""

    async def keep(anchor: NotedAnchor) -> None:
        key = f"anchor:{anchor.position}:{anchor.hash[:16]}"
        notice = Notice(key=key, kind="alarm", to=channel)
        await outbox.send_once(notice, words.anchor(anchor.text))
        if not await store.read(notices.sent_keys, [key]):
            raise NotNoted("Slack has not taken the message")

    return keep


def body(anchor: NotedAnchor) -> dict[str, Any]:
    """Return what a webhook is sent; docs/how-to/keeping.md describes it."""
    return {
        "type": "latchkey.audit.anchor",
        "id": f"anchor-{anchor.position}-{anchor.hash[:16]}",
        "at": anchor.at.isoformat(timespec="seconds"),
        "position": anchor.position,
        "hash": anchor.hash,
        "anchor": anchor.text,
        "text": f"The audit log of Latchkey ends with {anchor.text}.",
    }

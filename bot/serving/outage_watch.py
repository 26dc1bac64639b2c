"""
Raise the alarm when no replica could do all of its work for a while, and say when that is over.

The admins' channel is told through the outbox, once for the installation; a webhook, if one is set, at least once.  While the database
itself does not answer there is no outbox: then each replica tells the webhook and the channel by itself, once.
"""

import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from bot import clock
from bot.database import Busy, Store
from bot.database.replicas import outages
from bot.database.replicas.outages import Outage
from bot.messages.admins import outages as words
from bot.messages.blocks.parts import Message
from bot.notifications.model import Notice
from bot.notifications.owed import Notices
from bot.notifications.store import notices
from bot.serving.health import Health
from bot.slack.api import Slack
from bot.slack.errors import SlackError
from bot.words import ENGLISH, speaking
from graph import Graph
from graph.errors import GraphError

log = structlog.get_logger(__name__)

NAME: Final = "watch"
EVERY: Final = timedelta(minutes=1)
# Until its jobs have had their first turns, what a replica has not done yet says nothing: it may have been off all night.
STARTING: Final = timedelta(minutes=1)
# Posts JSON; True if it was taken (2xx); it raises AlarmNotTaken with the reason if not.
Post = Callable[[Mapping[str, Any]], Awaitable[bool]]


@dataclass
class OutageWatch:
    """
    Looks once a minute.

    Attributes:
        after: No replica could do all of its work for so long.
        post: Tells the webhook; None if there is none.
        ahead: How far this machine's clock is ahead of the database server's.
        language: Of the admins' channel.
    """

    store: Store
    slack: Slack
    graph: Graph
    health: Health
    notices: Notices
    admin_channel: str
    after: timedelta
    post: Post | None = None
    ahead: outages.Ahead = outages.not_ahead
    language: str = ENGLISH
    # Since when this replica gets nothing from the database; and the outage that it has told of by itself.
    _without_database_since: datetime | None = None
    _alone: Outage | None = None
    _sent: set[str] = field(default_factory=set)
    _first_look_at: datetime | None = None
    # When it had the database again.
    _back_at: datetime | None = None

    async def look(self) -> None:
        """
        Look at everything, and tell of what has lasted.

        Raises:
            Busy: The database does not answer, or has no room.
        """
        now = clock.real()
        self._first_look_at = self._first_look_at or now
        await self._call_failing_services()
        problems = tuple(each for each in await self.health.problems() if not _is_own(each))
        try:
            await self.store.run(outages.probe)
            if self._alone is not None:
                if any(_is_of_database(each) for each in problems):
                    return
                await self._tell_alone(replace(self._alone, over_at=clock.real()))
                self._back_at = now
            self._without_database_since = self._alone = None
            if problems and self._is_too_early(now):
                return
            outage = await self.store.run(
                outages.note, problems, after=self.after, ahead=self.ahead
            )
        except Busy:
            await self._database_is_gone(problems)
            raise
        if outage is not None:
            await self._tell(outage)

    def _is_too_early(self, now: datetime) -> bool:
        """Tell whether problems may only show that this replica has just started, or has just got its database back."""
        if self._first_look_at is not None and now - self._first_look_at < STARTING:
            return True
        # What comes of the missing database is not another outage; what lasts as long as one is.
        return self._back_at is not None and now - self._back_at < self.after

    async def _call_failing_services(self) -> None:
        """Call what did not work, so that it is known how it is now; while it works, one replica calls for all."""
        slack, graph = self.health.figures.slack, self.health.figures.graph
        if slack.failing_since is not None:
            try:
                await self.slack.test_token()
            except SlackError as error:
                log.info("probe-failed", slack=str(error))
        if graph.failing_since is not None:
            try:
                await self.graph.catalogs.list()
            except GraphError as error:
                log.info("probe-failed", code=error.code, graph=error.request_id)

    async def _tell(self, outage: Outage) -> None:
        """Tell of an outage, or of its end, what is not told yet."""
        began = f"{outage.noted_at:%Y-%m-%dT%H:%M:%S}"
        over_at = outage.over_at
        if over_at is None:
            if not outage.posted and await self._post(outage):
                await self.store.run(outages.note_told, replace(outage, posted=True))
            with speaking(self.language):
                said = words.outage_began(outage.began_at, outage.why)
            await self._send(f"outage:{began}", said)
            return
        # Where there is no webhook, one that is set later is not told of what was over before.
        if not outage.over_posted and (self.post is None or await self._post(outage)):
            await self.store.run(outages.note_told, replace(outage, over_posted=True))
        if outage.over_told:
            return
        with speaking(self.language):
            said = words.outage_over(outage.began_at, over_at, outage.why)
        if await self._send(f"outage-over:{began}", said):
            await self.store.run(outages.note_told, replace(outage, over_told=True))

    async def _send(self, key: str, content: Message) -> bool:
        """Send it once, and tell whether it is sent; what an earlier look has sent is not asked for again."""
        if key in self._sent:
            return True
        notice = Notice(key=key, kind="alarm", to=self.admin_channel)
        await self.notices.send_once(notice, content)
        if not await self.store.read(notices.finished_keys, [key]):
            return False
        self._sent = {key}
        return True

    async def _post(self, outage: Outage, *, replica: str | None = None) -> bool:
        """Tell the webhook; False if there is none, or it has not taken it."""
        if self.post is None:
            return False
        try:
            taken = await self.post(alarm_body(outage, replica=replica))
        except AlarmNotTaken as error:
            log.warning("outage-not-posted", reason=str(error))
            return False
        return taken

    async def _database_is_gone(self, problems: tuple[str, ...]) -> None:
        """Tell of a database that does not answer, from this replica, once it has lasted."""
        now = clock.real()
        if self._without_database_since is None:
            self._without_database_since = now
        since = self._without_database_since
        if self._alone is not None or now - since < self.after:
            return
        why = tuple(each for each in problems if _is_of_database(each)) or problems
        self._alone = Outage(began_at=since, noted_at=now, why=why)
        log.error("outage", reason="database")
        await self._tell_alone(self._alone)

    async def _tell_alone(self, outage: Outage) -> None:
        replica = socket.gethostname()
        await self._post(outage, replica=replica)
        over_at = outage.over_at
        with speaking(self.language):
            said = (
                words.replica_without_database(replica, outage.began_at, outage.why)
                if over_at is None
                else words.replica_has_database(replica, outage.began_at, over_at)
            )
        try:
            await self.slack.post(self.admin_channel, said)
        except SlackError as error:
            log.warning("outage-not-told", slack=str(error))


class AlarmNotTaken(Exception):
    """The webhook did not take an alarm; ``str(error)`` says why, without its address."""


def alarm_body(outage: Outage, *, replica: str | None = None) -> dict[str, Any]:
    """Return what the webhook is sent; docs/how-to/operations.md describes it."""
    is_over = outage.over_at is not None
    return {
        "type": "latchkey.outage.over" if is_over else "latchkey.outage.began",
        # The same for each try, so that whoever gets it twice can tell.
        "id": f"{outage.noted_at:%Y%m%dT%H%M%S}-{'over' if is_over else 'began'}"
        + (f"-{replica}" if replica else ""),
        "began_at": outage.began_at.isoformat(timespec="seconds"),
        "over_at": outage.over_at.isoformat(timespec="seconds") if outage.over_at else None,
        "replica": replica,
        "reasons": list(outage.why),
        "text": words.outage_text(outage.began_at, outage.over_at, outage.why),
    }


def _is_own(problem: str) -> bool:
    """Tell what is about this watch alone."""
    return problem.startswith(f"job {NAME}:")


def _is_of_database(problem: str) -> bool:
    """Tell what is about the database itself."""
    return problem.startswith("database:")

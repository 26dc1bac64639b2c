"""The middle of the page: one conversation as days, lines and threads, with authors and times."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.page import dates
from sandbox.page.places import MessagePlace
from sandbox.page.reader import Reader
from sandbox.slack.model import Channel, Json, Message, Person

CLOSE_TOGETHER = timedelta(minutes=5)
"""Messages of one author within this time share one name and picture."""
SHOWN = 200
"""How many messages a conversation shows."""


@dataclass(frozen=True)
class Line:
    """One message, ready to be drawn."""

    message: Message
    author: Person
    at: datetime
    time: str
    full_time: str
    is_first: bool
    """False when it continues the author's message above."""
    place: MessagePlace
    replies: list["Line"] = field(default_factory=list)
    """The thread below it."""

    @property
    def repliers(self) -> list[Person]:
        """Return who wrote in the thread below, each once."""
        return list({reply.author.id: reply.author for reply in self.replies}.values())


@dataclass(frozen=True)
class Day:
    """The messages of one day."""

    name: str
    key: str
    lines: list[Line]


class Stream:
    """Turns the messages of a conversation into lines for one reader."""

    def __init__(self, *, people: dict[str, Person], reader: Reader, acting: Json) -> None:
        self._people, self._reader, self._acting = people, reader, acting

    def days(self, channel: Channel, *, gone: set[str]) -> list[Day]:
        """Return what the reader sees in *channel*, oldest first; *gone* are messages that have vanished."""
        seen = [each for each in channel.seen_by(self._reader.person_id) if each.ts not in gone]
        threads: dict[str, list[Message]] = {each.ts: [] for each in seen}
        top = []
        for message in seen:
            is_reply = message.thread_ts in threads and message.thread_ts != message.ts
            if is_reply:
                threads[str(message.thread_ts)].append(message)
            if not is_reply or message.is_broadcast:
                top.append(message)
        found: list[Day] = []
        for message in top[-SHOWN:]:
            name = dates.day_name(dates.from_ts(message.ts), self._reader)
            if not found or found[-1].name != name:
                found.append(Day(name, f"day-{message.ts.partition('.')[0]}", []))
            day = found[-1].lines
            replies: list[Line] = []
            for reply in threads[message.ts]:
                replies.append(self._line(reply, replies, thread=message.ts))
            day.append(self._line(message, day, replies=replies))
        return found

    def _line(
        self,
        message: Message,
        above: list[Line],
        *,
        replies: list[Line] | None = None,
        thread: str = "",
    ) -> Line:
        at = dates.from_ts(message.ts)
        time = dates.clock_time(self._reader.local(at))
        last = above[-1] if above else None
        continues = (
            last is not None
            and not last.replies
            and last.message.user == message.user
            and bool(last.message.ephemeral_to) == bool(message.ephemeral_to)
            and last.message.is_broadcast == message.is_broadcast
            and at - last.at < CLOSE_TOGETHER
        )
        return Line(
            message=message,
            author=self._people.get(message.user) or _stranger(message.user),
            at=at,
            time=time,
            full_time=f"{dates.day_name(at, self._reader)} at {time}",
            is_first=not continues,
            # A reply that is shown in the channel as well stands on the page twice.
            place=MessagePlace(message, acting=self._acting, within="t" if thread else ""),
            replies=replies or [],
        )


def _stranger(user: str) -> Person:
    return Person(id=user, name=user.lower(), real_name=user, email=None, team_id="")

"""The middle of the page: one conversation as lines with authors, days and times."""

from dataclasses import dataclass
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
    day: str | None
    """The divider above it, when a new day begins."""
    is_first: bool
    """False when it continues the author's message above."""
    place: MessagePlace


def lines(
    channel: Channel, *, people: dict[str, Person], reader: Reader, acting: Json
) -> list[Line]:
    """What *reader* sees in *channel*, oldest first."""
    found: list[Line] = []
    for message in channel.seen_by(reader.person_id)[-SHOWN:]:
        at = dates.from_ts(message.ts)
        last = found[-1] if found else None
        new_day = last is None or reader.local(last.at).date() != reader.local(at).date()
        continues = (
            last is not None
            and not new_day
            and last.message.user == message.user
            and bool(last.message.ephemeral_to) == bool(message.ephemeral_to)
            and at - last.at < CLOSE_TOGETHER
        )
        found.append(
            Line(
                message=message,
                author=people.get(message.user) or _stranger(message.user),
                at=at,
                time=dates.clock_time(reader.local(at)),
                full_time=f"{dates.day_name(at, reader)} at {dates.clock_time(reader.local(at))}",
                day=dates.day_name(at, reader) if new_day else None,
                is_first=not continues,
                place=MessagePlace(message, acting=acting),
            )
        )
    return found


def _stranger(user: str) -> Person:
    return Person(id=user, name=user.lower(), real_name=user, email=None, team_id="")

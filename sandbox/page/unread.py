"""Keep what each person has not read yet, channel by channel."""

from sandbox.slack import Workspace
from sandbox.slack.model import Channel


class Unread:
    """Remembers how far everybody has read; what is there at the start counts as read."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read: dict[tuple[str, str], float] = {}
        for channel in workspace.channels.values():
            for person in channel.members:
                self.mark(person, channel)

    def mark(self, person: str, channel: Channel) -> None:
        """*person* has now seen everything in *channel*."""
        seen = channel.seen_by(person)
        if seen:
            self._read[person, channel.id] = max(float(message.ts) for message in seen)

    def count(self, person: str, channel: Channel) -> int:
        """Messages of others that *person* has not seen in *channel*."""
        read = self._read.get((person, channel.id), 0.0)
        return sum(
            1
            for message in channel.seen_by(person)
            if message.user != person and float(message.ts) > read
        )

    def total(self, person: str) -> int:
        """Everything *person* has not seen, in all their channels."""
        return sum(
            self.count(person, channel)
            for channel in self._workspace.channels.values()
            if person in channel.members
        )

"""Ephemeral messages: they are gone once the page is loaded again, as in Slack."""

from sandbox.slack.model import Channel


class Vanishing:
    """Remembers which ephemeral messages each person has been shown, and which have vanished since.

    Slack shows an ephemeral message to whoever is there when it comes, and keeps it for no other
    session.  Here everybody is there all the time, so it waits until it was shown once.

    Source: https://docs.slack.dev/reference/methods/chat.postEphemeral
    """

    def __init__(self) -> None:
        self._shown: dict[str, set[str]] = {}
        self._gone: dict[str, set[str]] = {}

    def show(self, person: str, channel: Channel) -> None:
        """Note that a person sees what is in a channel."""
        here = {each.ts for each in channel.seen_by(person) if each.ephemeral_to is not None}
        self._shown.setdefault(person, set()).update(here)

    def begin_session(self, person: str) -> None:
        """Let everything vanish that this person was shown before."""
        self._gone.setdefault(person, set()).update(self._shown.pop(person, set()))

    def gone(self, person: str) -> set[str]:
        """Return the timestamps of what this person sees no more."""
        return self._gone.get(person, set())

"""Remember how to answer the presses that have opened a form; in this process, and nothing durable depends on it."""

from typing import Final

from bot import chance
from handlers.replying.replies import Reply

# Of the presses whose form is still open; the oldest are forgotten.
MOST_KEPT: Final = 500


class FormAnswers:
    """Keeps, by a key that the form carries, how to answer the press that has opened it."""

    def __init__(self) -> None:
        self._kept: dict[str, Reply] = {}

    def keep(self, reply: Reply) -> str:
        key = chance.new_id()
        self._kept[key] = reply
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return key

    def take(self, key: str | None) -> Reply | None:
        return self._kept.pop(key, None) if key else None

"""What must be true after each step: Slack takes what is said, nothing in it is broken, and nothing has failed."""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.slack import Workspace

# What no sentence may have in it: a place that nothing was put into, or what Python calls things.
HOLE: Final = re.compile(
    r"\{\w*\}|\bNone\b(?! of)|\bNull\b|\bTraceback\b|<bound|\bobject at 0x|\bnan\b|latchkey_|datetime\."
)
DATE: Final = re.compile(r"<!date\^[^>|]*\|")
# What Slack answers to a bot that has made no mistake: somebody left, closed their form, or was faster.
LEGITIMATE: Final = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "user_not_found",
        "users_not_found",
        "user_not_in_channel",
        "message_not_found",
        "thread_not_found",
        "not_found",
        "hash_conflict",
        "expired_trigger_id",
        "expired_url",
        "trigger_expired",
        "ratelimited",
    }
)


@dataclass
class Figures:
    """
    Where people got to, and what was wrong there.

    Attributes:
        did: What was done how often: "press approve", "type /my-access".
    """

    seed: int
    did: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Lookout:
    """
    Looks at what becomes of what people do.

    Attributes:
        last: What was done last, to say after what something was wrong.
    """

    def __init__(self, slack: Workspace, figures: Figures) -> None:
        self._slack = slack
        self._figures = figures
        self._seen: Counter[str] = Counter()
        self.last = "the beginning"
        slack.subscribe(lambda change: self._seen.update(change.users))

    def seen_by(self, user: str) -> int:
        """Return how often something has changed in front of somebody."""
        return self._seen[user]

    def look(self, logged: list[Any]) -> None:
        """Look at what Slack has refused, and what the bot has logged, since the last look."""
        for entry in logged:
            if entry["log_level"] in {"error", "critical"}:
                self.complain(f"logged {entry}"[:900])
        logged.clear()
        calls = self._slack.calls
        for call in calls:
            if not call.ok and call.error not in LEGITIMATE:
                self.complain(f"Slack refused {call.method}: {call.error} {str(call.args)[:400]}")
        calls.clear()

    def hear(self, kind: str, what: Mapping[str, Any]) -> None:
        """Look at what the bot says to somebody."""
        for text in texts(what):
            hole = HOLE.search(DATE.sub("", text))
            if hole:
                self.complain(f"said {hole[0]!r} in {text[:300]!r}")

    def complain(self, what: str) -> None:
        self._figures.wrong.append(f"after {self.last}: {what}")


def texts(part: Any, *, key: str = "") -> Iterator[str]:
    """All that people read in a message, a view or an answer."""
    if isinstance(part, Mapping):
        for name, each in part.items():
            yield from texts(each, key=name)
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for each in part:
            yield from texts(each, key=key)
    elif key == "text" and isinstance(part, str):
        yield part


class Errors(logging.Handler):
    """What libraries log as an error."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._complain = complain

    def emit(self, record: logging.LogRecord) -> None:
        self._complain(f"logged by {record.name}: {record.getMessage()[:600]}")

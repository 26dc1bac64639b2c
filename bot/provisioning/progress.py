"""Say on standard error what a command is doing: a moving line on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

from bot.packages.names import clean
from bot.provisioning.writing.diff import Change


class ProgressDisplay:
    """Says what is being done, and what is done."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._status: Status | None = None
        # Much is waited for at the same time, and looked for again and again.
        self._said: set[str] = set()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the moving line, where there is a terminal, for as long as the block runs."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(Text("reading the tenant")) as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the moving line away while somebody is asked something."""
        if self._status:
            self._status.stop()
        yield
        if self._status:
            self._status.start()

    def say(self, text: str) -> None:
        """Say what is waited for right now; elsewhere than on a terminal, once."""
        if self._status:
            self._status.update(Text(clean(text)))
        elif (what := text.partition(" (")[0]) not in self._said:
            self._said.add(what)
            self._console.print(Text(f"  {clean(what)} …"))

    def done(self, text: str) -> None:
        """Say what is finished."""
        self._console.print(Text(f"✓ {clean(text)}"))

    def change(self, change: Change, done: bool) -> None:
        if done:
            self.done(f"{change.operation} {change.title}")
        elif self._status:
            self.say(f"{change.operation} {change.title}")

    def step(self, title: str, done: bool) -> None:
        if done:
            self.done(f"gone: {title}")
        elif self._status:
            self.say(f"taking away {title}")

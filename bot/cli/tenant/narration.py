"""Print each call to Graph and its answer, shortened and without secrets, as a tutorial shows them."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import httpx
from rich.console import Console
from rich.text import Text

from bot.cli.tables import console
from bot.packages.names import clean

# Characters of a body that are worth reading.
LONGEST: Final = 240
SECRET: Final = frozenset({"password", "passwordprofile", "access_token", "client_secret"})
NOISE: Final = ("@odata.context", "@microsoft.graph.tips")


class Narrator:
    """Says what happens, step by step; its `hooks` are httpx's."""

    def __init__(self, to: Console | None = None) -> None:
        self._console = to or console()
        self.calls = 0

    @property
    def hooks(self) -> Mapping[str, list[Any]]:
        return {"request": [self.sent], "response": [self.answered]}

    def step(self, title: str) -> None:
        """Print a heading of the tutorial."""
        self._console.print()
        self._console.print(Text(title, style="bold"))

    def task(self, what: str) -> None:
        """Print what the next calls are for."""
        self._console.print(Text(f"  {what}", style="cyan"))

    def result(self, what: str) -> None:
        """Print the result."""
        self._console.print(Text(f"    ✓ {clean(what)}", style="green"))

    def trouble(self, what: str) -> None:
        """Print what went wrong and is dealt with."""
        self._console.print(Text(f"    ✗ {clean(what)}", style="red"))

    async def sent(self, request: httpx.Request) -> None:
        self.calls += 1
        where = unquote(request.url.raw_path.decode("ascii", "replace"))
        self._line("→", f"{request.method} {where}")
        body = shortened(request.content)
        if body:
            self._line(" ", body)

    async def answered(self, response: httpx.Response) -> None:
        await response.aread()
        body = shortened(response.content)
        self._line("←", f"{response.status_code} {response.reason_phrase}  {body}".rstrip())

    def _line(self, mark: str, what: str) -> None:
        self._console.print(Text(f"    {mark} {clean(what)}", style="dim"))


def shortened(content: bytes) -> str:
    """Return a JSON body on one line, without secrets and noise, cut to what is worth reading."""
    if not content.strip():
        return ""
    try:
        text = json.dumps(_fit_to_show(json.loads(content)), ensure_ascii=False)
    except ValueError:
        text = content.decode("utf-8", "replace")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _fit_to_show(value: Any) -> Any:
    if isinstance(value, list):
        return [_fit_to_show(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "…" if name.lower() in SECRET else _fit_to_show(each)
        for name, each in value.items()
        if not any(noise in name for noise in NOISE) and each is not None
    }

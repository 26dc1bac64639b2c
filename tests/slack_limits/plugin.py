"""Fails every test in which the bot says to Slack what is against Slack's limits."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from tests.slack_limits.limits import Limits, load_second
from tests.slack_limits.taps import listen

CHECKER = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "blockcheck.py"
MISSHAPEN = "misshapen"
NOT_THE_BOT = ("tests/sandbox/", "tests/slack_limits/")
"""Where other apps, or nobody, speak to the stand-in."""
MOST_SHOWN = 10
PASSING: Final = re.compile(
    r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=date\^)\d+|\d{10}\.\d{6}"
)
"""Ids and moments: what differs between two tests that say the same.  No limit is about which digits they have."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MISSHAPEN}(what): this test sends on purpose what is against Slack's limits",
    )
    config.pluginmanager.register(HeldAgainstLimits(), "slack-limits")


class HeldAgainstLimits:
    """Hears what the bot says while a test runs, judges it at once, and fails the test afterwards."""

    def __init__(self) -> None:
        self._limits = Limits(load_second(CHECKER))
        self._found: list[str] = []
        self._fine: set[bytes] = set()
        self._is_on = False
        self._stop: Callable[[], None] = listen(self.hear)

    def hear(self, kind: str, said: Mapping[str, Any]) -> None:
        """Judge one message, view or answer."""
        if not self._is_on:
            return
        # Most has been said in another test before, and judging it is a tenth of a test's CPU.
        known = fingerprint(kind, said)
        if known in self._fine:
            return
        judge = {
            "message": self._limits.of_message,
            "view": self._limits.of_view,
            "answer": self._limits.of_answer,
        }[kind]
        found = [f"{kind}: {problem}\n    {str(said)[:1_000]}" for problem in judge(said)]
        if not found:
            self._fine.add(known)
        self._found += found

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._found.clear()
        self._is_on = item.get_closest_marker(MISSHAPEN) is None and not item.nodeid.startswith(
            NOT_THE_BOT
        )
        try:
            return (yield)
        finally:
            self._is_on = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        outcome = yield
        if self._found:
            shown = "\n".join(dict.fromkeys(self._found[:MOST_SHOWN]))
            pytest.fail(f"against Slack's limits ({item.name}):\n{shown}", pytrace=False)
        return outcome

    def pytest_unconfigure(self) -> None:
        """Take the taps off."""
        self._stop()


def fingerprint(kind: str, said: Mapping[str, Any]) -> bytes:
    """Return what is the same for whatever differs in ids and moments only."""
    text = json.dumps([kind, said], ensure_ascii=False, default=str)
    alike = PASSING.sub(lambda found: "0" * len(found[0]), text)
    return sha256(alike.encode(errors="surrogatepass")).digest()

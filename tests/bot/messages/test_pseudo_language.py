"""
Every screen in the pseudo-language: whatever is not between its marks was not said through the catalogs.

What people and Entra have written is digits here, so that every word that is left is one of ours.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.words import speaking
from bot.words.catalogs import PSEUDO
from tests.bot.messages import test_extremes
from tests.bot.messages.test_extremes import screens

# What no person reads.
UNREAD = frozenset(
    {
        *("type", "block_id", "action_id", "callback_id", "private_metadata", "value", "style"),
        *(
            "url",
            "initial_date",
            "initial_user",
            "metadata",
            "event_type",
            "focus_on_load",
            "dispatch_action_config",
        ),
    }
)
# The innermost of them.
SAID = re.compile(r"\[!! (?:(?!\[!! ).)*? !!\]", re.DOTALL)
# What is cut at its end, or where a long text goes on in another block.
CUT = re.compile(r"\[!! .*$|^.* !!\]", re.DOTALL)
# Slack's tokens, code, emoji, commands, ids, an error's class, the audit log's verb.
SIGNS = re.compile(
    r"<[^<>]*>|`[^`]*`|:[a-z_]+:|/[a-z]+-access\b|&(?:amp|lt|gt);|\b[uUapes]\d\w*|\b20\d\d-\S*|UTC|\(Graph\w+\)|\*approve\*"
)
WORD = re.compile(r"[^\W\d_]{2,}")


def read(shown: Any) -> Iterator[str]:
    """Yield every text that somebody reads."""
    if isinstance(shown, str):
        yield shown
    elif isinstance(shown, dict):
        for key, each in shown.items():
            if key not in UNREAD:
                yield from read(each)
    elif isinstance(shown, list | tuple):
        for each in shown:
            yield from read(each)


def unsaid(text: str) -> str:
    """Return what of *text* has not come through the catalogs."""
    left, before = text, ""
    while left != before:
        before, left = left, SAID.sub(" ", left)
    return SIGNS.sub(" ", CUT.sub(" ", left))


@pytest.fixture(scope="module")
def pseudo_screens():
    """All of them, with digits where people have written."""
    test_extremes.TEXTS["digits"] = "73 "
    with speaking(PSEUDO):
        made = screens("digits")
    del test_extremes.TEXTS["digits"]
    return made


def test_everything_is_said_through_the_catalogs(pseudo_screens):
    """No word is left that no translator sees."""
    found: dict[str, set[str]] = {}
    for label, shown in pseudo_screens.items():
        for text in read(shown):
            if WORD.search(unsaid(text)):
                found.setdefault(text[:200], set()).add(label)
    assert not found, "\n".join(f"{text!r}: {sorted(labels)[:3]}" for text, labels in found.items())

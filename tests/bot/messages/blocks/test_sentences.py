"""Test that sentences which are kept or raised show their moments in the reader's zone, and nothing else as markup."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.messages.blocks.parts import escape, moment
from bot.messages.blocks.sentences import escape_sentence
from bot.words import N_, speaking, translate
from bot.words.formats import kept_moment
from tests.syntax import says_any

ROOT = Path(__file__).parents[4]
HOSTILE = "<!channel> & <https://evil.example|x>"
WHEN = datetime(2027, 1, 16, 9, 0, tzinfo=UTC)
# What makes a token of Slack's of a moment.
MAKE_DATES = {"moment", "day", "day_only", "ago", "until"}
KEEP = {"N_", "N_ngettext"}


moments = st.integers(min_value=0, max_value=500 * 365 * 24 * 3_600).map(
    lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        f"by {HOSTILE}, <!date^1^{{time}}|1970 UTC>.",
        "Already approved by <!date^1^{date}^https://evil.example|Bo>, today.",
    ],
)
def test_nothing_that_is_filled_in_is_markup(text):
    """A name in Entra may look like a token, even like one of a moment."""
    assert escape_sentence(text) == escape(text)
    assert "<" not in escape_sentence(text)


@given(at=moments, before=st.text(), after=st.text())
@settings(max_examples=200, deadline=None)
def test_every_moment_is_shown_in_the_readers_zone(at, before, after):
    """Whatever stands around it."""
    shown = escape_sentence(f"{before} ({kept_moment(at)}). {after}")
    assert f"({moment(minute(at))})" in shown


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_what_holds_no_moment_is_escaped_as_it_is(text):
    assert escape_sentence(text) == escape(text)


@pytest.mark.parametrize(
    "text",
    [
        "31 Feb 2027, 09:00 UTC",
        "0 Jan 2027, 09:00 UTC",
        "1 Jan 2027, 24:00 UTC",
        "1 Jan 2027, 09:60 UTC",
        "1 Jan 1027, 09:00 UTC",
        "1 Jan 2027, 09:00 UTCX",
        "1 Janx 2027, 09:00 UTC",
        "\N{FULLWIDTH DIGIT ONE} Jan 2027, 09:00 UTC",
    ],
)
def test_what_only_looks_like_a_moment_stays_as_it_is(text):
    assert escape_sentence(text) == text


def test_a_moment_is_kept_in_utc():
    """Whatever zone it came in."""
    elsewhere = WHEN.astimezone(timezone(timedelta(hours=-8)))
    assert kept_moment(elsewhere) == kept_moment(WHEN) == "16 Jan 2027, 09:00 UTC"


@pytest.mark.parametrize("language", ["de", "es", "fr", "ja"])
def test_the_moment_is_said_in_the_readers_language(language):
    """What is kept is English; so the token's own words are made for whoever reads it."""
    kept = N_("That was already {done} by {last_name}, {when}.").format(
        done="approved", last_name="Bo Berg", when=kept_moment(WHEN)
    )
    with speaking(language):
        shown = escape_sentence(translate(kept))
        assert moment(WHEN) in shown
    assert "That was" not in shown


def _sources() -> Iterator[tuple[Path, ast.Module]]:
    """Yield the modules in which a kept sentence may be filled in."""
    for folder in ("bot", "handlers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            source = path.read_text("utf-8")
            if ".format" in source and says_any(source, KEEP):
                yield path.relative_to(ROOT), ast.parse(source)


def _calls(tree: ast.Module, names: set[str]) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
        for node in ast.walk(tree)
    )


def _fills_in_kept(tree: ast.Module) -> bool:
    """Tell whether a module fills in sentences that are kept, and does not only name them."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "format"
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id in KEEP
        for node in ast.walk(tree)
    )


def test_no_module_that_fills_in_kept_sentences_makes_tokens_of_moments():
    """A token in such a sentence is escaped with it, and nobody can read it."""
    seen = [(path, tree) for path, tree in _sources() if _fills_in_kept(tree)]
    assert "bot/requests/transactions/cancel.py" in {path.as_posix() for path, _ in seen}
    assert [str(path) for path, tree in seen if _calls(tree, MAKE_DATES)] == []

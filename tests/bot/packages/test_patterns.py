"""Patterns of questions match as .NET and Python both would, take time in line with the text, and else are refused."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.packages.patterns import LONGEST_PATTERN, UnsupportedPattern, parse


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        (r"^[A-Z]{2,5}-\d+$", ["AB-1", "ABCDE-999"], ["A-1", "AB-", "AB-1 ", "xAB-1", ""]),
        (r"https?://.+", ["http://x", "https://a.b"], ["ftp://x", "http://"]),
        (r"(?:a|b)*c?", ["", "abab", "abc"], ["abcc"]),
        (r"(?<year>\d{4})", ["2026"], ["226", "20266"]),
        (r"[^\s@]+@[^\s@]+\.[a-z]{2,}", ["a@b.co"], ["a b@c.de", "a@b"]),
        (r"(?i)inc\d+", ["INC1", "inc22"], ["in1"]),
        (r"\bfoo\b", ["foo"], ["foox"]),
        (r"a{0,3}?", ["", "aaa"], ["aaaa"]),
        (r"[]a-]+", ["]a-"], ["b"]),
        (r"\p{Lu}\P{Nd}*", ["Äb"], ["äb", "A1"]),
        (r"\.\\\t", [".\\\t"], ["x\\\t"]),
        (r"[\w\-.]+", ["a-b.c_1"], ["a b"]),
        (r"\A\d\z", ["7"], ["7\n"]),
        ("", [""], ["a"]),
    ],
)
def test_a_pattern_fits_the_whole_text(pattern, fitting, others):
    """Nothing before and nothing behind it."""
    assert [text for text in fitting if not parse(pattern).fits(text)] == []
    assert [text for text in others if parse(pattern).fits(text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?=a)b",
        r"(?!a)b",
        r"(?<=a)b",
        r"(a)\1",
        r"\k<a>",
        r"[a-z-[aeiou]]",
        r"[[:alpha:]]",
        r"a**",
        r"^*",
        r"(",
        r")",
        r"a{2,1}",
        r"x{",
        r"x{,3}",
        r"*a",
        r"[a",
        r"[z-a]",
        r"\q",
        r"\x41",
        r"\p{Greek}",
        r"a(?i)b",
        r"(?x) a",
        "\\",
        "(" * 40 + "a" + ")" * 40,
        "a" * (LONGEST_PATTERN + 1),
        "(a{900}){900}",
    ],
)
def test_what_the_two_read_otherwise_is_refused(pattern):
    """Better no question than one that is checked in another sense than it is meant."""
    with pytest.raises(UnsupportedPattern):
        parse(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*(a|a)*b", "(.*.*.*)*b", "^(a?){200}b$"])
def test_no_pattern_takes_for_ever(pattern):
    """Texts over which other engines despair are answered at once."""
    assert not parse(pattern).fits("a" * 1_000)


ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\s", "1", "-"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("({}|{})".format, inner, inner),
        st.builds("({}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}"])),
    ),
    max_leaves=6,
)


@given(PATTERNS, st.text("ab1- \n", max_size=8))
def test_it_says_what_pythons_own_engine_says(pattern, text):
    """As far as both can read it."""
    assert parse(pattern).fits(text) is (re.fullmatch(pattern, text) is not None)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(pattern):
    """And nothing else happens."""
    with contextlib.suppress(UnsupportedPattern):
        parse(pattern).fits("abc 123")

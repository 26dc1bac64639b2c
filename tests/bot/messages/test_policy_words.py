"""What is kept of a policy in English is said in the reader's language."""

import pytest

from bot.messages import policy_words
from bot.words import speaking
from bot.words.catalogs import PSEUDO

SAID = [
    (policy_words.lasts, "30 days"),
    (policy_words.lasts, "1 day or 8 days"),
    (policy_words.lasts, "until 31 Jan 2027"),
    (policy_words.lasts, "no end date"),
    (policy_words.lasts, "some hours, or no end date: the beta API does not say"),
    (policy_words.decides, "no approval"),
    (policy_words.decides, "Bo Berg or your manager, then an admin approves"),
    (policy_words.approvers, "Bo Berg or your manager, then an admin"),
    (policy_words.open_to, "everybody in your organization"),
    (policy_words.open_to, "members of Marketing or Sales, and certain people"),
]


@pytest.mark.parametrize(("say", "text"), SAID)
def test_english_stays_as_it_was_written(say, text):
    """Letter by letter."""
    assert say(text) == text


@pytest.mark.parametrize(("say", "text"), SAID)
def test_another_language_has_it_from_its_catalog(say, text):
    """Names come through as they are."""
    with speaking(PSEUDO):
        said = say(text)
    assert "[!! " in said
    for name in ("Bo Berg", "Marketing", "Sales"):
        assert (name in said) == (name in text)


@pytest.mark.parametrize(
    ("text", "said"),
    [("30 days", "30 Tage"), ("1 day or 8 days", "1 Tag oder 8 Tage")],
)
def test_in_german(text, said):
    """By Babel and the catalog."""
    with speaking("de"):
        assert policy_words.lasts(text) == said

"""Sentences in the reader's language."""

import pytest

from bot.words import (
    N_,
    _,
    current_language,
    language_of_locale,
    ngettext,
    pgettext,
    speaking,
    translate,
)
from bot.words.catalogs import PSEUDO, Catalog
from bot.words.formats import all_of, any_of, number
from bot.words.recognition import SentencePattern

GERMAN = {
    "The access ended.": "Der Zugriff ist beendet.",
    "It may be {names}.": "Es kann {names} sein.",
    "That request has been {done} already.": "Diese Anfrage ist schon {done}.",
    "{what}. Please try again later.": "{what}. Bitte versuch es später noch einmal.",
}
PLURALS = {
    "{count} day": ("{count} Tag", "{count} Tage"),
    "{count} more": ("{count} weiteres", "{count} weitere"),
}
IN_CONTEXTS = {("close a form", "Cancel"): "Abbrechen"}


def german() -> Catalog:
    kept = [SentencePattern(each) for each in GERMAN]
    kept += [
        SentencePattern("{count} day", "{count} days"),
        SentencePattern("{count} more", "{count} more"),
    ]
    return Catalog(
        "de",
        sentences=GERMAN,
        plurals=PLURALS,
        choose=lambda count: int(count != 1),
        kept=kept,
        in_contexts=IN_CONTEXTS,
    )


def test_english_is_said_as_it_is_written():
    """Without a language."""
    assert _("Anything at all.") == "Anything at all."
    assert ngettext("{count} day", "{count} days", 2) == "{count} days"
    assert current_language() == "en"


def test_a_language_without_a_catalog_is_said_in_english():
    """Nobody is left without words."""
    with speaking("tlh"):
        assert _("Anything at all.") == "Anything at all."


def test_the_language_ends_with_its_block():
    """Whoever comes next has their own."""
    with speaking("de"):
        assert current_language() == "de"
    assert current_language() == "en"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The access ended.", "Der Zugriff ist beendet."),
        ("That request has been canceled already.", "Diese Anfrage ist schon canceled."),
        ("1 day", "1 Tag"),
        ("30 days", "30 Tage"),
        ("1,200 days", "1,200 Tage"),
        ("many days", "many days"),
        ("It may be “A” or “B”.", "Es kann “A” oder “B” sein."),
        ("It may be “A or B”, “C” and “D”.", "Es kann “A or B”, “C” und “D” sein."),
        ("It may be “A”, “B” and 2 more.", "Es kann “A”, “B” und 2 weitere sein."),
        ("It may be A and B.", "Es kann A and B sein."),
        ("It may be “A and B”.", "Es kann “A and B” sein."),
        ("Too soon. Please try again later.", "Too soon. Bitte versuch es später noch einmal."),
        ("Whatever somebody has written.", "Whatever somebody has written."),
        ("That request has been ", "That request has been "),
        ("", ""),
    ],
)
def test_a_kept_sentence_is_found_again(text, said):
    """With what was filled in; anything else comes through unchanged."""
    assert german().recognize(text) == said


def test_what_means_several_things_is_said_by_its_context():
    """A context without a translation is said in English, and never by another one's."""
    catalog = german()
    assert catalog.find("Cancel", context="close a form") == "Abbrechen"
    assert catalog.find("Cancel", context="cancel a request") == "Cancel"
    assert catalog.find("Cancel") == "Cancel"
    with speaking("de"):
        assert pgettext("close a form", "Cancel") == "Abbrechen"
        assert pgettext("cancel a request", "Cancel") == "Anfrage abbrechen"
    assert pgettext("close a form", "Cancel") == "Cancel"


def test_names_with_braces_do_no_harm():
    """What is filled in is never read as a part."""
    assert (
        german().recognize("That request has been {0} already.") == "Diese Anfrage ist schon {0}."
    )


def test_english_is_kept_whoever_speaks():
    """Rows and the audit log have one language."""
    with speaking(PSEUDO):
        assert N_("The access ended.") == "The access ended."
        assert translate("") == ""


def test_the_pseudo_language_marks_and_keeps_what_is_filled_in():
    """Commands, emoji and parts stay what they are."""
    with speaking(PSEUDO):
        said = _(":warning: See `/my-access`, {person}.")
    assert said.startswith("[!! :warning: Š")
    assert "`/my-access`" in said
    assert "{person}" in said
    assert said.endswith("!!]")


def test_lists_and_numbers_are_the_languages_own():
    """By Babel."""
    assert all_of(["A", "B", "C"]) == "A, B and C"
    assert any_of(["A", "B"]) == "A or B"
    assert number(1234567) == "1,234,567"
    with speaking("de"):
        assert all_of(["A", "B", "C"]) == "A, B und C"
        assert number(1234567) == "1.234.567"


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de-DE", "de"),
        ("es-LA", "es"),
        ("ja_JP", "ja"),
        ("en-GB", "en"),
        ("pt-BR", None),
        ("", None),
        (None, None),
    ],
)
def test_slacks_locale_says_the_language(locale, language):
    """As far as there is a catalog."""
    assert language_of_locale(locale) == language

"""The catalogs agree with the source, and the translations with the sentences."""

import pytest

from bot.words.catalogs import ENGLISH, LANGUAGES
from tests.bot.words.extraction import read, template
from tests.bot.words.problems import problems, untranslated

OTHERS = [each for each in LANGUAGES if each != ENGLISH]


def ids(catalog):
    return {(message.context, message.id) for message in catalog if message.id}


@pytest.mark.parametrize("language", OTHERS)
def test_every_translation_has_the_parts_and_marks_of_its_sentence(language):
    """And fits where it is shown."""
    assert not list(problems(language))


def test_no_sentence_is_singular_here_and_has_a_plural_there():
    """A catalog has each sentence once."""
    alone = {each for _, each in ids(template()) if isinstance(each, str)}
    assert not alone & {each[0] for _, each in ids(template()) if not isinstance(each, str)}


def test_what_means_several_things_is_never_said_without_its_context():
    """A sentence that has a context somewhere, but for a verb whose noun is a title, has one everywhere."""
    found = ids(template())
    in_contexts = {each for context, each in found if context not in {None, "title", "question"}}
    assert not in_contexts & {each for context, each in found if context is None}


@pytest.mark.parametrize("language", OTHERS)
def test_no_catalog_has_a_sentence_that_is_gone(language):
    """``make words`` takes it out."""
    assert not ids(read(language)) - ids(template())


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language):
    """``make words`` brings a new one into the catalogs, for somebody to translate."""
    assert not untranslated(language)

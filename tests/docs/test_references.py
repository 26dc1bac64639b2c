"""Every file, module, test and heading that a document, a docstring or a comment names is there."""

import pytest

from tests.docs.references import (
    ROOT,
    dead,
    dead_links,
    documents,
    modules,
    prose,
    unknown_names,
)


@pytest.mark.parametrize("document", [pytest.param(each, id=each.name) for each in documents()])
def test_a_document_names_what_exists(document):
    """Files, modules, tests, headings, `make` targets, and the names in its examples."""
    found = sorted(dead(document.read_text()) | dead_links(document) | unknown_names(document))
    assert found == []


def test_an_example_with_an_unknown_name_is_found(tmp_path):
    """Of a fixture, say, or an attribute."""
    document = tmp_path / "page.md"
    document.write_text(
        "`world.nothing_of_it` and\n```python\nawait world.type(NOBODY_OF_IT)\n```\n"
    )
    assert unknown_names(document) == {"nothing_of_it", "NOBODY_OF_IT"}


def test_docstrings_and_comments_name_what_exists():
    """In every module, tests included."""
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules()
        for name in sorted(dead(prose(path.read_text())))
    ]
    assert found == []


@pytest.mark.parametrize(
    "named",
    [
        "see `bot/nowhere.py`.",
        "see bot/nowhere/",
        "in `tests/bot/nowhere/test_*.py`",
        "(`tests/docs/test_references.py::test_nothing_of_this_name`)",
        "`bot.nowhere`",
        "`bot.app.nothing_of_this_name`",
        "`nowhere_at_all.py`",
        "`nothing_of_this_name` in `bot/app.py`",
    ],
)
def test_a_dead_name_is_found(named):
    """So that finding none means something."""
    assert dead(named)


@pytest.mark.parametrize(
    "named",
    [
        "`bot/app.py`, `bot/people/` and `tests/bot/database/connections/test_store_*.py`",
        "`tests/docs/test_references.py::test_a_dead_name_is_found`",
        "bot.app.running, or `bot.people`.",
        "https://graph.microsoft.com/v1.0/groups and https://docs.example/graph/tutorial",
    ],
)
def test_a_name_that_is_there_is_no_alarm(named):
    """Nor a part of an address."""
    assert not dead(named)

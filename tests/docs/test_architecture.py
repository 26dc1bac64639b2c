"""docs/explanation/architecture.md and its picture say what the modules and the import contracts say."""

from tests.docs.architecture import PAGE, PICTURE, page, picture

TO_MEND = "out of date: run `make docs`"


def test_the_tables_are_the_docstrings():
    """Every folder and every module, with the first paragraph of its docstring."""
    assert PAGE.read_text() == page(), TO_MEND


def test_the_picture_is_that_of_the_contracts():
    """The layers of pyproject.toml, in their order."""
    assert PICTURE.read_text() == picture(), TO_MEND

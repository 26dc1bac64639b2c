"""docs/reference/glossary.md names modules that exist, and what is in them."""

import re
from typing import Final

import pytest

from tests.docs.references import ROOT

GLOSSARY: Final = ROOT / "docs" / "reference" / "glossary.md"
ROWS: Final = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in GLOSSARY.read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| Term", "| ---"))
]
QUOTED: Final = re.compile(r"`([^`]+)`")


def test_the_terms_are_in_order_and_said_once():
    """So that they are found."""
    terms = [row[0] for row in ROWS]
    assert terms == sorted(set(terms))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_module_of_a_term_has_it(row):
    """The last cell names modules, and perhaps a name that stands in them."""
    assert len(row) == 5
    quoted = QUOTED.findall(row[-1])
    modules = [ROOT / each for each in quoted if each.endswith(".py")]
    assert modules
    text = "\n".join(each.read_text() for each in modules)
    for name in quoted:
        assert name.endswith(".py") or re.search(rf"\b{name}\b", text)

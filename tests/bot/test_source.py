"""Test which words may stand where in a file, so that the nearest can be named."""

import pytest
from pydantic import BaseModel

from bot.provisioning.file_format.model import File
from bot.source import Place, known_words


class Leaf(BaseModel):
    color: str = ""


class Branch(BaseModel):
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    named: dict[str, Leaf] = {}


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ((), ["leaf", "leaves", "named"]),
        (("leaf",), ["color"]),
        (("leaves", 3), ["color"]),
        (("named",), []),
        (("named", "any"), ["color"]),
        (("leaf", "color"), []),
        (("nothing",), []),
    ],
)
def test_the_words_of_a_place_are_those_of_the_model_there(place: Place, words: list[str]) -> None:
    """However the model is wrapped; under names of people's own any word may stand."""
    assert known_words(Branch, place) == words


def test_words_are_as_the_file_spells_them() -> None:
    """Packages as code has blanks in them."""
    assert "may ask" in known_words(File, ("catalogs", 0, "packages", 0, "policies", 0))

"""Each class of the product has a name of its own: who reads or searches for it finds one."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.docs.references import ROOT
from tests.syntax import definitions

PRODUCT = ("bot", "handlers", "graph")


def defined_twice(files: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the names of classes that are defined more than once, and in which files; *files*: names and sources."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, source in files:
        for node in definitions(source):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(name)
    return {name: places for name, places in found.items() if len(places) > 1}


def sources() -> Iterable[tuple[str, str]]:
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), Path(path).read_text()


def test_no_class_name_is_defined_twice():
    """Two things by one name are taken for each other."""
    assert defined_twice(sources()) == {}


def test_a_second_definition_is_found_wherever_it_stands():
    """In another file, in the same one, or within a function."""
    first = "class Person: pass\nclass Guest: pass\n"
    second = "def make():\n    class Person: pass\n    return Person\n"

    assert defined_twice([("a.py", first), ("b.py", second)]) == {"Person": ["a.py", "b.py"]}
    assert defined_twice([("a.py", first + first)]) == {
        "Person": ["a.py", "a.py"],
        "Guest": ["a.py", "a.py"],
    }
    assert defined_twice([("a.py", first)]) == {}

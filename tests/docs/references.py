"""Find what documents, docstrings and comments name of this repository, and what of it does not exist."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.syntax import definitions

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDERS: Final = ("bot", "handlers", "graph", "sandbox", "migrations", "benchmarks", "tests")
# History names what was there then; and what people read in Slack is made for the site from what is checked elsewhere.
NOT_READ: Final = frozenset({"CHANGELOG.md", "messages.md"})

_FOLDER: Final = f"(?:{'|'.join(FOLDERS)})"
# A file, a folder, a pattern, or a test behind "::"; not a part of a URL.
PATH: Final = re.compile(rf"(?<![\w./:-]){_FOLDER}(?:/[\w*.-]*\w)+/?(?:::\w+)?")
# `bot.people.permissions.may`; not `graph.microsoft.com`.
DOTTED: Final = re.compile(rf"(?<![\w./@$-]){_FOLDER}(?:\.[A-Za-z_]\w*)+")
NOT_OURS: Final = re.compile(r"graph\.microsoft|\w+\.(py|md|png|yml)$")
# `wires.py`, wherever it stands.
FILE: Final = re.compile(r"(?<![\w./*-])\w+\.py\b")
# Stands beside a checkout, with Microsoft's metadata; and a part of Slack's manifest that ours has not.
ELSEWHERE: Final = frozenset({"graphcheck.py", "allowed_ip_address_ranges"})
# `workspace.tiers.enforce()`, and what the examples in Python use; strings and the example tests' own names aside.
CHAIN: Final = re.compile(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?:\([^`]*\))?`")
EXAMPLE: Final = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_NAMES: Final = re.compile(
    r'"[^"\n]*"|\btest_\w+|\b\w+\.(?:crt|db|env|json|lock|log|md|pem|py|toml|yml)\b'
)
NAME: Final = re.compile(r"[A-Za-z_]\w*")
# `move` in `bot/requests/store/requests.py`.
NAME_IN: Final = re.compile(r"`(\w+)`[^`\n]{0,8} in `([\w/]+\.py)`")
MAKE: Final = re.compile(r"`make ([a-z-]+)[^`]*`")
LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def documents() -> Iterator[Path]:
    """The Markdown files of the repository."""
    for pattern in ("*.md", "docs/**/*.md"):
        yield from sorted(each for each in ROOT.glob(pattern) if each.name not in NOT_READ)


def modules() -> Iterator[Path]:
    """The Python files of the repository."""
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def prose(source: str) -> str:
    """The docstrings and comments of a module."""
    docstrings = [ast.get_docstring(node, clean=False) or "" for node in definitions(source)]
    return "\n".join((*docstrings, *re.findall(r"(?:^|  )# .*$", source, re.MULTILINE)))


def dead(text: str) -> set[str]:
    """Return what *text* names of the repository that is not there."""
    paths = {each for each in PATH.findall(text) if not _path_exists(each)}
    dotted = {
        each
        for each in DOTTED.findall(text)
        if not NOT_OURS.match(each) and not _dotted_exists(each)
    }
    files = {each for each in FILE.findall(text) if each not in _file_names() | ELSEWHERE}
    names = {f"{name} in {path}" for name, path in NAME_IN.findall(text) if not _has(path, name)}
    return paths | dotted | files | names


def dead_links(document: Path) -> set[str]:
    """The links and `make` targets of a document that lead nowhere."""
    text = document.read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    found = {f"make {each}" for each in MAKE.findall(text) if each not in targets}
    for link in LINK.findall(text):
        name, _, anchor = link.partition("#")
        if ":" in name:
            continue
        to = (document.parent / name).resolve() if name else document
        if not to.exists() or (anchor and anchor not in _anchors(to)):
            found.add(link)
    return found


def unknown_names(document: Path) -> set[str]:
    """The attributes and names that a document's examples use and no module has."""
    text = document.read_text()
    said = "\n".join((*CHAIN.findall(text), *EXAMPLE.findall(text)))
    return set(NAME.findall(NOT_NAMES.sub("", said))) - _names() - ELSEWHERE


def _path_exists(said: str) -> bool:
    path, _, test = said.rstrip("/").partition("::")
    if "*" in path:
        return any(ROOT.glob(path))
    there = ROOT / path
    return there.exists() and (not test or f"def {test}(" in there.read_text())


def _has(path: str, name: str) -> bool:
    """Tell whether a name stands in a module; a path that is not there has been found already."""
    module = ROOT / path
    return not module.exists() or re.search(rf"\b{name}\b", module.read_text()) is not None


def _dotted_exists(said: str) -> bool:
    """As far as there are modules; behind that, names that stand in the last of them."""
    here, names = ROOT, said.split(".")
    while names and (here / names[0]).is_dir():
        here /= names.pop(0)
    if names and (here / f"{names[0]}.py").exists():
        here /= f"{names.pop(0)}.py"
    else:
        here /= "__init__.py"
    if not here.exists():
        # A folder without `__init__.py` is one, and has no names.
        return not names
    return all(re.search(rf"\b{name}\b", here.read_text()) for name in names)


@cache
def _names() -> frozenset[str]:
    """Every word in the modules, but for those that read documents."""
    here = Path(__file__).parent
    return frozenset(
        name for each in modules() if each.parent != here for name in NAME.findall(each.read_text())
    )


@cache
def _file_names() -> frozenset[str]:
    return frozenset(each.name for each in modules())


@cache
def _anchors(document: Path) -> frozenset[str]:
    """The headings, as GitHub makes anchors of them."""
    headings = HEADING.findall(FENCE.sub("", document.read_text()))
    return frozenset(
        re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    )

"""Reads the file, and says what is wrong with it, where, and what was probably meant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from bot.errors import LatchkeyError
from bot.provisioning.grammar import nearest
from bot.provisioning.model import Catalog, File, Group, Package
from bot.provisioning.policy_model import Policy

# Where something stands in the file: keys and positions, from the top.
Place = tuple[str | int, ...]

LARGEST: Final = 1_000_000  # characters
# Aliases let a small file unfold into a huge one.
MOST_VALUES: Final = 100_000
# YAML's own word for a block that another one takes over.
MERGE: Final = "tag:yaml.org,2002:merge"
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})


class FileError(LatchkeyError):
    """The file cannot be used; a problem a line: ``access.yml, line 12: …``."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def _quotes_hint(text: str, error: yaml.MarkedYAMLError) -> str:
    """Say what to do where YAML takes a name for something of its own."""
    mark = error.problem_mark
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return ""
    _, _, said = lines[mark.line].lstrip(" -").partition(":")
    value = said.strip()
    if not value or value[:1] in "\"'":
        return ""
    begins_odd = value[:1] in "@`%&*!|>[]{}#,"
    if ": " not in value and not value.endswith(":") and not begins_odd:
        return ""
    shown = value.replace("\\", "\\\\").replace('"', '\\"')
    return f' Put the text in quotes: "{shown}".'


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file that was read: what it says, and on which line each part of it stands."""

    name: str
    file: File
    lines: dict[Place, int] = field(default_factory=dict)

    def line(self, place: Place) -> int:
        """Return the line (from 1) of that part, or of the nearest part around it that has one."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def problem(self, place: Place, sentence: str) -> str:
        """Make a sentence that says where."""
        return f"{self.name}, line {self.line(place)}: {sentence}"


def read_file(path: Path) -> Document:
    """
    Read a file of packages.

    Raises:
        FileError: It cannot be read, is no YAML, or says something we do not understand.
    """
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise FileError([f"{path}: {error.strerror or error}."]) from error
    except UnicodeDecodeError as error:
        raise FileError([f"{path} is not text in UTF-8."]) from error
    return read_text(text, name=path.name)


def read_text(text: str, *, name: str) -> Document:
    """
    Read text as a file of packages; *name* is what problems call it.

    Raises:
        FileError: As ``read_file``.
    """
    if len(text) > LARGEST:
        raise FileError([f"{name} is larger than {LARGEST} characters."])
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        hint = _quotes_hint(text, error)
        raise FileError(
            [f"{name}, line {line}: this is no YAML: {error.problem}.{hint}"]
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise FileError([f"{name} is no YAML: {str(error).splitlines()[0]}."]) from error
    unfolded = _Unfolded(name)
    said = unfolded.value(root, ()) if root is not None else None
    if unfolded.problems:
        raise FileError(unfolded.problems)
    document = Document(name=name, file=File(), lines=unfolded.lines)
    said = {} if said is None else said
    if not isinstance(said, dict):
        raise FileError(
            [document.problem((), "The file must begin with words such as “catalogs:”.")]
        )
    # For parts that several places of the file share by YAML's anchors.
    said = {word: value for word, value in said.items() if not word.startswith("x-")}
    try:
        file = File.model_validate(said)
    except ValidationError as error:
        found = [each for each in error.errors() if not _follows(each, error.errors())]
        found.sort(key=lambda each: document.line(each["loc"]))
        raise FileError(dict.fromkeys(_sentence(document, each) for each in found)) from None
    document = Document(name=name, file=file, lines=unfolded.lines)
    twice = [
        document.problem(place, f"“{said}” stands here twice.") for place, said in _doubles(file)
    ]
    twice += [
        document.problem(
            place, f"“was: {said}” is the name of another one in this file, or of this."
        )
        for place, said in _former_names_in_use(file)
    ]
    if twice:
        raise FileError(twice)
    return document


def _doubles(file: File) -> Iterable[tuple[Place, str]]:
    """Yield what is told apart by its name, and has the name of another."""
    lists: list[tuple[Place, list[str]]] = [
        (("people",), [each.email for each in file.people]),
        (("groups",), [each.name for each in file.groups]),
        (("catalogs",), [each.name for each in file.catalogs]),
    ]
    for at, catalog in enumerate(file.catalogs):
        place: Place = ("catalogs", at, "packages")
        lists.append((place, [each.name for each in catalog.packages]))
        things = [each.thing for each in catalog.resources]
        lists.append((("catalogs", at, "resources"), things))
        for number, package in enumerate(catalog.packages):
            policies = [each.name for each in package.policies]
            lists.append(((*place, number, "policies"), policies))
    for place, said in lists:
        folded = [each.casefold() for each in said]
        yield from (
            ((*place, at), each) for at, each in enumerate(said) if folded[at] in folded[:at]
        )


def _former_names_in_use(file: File) -> Iterable[tuple[Place, str]]:
    """Yield each “was” that is the name of something else in the file, or stands there twice."""
    lists: list[tuple[Place, Sequence[Group | Catalog | Package | Policy]]] = [
        (("groups",), file.groups),
        (("catalogs",), file.catalogs),
    ]
    for at, catalog in enumerate(file.catalogs):
        place: Place = ("catalogs", at, "packages")
        lists.append((place, catalog.packages))
        for number, package in enumerate(catalog.packages):
            lists.append(((*place, number, "policies"), package.policies))
    for place, things in lists:
        used = {each.name.casefold() for each in things}
        for number, thing in enumerate(things):
            was = thing.was
            if was is None:
                continue
            if was.casefold() in used:
                yield (*place, number, "was"), was
            used.add(was.casefold())


class _Unfolded:
    """Makes plain values of YAML's nodes, every scalar as it is written, and keeps the line of each."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Place, int] = {}
        self.problems: list[str] = []
        self._values = 0
        self._around: list[yaml.Node] = []

    def value(self, node: yaml.Node, place: Place) -> Any:
        self._values += 1
        self.lines.setdefault(place, node.start_mark.line + 1)
        if self._values > MOST_VALUES or any(node is outer for outer in self._around):
            if not self.problems:
                self._problem(node, "This unfolds into more than Latchkey reads.")
            return None
        if isinstance(node, yaml.ScalarNode):
            if node.style is None and node.value in _NOTHING:
                return None
            return node.value
        self._around.append(node)
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self.value(each, (*place, at)) for at, each in enumerate(node.value)]
            return self._mapping(node, place)
        finally:
            self._around.pop()

    def _mapping(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        said: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag == MERGE:
                for word, each in self._merged(value, place).items():
                    merged.setdefault(word, each)
                continue
            if not isinstance(key, yaml.ScalarNode):
                self._problem(key, "A word must stand before the colon.")
                continue
            word = " ".join(str(key.value).split())
            if word in said:
                self._problem(key, f"“{word}” is said twice.")
            self.lines[*place, word] = key.start_mark.line + 1
            said[word] = self.value(value, (*place, word))
        # What is said here counts before what is merged in.
        return {**merged, **said}

    def _merged(self, node: yaml.Node, place: Place) -> dict[str, Any]:
        """Read what ``<<`` brings: a block, or several, the first of which counts most."""
        blocks = node.value if isinstance(node, yaml.SequenceNode) else [node]
        said: dict[str, Any] = {}
        for block in blocks:
            if not isinstance(block, yaml.MappingNode):
                self._problem(block, "“<<” must be followed by a block of words, such as *name.")
                continue
            found = self.value(block, place)
            for word, value in (found or {}).items():
                said.setdefault(word, value)
        return said

    def _problem(self, node: yaml.Node, sentence: str) -> None:
        self.problems.append(f"{self.name}, line {node.start_mark.line + 1}: {sentence}")


def _follows(problem: Any, problems: Iterable[Any]) -> bool:
    """Tell whether a list only counts as too short because what it holds is wrong."""
    place = problem["loc"]
    return problem["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in problems
    )


def _sentence(document: Document, problem: Any) -> str:
    place: Place = problem["loc"]
    kind, context = problem["type"], problem.get("ctx") or {}
    word = place[-1] if place and isinstance(place[-1], str) else "This"
    if kind == "extra_forbidden":
        known = File.known_words(place[:-1])
        sentence = f"“{word}” means nothing here.{nearest(str(word), known)}"
        return document.problem(place, sentence)
    if kind == "literal_error":
        allowed = [
            each.strip("'") for each in context["expected"].replace(" or ", ", ").split(", ")
        ]
        sentence = f"“{problem['input']}” is not possible for “{word}”.{nearest(str(problem['input']), allowed)}"
    elif kind == "value_error":
        sentence = problem["msg"].removeprefix("Value error, ")
    elif kind == "missing":
        sentence = f"“{word}” is missing."
    elif problem.get("input") is None or kind == "too_short":
        sentence = f"“{word}” says nothing."
    elif kind == "too_long":
        sentence = f"“{word}” has more than {context['max_length']}."
    else:
        wanted = {
            "string_type": "text",
            "tuple_type": "a list, each item after a dash",
            "dict_type": "a block of words",
            "model_type": "a block of words",
        }.get(kind, "something else")
        sentence = f"“{word}” must be {wanted}." if word != "This" else f"This must be {wanted}."
    return document.problem(place, sentence)

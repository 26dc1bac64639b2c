"""
Reads a YAML file strictly, and says what is wrong with it: file, line, column, and what was probably meant.

Every scalar is the text that is written, so that “yes”, “1e3” and “2024” are names where a name is wanted; the pydantic model
makes numbers and truth values of it.  Used for packages as code and for package settings.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from bot.errors import LatchkeyError
from bot.suggestions import nearest

# Where something stands in the file: keys and positions, from the top.
Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)

LARGEST: Final = 1_000_000  # characters
# Aliases let a small file unfold into a huge one.
MOST_VALUES: Final = 100_000
# YAML's own word for a block that another one takes over.
MERGE: Final = "tag:yaml.org,2002:merge"
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})


class FileError(LatchkeyError):
    """The file cannot be used; a problem a line: ``access.yml, line 12, column 5: …``."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, kw_only=True)
class Source:
    """
    Where each part of a file stands.

    Attributes:
        name: What problems call the file.
        positions: Line and column, both from 1, by place.
    """

    name: str
    positions: Mapping[Place, tuple[int, int]] = field(default_factory=dict)

    def position(self, place: Place) -> tuple[int, int]:
        """Return line and column of that part, or of the nearest part around it that has them."""
        while place and place not in self.positions:
            place = place[:-1]
        return self.positions.get(place, (1, 1))

    def line(self, place: Place) -> int:
        """Return the line (from 1) of that part, or of the nearest part around it that has one."""
        return self.position(place)[0]

    def problem(self, place: Place, sentence: str) -> str:
        """Make a sentence that says where."""
        line, column = self.position(place)
        return f"{self.name}, line {line}, column {column}: {sentence}"


def read_utf8(path: Path) -> str:
    """
    Read a file's text.

    Raises:
        FileError: It cannot be read, or is no text.
    """
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise FileError([f"{path}: {error.strerror or error}."]) from error
    except UnicodeDecodeError as error:
        raise FileError([f"{path} is not text in UTF-8."]) from error


def parse(text: str, *, name: str, first_word: str) -> tuple[Source, dict[str, Any]]:
    """
    Return what the text says, without the blocks whose name begins with ``x-``, and where each part of it stands.

    Args:
        name: What problems call the file.
        first_word: A word that such a file may begin with, for the sentence where it begins with none.

    Raises:
        FileError: It is no YAML, or no block of words.
    """
    if len(text) > LARGEST:
        raise FileError([f"{name} is larger than {LARGEST} characters."])
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line, column = _position(error.problem_mark) if error.problem_mark else (1, 1)
        hint = _quotes_hint(text, error)
        raise FileError(
            [f"{name}, line {line}, column {column}: this is no YAML: {error.problem}.{hint}"]
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise FileError([f"{name} is no YAML: {str(error).splitlines()[0]}."]) from error
    unfolded = _Unfolded(name)
    said = unfolded.value(root, ()) if root is not None else None
    if unfolded.problems:
        raise FileError(unfolded.problems)
    source = Source(name=name, positions=unfolded.positions)
    said = {} if said is None else said
    if not isinstance(said, dict):
        raise FileError(
            [source.problem((), f"The file must begin with words such as “{first_word}:”.")]
        )
    # For parts that several places of the file share by YAML's anchors.
    return source, {word: value for word, value in said.items() if not word.startswith("x-")}


def validate(source: Source, said: Mapping[str, Any], model: type[Model]) -> Model:
    """
    Make *model* of what a file says.

    Raises:
        FileError: It does not fit; all problems at once, in the order of the file.
    """
    try:
        return model.model_validate(said)
    except ValidationError as error:
        found = [each for each in error.errors() if not _follows(each, error.errors())]
        found.sort(key=lambda each: source.position(each["loc"]))
        sentences = dict.fromkeys(_sentence(source, each, model) for each in found)
        raise FileError(sentences) from None


def known_words(model: type[BaseModel], place: Iterable[str | int]) -> list[str]:
    """Return the words that may stand at *place*, a way down from *model*; none where any word may stand."""
    here: Any = model
    for step in place:
        here = _step(here, step)
    found = _models_in(here)
    return sorted(
        {_word(name, field) for each in found for name, field in each.model_fields.items()}
    )


def _step(annotation: Any, step: str | int) -> Any:
    """Return the type of what *step* leads to."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {_word(name, field): field for name, field in annotation.model_fields.items()}
        return fields[step].annotation if step in fields else None
    inner = [each for each in get_args(annotation) if each is not type(None)]
    if get_origin(annotation) is dict:
        return inner[1]
    if isinstance(step, int):
        return next((each for each in inner if _models_in(each)), None)
    found = (_step(each, step) for each in inner)
    return next((each for each in found if each is not None), None)


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that a field holds, however it is wrapped, but for those that stand under names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is dict:
        return []
    return [found for each in get_args(annotation) for found in _models_in(each)]


def _word(name: str, field: Any) -> str:
    return str(field.alias or name)


def _position(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


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


class _Unfolded:
    """Makes plain values of YAML's nodes, every scalar as it is written, and keeps the line of each."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.positions: dict[Place, tuple[int, int]] = {}
        self.problems: list[str] = []
        self._values = 0
        self._around: list[yaml.Node] = []

    def value(self, node: yaml.Node, place: Place) -> Any:
        self._values += 1
        self.positions.setdefault(place, _position(node.start_mark))
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
            self.positions[*place, word] = _position(key.start_mark)
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
        line, column = _position(node.start_mark)
        self.problems.append(f"{self.name}, line {line}, column {column}: {sentence}")


def _follows(problem: Any, problems: Iterable[Any]) -> bool:
    """Tell whether a list only counts as too short because what it holds is wrong."""
    place = problem["loc"]
    return problem["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in problems
    )


def _sentence(source: Source, problem: Any, model: type[BaseModel]) -> str:
    place: Place = problem["loc"]
    kind, context = problem["type"], problem.get("ctx") or {}
    word = place[-1] if place and isinstance(place[-1], str) else "This"
    if kind == "extra_forbidden":
        known = known_words(model, place[:-1])
        sentence = f"“{word}” means nothing here.{nearest(str(word), known)}"
        return source.problem(place, sentence)
    if kind in ("literal_error", "enum"):
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
    elif kind == "greater_than_equal":
        sentence = f"“{word}” must be at least {context['ge']}."
    elif kind == "less_than_equal":
        sentence = f"“{word}” must be at most {context['le']}."
    else:
        wanted = {
            "string_type": "text",
            "tuple_type": "a list, each item after a dash",
            "dict_type": "a block of words",
            "model_type": "a block of words",
            "int_parsing": "a whole number",
            "int_type": "a whole number",
            "bool_parsing": "true or false",
            "bool_type": "true or false",
        }.get(kind, "something else")
        sentence = f"“{word}” must be {wanted}." if word != "This" else f"This must be {wanted}."
    return source.problem(place, sentence)

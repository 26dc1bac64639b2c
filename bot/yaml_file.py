"""
Reads a YAML file strictly, and says what is wrong with it: file, line, column, and what was probably meant.

Every scalar is the text that is written, so that “yes”, “1e3” and “2024” are names where a name is wanted; the pydantic model
makes numbers and truth values of it.  Used for packages as code and for package settings.
"""

from pathlib import Path
from typing import Any, Final

import yaml

from bot.source import FileError, Place, Source

LARGEST: Final = 1_000_000  # characters
# Aliases let a small file unfold into a huge one.
MOST_VALUES: Final = 100_000
# YAML's own word for a block that another one takes over.
MERGE: Final = "tag:yaml.org,2002:merge"
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})


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
        hint = _hint(text, error)
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


def _position(mark: Any) -> tuple[int, int]:
    return mark.line + 1, mark.column + 1


def _hint(text: str, error: yaml.MarkedYAMLError) -> str:
    """Say what to do, where that can be told."""
    problem = str(error.problem)
    if r"'\t'" in problem:
        return " Indent with blanks, not with tabs."
    hint = _quotes_hint(text, error)
    if not hint and problem.startswith("expected <block end>"):
        return " Is the line indented like those that it belongs to?"
    return hint


def _quotes_hint(text: str, error: yaml.MarkedYAMLError) -> str:
    """Say what to do where YAML takes a name for something of its own."""
    mark = error.problem_mark
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return ""
    whole = lines[mark.line].lstrip(" -")
    _, _, said = whole.partition(":")
    value = said.strip()
    if whole[:1] in ("{", "[") or (value[:1], value[-1:]) in (("{", "}"), ("[", "]")):
        # The text is a part of the line, and only whoever wrote it knows which.
        return ' Put a text with signs of YAML\'s own in quotes, such as {ask: "Why?"}.'
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

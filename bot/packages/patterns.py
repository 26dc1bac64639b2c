"""
Regular expressions of policies' questions, matched in time that grows with the text and nothing else.

A pattern is written by whoever administers a policy, for .NET, and the text by anybody.  Python's own engine reads some
patterns otherwise, and can take for ever; so here is the part that both read alike, and the rest is refused.

Source: .NET, "Regular expression language - quick reference"; Russ Cox, "Regular expression matching can be simple and fast".
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

# States of the machine, and characters of a pattern: what exceeds them is nothing that a person could read either.
MOST_STATES: Final = 1_000
LONGEST_PATTERN: Final = 500
DEEPEST: Final = 30
NEWLINE: Final = "\n"
SIMPLE_ESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "e": "\x1b"}
# Letters that mean something to .NET behind a backslash, and that are not understood here.
WORD_CATEGORIES: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Nd", "Pc"})
CATEGORIES: Final = frozenset(
    [
        "L",
        "Lu",
        "Ll",
        "Lt",
        "Lm",
        "Lo",
        "M",
        "Mn",
        "Mc",
        "Me",
        "N",
        "Nd",
        "Nl",
        "No",
        "P",
        "Pc",
        "Pd",
        "Ps",
        "Pe",
        "Pi",
        "Pf",
        "Po",
        "S",
        "Sm",
        "Sc",
        "Sk",
        "So",
        "Z",
        "Zs",
        "Zl",
        "Zp",
    ]
)

Fits = Callable[[str], bool]


class UnsupportedPattern(ValueError):
    """The pattern uses something that is not understood here."""


@dataclass
class _State:
    """One state: a character that it takes, a place that it insists on, or silent steps onward."""

    takes: Fits | None = None
    at: str = ""
    onward: list[int] = field(default_factory=list)


class Pattern:
    """A pattern that was read, ready to be tried on texts."""

    def __init__(self, source: str) -> None:
        """
        Read *source*.

        Raises:
            NotReadable: It is not well formed, too long, or uses what is not understood here.
        """
        if len(source) > LONGEST_PATTERN:
            raise UnsupportedPattern("the pattern is too long")
        self.source = source
        self._states: list[_State] = []
        reader = _PatternParser(source)
        self.tree = reader.read()
        self._end = self._add(_State())
        self._start = self._build(self.tree, self._end)

    @property
    def size(self) -> int:
        """Count its states: trying it on a text takes at most so many steps for each character."""
        return len(self._states)

    def fits(self, text: str) -> bool:
        """Tell whether the whole of *text* matches: then it does so too where a part would be enough."""
        alive = self._closed({self._start}, text, 0)
        for position, character in enumerate(text):
            stepped = set()
            for number in alive:
                takes = self._states[number].takes
                if takes is not None and takes(character):
                    stepped.update(self._states[number].onward)
            if not stepped:
                return False
            alive = self._closed(stepped, text, position + 1)
        return self._end in alive

    def _closed(self, states: set[int], text: str, position: int) -> set[int]:
        """These states, and all that can be reached from them without a character."""
        found, open_ = set(states), list(states)
        while open_:
            state = self._states[open_.pop()]
            if state.takes is not None or (state.at and not _is_at(state.at, text, position)):
                continue
            fresh = [each for each in state.onward if each not in found]
            found.update(fresh)
            open_ += fresh
        return found

    def _add(self, state: _State) -> int:
        if len(self._states) >= MOST_STATES:
            raise UnsupportedPattern("the pattern is too intricate")
        self._states.append(state)
        return len(self._states) - 1

    def _build(self, node: "Node", onward: int) -> int:
        """Return the state in which *node* begins, when *onward* is what follows it."""
        if node.takes is not None:
            return self._add(_State(takes=node.takes, onward=[onward]))
        if node.at:
            return self._add(_State(at=node.at, onward=[onward]))
        if node.is_choice:
            return self._add(_State(onward=[self._build(each, onward) for each in node.parts]))
        if node.most != 1 or node.least != 1:
            return self._repeated(node, onward)
        for part in reversed(node.parts):
            onward = self._build(part, onward)
        return onward

    def _repeated(self, node: "Node", onward: int) -> int:
        [part] = node.parts
        if node.most is None:
            loop = self._add(_State())
            self._states[loop].onward = [self._build(part, loop), onward]
            start = loop
        else:
            start = onward
            for _ in range(node.most - node.least):
                start = self._add(_State(onward=[self._build(part, start), onward]))
        for _ in range(node.least):
            start = self._build(part, start)
        return start


def _is_at(place: str, text: str, position: int) -> bool:
    before = position > 0 and _is_word(text[position - 1])
    after = position < len(text) and _is_word(text[position])
    is_last_newline = position == len(text) - 1 and text[position] == NEWLINE
    return {
        "start": position == 0,
        "end": position == len(text),
        "end or last newline": position == len(text) or is_last_newline,
        "edge": before != after,
        "no edge": before == after,
    }[place]


@dataclass(frozen=True)
class Node:
    """A part of a pattern: one character, a place, a sequence, a choice, or a repetition of one part."""

    takes: Fits | None = None
    at: str = ""
    parts: tuple["Node", ...] = ()
    is_choice: bool = False
    least: int = 1
    most: int | None = 1


class _PatternParser:
    """Reads the text of a pattern, from left to right."""

    def __init__(self, source: str) -> None:
        self._rest = source
        self._depth = 0
        self._ignores_case = False

    def read(self) -> Node:
        if self._took("(?i)"):
            self._ignores_case = True
        node = self._choice()
        if self._rest:
            raise UnsupportedPattern("a bracket is closed that was not opened")
        return node

    def _took(self, text: str) -> bool:
        if not self._rest.startswith(text):
            return False
        self._rest = self._rest[len(text) :]
        return True

    def _next(self) -> str:
        if not self._rest:
            raise UnsupportedPattern("the pattern ends too early")
        character, self._rest = self._rest[0], self._rest[1:]
        return character

    def _choice(self) -> Node:
        choices = [self._sequence()]
        while self._took("|"):
            choices.append(self._sequence())
        return choices[0] if len(choices) == 1 else Node(parts=tuple(choices), is_choice=True)

    def _sequence(self) -> Node:
        parts = []
        while self._rest and self._rest[0] not in "|)":
            parts.append(self._quantified(self._atom()))
        return Node(parts=tuple(parts))

    def _quantified(self, node: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return node
        if node.at:
            raise UnsupportedPattern("a place is repeated")
        # Lazy or not: the same texts match.
        self._took("?")
        if self._bounds() is not None:
            raise UnsupportedPattern("a repetition is repeated")
        least, most = bounds
        if most is not None and (most < least or most > MOST_STATES):
            raise UnsupportedPattern("the bounds of a repetition make no sense")
        return Node(parts=(node,), least=least, most=most)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._took(sign):
                return bounds
        if not self._rest.startswith("{"):
            return None
        inside, closed, after = self._rest[1:].partition("}")
        first, comma, second = inside.partition(",")
        numbers = [each for each in (first, second) if each]
        if not closed or not first or any(not _is_number(each) for each in numbers):
            # .NET takes it for a brace of the text then; better not to guess.
            raise UnsupportedPattern("a brace is not the bounds of a repetition")
        self._rest = after
        return int(first), (int(second) if second else None) if comma else int(first)

    def _atom(self) -> Node:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return Node(takes=self._class())
        if character == "\\":
            return self._escaped()
        if character in "*+?{":
            raise UnsupportedPattern("there is nothing to repeat")
        if character == ".":
            return Node(takes=lambda given: given != NEWLINE)
        if character == "^":
            return Node(at="start")
        if character == "$":
            return Node(at="end or last newline")
        return Node(takes=self._literally(character))

    def _group(self) -> Node:
        if self._took("?"):
            if self._took("<"):
                name, closed, self._rest = self._rest.partition(">")
                if not closed or not name.isidentifier():
                    raise UnsupportedPattern("a look-behind, or a group without a proper name")
            elif not self._took(":"):
                raise UnsupportedPattern("a look-ahead, or an option within the pattern")
        self._depth += 1
        if self._depth > DEEPEST:
            raise UnsupportedPattern("the pattern is too intricate")
        inside = self._choice()
        self._depth -= 1
        if not self._took(")"):
            raise UnsupportedPattern("a bracket is not closed")
        # A sequence of its own, so that what follows repeats all of it.
        return Node(parts=(inside,))

    def _escaped(self) -> Node:
        character = self._next()
        place = {"A": "start", "z": "end", "Z": "end or last newline", "b": "edge", "B": "no edge"}
        if character in place:
            return Node(at=place[character])
        return Node(takes=self._set(character) or self._literally(self._plain(character)))

    def _set(self, character: str) -> Fits | None:
        """Return the set of characters that a letter behind a backslash stands for; None: for one alone."""
        named: dict[str, Fits] = {"d": _is_digit, "w": _is_word, "s": str.isspace}
        if character in named:
            return named[character]
        if character.lower() in named:
            return _not(named[character.lower()])
        if character in "pP":
            category, closed, rest = self._rest.removeprefix("{").partition("}")
            if not self._rest.startswith("{") or not closed or category not in CATEGORIES:
                raise UnsupportedPattern("a kind of characters is not known")
            self._rest = rest
            fits: Fits = lambda given: unicodedata.category(given).startswith(category)  # noqa: E731
            return fits if character == "p" else _not(fits)
        return None

    def _plain(self, character: str) -> str:
        if character in SIMPLE_ESCAPES:
            return SIMPLE_ESCAPES[character]
        if character.isalnum():
            raise UnsupportedPattern("a back-reference, or an escape that is not known")
        return character

    def _class(self) -> Fits:
        is_negated = self._took("^")
        members: list[Fits] = []
        is_first = True
        while is_first or not self._took("]"):
            members.append(self._member())
            is_first = False
        fits: Fits = lambda given: any(each(given) for each in members)  # noqa: E731
        return _not(fits) if is_negated else fits

    def _member(self) -> Fits:
        first = self._next()
        if first == "[":
            # .NET takes it for itself; but "[:alpha:]" is meant otherwise, and "-[…]" is a subtraction.
            raise UnsupportedPattern("a bracket within a bracket")
        if first == "\\":
            escaped = self._next()
            found = self._set(escaped)
            if found is not None:
                return found
            first = "\b" if escaped == "b" else self._plain(escaped)
        if len(self._rest) < 2 or self._rest[0] != "-" or self._rest[1] == "]":
            return self._literally(first)
        self._next()
        last = self._next()
        if last == "[":
            raise UnsupportedPattern("a bracket within a bracket")
        if last == "\\":
            last = self._plain(self._next())
        if last < first:
            raise UnsupportedPattern("a range runs backwards")
        return self._within(first, last)

    def _within(self, first: str, last: str) -> Fits:
        if not self._ignores_case:
            return lambda given: first <= given <= last
        return lambda given: any(first <= each <= last for each in _cases(given))

    def _literally(self, wanted: str) -> Fits:
        if not self._ignores_case:
            return lambda given: given == wanted
        return lambda given: wanted in _cases(given)


def _cases(character: str) -> Iterator[str]:
    yield from (character, character.lower(), character.upper())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 5


def _is_digit(character: str) -> bool:
    return unicodedata.category(character) == "Nd"


def _is_word(character: str) -> bool:
    return unicodedata.category(character) in WORD_CATEGORIES


def _not(fits: Fits) -> Fits:
    return lambda given: not fits(given)


@lru_cache(maxsize=512)
def parse(source: str) -> Pattern:
    """
    Return the pattern that *source* is.

    Raises:
        NotReadable: It is not understood here.
    """
    return Pattern(source)

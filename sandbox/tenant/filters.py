"""Reads $filter, the part of OData's expression language that Graph's lists understand."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sandbox.tenant.entity import Entity
from sandbox.tenant.errors import Refusal, bad_request

Test = Callable[[Entity], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')"
    r"|(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<number>-?\d+(?:\.\d+)?(?![\w-]))"
    r"|(?P<mark>[(),:])"
    r"|(?P<word>[A-Za-z_@][\w.@]*(?:/[A-Za-z_$][\w.]*)*))"
)

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: bool(left == right),
    "ne": lambda left, right: bool(left != right),
    "gt": lambda left, right: left is not None and bool(left > right),
    "ge": lambda left, right: left is not None and bool(left >= right),
    "lt": lambda left, right: left is not None and bool(left < right),
    "le": lambda left, right: left is not None and bool(left <= right),
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
}


class Filter:
    """A parsed $filter: *matches* judges an entity, *paths* are the properties it looks at.

    *required* are the values of which a property must have one whatever else the filter says, so that a long
    list need not be shaped to be filtered.  *compared* are the paths with the operator that compares each,
    *terms* how many values are compared in all, *joins* what joins them, and *alternatives* the paths that stand
    on both sides of an "or".
    """

    def __init__(self, text: str) -> None:
        self.paths: list[str] = []
        self.functions: set[str] = set()
        self.required: dict[str, set[Any]] = {}
        self.alternatives: set[str] = set()
        self.compared: list[tuple[str, str]] = []
        self.terms = 0
        self._text = text
        self._tokens = list(self._split(text))
        self._at = 0
        self.matches: Test = self._either()
        if self._at < len(self._tokens):
            raise self._syntax_error()
        self.joins = {word for word in ("and", "or", "not") if ("word", word) in self._tokens}

    def _split(self, text: str) -> Iterator[tuple[str, str]]:
        position, text = 0, text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise self._syntax_error(position)
            yield match.lastgroup, match[match.lastgroup]
            position = match.end()

    def _syntax_error(self, position: int | None = None) -> Refusal:
        where = f" at position {position}" if position is not None else ""
        return bad_request(f"Invalid filter clause: syntax error{where} in '{self._text}'.")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, kind: str | None = None, value: str | None = None) -> str:
        found_kind, found = self._peek()
        if (kind and found_kind != kind) or (value and found != value) or found_kind == "end":
            raise self._syntax_error()
        self._at += 1
        return found

    def _word(self, value: str) -> bool:
        if self._peek() == ("word", value):
            self._at += 1
            return True
        return False

    def _either(self) -> Test:
        before, needs, first = self.required, [], len(self.paths)
        tests: list[Test] = []
        while not tests or self._word("or"):
            self.required = {}
            tests.append(self._both())
            needs.append(self.required)
        common = set.intersection(*(set(each) for each in needs))
        self.required = before | {
            path: set[Any]().union(*(each[path] for each in needs)) for path in common
        }
        if len(tests) == 1:
            return tests[0]
        self.alternatives |= set(self.paths[first:])
        return lambda entity: any(t(entity) for t in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._word("and"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda entity: all(t(entity) for t in tests)

    def _one(self) -> Test:
        if self._word("not"):
            before, self.required = self.required, {}
            inner = self._one()
            self.required = before
            return lambda entity: not inner(entity)
        if self._peek() == ("mark", "("):
            self._take()
            inner = self._either()
            self._take("mark", ")")
            return inner
        word = self._take("word")
        if self._peek() == ("mark", "("):
            return self._any(word) if word.endswith("/any") else self._text_function(word)
        return self._comparison(word)

    def _text_function(self, name: str) -> Test:
        compare = _TEXT.get(name.lower())
        if compare is None:
            raise bad_request(f"Invalid filter clause: unknown function '{name}'.")
        self.functions.add(name.lower())
        self._take("mark", "(")
        path = self._path(self._take("word"))
        self._take("mark", ",")
        part = str(self._literal()).lower()
        self._take("mark", ")")
        return lambda entity: compare(str(_value(entity, path) or "").lower(), part)

    def _any(self, word: str) -> Test:
        """Reads proxyAddresses/any(p:p eq 'x'), over lists of plain values."""
        path = self._path(word.removesuffix("/any"))
        self._take("mark", "(")
        variable = self._take("word")
        self._take("mark", ":")
        if self._take("word") != variable:
            raise self._syntax_error()
        compare = _COMPARE[self._take("word")]
        wanted = _comparable(self._literal())
        self._take("mark", ")")
        return lambda entity: any(
            compare(_comparable(each), wanted) for each in _value(entity, path) or []
        )

    def _comparison(self, word: str) -> Test:
        path = self._path(word)
        operator = self._take("word")
        self.compared.append((path.lower(), operator))
        if operator == "in":
            wanted = self._literals()
            return lambda entity: _comparable(_value(entity, path)) in wanted
        compare = _COMPARE.get(operator)
        if compare is None:
            raise self._syntax_error()
        right = _comparable(self._literal())
        if operator == "eq":
            self.required[path.lower()] = {right}
        return lambda entity: compare(_comparable(_value(entity, path), like=right), right)

    def _literals(self) -> list[Any]:
        self._take("mark", "(")
        found = [_comparable(self._literal())]
        while self._peek() == ("mark", ","):
            self._take()
            found.append(_comparable(self._literal()))
        self._take("mark", ")")
        return found

    def _path(self, word: str) -> str:
        self.paths.append(word.lower())
        return word

    def _literal(self) -> Any:
        kind, text = self._peek()
        self._at += 1
        self.terms += 1
        if kind == "string":
            return text[1:-1].replace("''", "'")
        if kind == "time":
            return datetime.fromisoformat(text)
        if kind == "number":
            return float(text)
        if kind == "word" and text.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text.lower()]
        raise self._syntax_error()


def _value(entity: Entity, path: str) -> Any:
    found: Any = entity
    for name in path.split("/"):
        if isinstance(found, Entity):
            found = found.look(name)
        elif isinstance(found, dict):
            found = next((v for k, v in found.items() if k.lower() == name.lower()), None)
        else:
            return None
    return found


def _comparable(value: Any, *, like: Any = None) -> Any:
    """Texts without case, as Graph compares ids, addresses and enum words."""
    if isinstance(like, datetime) and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value.lower() if isinstance(value, str) else value

"""Compiled SQL for all databases of a test run: each test opens one of its own, and would compile every statement anew."""

from typing import Any

from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.engine.default import DefaultDialect

_compiled: dict[type[Dialect], Any] = {}


def share_compiled_statements() -> None:
    """
    Let all engines of one kind use one cache; SQLAlchemy keeps one for each, whose keys hold its dialect.

    That alone was a sixth of the CPU of the tests.  What is compiled depends on the statement and the kind of
    database only: all of ours are configured alike.
    """

    def cache(self: Engine) -> Any:
        return _compiled[type(self.dialect)]

    def keep_one(self: Engine, made: Any) -> None:
        _compiled.setdefault(type(self.dialect), made)

    Engine._compiled_cache = property(cache, keep_one)  # type: ignore[assignment]
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]

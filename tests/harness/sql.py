"""Compiled SQL for all databases of a test run: each test opens one of its own, and would compile every statement anew."""

from typing import Any, Final

from sqlalchemy.engine import Dialect, Engine

# Statements made once, and found by what they are; whatever is made anew each time would pile up.
MOST_KNOWN: Final = 5_000


class SharedCache:
    """
    What has been compiled for one kind of database, by all engines.

    The key of a statement is a deep tuple, and most of the time of a look-up goes into its hash.  Most statements are made once
    and keep their key, which is found by its identity.
    """

    def __init__(self, kept: Any) -> None:
        """
        Args:
            kept: SQLAlchemy's own cache.
        """
        self._kept = kept
        # With the key itself, so that its identity is nobody else's.
        self._known: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def get(self, key: tuple[Any, ...]) -> Any:
        """Return what was compiled for a key, as SQLAlchemy asks; None if nothing was."""
        _, statement, *how = key
        near = (id(statement), *how)
        known = self._known.get(near)
        if known is not None:
            return known[1]
        compiled = self._kept.get(_without_dialect(key))
        if compiled is not None:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[near] = (statement, compiled)
        return compiled

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        self._kept[_without_dialect(key)] = compiled

    def __len__(self) -> int:
        return len(self._kept)


def _without_dialect(key: tuple[Any, ...]) -> tuple[Any, ...]:
    """Each engine has a dialect of its own, and all of a kind compile alike."""
    return key[1:]


def _kind(dialect: Dialect) -> tuple[type[Dialect], str]:
    return type(dialect), dialect.paramstyle


# How parameters are written is the driver's: one kind of database may have several.
_compiled: dict[tuple[type[Dialect], str], SharedCache] = {}


def share_compiled_statements() -> None:
    """
    Let all engines of one kind use one cache; SQLAlchemy keeps one for each, whose keys hold its dialect.

    That alone was a sixth of the CPU of the tests.  What is compiled depends on the statement and the kind of
    database only: all of ours are configured alike.
    """

    def cache(self: Engine) -> Any:
        return _compiled[_kind(self.dialect)]

    def keep_one(self: Engine, made: Any) -> None:
        _compiled.setdefault(_kind(self.dialect), SharedCache(made))

    Engine._compiled_cache = property(cache, keep_one)  # type: ignore[assignment]

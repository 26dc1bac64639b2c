"""Chance: ids that nobody can guess, and waits that do not all end at the same moment."""

import random
import secrets

# The operating system's own; `random.Random` is the interface of both.
secure: random.Random = random.SystemRandom()
_source = secure


def new_id() -> str:
    """A new id: 32 hexadecimal digits, 128 bits of chance."""
    return f"{_source.getrandbits(128):032x}"


def between(low: float, high: float) -> float:
    """A number in between, any as likely as any other."""
    return _source.uniform(low, high)


def use(source: random.Random) -> None:
    """Draw from *source*; for the composition root, which is told by whoever runs it."""
    global _source
    _source = source


def new_salt() -> str:
    """Return 32 hexadecimal digits that nothing goes by: not from the source that a simulation repeats."""
    return f"{secure.getrandbits(128):032x}"


def new_secret() -> str:
    """Return 256 bits of chance for a link, a state or a cookie, of letters that an address takes."""
    return secrets.token_urlsafe(32)

"""Chance for the stand-ins: ids and secrets, which a simulation may draw from a seed."""

import base64
import random
from uuid import UUID

# The operating system's own; `random.Random` is the interface of both.
secure: random.Random = random.SystemRandom()
_source = secure


def use(source: random.Random) -> None:
    """Draw everything from *source* from now on."""
    global _source
    _source = source


def token_hex(length: int) -> str:
    """So many random bytes in hexadecimal."""
    return _source.randbytes(length).hex()


def token_bytes(length: int) -> bytes:
    """So many random bytes."""
    return _source.randbytes(length)


def token_urlsafe(length: int) -> str:
    """So many random bytes in letters that need no escape in a URL."""
    return base64.urlsafe_b64encode(_source.randbytes(length)).rstrip(b"=").decode()


def below(limit: int) -> int:
    """A whole number from 0 on that is less than *limit*."""
    return _source.randrange(limit)


def uuid4() -> UUID:
    """A random UUID."""
    return UUID(int=_source.getrandbits(128), version=4)

"""
Whether a request is Slack's: the signature over its raw body, made with a signing secret of ours.

Source: docs.slack.dev, "Verifying requests from Slack".
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Final

from bot import clock

GOOD_FOR: Final = timedelta(minutes=5)
TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")


class Signatures:
    """Knows a signature of Slack's: made with our secret, or for a while the one before it, and not long ago."""

    def __init__(self, secret: str, *, previous: tuple[str, datetime] | None = None) -> None:
        """
        Args:
            secret: The current one.
            previous: During a rotation: the one before it, and when (aware UTC) it is believed no more.

        Raises:
            ValueError: One is empty, with which anybody could sign.
        """
        given = [secret, previous[0]] if previous else [secret]
        if not all(each.strip() for each in given):
            raise ValueError("no signing secret, or an empty one")
        self._key = secret.encode()
        self._previous = (previous[0].encode(), previous[1]) if previous else None

    def holds(self, body: bytes, *, timestamp: str, signature: str) -> bool:
        """Whether *signature* is Slack's for *body*; takes as long for every wrong one."""
        if not TIMESTAMP.fullmatch(timestamp):
            return False
        if abs(clock.real().timestamp() - int(timestamp)) > GOOD_FOR.total_seconds():
            return False
        signed = b"v0:" + timestamp.encode() + b":" + body
        expected = [b"v0=" + _hmac(key, signed) for key in self._keys()]
        # All are compared, so that nobody can measure which secret was nearer.
        equal = [hmac.compare_digest(each, signature.encode()) for each in expected]
        return any(equal)

    def _keys(self) -> list[bytes]:
        """Those that count at this moment."""
        if self._previous is None or clock.real() >= self._previous[1]:
            return [self._key]
        return [self._key, self._previous[0]]


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).hexdigest().encode()

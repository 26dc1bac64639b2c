"""
Whether a request is Slack's: the signature over its raw body, made with a signing secret of ours.

Source: docs.slack.dev, "Verifying requests from Slack".
"""

import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from bot import clock

GOOD_FOR: Final = timedelta(minutes=5)
TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")


class Signatures:
    """Knows a signature of Slack's: made with any of some secrets, and not long ago."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """
        Args:
            secrets: The current one, and during a rotation the one before it.

        Raises:
            ValueError: There is none, or one is empty, with which anybody could sign.
        """
        self._keys = [secret.encode() for secret in secrets]
        if not self._keys or not all(key.strip() for key in self._keys):
            raise ValueError("no signing secret, or an empty one")

    def holds(self, body: bytes, *, timestamp: str, signature: str) -> bool:
        """Whether *signature* is Slack's for *body*; takes as long for every wrong one."""
        if not TIMESTAMP.fullmatch(timestamp):
            return False
        if abs(clock.real().timestamp() - int(timestamp)) > GOOD_FOR.total_seconds():
            return False
        signed = b"v0:" + timestamp.encode() + b":" + body
        expected = [b"v0=" + _hmac(key, signed) for key in self._keys]
        # All are compared, so that nobody can measure which secret was nearer.
        equal = [hmac.compare_digest(each, signature.encode()) for each in expected]
        return any(equal)


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).hexdigest().encode()

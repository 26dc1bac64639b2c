"""
Verify that a request comes from Slack: the signature over its raw body, made with our signing secret.

Source: docs.slack.dev, "Verifying requests from Slack".
"""

import hmac
import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot import clock

GOOD_FOR: Final = timedelta(minutes=5)
TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")


class SignatureProblem(StrEnum):
    """
    The reason why a request is not believed to be Slack's.

    STALE is signed by Slack, longer than five minutes ago or ahead: a replay, or this machine's clock is wrong.
    """

    UNSIGNED = "unsigned"
    WRONG = "wrong"
    STALE = "stale"


class Signatures:
    """Verify signatures made with the current secret, or during a rotation with the previous one, within five minutes."""

    def __init__(self, secret: str, *, previous: tuple[str, datetime] | None = None) -> None:
        """
        Args:
            secret: The current one.
            previous: During a rotation: the previous secret, and when (aware UTC) it expires.

        Raises:
            ValueError: One is empty: anybody could sign with it.
        """
        given = [secret, previous[0]] if previous else [secret]
        if not all(each.strip() for each in given):
            raise ValueError("no signing secret, or an empty one")
        self._key = secret.encode()
        self._previous = (previous[0].encode(), previous[1]) if previous else None

    def verify(self, body: bytes, *, timestamp: str, signature: str) -> bool:
        """Return True if *signature* is Slack's for *body*; every wrong one takes as long."""
        return self.find_problem(body, timestamp=timestamp, signature=signature) is None

    def find_problem(
        self, body: bytes, *, timestamp: str, signature: str
    ) -> SignatureProblem | None:
        """Return why *signature* is not accepted for *body*; None if it is Slack's."""
        if not TIMESTAMP.fullmatch(timestamp):
            return SignatureProblem.UNSIGNED
        signed = b"v0:" + timestamp.encode() + b":" + body
        expected = [b"v0=" + _hmac(key, signed) for key in self._keys()]
        # Compare with every key, so that the time does not tell which secret was nearer.
        equal = [hmac.compare_digest(each, signature.encode()) for each in expected]
        if not any(equal):
            return SignatureProblem.WRONG
        if abs(clock.real().timestamp() - int(timestamp)) > GOOD_FOR.total_seconds():
            return SignatureProblem.STALE
        return None

    def _keys(self) -> list[bytes]:
        """Return the keys that are valid now."""
        if self._previous is None or clock.real() >= self._previous[1]:
            return [self._key]
        return [self._key, self._previous[0]]


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256").hex().encode()

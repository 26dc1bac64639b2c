"""
Sign events as Standard Webhooks describes it: an id, a moment, and an HMAC of both and the body.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime


def headers(event_id: str, *, at: datetime, body: bytes, keys: Iterable[bytes]) -> dict[str, str]:
    """
    Return the headers by which a receiver knows that an event is ours.

    Args:
        event_id: The same at each try.
        at: The moment of this try.
        keys: One signature for each: a receiver takes any of them.
    """
    moment = str(int(at.timestamp()))
    signed = b".".join((event_id.encode(), moment.encode(), body))
    signatures = (
        base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys
    )
    return {
        "webhook-id": event_id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }

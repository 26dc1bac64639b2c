"""Signatures of events, by the specification's own example."""

import base64
from datetime import UTC, datetime

from bot.webhooks import signatures


def test_an_event_is_signed_as_the_specification_shows() -> None:
    """The example of Standard Webhooks' reference implementations."""
    made = signatures.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",  # pragma: allowlist secret
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
        keys=[base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
    )
    assert made == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",  # pragma: allowlist secret
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_key_makes_a_signature() -> None:
    """While a secret is changed, a receiver may have the one or the other."""
    made = signatures.headers("e", at=datetime.now(UTC), body=b"", keys=[b"one", b"two"])
    assert len(made["webhook-signature"].split(" ")) == 2

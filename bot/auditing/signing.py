"""
Sign what leaves the database with a key that comes from the audit key, and check such signatures with no secret.

The private key is derived and kept nowhere: who has `LATCHKEY_AUDIT_KEY` can sign, who has the public key can check.

Source: RFC 8032 (Ed25519), RFC 5869 (HKDF).
"""

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALGORITHM: Final = "Ed25519"
PURPOSE: Final = b"latchkey audit signature, Ed25519, 1"
SEED_BYTES: Final = 32


class NoAuditKey(Exception):
    """Without a secret audit key everybody could sign."""


class Signer:
    """Signs in the name of an installation."""

    def __init__(self, audit_key: bytes) -> None:
        """
        Raises:
            NoAuditKey: It is empty.
        """
        if not audit_key:
            raise NoAuditKey
        seed = HKDF(hashes.SHA256(), SEED_BYTES, salt=None, info=PURPOSE).derive(audit_key)
        self._private = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> str:
        """Return the public key: 64 hexadecimal digits."""
        encoding, form = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        return self._private.public_key().public_bytes(encoding, form).hex()

    def sign(self, purpose: str, content: bytes) -> str:
        """
        Return the signature, in hexadecimal digits.

        Args:
            purpose: What kind of thing is signed: no signature of one kind is one of another.
        """
        return self._private.sign(_signed(purpose, content)).hex()


def is_signed(public_key: str, signature: str, purpose: str, content: bytes) -> bool:
    """Tell whether the owner of *public_key* has signed *content*; False as well for what is no key or no signature."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        key.verify(bytes.fromhex(signature), _signed(purpose, content))
    except (ValueError, InvalidSignature):
        return False
    return True


def _signed(purpose: str, content: bytes) -> bytes:
    return f"latchkey {purpose}\n".encode() + content

"""
Seal what is kept of tokens: AES-256-GCM, bound to the row and the person, so that a sealed token fits nowhere else.

Source: NIST SP 800-38D; cryptography, ``AESGCM``.
"""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

# A bot where nobody signs in need not load cryptography.
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
VERSION: Final = "1"


class CannotOpen(Exception):
    """Something was sealed with another key, or for another row or person, or was changed."""


class TokenKeys:
    """The key that seals, and during a rotation the one before it, which still opens."""

    def __init__(self, key: bytes, previous: bytes | None = None) -> None:
        self._newest = key_id(key)
        keys = [key] if previous is None else [key, previous]
        self._by_id = {key_id(each): _aes(each) for each in keys}

    def seal(self, secret: str, *, bound_to: Sequence[str]) -> str:
        """
        Return *secret*, sealed.

        Args:
            bound_to: The table, the row and the person: it opens for the same ones only.
        """
        return f"{VERSION}.{self._newest}.{_seal(self._by_id[self._newest], secret, bound_to)}"

    def open(self, sealed: str, *, bound_to: Sequence[str]) -> str:
        """
        Return what was sealed.

        Raises:
            CannotOpen: Not with these keys, or not for this row and person.
        """
        version, _, rest = sealed.partition(".")
        kid, _, body = rest.partition(".")
        key = self._by_id.get(kid)
        if version != VERSION or key is None:
            raise CannotOpen
        return _open(key, body, bound_to)

    def is_newest(self, sealed: str) -> bool:
        """Tell whether something was sealed with the key that seals now."""
        return sealed.startswith(f"{VERSION}.{self._newest}.")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._by_id)})"


def key_id(key: bytes) -> str:
    """Return by what a key is told from others; it says nothing of the key."""
    return hashlib.sha256(b"latchkey token key\0" + key).hexdigest()[:12]


def seal_with(secret: str, text: str, *, bound_to: Sequence[str]) -> str:
    """Return *text*, sealed with a secret of 32 random bytes that is kept nowhere here: its bearer opens it."""
    return _seal(_aes(_derived(secret)), text, bound_to)


def open_with(secret: str, sealed: str, *, bound_to: Sequence[str]) -> str:
    """
    Return what `seal_with` has sealed.

    Raises:
        CannotOpen: With another secret, or for another row or person.
    """
    return _open(_aes(_derived(secret)), sealed, bound_to)


def _aes(key: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _derived(secret: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"latchkey sign-in")
    return kdf.derive(secret.encode())


def _seal(key: "AESGCM", text: str, bound_to: Sequence[str]) -> str:
    # Never from `bot.chance`, which a simulation repeats: a nonce is used once.
    nonce = os.urandom(NONCE_BYTES)
    data = nonce + key.encrypt(nonce, text.encode(), _associated(bound_to))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _open(key: "AESGCM", sealed: str, bound_to: Sequence[str]) -> str:
    from cryptography.exceptions import InvalidTag

    try:
        data = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
        nonce, body = data[:NONCE_BYTES], data[NONCE_BYTES:]
        return key.decrypt(nonce, body, _associated(bound_to)).decode()
    except (InvalidTag, ValueError):
        raise CannotOpen from None


def _associated(bound_to: Sequence[str]) -> bytes:
    return json.dumps(list(bound_to)).encode()

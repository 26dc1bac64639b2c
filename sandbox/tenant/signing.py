"""The keys that the stand-in signs identity tokens with: published, replaced now and then, and withdrawn."""

import base64
import functools
import hashlib
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_BITS = 2048


class SigningKeys:
    """
    RSA keys of one tenant; the newest signs, and those before it stay published until they are withdrawn.

    Source: Microsoft, "Signing key rollover in the Microsoft identity platform".
    """

    def __init__(self, *, tenant_id: str) -> None:
        self._tenant_id = tenant_id
        self._newest = 0
        self._oldest = 0

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A JWT with *claims*, signed with the newest key (RS256)."""
        key = _key(self._tenant_id, self._newest)
        return jwt.encode(dict(claims), key, algorithm="RS256", headers={"kid": self.newest_id})

    @property
    def newest_id(self) -> str:
        return _key_id(self._tenant_id, self._newest)

    def rotate(self) -> None:
        """Sign with a new key from now on; the others stay published."""
        self._newest += 1

    def withdraw_old(self) -> None:
        """Publish the newest key only: what the others have signed proves nothing any more."""
        self._oldest = self._newest

    def published(self) -> dict[str, Any]:
        """The public keys as a JSON Web Key Set."""
        return {"keys": [self._public(number) for number in range(self._oldest, self._newest + 1)]}

    def _public(self, number: int) -> dict[str, Any]:
        public = _key(self._tenant_id, number).public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": _key_id(self._tenant_id, number),
            "n": _number(public.n),
            "e": _number(public.e),
        }


@functools.cache
def _key(tenant_id: str, number: int) -> rsa.RSAPrivateKey:
    """To make one takes a tenth of a second, and each tenant of a process may have the same."""
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _key_id(tenant_id: str, number: int) -> str:
    digest = hashlib.sha256(f"{tenant_id} {number}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()[:27]


def _number(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

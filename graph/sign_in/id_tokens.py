"""
Identity tokens of Entra: verified before anything in them is believed.

msal does not verify them, because they come straight from the login.  What is proven by one must hold by itself.

Source: OpenID Connect Core 1.0, 3.1.3.7; Microsoft, "ID token claims reference" and "Secure applications and APIs by
validating claims".
"""

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from graph.clouds import GLOBAL
from graph.errors import AuthError
from graph.sign_in import login

# PyJWT brings cryptography, which a bot where nobody signs in need not load.
if TYPE_CHECKING:
    import jwt

ALGORITHM: Final = "RS256"
# By how much Microsoft's clock and ours may differ.
LEEWAY: Final = timedelta(minutes=2)
# A key that Microsoft withdraws is not believed for longer.
KEYS_LAST: Final = timedelta(hours=24)
# After a key that the tenant does not publish, the next one that is not known is not looked for before.
LOOK_AGAIN: Final = timedelta(minutes=1)
REQUIRED: Final = ("aud", "iss", "exp", "iat", "oid", "tid", "sub")


class NotBelieved(Exception):
    """An identity token that proves nothing; the sentence says why and repeats nothing of the token."""


@dataclass(frozen=True, kw_only=True)
class Identification:
    """
    The claims of an identity token that was verified.

    Attributes:
        object_id: Of the user who signed in.
        tenant_id: Of the tenant that they signed in to.
        signed_in_at: When they last showed who they are (``auth_time``); None if the token does not say.
        contexts: The authentication contexts that they have satisfied (``acrs``).
        digest: SHA-256 of the token, in hex: for the audit log, which must not hold the token.
    """

    object_id: str
    tenant_id: str
    signed_in_at: datetime | None
    contexts: frozenset[str]
    digest: str


@dataclass(frozen=True)
class _Keys:
    issuer: str
    tenant_id: str
    by_id: Mapping[str, "jwt.PyJWK"]
    read_at: datetime


class IdTokens:
    """Verifies the identity tokens of one tenant for one app, by the keys that the tenant publishes."""

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        authority_host: str = GLOBAL.authority_host,
        client: Callable[[], login.HttpClient] = login.client,
    ) -> None:
        self._authority = f"{authority_host.rstrip('/')}/{tenant_id}"
        self._host = urlsplit(self._authority).netloc
        self._client_id = client_id
        self._client = client
        self._keys: _Keys | None = None
        self._missed_at: datetime | None = None
        self._lock = threading.Lock()

    async def verify(self, token: str, *, now: datetime, nonce: str | None) -> Identification:
        """
        Return what *token* says, once all of it is known to be Microsoft's, for us, and of now.

        Args:
            now: Aware UTC.
            nonce: The one that was sent; None only where nothing could be sent (device codes).

        Raises:
            NotBelieved: It is not.
            AuthError: The keys cannot be read.
        """
        import jwt

        keys = await asyncio.to_thread(self._current_keys, _key_id(token), now)
        key = keys.by_id.get(_key_id(token))
        if key is None:
            raise NotBelieved("It is signed with a key that the tenant does not publish.")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key=key,
                # Never what the token itself names.
                algorithms=[ALGORITHM],
                audience=self._client_id,
                issuer=keys.issuer,
                options={
                    "require": list(REQUIRED),
                    "strict_aud": True,
                    # By our own clock, below.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError as error:
            raise NotBelieved(f"It does not verify ({type(error).__name__}).") from None
        _check_times(claims, now)
        if str(claims["tid"]).casefold() != keys.tenant_id.casefold():
            raise NotBelieved("It is of another tenant.")
        if nonce is not None and claims.get("nonce") != nonce:
            raise NotBelieved("It was not made for this sign-in.")
        return Identification(
            object_id=str(claims["oid"]).lower(),
            tenant_id=str(claims["tid"]).lower(),
            signed_in_at=_moment(claims.get("auth_time")),
            contexts=frozenset(_words(claims.get("acrs"))),
            digest=hashlib.sha256(token.encode()).hexdigest(),
        )

    def _current_keys(self, key_id: str, now: datetime) -> _Keys:
        """
        Return the tenant's keys; read anew when they are old, or when one is asked for that is not among them.

        Ids that somebody makes up have them read once a minute at most.
        """
        with self._lock:
            keys = self._keys
            if keys is not None and now - keys.read_at <= KEYS_LAST:
                is_known = key_id in keys.by_id
                was_missed = self._missed_at is not None and now - self._missed_at < LOOK_AGAIN
                if is_known or was_missed:
                    return keys
            keys = self._keys = self._read(now)
            self._missed_at = None if key_id in keys.by_id else now
            return keys

    def _read(self, now: datetime) -> _Keys:
        with login.errors_as_sentences(self._host):
            client = self._client()
            facts = _json(client, f"{self._authority}/v2.0/.well-known/openid-configuration")
            issuer, address = str(facts.get("issuer")), str(facts.get("jwks_uri"))
            if urlsplit(address).scheme != "https":
                raise AuthError(f"Microsoft's login at {self._host} names no keys.")
            published = _json(client, address)
        tenant_id = urlsplit(issuer).path.strip("/").partition("/")[0]
        return _Keys(issuer, tenant_id, _by_id(published), now)


def _json(client: login.HttpClient, url: str) -> dict[str, Any]:
    answer = client.get(url)
    if answer.status_code != 200:
        raise AuthError(
            f"Microsoft's login answers {answer.status_code} when asked for its keys.",
            status=answer.status_code,
        )
    read = json.loads(answer.text)
    return read if isinstance(read, dict) else {}


def _by_id(published: Mapping[str, Any]) -> "dict[str, jwt.PyJWK]":
    """Return the RSA keys for signatures by their ids; the others, whatever they are for, are left out."""
    import jwt

    found: dict[str, jwt.PyJWK] = {}
    for each in published.get("keys") or []:
        is_ours = (
            isinstance(each, dict)
            and each.get("kty") == "RSA"
            and each.get("use", "sig") == "sig"
            and each.get("alg", ALGORITHM) == ALGORITHM
            and isinstance(each.get("kid"), str)
        )
        if is_ours:
            try:
                found[each["kid"]] = jwt.PyJWK(each, algorithm=ALGORITHM)
            except jwt.PyJWTError:
                continue
    return found


def _key_id(token: str) -> str:
    """
    Return which key a token says it is signed with.

    Raises:
        NotBelieved: It says none, or is no token.
    """
    import jwt

    try:
        key_id = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError:
        raise NotBelieved("It is no signed token.") from None
    if not isinstance(key_id, str) or not key_id:
        raise NotBelieved("It does not say which key it is signed with.")
    return key_id


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    ends, made = _moment(claims["exp"]), _moment(claims["iat"])
    begins = _moment(claims["nbf"]) if "nbf" in claims else made
    if ends is None or made is None or begins is None:
        raise NotBelieved("It says no times that can be read.")
    if ends + LEEWAY <= now:
        raise NotBelieved("It is over.")
    if max(begins, made) - LEEWAY > now:
        raise NotBelieved("It is not valid yet.")


def _moment(seconds: Any) -> datetime | None:
    """Return seconds since 1970 as a moment, aware UTC; None for what is no such number."""
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _words(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

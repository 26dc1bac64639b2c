"""Access tokens of the stand-in: made at sign-in, checked at each Graph call."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox import chance
from sandbox.tenant.errors import Refusal
from sandbox.tenant.model import Json

LIFETIME_SECONDS = 3599
APPLICATION_GRANTS = frozenset(
    {
        "EntitlementManagement.ReadWrite.All",
        "User.ReadWrite.All",
        "GroupMember.Read.All",
        "Group.ReadWrite.All",
        "Application.ReadWrite.All",
        "Sites.FullControl.All",
    }
)
DELEGATED_GRANTS = frozenset(
    {"EntitlementMgmt-SubjectAccess.ReadWrite", "EntitlementManagement.ReadWrite.All"}
) | (APPLICATION_GRANTS - {"Application.ReadWrite.All", "Sites.FullControl.All"})


@dataclass(frozen=True)
class Caller:
    """A caller: an application, or a signed-in user when *user_id* is set."""

    client_id: str
    user_id: str | None
    grants: frozenset[str]


class Tokens:
    """Signs and reads tokens. They live in real time: the sandbox clock does not age them."""

    def __init__(self, *, tenant_id: str, seconds: Callable[[], float]) -> None:
        """
        Args:
            seconds: the machine's own time, in seconds since 1970.
        """
        self.seconds = seconds
        self._tenant_id = tenant_id
        self._key = chance.token_bytes(32)
        self._not_before = 0.0

    def issue(
        self,
        *,
        client_id: str,
        grants: Iterable[str],
        user_id: str | None = None,
        lifetime_seconds: int = LIFETIME_SECONDS,
    ) -> str:
        """A token that looks like Entra's and is opaque to its bearer."""
        now = int(self.seconds())
        claims: Json = {
            "aud": "https://graph.microsoft.com",
            "iss": f"https://sts.windows.net/{self._tenant_id}/",
            "iat": now,
            "nbf": now,
            "exp": now + lifetime_seconds,
            "appid": client_id,
            "tid": self._tenant_id,
            "uti": str(chance.uuid4()),
            "made": self.seconds(),
        }
        if user_id is None:
            claims |= {"idtyp": "app", "roles": sorted(grants)}
        else:
            claims |= {"idtyp": "user", "oid": user_id, "scp": " ".join(sorted(grants))}
        return self.sign(claims)

    def sign(self, claims: Json) -> str:
        """A JWT with *claims*, signed with this tenant's key."""
        signed = f"{_encode({'typ': 'JWT', 'alg': 'HS256'})}.{_encode(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def revoke_all(self) -> None:
        """Refuse every token made until now, as after a revoked session."""
        self._not_before = self.seconds()

    def read(self, authorization: str | None) -> Caller:
        """The caller behind an Authorization header. Raises Refusal 401."""
        scheme, _, token = (authorization or "").partition(" ")
        if not token or scheme.lower() != "bearer":
            raise _unauthorized("Access token is empty.")
        signed, _, signature = token.strip().rpartition(".")
        if not hmac.compare_digest(signature, self._signature(signed)):
            raise _unauthorized("IDX14100: JWT is not well formed or its signature is invalid.")
        claims = _decode(signed.partition(".")[2])
        if "made" not in claims:
            raise _unauthorized("Access token validation failure. Invalid audience.")
        if claims["exp"] <= self.seconds():
            raise _unauthorized("Lifetime validation failed, the token is expired.")
        if claims["made"] < self._not_before:
            raise _revoked(at=self.seconds())
        user_id = claims.get("oid")
        grants = claims["scp"].split() if user_id else claims["roles"]
        return Caller(claims["appid"], user_id, frozenset(grants))

    def _signature(self, signed: str) -> str:
        digest = hmac.new(self._key, signed.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _encode(part: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _decode(part: str) -> Json:
    try:
        found: Json = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error):
        raise _unauthorized("IDX14100: JWT is not well formed.") from None
    return found


def _unauthorized(message: str) -> Refusal:
    return Refusal(
        401,
        "InvalidAuthenticationToken",
        message,
        headers={"www-authenticate": 'Bearer error="invalid_token"'},
    )


def _revoked(*, at: float) -> Refusal:
    """Continuous access evaluation: a claims challenge that a new sign-in must answer."""
    challenge = {"access_token": {"nbf": {"essential": True, "value": str(int(at))}}}
    claims = base64.b64encode(json.dumps(challenge).encode()).decode()
    return Refusal(
        401,
        "InvalidAuthenticationToken",
        "Continuous access evaluation resulted in challenge with result: InteractionRequired.",
        headers={
            "www-authenticate": f'Bearer error="insufficient_claims", claims="{claims}"',
        },
    )

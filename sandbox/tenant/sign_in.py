"""People's sign-ins: device codes, authorization codes with PKCE, and refresh tokens."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import chance
from sandbox.tenant.model import User
from sandbox.tenant.tokens import DELEGATED_GRANTS, LIFETIME_SECONDS, Tokens

DEVICE_CODE_SECONDS = 900
POLL_SECONDS = 1
_NO_GRANT = {"openid", "profile", "email", "offline_access"}


class SignInError(Exception):
    """A refusal as Entra words it: *number* is the AADSTS code."""

    def __init__(self, error: str, number: int, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.error, self.number, self.status = error, number, status


@dataclass
class _Device:
    scope: str
    expires_at: float
    user_id: str | None = None


@dataclass
class _Code:
    user_id: str
    scope: str
    redirect_uri: str
    challenge: str
    nonce: str | None


class SignIns:
    """What people have begun to sign in to; each code works once."""

    def __init__(
        self, *, tenant_id: str, client_id: str, tokens: Tokens, users: Mapping[str, User]
    ) -> None:
        self._tenant_id, self._client_id = tenant_id, client_id
        self._tokens, self._users = tokens, users
        self._devices: dict[str, _Device] = {}
        self._user_codes: dict[str, str] = {}
        self._codes: dict[str, _Code] = {}
        self._refresh: dict[str, tuple[str, str]] = {}

    def begin_device(self, scope: str, *, login_url: str) -> dict[str, Any]:
        """Start a sign-in on another device."""
        device_code, user_code = chance.token_urlsafe(32), chance.token_hex(4).upper()
        self._devices[device_code] = _Device(scope, self._tokens.seconds() + DEVICE_CODE_SECONDS)
        self._user_codes[user_code] = device_code
        page = f"{login_url}/common/oauth2/deviceauth"
        return {
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": page,
            "expires_in": DEVICE_CODE_SECONDS,
            "interval": POLL_SECONDS,
            "message": f"To sign in, use a web browser to open the page {page} and enter the code "
            f"{user_code} to authenticate.",
        }

    def confirm_device(self, user_code: str, *, user_id: str) -> None:
        """A person types the code and signs in. Raises KeyError for an unknown code."""
        self._devices[self._user_codes[user_code]].user_id = user_id

    def begin_code(
        self, *, user_id: str, scope: str, redirect_uri: str, challenge: str, nonce: str | None
    ) -> str:
        """The code that a browser brings back to the application."""
        code = chance.token_urlsafe(32)
        self._codes[code] = _Code(user_id, scope, redirect_uri, challenge, nonce)
        return code

    def redeem(self, form: Mapping[str, str], *, issuer: str) -> dict[str, Any]:
        """Turn a device code, authorization code or refresh token into tokens.

        Raises SignInError with Entra's number: 70016 pending, 70020 expired, 54005 used twice,
        501481 wrong verifier, 70000 unknown refresh token.
        """
        match form.get("grant_type"):
            case "urn:ietf:params:oauth:grant-type:device_code" | "device_code":
                user_id, scope = self._redeem_device(form.get("device_code", ""))
                nonce = None
            case "authorization_code":
                code = self._redeem_code(form)
                user_id, scope, nonce = code.user_id, code.scope, code.nonce
            case _:
                found = self._refresh.get(form.get("refresh_token", ""))
                if found is None:
                    raise _invalid_grant(70000, "Provided grant is invalid or malformed.")
                user_id, scope = found[0], form.get("scope") or found[1]
                nonce = None
        user = self._users.get(user_id)
        if user is None or not user.account_enabled:
            raise _invalid_grant(50057, "The user account is disabled.")
        return self._tokens_for(user, scope, issuer=issuer, nonce=nonce)

    def _redeem_device(self, device_code: str) -> tuple[str, str]:
        device = self._devices.get(device_code)
        if device is None or device.expires_at < self._tokens.seconds():
            raise SignInError("expired_token", 70020, "The device code has expired.", status=400)
        if device.user_id is None:
            message = "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
            raise SignInError("authorization_pending", 70016, message, status=400)
        del self._devices[device_code]
        return device.user_id, device.scope

    def _redeem_code(self, form: Mapping[str, str]) -> _Code:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None:
            raise _invalid_grant(54005, "OAuth2 Authorization code was already redeemed.")
        if code.redirect_uri != form.get("redirect_uri"):
            raise _invalid_grant(500112, "The reply address does not match the one given before.")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            raise _invalid_grant(501481, "The Code_Verifier does not match the code_challenge.")
        return code

    def _tokens_for(
        self, user: User, scope: str, *, issuer: str, nonce: str | None
    ) -> dict[str, Any]:
        asked = {each.rsplit("/", 1)[-1] for each in scope.split()} - _NO_GRANT
        grants = DELEGATED_GRANTS if ".default" in asked else DELEGATED_GRANTS & asked
        now = int(self._tokens.seconds())
        identity = {
            "iss": issuer,
            "aud": self._client_id,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "sub": user.id,
            "oid": user.id,
            "tid": self._tenant_id,
            "name": user.display_name,
            "preferred_username": user.user_principal_name,
            "ver": "2.0",
        } | ({"nonce": nonce} if nonce else {})
        refresh_token = chance.token_urlsafe(48)
        self._refresh[refresh_token] = (user.id, scope)
        client_info = json.dumps({"uid": user.id, "utid": self._tenant_id}).encode()
        return {
            "token_type": "Bearer",
            "scope": " ".join(sorted(grants)),
            "expires_in": LIFETIME_SECONDS,
            "ext_expires_in": LIFETIME_SECONDS,
            "access_token": self._tokens.issue(
                client_id=self._client_id, grants=grants, user_id=user.id
            ),
            "refresh_token": refresh_token,
            "id_token": self._tokens.sign(identity),
            "client_info": base64.urlsafe_b64encode(client_info).rstrip(b"=").decode(),
        }


def _invalid_grant(number: int, message: str) -> SignInError:
    return SignInError("invalid_grant", number, message, status=400)

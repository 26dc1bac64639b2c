"""People's sign-ins: device codes, authorization codes with PKCE, and refresh tokens that end or are revoked."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox import chance
from sandbox.tenant.app_registration import AppRegistration, graph_permissions
from sandbox.tenant.auth_request import AuthRequest, SignInError
from sandbox.tenant.model import User
from sandbox.tenant.signing import SigningKeys
from sandbox.tenant.tokens import DELEGATED_GRANTS, LIFETIME_SECONDS, Tokens

__all__ = ["Authentication", "SignInError", "SignIns"]

DEVICE_CODE_SECONDS = 900
POLL_SECONDS = 1
CODE_SECONDS = 600
# "The default lifetime for the refresh tokens is … 90 days": Microsoft, "Refresh tokens".
REFRESH_SECONDS = 90 * 86_400


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """A session: the user, since when (seconds since 1970), and whether with a second factor."""

    user_id: str
    at: float
    second_factor: bool


@dataclass
class _Device:
    scope: str
    expires_at: float
    signed_in: Authentication | None = None
    is_declined: bool = False


@dataclass(frozen=True)
class _Code:
    request: AuthRequest
    signed_in: Authentication
    expires_at: float


@dataclass(frozen=True)
class _Refresh:
    user_id: str
    scope: str
    issued_at: float
    expires_at: float
    is_web: bool


class SignIns:
    """The sign-ins that people have begun; each code works once."""

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        app: AppRegistration,
        tokens: Tokens,
        keys: SigningKeys,
        users: Mapping[str, User],
    ) -> None:
        self._tenant_id, self._client_id = tenant_id, client_id
        self._app, self._tokens, self._keys, self._users = app, tokens, keys, users
        self._devices: dict[str, _Device] = {}
        self._user_codes: dict[str, str] = {}
        self._codes: dict[str, _Code] = {}
        self._redeemed: set[str] = set()
        self._refresh: dict[str, _Refresh] = {}
        # When a person's refresh tokens were revoked, and what a renewal of theirs is challenged with.
        self._revoked_at: dict[str, float] = {}
        self._challenges: dict[str, str] = {}
        # Microsoft's login answers a challenged renewal with either.
        self.challenged_as: Literal["interaction_required", "invalid_grant"] = (
            "interaction_required"
        )

    # -- what an administrator, or Entra itself, does ------------------------------------------

    def revoke(self, user_id: str) -> None:
        """Revoke all of a person's refresh tokens, as ``revokeSignInSessions`` or a new password does."""
        self._revoked_at[user_id] = self._tokens.seconds()

    def challenge(self, user_id: str, context: str) -> None:
        """Let a policy ask for an authentication context: renewals are challenged until the person signs in with it."""
        self._challenges[user_id] = context

    # -- device codes --------------------------------------------------------------------------

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

    def device_scope(self, user_code: str) -> str:
        """Return the ask of the device with that code. Raises KeyError for a code that is unknown or over."""
        device = self._devices[self._user_codes[user_code.strip().upper()]]
        if device.expires_at < self._tokens.seconds():
            raise KeyError(user_code)
        return device.scope

    def confirm_device(
        self, user_code: str, *, user_id: str, signed_in: Authentication | None = None
    ) -> None:
        """A person types the code and signs in. Raises KeyError for an unknown code."""
        self._devices[self._user_codes[user_code]].signed_in = signed_in or Authentication(
            user_id=user_id, at=self._tokens.seconds(), second_factor=False
        )

    def decline_device(self, user_code: str) -> None:
        """A person says no. Raises KeyError for an unknown code."""
        self._devices[self._user_codes[user_code]].is_declined = True

    # -- authorization codes -------------------------------------------------------------------

    def begin_code(self, request: AuthRequest, signed_in: Authentication) -> str:
        """The code that a browser brings back to the application."""
        code = chance.token_urlsafe(32)
        self._codes[code] = _Code(request, signed_in, self._tokens.seconds() + CODE_SECONDS)
        if self._challenges.get(signed_in.user_id) in request.all_contexts:
            del self._challenges[signed_in.user_id]
        return code

    # -- tokens --------------------------------------------------------------------------------

    def redeem(
        self, form: Mapping[str, str], *, issuer: str, is_authenticated: bool
    ) -> dict[str, Any]:
        """
        Turn a device code, authorization code or refresh token into tokens.

        *is_authenticated*: the application has proved who it is.

        Raises SignInError with Entra's number.
        """
        match form.get("grant_type"):
            case "urn:ietf:params:oauth:grant-type:device_code" | "device_code":
                if not self._app.allows_public_flows:
                    raise _secret_needed()
                signed_in, scope = self._redeem_device(form.get("device_code", ""))
                return self._tokens_for(
                    self._user(signed_in.user_id), scope, issuer, signed_in, is_web=False
                )
            case "authorization_code":
                code = self._redeem_code(form, is_authenticated=is_authenticated)
                return self._tokens_for(
                    self._user(code.signed_in.user_id),
                    code.request.scope,
                    issuer,
                    code.signed_in,
                    is_web=code.request.is_web,
                    request=code.request,
                )
            case _:
                return self._renew(form, issuer=issuer, is_authenticated=is_authenticated)

    def _renew(
        self, form: Mapping[str, str], *, issuer: str, is_authenticated: bool
    ) -> dict[str, Any]:
        found = self._refresh.get(form.get("refresh_token", ""))
        if found is None:
            raise _invalid_grant(9002313, "Invalid request. Request is malformed or invalid.")
        if found.is_web and not is_authenticated:
            raise _secret_needed()
        user = self._user(found.user_id)
        now = self._tokens.seconds()
        if self._revoked_at.get(user.id, -1.0) >= found.issued_at:
            raise SignInError(
                "invalid_grant",
                50173,
                "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might "
                "have changed or reset their password.",
                status=400,
                suberror="bad_token",
            )
        if found.expires_at <= now:
            raise SignInError(
                "invalid_grant",
                700082,
                "The refresh token has expired due to inactivity.",
                status=400,
                suberror="token_expired",
            )
        if user.id in self._challenges:
            raise SignInError(
                self.challenged_as,
                50076,
                "Due to a configuration change made by your administrator, or because you moved to a new location, you "
                "must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.",
                status=400,
                claims=json.dumps(
                    {
                        "access_token": {
                            "acrs": {"essential": True, "value": self._challenges[user.id]}
                        }
                    }
                ),
                suberror="basic_action",
            )
        asked = form.get("scope") or found.scope
        if not graph_permissions(asked) <= graph_permissions(found.scope):
            missing = self._app.missing_consent(user.id, asked)
            if missing:
                raise SignInError(
                    "invalid_grant",
                    65001,
                    "The user or administrator has not consented to use the application with ID "
                    f"'{self._client_id}'. Send an interactive authorization request for this user and resource.",
                    status=400,
                    suberror="consent_required",
                )
        scope = " ".join(dict.fromkeys([*asked.split(), "offline_access"]))
        return self._tokens_for(user, scope, issuer, None, is_web=found.is_web)

    def _user(self, user_id: str) -> User:
        user = self._users.get(user_id)
        if user is None or not user.account_enabled:
            raise _invalid_grant(50057, "The user account is disabled.")
        return user

    def _redeem_device(self, device_code: str) -> tuple[Authentication, str]:
        device = self._devices.get(device_code)
        if device is None or device.expires_at < self._tokens.seconds():
            raise SignInError("expired_token", 70020, "The device code has expired.", status=400)
        if device.is_declined:
            message = "The end user denied the authorization request."
            raise SignInError("authorization_declined", 70018, message, status=400)
        if device.signed_in is None:
            message = "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
            raise SignInError("authorization_pending", 70016, message, status=400)
        del self._devices[device_code]
        return device.signed_in, device.scope

    def _redeem_code(self, form: Mapping[str, str], *, is_authenticated: bool) -> _Code:
        given = form.get("code", "")
        code = self._codes.get(given)
        if code is None:
            if given in self._redeemed:
                raise _invalid_grant(54005, "OAuth2 Authorization code was already redeemed.")
            raise _invalid_grant(9002313, "Invalid request. Request is malformed or invalid.")
        if code.request.is_web and not is_authenticated:
            raise _secret_needed()
        if not code.request.is_web and is_authenticated:
            raise SignInError(
                "invalid_client",
                700025,
                "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
            )
        del self._codes[given]
        self._redeemed.add(given)
        if code.expires_at <= self._tokens.seconds():
            raise _invalid_grant(70008, "The provided authorization code has expired.")
        if code.request.redirect_uri != form.get("redirect_uri"):
            raise _invalid_grant(500112, "The reply address does not match the one given before.")
        if code.request.challenge is not None:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.request.challenge:
                raise _invalid_grant(
                    501481, "The Code_Verifier does not match the code_challenge supplied."
                )
        return code

    def _tokens_for(
        self,
        user: User,
        scope: str,
        issuer: str,
        signed_in: Authentication | None,
        *,
        is_web: bool,
        request: AuthRequest | None = None,
    ) -> dict[str, Any]:
        grants = DELEGATED_GRANTS & graph_permissions(scope)
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join(sorted(grants)),
            "expires_in": LIFETIME_SECONDS,
            "ext_expires_in": LIFETIME_SECONDS,
            "access_token": self._tokens.issue(
                client_id=self._client_id, grants=grants, user_id=user.id
            ),
        }
        asked = scope.split()
        if "offline_access" in asked:
            answer["refresh_token"] = self._refresh_token(user.id, scope, is_web=is_web)
        if "openid" in asked:
            answer["id_token"] = self._keys.sign(
                self._identity(user, issuer=issuer, signed_in=signed_in, request=request)
            )
            client_info = json.dumps({"uid": user.id, "utid": self._tenant_id}).encode()
            answer["client_info"] = base64.urlsafe_b64encode(client_info).rstrip(b"=").decode()
        return answer

    def _refresh_token(self, user_id: str, scope: str, *, is_web: bool) -> str:
        token, now = chance.token_urlsafe(48), self._tokens.seconds()
        self._refresh[token] = _Refresh(user_id, scope, now, now + REFRESH_SECONDS, is_web)
        return token

    def _identity(
        self,
        user: User,
        *,
        issuer: str,
        signed_in: Authentication | None,
        request: AuthRequest | None,
    ) -> dict[str, Any]:
        """
        The claims of an identity token.

        Source: Microsoft, "ID token claims reference" and "Optional claims reference".
        """
        now = int(self._tokens.seconds())
        claims: dict[str, Any] = {
            "aud": self._client_id,
            "iss": issuer,
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS,
            "name": user.display_name,
            "oid": user.id,
            "preferred_username": user.user_principal_name,
            # Pairwise: the same person is somebody else for another application.
            "sub": _pairwise(user.id, self._client_id),
            "tid": self._tenant_id,
            "uti": chance.token_urlsafe(16),
            "ver": "2.0",
        }
        if request is not None and request.nonce is not None:
            claims["nonce"] = request.nonce
        if signed_in is not None and "auth_time" in self._app.optional_claims:
            claims["auth_time"] = int(signed_in.at)
        if request is not None and request.contexts:
            claims["acrs"] = sorted(request.contexts)
        return claims


def _pairwise(*parts: str) -> str:
    digest = hashlib.sha256(" ".join(parts).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def needs_second_factor(contexts: Iterable[str], rules: Mapping[str, bool]) -> bool:
    """Tell whether one of these authentication contexts wants a second factor."""
    return any(rules.get(each, False) for each in contexts)


def _invalid_grant(number: int, message: str) -> SignInError:
    return SignInError("invalid_grant", number, message, status=400)


def _secret_needed() -> SignInError:
    return SignInError(
        "invalid_client",
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    )

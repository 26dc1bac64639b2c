"""
Read strictly what an application asks of the sign-in page.

Source: Microsoft, "Microsoft identity platform and OAuth 2.0 authorization code flow" and "Claims challenges, claims
requests and client capabilities"; OpenID Connect Core 1.0, sections 3.1.2.1 and 5.5.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.tenant.app_registration import AppRegistration

PROMPTS = frozenset({"login", "none", "consent", "select_account"})
MODES = frozenset({"query", "form_post"})
CONTEXT = re.compile(r"c([1-9]|[1-9][0-9])")
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
LONGEST = 4_096


class SignInError(Exception):
    """A refusal as Entra words it: *number* is the AADSTS code."""

    def __init__(
        self,
        error: str,
        number: int,
        message: str,
        *,
        status: int = 401,
        claims: str | None = None,
        suberror: str | None = None,
    ) -> None:
        super().__init__(message)
        self.error, self.number, self.status = error, number, status
        self.claims, self.suberror = claims, suberror


@dataclass(frozen=True, kw_only=True)
class AuthRequest:
    """
    One request to the authorization endpoint.

    Attributes:
        contexts: Ids of the authentication contexts that the identity token must show.
        access_contexts: Those that the access token must show, as a claims challenge asks for.
    """

    redirect_uri: str
    scope: str
    response_mode: str
    state: str | None
    nonce: str | None
    challenge: str | None
    prompt: str | None
    login_hint: str
    max_age: int | None
    contexts: frozenset[str]
    access_contexts: frozenset[str]
    is_web: bool

    @property
    def all_contexts(self) -> frozenset[str]:
        return self.contexts | self.access_contexts


def check_address(asked: Mapping[str, str], app: AppRegistration) -> str:
    """The redirect address, if codes may go there: until it is known, nothing is sent anywhere."""
    address = asked.get("redirect_uri", "")
    if not app.is_registered(address):
        raise SignInError(
            "invalid_request",
            50011,
            f"The redirect URI '{address}' specified in the request does not match the redirect "
            "URIs configured for the application.",
            status=400,
        )
    return address


def read(
    asked: Mapping[str, str], app: AppRegistration, *, contexts: Mapping[str, Any]
) -> AuthRequest:
    """
    Raises SignInError, which belongs to the redirect address.

    *contexts* are the authentication contexts that the tenant has published.
    """
    if asked.get("response_type") != "code":
        raise _invalid(900144, "The request must have the parameter 'response_type' with 'code'.")
    scope = asked.get("scope", "")
    if not scope.strip():
        raise _invalid(900144, "The request must contain the following parameter: 'scope'.")
    mode = asked.get("response_mode", "query")
    if mode not in MODES:
        raise _invalid(90013, f"The response mode '{mode}' is not understood here.")
    prompt = asked.get("prompt")
    if prompt is not None and prompt not in PROMPTS:
        raise _invalid(90023, f"Unsupported 'prompt' value '{prompt}'.")
    if len(asked.get("state", "")) > LONGEST:
        raise _invalid(90015, "Requested query string is too long.")
    age = asked.get("max_age")
    if age is not None and not (age.isascii() and age.isdigit()):
        raise _invalid(90014, "The value of 'max_age' must be a number of seconds.")
    challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method")
    is_web = app.is_web(asked["redirect_uri"])
    claims = read_claims(asked["claims"]) if "claims" in asked else {}
    if challenge is None:
        if method is not None or not is_web:
            message = "Proof Key for Code Exchange is required (code_challenge, S256)."
            raise _invalid(9002325, message)
    elif method != "S256" or not CHALLENGE.fullmatch(challenge):
        message = "The code_challenge must be a SHA-256 digest in base64url (S256)."
        raise _invalid(501491, message)
    return AuthRequest(
        redirect_uri=asked["redirect_uri"],
        scope=scope,
        response_mode=mode,
        state=asked.get("state"),
        nonce=asked.get("nonce"),
        challenge=challenge,
        prompt=prompt,
        login_hint=asked.get("login_hint", "").strip().lower(),
        max_age=int(age) if age is not None else None,
        contexts=_contexts(claims, "id_token", known=contexts),
        access_contexts=_contexts(claims, "access_token", known=contexts),
        is_web=is_web,
    )


def read_claims(text: str) -> dict[str, Any]:
    """The claims that are asked for, by the token that shall have them. Raises SignInError."""
    try:
        asked = json.loads(text)
    except ValueError:
        asked = None
    if not isinstance(asked, dict) or not all(
        isinstance(asked.get(token, {}), dict) for token in ("id_token", "access_token")
    ):
        raise _invalid(900235, "The 'claims' parameter is not a JSON object of claims requests.")
    return asked


def _contexts(claims: Mapping[str, Any], token: str, *, known: Mapping[str, Any]) -> frozenset[str]:
    """The authentication contexts that a claims request makes essential for one kind of token."""
    wanted = claims.get(token, {}).get("acrs")
    if wanted is None:
        return frozenset()
    if not isinstance(wanted, dict) or wanted.get("essential") is not True:
        raise _invalid(900235, "The claim 'acrs' must be essential, with a value.")
    values = wanted.get("values") or [wanted.get("value")]
    for value in values:
        if not (isinstance(value, str) and CONTEXT.fullmatch(value) and value in known):
            raise _invalid(50158, f"The authentication context '{value}' is not published here.")
    return frozenset(values)


def _invalid(number: int, message: str) -> SignInError:
    return SignInError("invalid_request", number, message, status=400)

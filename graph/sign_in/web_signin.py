"""People who sign in to the app itself: by authorization code with PKCE in their browser, or by device code."""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import msal

from graph.clouds import GLOBAL
from graph.errors import AuthError
from graph.sign_in import login
from graph.sign_in.credentials import Credential

# A code that nobody has typed in yet, or whose owner is still at it.
PENDING: Final = frozenset({"authorization_pending", "slow_down"})


# Suberrors under which the token stays, and its owner signs in once more: for a second factor, another device, consent.
BY_SIGNING_IN: Final = frozenset(
    {"basic_action", "additional_action", "message_only", "consent_required"}
)


class SignInRefused(AuthError):
    """
    Microsoft's login refuses a sign-in, or to renew one.

    Attributes:
        error: OAuth's word, "invalid_grant" or "interaction_required".
        claims: What a new sign-in must ask for, as JSON: a claims challenge.
        suberror: Microsoft's word for what its owner can do about it, "basic_action" or "bad_token"; None: it says none.
    """

    def __init__(
        self,
        refusal: AuthError,
        *,
        error: str,
        claims: str | None = None,
        suberror: str | None = None,
    ) -> None:
        super().__init__(str(refusal), code=refusal.code, request_id=refusal.request_id)
        self.error = error
        self.claims = claims
        self.suberror = suberror

    @property
    def ends_the_grant(self) -> bool:
        """
        Tell whether what was to be renewed is good for nothing any more: by "invalid_grant", if another sign-in is not all it takes.

        Source: Microsoft, "Handle errors and exceptions in MSAL", on the classification of MsalUiRequiredException.
        """
        is_mended_by_signing_in = self.claims is not None or self.suberror in BY_SIGNING_IN
        return self.error == "invalid_grant" and not is_mended_by_signing_in


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """
    The tokens of somebody who has signed in; nothing of the identity token is verified yet.

    Attributes:
        refresh_token: None if the login gave none.
        expires_in: How many seconds the access token is good for.
        id_token: None where a sign-in was renewed without one.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    expires_in: float


class WebSignIn:
    """
    Signs people in to an app registration that proves who it is.

    Nothing is kept between two calls: each token is given to the caller.

    Source: Microsoft, "Microsoft identity platform and OAuth 2.0 authorization code flow"; msal,
    ``ConfidentialClientApplication`` and ``PublicClientApplication``.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        credential: Credential,
        authority_host: str = GLOBAL.authority_host,
        graph_url: str = GLOBAL.graph_url,
        client: Callable[[], login.HttpClient] = login.client,
    ) -> None:
        """
        Args:
            tenant_id: Of the tenant, a GUID or a domain.
            credential: How the app proves who it is.
            authority_host: Where Microsoft signs in.
            graph_url: Graph's root in the same cloud.
            client: Makes the HTTP client for the login.
        """
        self._authority = f"{authority_host.rstrip('/')}/{tenant_id}"
        self._host = urlsplit(self._authority).netloc
        self._client_id = client_id
        self._credential = credential
        root = graph_url.rstrip("/")
        self._scope_root = "" if root == GLOBAL.graph_url.rstrip("/") else f"{root}/"
        self._client = client
        self._apps: dict[tuple[bool, bool], Any] = {}
        self._lock = threading.Lock()  # msal is called in threads

    async def begin(
        self,
        *,
        redirect_uri: str,
        state: str,
        scopes: Sequence[str] = (),
        is_fresh: bool = False,
        contexts: Sequence[str] = (),
        claims: str | None = None,
        hint: str | None = None,
    ) -> dict[str, Any]:
        """
        Begin a sign-in in a browser; send it to ``flow["auth_uri"]``.

        The answer comes to *redirect_uri* as a POSTed form (RFC 9700, 4.3.1).  The flow holds the PKCE verifier and
        the nonce: keep it on our side, for this one sign-in.

        Args:
            scopes: Delegated permissions of Graph; without any, nothing but who they are is asked for.
            is_fresh: The password, or what takes its place, is asked for now, whatever session the browser has.
            contexts: Authentication contexts that the identity token must show, "c1".
            claims: What a claims challenge asks for, as JSON; not together with contexts.
            hint: Whom it is about, as they sign in.

        Raises:
            AuthError: The login cannot be reached.
        """
        wanted = claims
        if contexts:
            asked = ",".join(f'"{each}"' for each in contexts)
            wanted = f'{{"id_token":{{"acrs":{{"essential":true,"values":[{asked}]}}}}}}'
        flow: dict[str, Any] = await self._run(
            lambda app: app.initiate_auth_code_flow(
                self._scopes(scopes),
                redirect_uri=redirect_uri,
                state=state,
                response_mode="form_post",
                prompt="login" if is_fresh else None,
                max_age=0 if is_fresh else None,
                login_hint=hint,
                claims_challenge=wanted,
            ),
            keeps=bool(scopes),
        )
        # msal would compare it with this machine's clock and allow minutes; whoever asked judges ``auth_time``.
        flow.pop("max_age", None)
        return flow

    async def finish(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        """
        End a sign-in with the form that the browser brought.

        Raises:
            SignInRefused: They did not sign in, or the code is not accepted.
            AuthError: The login cannot be reached, or the state or nonce is not what we sent.
        """
        keeps = bool(set(flow.get("scope") or ()) - {"openid", "profile"})
        got = await self._run(
            lambda app: app.acquire_token_by_auth_code_flow(dict(flow), dict(answer)), keeps=keeps
        )
        return _signed_in(got)

    async def begin_device(self, scopes: Sequence[str]) -> dict[str, Any]:
        """
        Begin a sign-in on another device; ``flow["user_code"]`` is typed in at ``flow["verification_uri"]``.

        The app registration must allow public client flows.

        Raises:
            AuthError: The login refuses, or cannot be reached.
        """
        flow: dict[str, Any] = await self._run(
            lambda app: app.initiate_device_flow(scopes=self._scopes(scopes)), is_public=True
        )
        if "user_code" not in flow:
            _accepted(flow)
        return flow

    async def poll_device(self, flow: Mapping[str, Any]) -> SignedIn | None:
        """
        Ask once whether somebody has signed in with the code; None: not yet.

        Raises:
            SignInRefused: They declined, or the code is over.
            AuthError: The login cannot be reached.
        """
        got = await self._run(
            lambda app: app.acquire_token_by_device_flow(
                dict(flow), exit_condition=lambda flow: True
            ),
            is_public=True,
        )
        if isinstance(got, dict) and got.get("error") in PENDING:
            return None
        return _signed_in(got)

    async def renew(
        self, refresh_token: str, *, scopes: Sequence[str], is_public: bool = False
    ) -> SignedIn:
        """
        Get a new access token, and mostly a new refresh token, for somebody who signed in before.

        Args:
            is_public: They signed in by device code.

        Raises:
            SignInRefused: They must sign in again: with its claims, if it has some.
            AuthError: The login cannot be reached.
        """
        return _signed_in(
            await self._run(
                lambda app: app.acquire_token_by_refresh_token(refresh_token, self._scopes(scopes)),
                is_public=is_public,
            )
        )

    def _scopes(self, scopes: Sequence[str]) -> list[str]:
        return [f"{self._scope_root}{each}" for each in scopes]

    async def _run(
        self, ask: Callable[[Any], Any], *, is_public: bool = False, keeps: bool = True
    ) -> Any:
        return await asyncio.to_thread(self._with_app, ask, is_public, keeps)

    def _with_app(self, ask: Callable[[Any], Any], is_public: bool, keeps: bool) -> Any:
        with login.errors_as_sentences(self._host):
            return ask(self._app(is_public=is_public, keeps=keeps))

    def _app(self, *, is_public: bool, keeps: bool) -> Any:
        """
        Return msal's application; its cache of tokens is never filled for longer than a call.

        Args:
            keeps: A refresh token is wanted.
        """
        with self._lock:
            found = self._apps.get((is_public, keeps))
            if found is None:
                kind = (
                    msal.PublicClientApplication
                    if is_public
                    else msal.ConfidentialClientApplication
                )
                found = self._apps[is_public, keeps] = kind(
                    self._client_id,
                    authority=self._authority,
                    http_client=self._client(),
                    token_cache=_NoCache(),
                    exclude_scopes=None if keeps else ["offline_access"],
                    **({} if is_public else {"client_credential": self._credential.for_msal()}),
                    **login.discovery(self._host),
                )
            return found


class _NoCache(msal.TokenCache):  # type: ignore[misc]
    """A cache that keeps nothing: several people's tokens would lie in it for as long as the process lives."""

    def add(self, event: Mapping[str, Any], now: float | None = None) -> None:
        """Keep nothing."""


def _accepted(answer: Any) -> dict[str, Any]:
    try:
        return login.accepted(answer)
    except AuthError as refusal:
        said = answer if isinstance(answer, dict) else {}
        claims, suberror = said.get("claims"), said.get("suberror")
        raise SignInRefused(
            refusal,
            error=str(said.get("error") or ""),
            claims=claims if isinstance(claims, str) else None,
            suberror=suberror if isinstance(suberror, str) else None,
        ) from None


def _signed_in(answer: Any) -> SignedIn:
    got = _accepted(answer)
    refresh, identity = got.get("refresh_token"), got.get("id_token")
    return SignedIn(
        access_token=got["access_token"],
        refresh_token=refresh if isinstance(refresh, str) else None,
        id_token=identity if isinstance(identity, str) else None,
        expires_in=float(got.get("expires_in") or 0),
    )


def nonce_sent(flow: Mapping[str, Any]) -> str:
    """Return the nonce that the identity token of *flow* must have: msal sends a digest of what it keeps."""
    return hashlib.sha256(str(flow["nonce"]).encode("ascii")).hexdigest()

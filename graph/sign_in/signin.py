"""People who sign in, so that what they ask for and decide happens in their own name."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msal

from graph.errors import AuthError
from graph.sign_in import login
from graph.sign_in.tokens import RenewedTokens

# It brings cryptography, which a bot where nobody signs in need not load.
if TYPE_CHECKING:
    from graph.sign_in.encrypted_cache import EncryptedCache

# What asking, canceling and reading one's own requests needs; no administrator has to agree.
SUBJECT_ACCESS: Final = "EntitlementMgmt-SubjectAccess.ReadWrite"


class SignInClient:
    """
    Signs people in by device code, or by authorization code with PKCE.

    Source: msal, ``PublicClientApplication``.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        cache: "EncryptedCache",
        scopes: Sequence[str] = (SUBJECT_ACCESS,),
        authority_host: str = "https://login.microsoftonline.com",
        ca_file: str | None = None,
    ) -> None:
        """
        Args:
            tenant_id: Of the tenant, a GUID or a domain.
            client_id: Of an app registration that allows public client flows.
            cache: Where tokens are kept between runs.
            scopes: Delegated permissions; outside the global cloud with the Graph root before.
            authority_host: Where Microsoft signs in.
            ca_file: Trust these certificates only, instead of what the environment says.
        """
        self._authority = f"{authority_host.rstrip('/')}/{tenant_id}"
        self._host = urlsplit(self._authority).netloc
        self._client_id = client_id
        self._store = cache
        self._scopes = list(scopes)
        self._ca_file = ca_file
        self._app: Any = None
        self._cache = msal.SerializableTokenCache()
        self._lock = threading.Lock()  # msal is called in threads

    async def by_device_code(self, show: Callable[[str], Awaitable[None]]) -> str:
        """
        Sign one person in, wherever their browser is.

        Args:
            show: Is given Microsoft's sentence with the address and the code to type there.

        Returns:
            The account's id, for ``tokens``.

        Raises:
            AuthError: They did not, or not in time (15 minutes), or the login refuses.
        """
        flow = await self._run(lambda app: app.initiate_device_flow(scopes=self._scopes))
        if "user_code" not in flow:
            login.accepted(flow)
        await show(str(flow["message"]))
        try:
            return await self._signed_in(lambda app: app.acquire_token_by_device_flow(flow))
        finally:
            flow["expires_at"] = 0  # if we were canceled: the thread stops asking

    async def begin(self, *, redirect_uri: str, state: str | None = None) -> dict[str, Any]:
        """
        Begin a sign-in in the browser; send the person to ``flow["auth_uri"]``.

        The answer comes to *redirect_uri* as a POSTed form (RFC 9700, 4.3.1).

        The flow holds the PKCE verifier: keep it on our side, tied to this person's session.

        Raises:
            AuthError: The login cannot be reached.
        """
        flow: dict[str, Any] = await self._run(
            lambda app: app.initiate_auth_code_flow(
                self._scopes, redirect_uri=redirect_uri, state=state, response_mode="form_post"
            )
        )
        return flow

    async def finish(self, flow: dict[str, Any], answer: Mapping[str, str]) -> str:
        """
        End a sign-in with the form that the browser brought to the redirect address.

        Returns:
            The account's id, for ``tokens``.

        Raises:
            AuthError: The state is not the one we sent, or the login refuses.
        """
        return await self._signed_in(
            lambda app: app.acquire_token_by_auth_code_flow(flow, dict(answer))
        )

    async def sign_out(self, account_id: str) -> None:
        """Forget a person's tokens; what Microsoft keeps stays."""

        def forget(app: Any) -> None:
            for account in app.get_accounts():
                if account["home_account_id"] == account_id:
                    app.remove_account(account)

        await self._run(forget)

    def tokens(self, account_id: str) -> "SignedInTokens":
        """The tokens of somebody who signed in, now or in an earlier run."""
        return SignedInTokens(self, account_id)

    def silently(self, account_id: str, *, claims: str | None, forget: bool) -> dict[str, Any]:
        """
        A token for somebody who signed in before; in a thread.

        Raises:
            AuthError: They must sign in again.
        """

        def renew(app: Any) -> Any:
            for account in app.get_accounts():
                if account["home_account_id"] == account_id:
                    return app.acquire_token_silent_with_error(
                        self._scopes, account, force_refresh=forget, claims_challenge=claims
                    )
            return None

        answer = self._with_app(renew)
        if answer is None:
            raise AuthError("This person has not signed in, or must sign in again.")
        return login.accepted(answer)

    async def _signed_in(self, ask: Callable[[Any], Any]) -> str:
        answer = login.accepted(await self._run(ask))
        claims = answer.get("id_token_claims") or {}
        person, tenant = claims.get("oid"), claims.get("tid")
        if not person or not tenant:
            raise AuthError("Microsoft's login did not say who signed in.")
        return f"{person}.{tenant}"

    async def _run(self, ask: Callable[[Any], Any]) -> Any:
        return await asyncio.to_thread(self._with_app, ask)

    def _with_app(self, ask: Callable[[Any], Any]) -> Any:
        with login.errors_as_sentences(self._host):
            answer = ask(self._ready())
            with self._lock:
                if self._cache.has_state_changed:
                    self._store.write(self._cache.serialize())
            return answer

    def _ready(self) -> Any:
        with self._lock:
            if self._app is None:
                kept = self._store.read()
                if kept:
                    self._cache.deserialize(kept)
                self._app = msal.PublicClientApplication(
                    self._client_id,
                    authority=self._authority,
                    token_cache=self._cache,
                    http_client=login.client(self._ca_file),
                    **login.discovery(self._host),
                )
            return self._app


class SignedInTokens(RenewedTokens):
    """The tokens of one person who signed in."""

    def __init__(self, sign_in: SignInClient, account_id: str) -> None:
        super().__init__()
        self._sign_in = sign_in
        self._account_id = account_id

    def acquire(self, *, claims: str | None, forget: bool) -> dict[str, Any]:
        return self._sign_in.silently(self._account_id, claims=claims, forget=forget)

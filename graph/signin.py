"""People who sign in, so that what they ask for and decide happens in their own name."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msal
from cryptography.fernet import Fernet, InvalidToken

from graph import login
from graph.errors import AuthError
from graph.tokens import RenewedTokens

# What asking, canceling and reading one's own requests needs; no administrator has to agree.
SUBJECT_ACCESS: Final = "EntitlementMgmt-SubjectAccess.ReadWrite"


class EncryptedCache:
    """
    A file of tokens that is of no use without its key.

    Writes go to a neighbor first and are then moved into place, so that a crash leaves the old
    file or the new one.
    """

    def __init__(self, path: Path, *, key: bytes) -> None:
        """
        Args:
            path: Made on the first write, readable by its owner only.
            key: From ``cryptography.fernet.Fernet.generate_key``; keep it elsewhere.

        Raises:
            ValueError: Not such a key.
        """
        self._path = path
        self._fernet = Fernet(key)

    def read(self) -> str:
        """
        Return what was written last; empty if nothing was.

        Raises:
            AuthError: The file is there and cannot be read with this key.
        """
        try:
            return self._fernet.decrypt(self._path.read_bytes()).decode()
        except FileNotFoundError:
            return ""
        except InvalidToken as exc:
            raise AuthError(
                f"{self._path} was written with another key; delete it and sign in again."
            ) from exc
        except OSError as exc:
            raise AuthError(f"{self._path} cannot be read: {exc.strerror or exc}.") from exc

    def write(self, text: str) -> None:
        """
        Replace what is kept.

        Raises:
            AuthError: The file cannot be written.
        """
        draft = self._path.with_name(self._path.name + ".new")
        try:
            with suppress(FileNotFoundError):
                draft.unlink()
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(self._fernet.encrypt(text.encode()))
            draft.replace(self._path)
        except OSError as exc:
            raise AuthError(f"{self._path} cannot be written: {exc.strerror or exc}.") from exc


class SignIn:
    """
    Signs people in by device code, or by authorization code with PKCE.

    Source: msal, ``PublicClientApplication``.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        cache: EncryptedCache,
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

    def tokens(self, account_id: str) -> "PersonTokens":
        """The tokens of somebody who signed in, now or in an earlier run."""
        return PersonTokens(self, account_id)

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


class PersonTokens(RenewedTokens):
    """The tokens of one person who signed in."""

    def __init__(self, sign_in: SignIn, account_id: str) -> None:
        super().__init__()
        self._sign_in = sign_in
        self._account_id = account_id

    def acquire(self, *, claims: str | None, forget: bool) -> dict[str, Any]:
        return self._sign_in.silently(self._account_id, claims=claims, forget=forget)

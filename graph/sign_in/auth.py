"""Access tokens for the app itself, from Microsoft's login through msal."""

from typing import Any
from urllib.parse import urlsplit

import msal

from graph.errors import AuthError
from graph.sign_in import login
from graph.sign_in.credentials import (
    Credential,
    FederatedCredential,
    SecretCredential,
)
from graph.sign_in.tokens import RenewedTokens, StaticToken, TokenSource

__all__ = [
    "AppTokens",
    "AuthError",
    "FederatedCredential",
    "ManagedIdentityTokens",
    "SecretCredential",
    "StaticToken",
    "TokenSource",
]


class AppTokens(RenewedTokens):
    """
    Tokens that the app gets with its own credential (the client credentials flow).

    Nothing is read or sent before the first token is asked for.

    Source: msal, ``ConfidentialClientApplication.acquire_token_for_client``.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        client_id: str,
        credential: Credential,
        authority_host: str = "https://login.microsoftonline.com",
        scope: str = "https://graph.microsoft.com/.default",
        ca_file: str | None = None,
    ) -> None:
        """
        Args:
            tenant_id: Of the tenant, a GUID or a domain.
            client_id: Of the app registration.
            credential: How the app proves who it is.
            authority_host: Where Microsoft signs in; another host than Microsoft's is
                believed as it stands (no instance discovery).
            scope: The Graph root of the same cloud, and ``/.default``.
            ca_file: Trust these certificates only, instead of what the environment says.
        """
        super().__init__()
        self._authority = f"{authority_host.rstrip('/')}/{tenant_id}"
        self._client_id = client_id
        self._credential = credential
        self._scope = scope
        self._ca_file = ca_file
        self._app: Any = None

    def acquire(self, *, claims: str | None, forget: bool) -> dict[str, Any]:
        host = urlsplit(self._authority).netloc
        with login.errors_as_sentences(host):
            if self._app is None:  # not in __init__: even msal's construction asks the login
                self._app = msal.ConfidentialClientApplication(
                    self._client_id,
                    authority=self._authority,
                    client_credential=self._credential.for_msal(),
                    http_client=login.client(self._ca_file),
                    **login.discovery(host),
                )
            if forget:
                self._app.remove_tokens_for_client()
            return login.accepted(
                self._app.acquire_token_for_client([self._scope], claims_challenge=claims)
            )


class ManagedIdentityTokens(RenewedTokens):
    """
    Tokens that Azure gives to the machine the app runs on: no secret anywhere.

    Source: msal, ``ManagedIdentityClient.acquire_token_for_client``.
    """

    def __init__(
        self, *, client_id: str | None = None, resource: str = "https://graph.microsoft.com"
    ) -> None:
        """
        Args:
            client_id: Of a user-assigned identity; None for the machine's own.
            resource: The Graph root, without ``/.default``.
        """
        super().__init__()
        self._client_id = client_id
        self._resource = resource
        self._app: Any = None

    def acquire(self, *, claims: str | None, forget: bool) -> dict[str, Any]:
        with login.errors_as_sentences("the managed identity"):
            # msal has no way to empty this cache, so a new client stands for an empty one.
            if self._app is None or forget:
                identity = (
                    msal.UserAssignedManagedIdentity(client_id=self._client_id)
                    if self._client_id
                    else msal.SystemAssignedManagedIdentity()
                )
                self._app = msal.ManagedIdentityClient(
                    identity, http_client=login.client_on_this_machine()
                )
            return login.accepted(
                self._app.acquire_token_for_client(resource=self._resource, claims_challenge=claims)
            )

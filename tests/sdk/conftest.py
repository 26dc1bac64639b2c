"""Clients made from Microsoft's SDKs, in both versions, that speak to the stand-in tenant over TLS."""

import contextlib
import warnings
from collections.abc import AsyncIterator, Callable

import pytest

from sandbox.clock import SandboxClock
from sandbox.serving import serving
from sandbox.tenant import Tenant

REASON = "Microsoft's SDKs are not installed: `make sdk-test` installs them"
HOST = "127.0.0.1"

with warnings.catch_warnings(), contextlib.suppress(ModuleNotFoundError):
    # This library warns, on import, of a class of its own.
    warnings.simplefilter("ignore", DeprecationWarning)
    import kiota_abstractions.default_query_parameters  # noqa: F401

# Request builders warn of classes they bring for old code, and all of beta's catalogs of a date long past.
BUILDERS_WARN = "ignore::DeprecationWarning"


def query(builder, **parameters):
    """The SDKs' way to say $filter and $expand."""
    from kiota_abstractions.base_request_configuration import RequestConfiguration

    kind = type(builder)
    made = getattr(kind, f"{kind.__name__}GetQueryParameters")(**parameters)
    return RequestConfiguration(query_parameters=made)


@pytest.fixture
def tenant():
    """The tutorial's world; pages are short, so that paging is part of everything."""
    tenant = Tenant(clock=SandboxClock(), page_size=2)
    tenant.seed_tutorial_world()
    return tenant


@pytest.fixture
async def address(tenant, certificate):
    """Yield where the tenant is served, in this event loop."""
    async with serving(tenant.app, certificate=certificate) as url:
        yield url


@pytest.fixture
async def client_for(address: str) -> AsyncIterator[Callable]:
    """Makes a client of one version of Graph that shows a token."""
    pytest.importorskip("msgraph", reason=REASON)
    pytest.importorskip("msgraph_beta", reason=REASON)
    from kiota_abstractions.authentication import (
        AccessTokenProvider,
        AllowedHostsValidator,
        BaseBearerTokenAuthenticationProvider,
    )
    from kiota_http.kiota_client_factory import KiotaClientFactory
    from msgraph_core import GraphClientFactory

    opened = []

    class Given(AccessTokenProvider):  # type: ignore[misc] # of a library without types
        """A token that somebody else obtained."""

        def __init__(self, token):
            self._token = token

        async def get_authorization_token(self, uri, additional_authentication_context=None):
            return self._token

        def get_allowed_hosts_validator(self):
            return AllowedHostsValidator([HOST])

    def client_for(version, *, token=None, provider=None):
        if version == "beta":
            from msgraph_beta import GraphRequestAdapter, GraphServiceClient
        else:
            from msgraph import GraphRequestAdapter, GraphServiceClient
        provider = provider or BaseBearerTokenAuthenticationProvider(Given(token))
        # With the SDKs' own middleware: retries, redirects, telemetry.
        http = KiotaClientFactory.get_default_client()
        # Closing the client would not close this: the middleware around it does not pass it on.
        opened.append(http._transport)
        adapter = GraphRequestAdapter(
            provider, GraphClientFactory.create_with_default_middleware(client=http)
        )
        adapter.base_url = f"{address}/{version}"
        return GraphServiceClient(request_adapter=adapter)

    yield client_for
    for transport in opened:
        await transport.aclose()

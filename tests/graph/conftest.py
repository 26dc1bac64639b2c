"""Fixtures for the tests of the Graph adapter."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import trustme

from graph import Graph, Retries, StaticToken
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from tests.graph.login_server import LoginServer


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """A certificate authority made for this run, and its certificate as a file."""
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return ca, path


@pytest.fixture
def login(
    authority: tuple[trustme.CA, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[LoginServer]:
    """Microsoft's login, as far as msal can tell."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    ca, path = authority
    server = LoginServer(str(path), ca.issue_cert("127.0.0.1"))
    yield server
    server.stop()


@pytest.fixture
def tenant() -> Tenant:
    """A tenant in which nobody has any access yet."""
    tenant = Tenant(clock=SandboxClock(), page_size=2)
    tenant.seed_tutorial_world()
    return tenant


@pytest.fixture(params=["v1.0", "beta"])
async def graph(request: pytest.FixtureRequest, tenant: Tenant) -> AsyncIterator[Graph]:
    """The adapter in one of its versions; waiting moves the tenant's clock instead of ours."""

    async def sleep(seconds: float) -> None:
        tenant.clock.shift(timedelta(seconds=seconds))

    transport = httpx.ASGITransport(app=tenant.app)
    async with httpx.AsyncClient(transport=transport) as http:
        yield Graph(
            http,
            StaticToken(tenant.application_token()),
            url="https://graph.test",
            version=request.param,
            retries=Retries(sleep=sleep),
        )

"""A stand-in tenant, and the command line wired to it."""

import asyncio
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from graph import Graph, StaticToken
from sandbox.certificate import Certificate
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from tests.bot.cli.reaching import reach

Invoke = Callable[..., Result]


@pytest.fixture
def tenant() -> Tenant:
    """The tutorial's world, in which requests are delivered at once."""
    tenant = Tenant(clock=SandboxClock(), delivery=timedelta(0), page_size=3)
    tenant.seed_tutorial_world()
    return tenant


class GraphApp:
    """Does to the tenant what an app does, without a network."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def give(self, user_id: str, package_id: str) -> str:
        """Give a package and wait until it is there; the assignment's id."""

        async def give() -> str:
            transport = httpx.ASGITransport(app=self._tenant.app)
            async with httpx.AsyncClient(transport=transport) as http:
                token = StaticToken(self._tenant.application_token())
                graph = Graph(http, token, url="https://graph.test")
                package = await graph.packages.get(package_id)
                asked = await graph.assignment_requests.create(
                    request_type="adminAdd",
                    target_id=user_id,
                    package_id=package_id,
                    policy_id=package.assignment_policies[0].id,
                )
                self._tenant.tick()
                delivered = await graph.assignment_requests.get(asked.id)
                assert delivered.is_delivered
                assert delivered.assignment is not None
                return delivered.assignment.id

        return asyncio.run(give())


@pytest.fixture
def graph_app(tenant: Tenant) -> GraphApp:
    """Another client of the same tenant."""
    return GraphApp(tenant)


@pytest.fixture(params=["v1.0", "beta"])
def latchkey(
    request: pytest.FixtureRequest,
    tenant: Tenant,
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sqlite_template: Path,
) -> Invoke:
    """
    Runs a command against the stand-in, in one of Graph's versions.

    Each makes a client, and that reads one certificate to trust quicker than all there are.
    """
    monkeypatch.chdir(tmp_path)
    # The bot's, where the settings look for one unless they say otherwise.
    shutil.copy(sqlite_template, tmp_path / "latchkey.db")
    address = reach(tenant, monkeypatch)
    for name, value in (
        settings_for(tenant, address) | {"GRAPH_API_VERSION": request.param}
    ).items():
        monkeypatch.setenv(name, value)
    return CliRunner(catch_exceptions=False).invoke


def settings_for(tenant: Tenant, address: str) -> dict[str, str]:
    """Return what the environment of a command says."""
    return {
        "AZURE_TENANT_ID": tenant.tenant_id,
        "AZURE_CLIENT_ID": tenant.client_id,
        "AZURE_CLIENT_SECRET": tenant.client_secret,
        "AZURE_AUTHORITY_HOST": address,
        "GRAPH_URL": address,
    }

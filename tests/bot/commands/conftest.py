"""A stand-in tenant served over TLS, and the command line wired to it."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from sandbox.certificate import Certificate
from sandbox.clock import SandboxClock
from sandbox.serving import serving
from sandbox.tenant import Tenant

Invoke = Callable[..., Result]


@contextmanager
def served(tenant: Tenant, certificate: Certificate) -> Iterator[str]:
    """The tenant's address while the block runs; it has a thread, for commands have their own loop."""
    started = threading.Event()
    address: list[str] = []
    stop: list[Callable[[], object]] = []

    async def serve() -> None:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        async with serving(tenant.app, certificate=certificate) as url:
            address.append(url)
            started.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert started.wait(10)
        yield address[0]
    finally:
        stop[0]()
        thread.join()


@pytest.fixture
def tenant() -> Tenant:
    """The tutorial's world, in which requests are delivered at once."""
    tenant = Tenant(clock=SandboxClock(), delivery=timedelta(0), page_size=3)
    tenant.seed_tutorial_world()
    return tenant


@pytest.fixture(params=["v1.0", "beta"])
def latchkey(
    request: pytest.FixtureRequest,
    tenant: Tenant,
    certificate: Certificate,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path,
) -> Iterator[Invoke]:
    """Runs a command against the stand-in, in one of Graph's versions."""
    monkeypatch.chdir(tmp_path)
    with served(tenant, certificate) as address:
        for name, value in {
            "AZURE_TENANT_ID": tenant.tenant_id,
            "AZURE_CLIENT_ID": tenant.client_id,
            "AZURE_CLIENT_SECRET": tenant.client_secret,
            "AZURE_AUTHORITY_HOST": address,
            "GRAPH_URL": address,
            "GRAPH_API_VERSION": request.param,
        }.items():
            monkeypatch.setenv(name, value)
        yield CliRunner(catch_exceptions=False).invoke

"""A tenant to talk to, with a client that speaks to it as to Graph."""

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
import uvicorn

from sandbox.clock import SandboxClock
from sandbox.clock import machine_time as machine_time_now
from sandbox.tenant import Tenant

EM = "/identityGovernance/entitlementManagement"
DELIVERY = timedelta(seconds=4)


@contextlib.asynccontextmanager
async def serving(app, **options):
    """Serve *app* on a free port of the loopback, which is the value."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, **options
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


@dataclass
class World:
    """The tenant, its clock, and calls to it in one version."""

    tenant: Tenant
    clock: SandboxClock
    http: httpx.AsyncClient
    version: str = "v1.0"

    async def call(self, method, path, body=None, *, token=None, headers=None, **params):
        """One call; *path* starts below the version."""
        authorization = f"Bearer {token or self.tenant.application_token()}"
        return await self.http.request(
            method,
            f"/{self.version}{path}",
            json=body,
            params=params or None,
            headers={"Authorization": authorization} | (headers or {}),
        )

    async def get(self, path, **params):
        """The JSON of a call that succeeds."""
        response = await self.call("GET", path, **params)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path, body, *, token=None):
        """The JSON of a POST that succeeds."""
        response = await self.call("POST", path, body, token=token)
        assert response.is_success, response.text
        return response.json() if response.content else {}

    async def error(self, method, path, body=None, *, token=None, **params):
        """Status and code of a call that fails."""
        response = await self.call(method, path, body, token=token, **params)
        return response.status_code, response.json()["error"]["code"]

    @property
    def is_beta(self):
        return self.version == "beta"

    def name(self, v1, beta):
        """One of two spellings."""
        return beta if self.is_beta else v1

    @property
    def requests(self):
        return EM + self.name("/assignmentRequests", "/accessPackageAssignmentRequests")

    @property
    def assignments(self):
        return EM + self.name("/assignments", "/accessPackageAssignments")

    def body(self, request_type, **details):
        """A request body in the version's own words."""
        kind = self.name(request_type, request_type[0].upper() + request_type[1:])
        rest = {k: details.pop(k) for k in ("schedule", "justification", "answers") if k in details}
        return {
            "requestType": kind,
            self.name("assignment", "accessPackageAssignment"): details,
            **rest,
        }

    async def ask(self, user, package, request_type="adminAdd", *, token=None, **rest):
        """POST an add request under the package's only policy."""
        policy = self.tenant.world.policies_of(package)[0].id
        body = self.body(
            request_type, targetId=user, accessPackageId=package, assignmentPolicyId=policy, **rest
        )
        return await self.post(self.requests, body, token=token)

    async def grant(self, user, package):
        """An assignment that has been delivered."""
        request = await self.ask(user, package)
        self.clock.shift(DELIVERY)
        found = self.tenant.world.requests[request["id"]].assignment_id
        assert found is not None
        return self.tenant.world.assignments[found]

    def state_of(self, shown):
        return shown[self.name("state", "requestState")].lower()


class MachineTime:
    """The machine's own time, moved by a test."""

    def __init__(self):
        self.ahead = timedelta(0)

    def __call__(self):
        return machine_time_now() + self.ahead

    def forward(self, **by):
        self.ahead += timedelta(**by)


@pytest.fixture
def machine_time():
    return MachineTime()


@pytest.fixture
def clock(machine_time):
    return SandboxClock(machine_time)


@pytest.fixture
def tenant(clock):
    made = Tenant(clock=clock, delivery=DELIVERY)
    made.seed_tutorial_world()
    return made


@pytest.fixture
async def http(tenant):
    transport = httpx.ASGITransport(tenant.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://graph.test") as client:
        yield client


@pytest.fixture(params=["v1.0", "beta"])
def graph(request, tenant, clock, http):
    """The seeded tenant, once in each version."""
    return World(tenant, clock, http, request.param)


@pytest.fixture
def v1(tenant, clock, http):
    return World(tenant, clock, http, "v1.0")


@pytest.fixture
def beta(tenant, clock, http):
    return World(tenant, clock, http, "beta")

"""
A Microsoft Graph with as many assignments as one likes, in a process's own memory: pages of bytes, made as they are read.

What one package, policy and assignment look like is what the stand-in tenant of the sandbox says of its own.
"""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx

from graph import Graph, StaticToken
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant, seed

ROOT: Final = "https://graph.test"
EM: Final = "/v1.0/identityGovernance/entitlementManagement"
PAGE: Final = 100
# Where a copy's own ids stand, in the bytes of the example.
ID: Final = b"00000000-aaaa-4000-8000-000000000001"
PERSON: Final = b"00000000-aaaa-4000-8000-000000000002"
NAME: Final = b"00000000-aaaa-4000-8000-000000000003"
_A_MINUTE: Final = timedelta(minutes=1)
# How many things one person holds.
A_PERSON: Final = 10


class Entra:
    """
    Answers what a sync asks.

    Attributes:
        assignments: How many there are.
        calls: How many calls were answered.
    """

    def __init__(self, *, assignments: int, packages: int) -> None:
        self.calls = 0
        self.assignments = assignments
        example = asyncio.run(_example())
        self._packages = [_package(example, number) for number in range(packages)]
        self._resources = example.resources
        self._items = [_cut(example.assignment, package) for package in self._packages]

    def graph(self) -> Graph:
        return Graph(self.client(), StaticToken("token"), url=ROOT)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self), trust_env=False)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        path, params = request.url.path, request.url.params
        start = int(params.get("$skiptoken", "0"))
        if path.endswith("/assignments"):
            state = "'delivered'" in params.get("$filter", "'delivered'")
            return _answer(request, self._page(start) if state else b"", start, self.assignments)
        if path.endswith("/accessPackages"):
            some = self._packages[start : start + PAGE]
            return _answer(request, _joined(some), start, len(self._packages))
        if path.endswith("/assignmentPolicies"):
            some = [each["assignmentPolicies"][0] for each in self._packages[start : start + PAGE]]
            asking = [{**each, "questions": []} for each in some]
            return _answer(request, _joined(asking), start, len(self._packages))
        if path.endswith("/resources"):
            return _answer(request, _joined(self._resources), start, 0)
        if path.endswith("/$batch"):
            asked = json.loads(request.content)["requests"]
            absent = {"status": 404, "body": {"error": {"code": "Request_ResourceNotFound"}}}
            return httpx.Response(
                200, json={"responses": [{"id": each["id"], **absent} for each in asked]}
            )
        return httpx.Response(404, json={"error": {"code": "Request_ResourceNotFound"}})

    def _page(self, start: int) -> bytes:
        return b",".join(self._written(start))

    def _written(self, start: int) -> Iterator[bytes]:
        for number in range(start, min(start + PAGE, self.assignments)):
            before, middle, then, after = self._items[number % len(self._items)]
            person = str(UUID(int=number // A_PERSON + 1)).encode()
            own = str(UUID(int=number + 1)).encode()
            yield b"".join((before, own, middle, person, then, person, after))


class _Example:
    """One of each, as the stand-in tenant shows it."""

    def __init__(
        self, package: dict[str, Any], assignment: dict[str, Any], resources: list[dict[str, Any]]
    ) -> None:
        self.package, self.assignment, self.resources = package, assignment, resources


async def _example() -> _Example:
    tenant = Tenant(clock=SandboxClock())
    tenant.seed_tutorial_world()
    token = {"Authorization": f"Bearer {tenant.application_token()}"}
    transport = httpx.ASGITransport(app=tenant.app)
    async with httpx.AsyncClient(transport=transport, base_url=ROOT, headers=token) as http:
        graph = Graph(http, StaticToken(tenant.application_token()), url=ROOT)
        package = await graph.packages.get(seed.MARKETING_CAMPAIGN, bare=True)
        await graph.assignment_requests.create(
            request_type="adminAdd",
            target_id=seed.ANN,
            package_id=package.id,
            policy_id=package.assignment_policies[0].id,
        )
        tenant.clock.shift(_A_MINUTE)
        parts = "catalog,assignmentPolicies,resourceRoleScopes($expand=role,scope)"
        packages = await http.get(f"{EM}/accessPackages/{package.id}?$expand={parts}")
        held = await http.get(f"{EM}/assignments?$expand=target,accessPackage,assignmentPolicy")
        catalog = packages.json()["catalog"]["id"]
        resources = await http.get(f"{EM}/catalogs/{catalog}/resources")
    return _Example(packages.json(), held.json()["value"][0], resources.json()["value"])


def _package(example: _Example, number: int) -> dict[str, Any]:
    named = {"id": str(UUID(int=(1 << 80) + number)), "displayName": f"Campaign {number}"}
    policy = {
        **example.package["assignmentPolicies"][0],
        "id": str(UUID(int=(2 << 80) + number)),
        "displayName": f"Everybody {number}",
    }
    return {**example.package, **named, "assignmentPolicies": [policy]}


def _cut(assignment: dict[str, Any], package: dict[str, Any]) -> tuple[bytes, bytes, bytes, bytes]:
    """An assignment to *package* as bytes, in pieces: between them belong its id and, twice, its holder's."""
    policy = package["assignmentPolicies"][0]
    held = {
        **assignment,
        "id": ID.decode(),
        "target": {
            **assignment["target"],
            "objectId": PERSON.decode(),
            "displayName": f"Person {NAME.decode()}",
        },
        "accessPackage": {
            **assignment["accessPackage"],
            **{name: package[name] for name in ("id", "displayName")},
        },
        "assignmentPolicy": {
            **assignment["assignmentPolicy"],
            **{name: policy[name] for name in ("id", "displayName")},
        },
    }
    before, _, rest = json.dumps(held).encode().partition(ID)
    middle, _, rest = rest.partition(PERSON)
    then, _, after = rest.partition(NAME)
    return before, middle, then, after


def _joined(items: list[dict[str, Any]]) -> bytes:
    return b",".join(json.dumps(each).encode() for each in items)


def _answer(request: httpx.Request, items: bytes, start: int, total: int) -> httpx.Response:
    more = b""
    if items and start + PAGE < total:
        url = request.url.copy_set_param("$skiptoken", str(start + PAGE))
        more = b',"@odata.nextLink":' + json.dumps(str(url)).encode()
    content = b'{"value":[' + items + b"]" + more + b"}"
    return httpx.Response(200, content=content, headers={"Content-Type": "application/json"})

"""A tenant, and what plans, applies and destroys files in it."""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.provisioning.changes.apply import Applier
from bot.provisioning.changes.destroy import Destroyer, Destruction, destruction, settle
from bot.provisioning.changes.plan import Planned, make_plan
from bot.provisioning.file_format.file import Document, read_text
from bot.provisioning.import_ import Imported, import_tenant
from bot.provisioning.writing.retry import PATIENCE, Retrier
from bot.provisioning.writing.state import StateFile
from graph import Graph, Retries, StaticToken
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from tests.harness.exchange import Cut, ask

TENANT = "tenant"


class Killed(BaseException):
    """The process died."""


@dataclass(kw_only=True)
class FaultyAnswer:
    """
    An answer that Graph has been seen to give, in place of the tenant's own.

    Attributes:
        on: Which calls ("POST /v1.0/…") get it, a regular expression.
        times: How often.
        effective: Whether the call took effect all the same.
        empties: Property whose lists the tenant's own answer has empty, instead of all else.
    """

    on: str
    status: int = 200
    code: str = ""
    message: str = "Made up."
    times: int = 1
    effective: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    empties: str | None = None

    def applies(self, call: str) -> bool:
        """Tell whether this call gets it, and count it."""
        if self.times <= 0 or not re.search(self.on, call):
            return False
        self.times -= 1
        return True

    def answer(
        self, request: httpx.Request, tenants: httpx.Response | None = None
    ) -> httpx.Response:
        if self.empties is not None and tenants is not None:
            text = re.sub(rf'("{self.empties}": ?)\[.*?\]', r"\1[]", tenants.text)
            return httpx.Response(tenants.status_code, json=json.loads(text), request=request)
        body = self.body or {"error": {"code": self.code, "message": self.message}}
        return httpx.Response(self.status, headers=self.headers, json=body, request=request)


class FaultyTransport(httpx.AsyncBaseTransport):
    """
    The way to the tenant; it dies at one call, before it leaves or after it took effect.

    Attributes:
        calls: What crossed it: "POST /v1.0/…"; a batch that only reads is a read.
        operations: The same, with what was in batches in their place.
        faulty: Answers to give in place of the tenant's, in batches too.
        moment: Told before each call leaves, and after it when it has taken effect; after each write of a batch.
    """

    def __init__(self, tenant: Tenant, *, dies_at: int | None = None, after: bool = False) -> None:
        self.calls: list[str] = []
        self.operations: list[str] = []
        self.faulty: list[FaultyAnswer] = []
        self.moment: Callable[[bool], None] = lambda after: None
        self._app = tenant.app
        self._dies_at = dies_at
        self._after = after
        self._dead = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        steps = json.loads(content)["requests"] if request.url.path.endswith("/$batch") else []
        self.calls.append(_describe(request, steps))
        self.moment(False)
        is_last = self._dies_at is not None and len(self.calls) > self._dies_at
        if self._dead or (is_last and not self._after):
            self._dead = True
            raise Killed
        if steps:
            answer = await self._batch(request, steps)
        else:
            self.operations.append(self.calls[-1])
            answer = await self._answer(self.calls[-1], request, content)
        if is_last:
            self._dead = True
            raise Killed
        return answer

    async def _batch(self, request: httpx.Request, steps: list[dict[str, Any]]) -> httpx.Response:
        """Each step by itself and the last one first: Graph promises no order, and whoever dies may die in between."""
        version = request.url.path.split("/")[1]
        faulty = self._fault_for(self.calls[-1])
        if faulty is not None and not faulty.effective:
            return faulty.answer(request)
        responses = []
        for step in reversed(steps):
            call = f"{step['method']} /{version}{step['url'].partition('?')[0]}"
            self.operations.append(call)
            content = json.dumps({"requests": [step]}).encode()
            answer = await self._answer(call, request, content)
            if answer.status_code == httpx.codes.OK and "responses" in answer.json():
                responses += answer.json()["responses"]
            else:
                responses.append(
                    {
                        "id": step["id"],
                        "status": answer.status_code,
                        "headers": dict(answer.headers),
                        "body": answer.json(),
                    }
                )
        if faulty is not None:
            return faulty.answer(request)
        return httpx.Response(200, json={"responses": responses}, request=request)

    async def _answer(self, call: str, request: httpx.Request, content: bytes) -> httpx.Response:
        faulty = self._fault_for(call)
        if faulty is not None and not (faulty.effective or faulty.empties):
            return faulty.answer(request)
        answer = await self._tenant_answer(request, content)
        self.moment(True)
        return answer if faulty is None else faulty.answer(request, answer)

    def _fault_for(self, call: str) -> FaultyAnswer | None:
        return next((each for each in self.faulty if each.applies(call)), None)

    async def _tenant_answer(self, request: httpx.Request, content: bytes) -> httpx.Response:
        exchange = ask(
            self._app,
            method=request.method,
            url=str(request.url),
            headers=request.headers.raw,
            body=content,
            context=copy_context(),
        )
        try:
            reply = await exchange.reply
        except Cut as error:
            raise httpx.ReadError("cut", request=request) from error
        finally:
            exchange.hang_up()
        return httpx.Response(
            reply.status, headers=reply.headers, content=reply.body, request=request
        )


def _describe(request: httpx.Request, steps: list[dict[str, Any]]) -> str:
    """A call in words; a batch that only reads is a read."""
    only_reads = steps and all(each["method"] == "GET" for each in steps)
    return f"{'GET' if only_reads else request.method} {request.url.path}"


class Provisioner:
    """Does with texts what the commands do with files."""

    def __init__(self, tenant: Tenant, version: str, folder: Path) -> None:
        self.tenant = tenant
        self.version = version
        self.folder = folder
        self.waited_for: list[str] = []
        self.waited = 0.0
        self.remarks: list[str] = []
        self.transport = FaultyTransport(tenant)

    @property
    def state(self) -> StateFile:
        return StateFile(self.folder / "access.latchkey.json", tenant=TENANT)

    async def sleep(self, seconds: float) -> None:
        """Waiting moves the tenant's clock instead of ours."""
        self.waited += seconds
        self.tenant.clock.shift(timedelta(seconds=seconds))

    @property
    def retrier(self) -> Retrier:
        return Retrier(say=self.waited_for.append, sleep=self.sleep)

    @asynccontextmanager
    async def graph(self) -> AsyncIterator[Graph]:
        async with httpx.AsyncClient(transport=self.transport, timeout=5) as http:
            yield Graph(
                http,
                StaticToken(self.tenant.application_token()),
                url="https://graph.test",
                version=self.version,
                retries=Retries(sleep=self.sleep, patience=PATIENCE, waits_out_throttling=True),
                batches=True,
            )

    @staticmethod
    def read(text: str) -> Document:
        return read_text(text, name="access.yml")

    async def plan(self, text: str) -> Planned:
        async with self.graph() as graph:
            return await make_plan(graph, self.read(text), self.state, version=self.version)

    async def apply(self, text: str, *, adopt: bool = False) -> Planned:
        document, state = self.read(text), self.state
        async with self.graph() as graph:
            planned = await make_plan(graph, document, state, version=self.version)
            applier = Applier(graph=graph, document=document, state=state, retrier=self.retrier)
            self.remarks = applier.remarks
            await applier.apply(planned)
            if adopt:
                applier.adopt(await make_plan(graph, document, state, version=self.version))
        return planned

    async def destroy(self, text: str) -> Destruction:
        document, state = self.read(text), self.state
        async with self.graph() as graph:
            await settle(graph, document, state, self.retrier, version=self.version)
            what = await destruction(graph, state)
            await Destroyer(graph=graph, state=state, retrier=self.retrier).destroy(what)
        return what

    async def import_(self, *catalogs: str) -> Imported:
        async with self.graph() as graph:
            return await import_tenant(graph, catalogs=catalogs)

    async def changes(self, text: str) -> list[str]:
        """The plan's titles, each with what is done to it."""
        return [f"{each.operation} {each.title}" for each in (await self.plan(text)).plan.changes]


def picture(tenant: Tenant) -> dict[str, Any]:
    """Everything in the tenant by name, in lists, so that doubles show."""
    world = tenant.world
    world.advance()
    users = {each.id: each.user_principal_name for each in world.users.values()}
    named = {each.id: each.display_name for each in world.groups.values()}
    named |= {each.id: each.display_name for each in world.packages.values()}
    catalogs = {each.id: each.display_name for each in world.catalogs.values()}
    resources = {each.id: each for each in world.resources.values()}
    return {
        "people": sorted(
            (each.user_principal_name, users.get(each.manager_id or ""))
            for each in world.users.values()
        ),
        "groups": sorted(
            (each.display_name, sorted(users.get(one, one) for one in each.members))
            for each in world.groups.values()
        ),
        "catalogs": sorted(
            (each.display_name, each.description) for each in world.catalogs.values()
        ),
        "resources": sorted(
            (catalogs[each.catalog_id], each.display_name) for each in world.resources.values()
        ),
        "packages": sorted(
            (
                each.display_name,
                sorted(
                    (resources[one.resource_id].display_name, len(one.role_origin_id))
                    for one in each.role_scopes
                ),
                sorted(
                    named[one] for one in (*each.incompatible_packages, *each.incompatible_groups)
                ),
            )
            for each in world.packages.values()
        ),
        "policies": sorted(
            (
                named[each.package_id],
                each.display_name,
                each.allowed_target_scope,
                str(each.expiration.duration),
            )
            for each in world.policies.values()
        ),
    }


@pytest.fixture
def tenant() -> Tenant:
    """The tutorial's world, in which a request is delivered at once and lists have pages of two."""
    tenant = Tenant(clock=SandboxClock(), delivery=timedelta(0), page_size=2)
    tenant.seed_tutorial_world()
    return tenant


@pytest.fixture(params=["v1.0", "beta"])
def provisioner(request: pytest.FixtureRequest, tenant: Tenant, tmp_path: Path) -> Provisioner:
    """A provisioner that speaks one of Graph's versions."""
    return Provisioner(tenant, request.param, tmp_path)

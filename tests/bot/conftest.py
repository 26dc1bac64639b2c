"""The bot without its clock: every part of it, between a stand-in tenant and a stand-in Slack, moved by hand."""

import re
import shutil
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import aiohttp.web
import httpx
import pytest
import sqlalchemy as sa
from freezegun import freeze_time
from slack_sdk.web.async_client import AsyncWebClient

from bot import clock, migrate
from bot.access import Desk
from bot.authority import Authority
from bot.delivery import Delivery
from bot.effects import Effects
from bot.home import Homes
from bot.jobs import Jobs
from bot.mirror import Mirror
from bot.models import Request
from bot.notices import Notices
from bot.people import People
from bot.review import Review
from bot.slack import Slack
from bot.store import Busy, Store, audit, claims, open_store, requests
from bot.store.schema import decisions, notices
from bot.store.schema import requests as request_table
from bot.verdicts import Verdicts
from graph import Graph, Retries, StaticToken
from sandbox.clock import SandboxClock
from sandbox.slack import Workspace
from sandbox.slack.model import Message
from sandbox.tenant import Tenant
from tests.bot.samples import LEASE, SOME_DAY

Mishap = Callable[[httpx.Request, Callable[[], Any]], Any]


class Line(httpx.AsyncBaseTransport):
    """The line to Graph: what goes wrong on it is up to the test."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self._mishaps: list[tuple[re.Pattern[str], int, Mishap]] = []
        self.sent: list[str] = []

    def on(self, pattern: str, mishap: Mishap, *, times: int = 1) -> None:
        """Do *mishap* at the next calls whose "METHOD /path" has *pattern*."""
        self._mishaps.append((re.compile(pattern), times, mishap))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path}"
        self.sent.append(name)

        async def go_on() -> httpx.Response:
            return await self._inner.handle_async_request(request)

        for index, (pattern, times, mishap) in enumerate(self._mishaps):
            if pattern.search(name):
                self._mishaps[index : index + 1] = (
                    [(pattern, times - 1, mishap)] if times > 1 else []
                )
                answer: httpx.Response = await mishap(request, go_on)
                return answer
        return await go_on()


async def silence_after(request: httpx.Request, go_on: Any) -> httpx.Response:
    """It took effect; the answer never came."""
    await go_on()
    raise httpx.ReadTimeout("no answer", request=request)


async def silence_before(request: httpx.Request, go_on: Any) -> httpx.Response:
    """Nothing happened, and nobody can tell."""
    raise httpx.ReadTimeout("no answer", request=request)


async def no_connection(request: httpx.Request, go_on: Any) -> httpx.Response:
    """It never left."""
    raise httpx.ConnectError("no route", request=request)


def answering(status: int, code: str = "Some", **headers: str) -> Mishap:
    """A refusal of Graph's; nothing happened."""

    async def refuse(request: httpx.Request, go_on: Any) -> httpx.Response:
        body = {"error": {"code": code, "message": "Because."}}
        return httpx.Response(status, json=body, headers=headers, request=request)

    return refuse


def but_first(deed: Callable[[], Any]) -> Mishap:
    """Somebody does something just before the call arrives."""

    async def do(request: httpx.Request, go_on: Any) -> httpx.Response:
        made = deed()
        if hasattr(made, "__await__"):
            await made
        answer: httpx.Response = await go_on()
        return answer

    return do


def and_then(deed: Callable[[], Any]) -> Mishap:
    """Somebody does something just after the call was answered, while the answer travels."""

    async def do(request: httpx.Request, go_on: Any) -> httpx.Response:
        answer: httpx.Response = await go_on()
        await answer.aread()
        made = deed()
        if hasattr(made, "__await__"):
            await made
        return answer

    return do


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """A web app at an address of its own; quicker to take down than a server with good manners."""
    transport = httpx.ASGITransport(app=app)

    async def forward(asked: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        request = httpx.Request(
            asked.method,
            f"http://slack.test{asked.rel_url}",
            headers=asked.headers,
            content=await asked.read(),
        )
        answer = await transport.handle_async_request(request)
        return aiohttp.web.Response(
            status=answer.status_code,
            headers=answer.headers.multi_items(),
            body=await answer.aread(),
        )

    runner = aiohttp.web.ServerRunner(aiohttp.web.Server(forward), shutdown_timeout=0.1)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass
class Office:
    """All parts of a Latchkey, and the two worlds that it stands between."""

    clock: SandboxClock
    tenant: Tenant
    workspace: Workspace
    line: Line
    store: Store
    slack: Slack
    graph: Graph
    people: People
    authority: Authority
    review: Review
    verdicts: Verdicts
    effects: Effects
    delivery: Delivery
    notices: Notices
    mirror: Mirror
    homes: Homes
    jobs: Jobs
    desk: Desk

    async def work(self) -> None:
        """Everything that is due about requests, as often as it is."""
        for _ in range(2):
            # What is decided is carried out, and what is carried out may await decisions.
            await self.jobs.decisions()
            await self.jobs.requests()

    async def talk(self) -> None:
        """Every message that is owed."""
        await self.jobs.messages()

    async def hurry(self, *, settled: bool = False) -> None:
        """Let every wait be over: back-offs, poll pauses and leases; *settled*: settle windows, too."""

        def shorten(db: sa.Connection) -> None:
            past = clock.real() - timedelta(seconds=1)
            waiting = request_table.update().where(request_table.c.due_at.is_not(None))
            db.execute(waiting.values(due_at=past, lease_until=None))
            clicks = decisions.update().where(decisions.c.due_at.is_not(None))
            db.execute(clicks.values(due_at=past))
            db.execute(notices.update().values(claimed_until=past))
            if settled:
                unsure = request_table.update().where(request_table.c.settles_at.is_not(None))
                db.execute(unsure.values(settles_at=past))

        await self.store.run(shorten)

    async def finish(self) -> None:
        """Work, deliver and tell until nothing moves any more."""
        for _ in range(4):
            await self.work()
            self.shift(timedelta(seconds=10))
            await self.hurry()
        await self.work()
        await self.talk()

    def shift(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.shift(by)
        clock.set_offset(self.clock.offset)

    async def request(self, request_id: str) -> Request:
        found = await self.store.run(requests.get, request_id)
        assert found is not None
        return found

    async def ask(self, text: str, *, user: str = "U0ANN", reason: str | None = None) -> Request:
        """Ask, and have it judged."""
        taken = await self.desk.ask(slack_user=user, text=text, reason=reason)
        await self.work()
        return await self.request(taken.request.id)

    async def claimed(self, request: Request) -> Request:
        """The same request, as a worker has it in hand."""
        await self.hurry()
        for each in await self.store.run(claims.take, lease=LEASE, limit=50):
            if each.id == request.id:
                return each
        raise AssertionError("it is not due")

    def told(self, user: str) -> list[Message]:
        """The direct messages that somebody has got from the bot."""
        return [
            message
            for channel in self.workspace.channels.values()
            if channel.kind == "im" and user in channel.members
            for message in channel.messages
            if message.by_app and not message.deleted
        ]

    def posted(self, request_type: str) -> int:
        """How many requests of a type there are in the tenant."""
        return sum(
            each.request_type.lower() == request_type.lower()
            for each in self.tenant.world.requests.values()
        )

    async def audit(self, request: Request) -> list[dict[str, Any]]:
        return await self.store.run(audit.rows, request_id=request.id)

    def policy_of(self, package_id: str) -> Any:
        """The tenant's only policy for a package."""
        return next(
            each for each in self.tenant.world.policies.values() if each.package_id == package_id
        )


@pytest.fixture
def at_once(database_url: str) -> Iterator[Callable[..., list[Any]]]:
    """Runs one function in four replicas at the same moment, each with a store of its own; gives what each got."""
    driver = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
    scheme, _, rest = database_url.partition("://")
    stores = [open_store(f"{driver[scheme]}://{rest}") for _ in range(4)]
    start = threading.Barrier(len(stores))

    def one(store: Store, deed: Callable[..., Any], args: Any, facts: Any) -> Any:
        start.wait()
        for _ in range(50):
            try:
                return store.run_here(deed, *args, **facts)
            except Busy:
                continue
        raise AssertionError("the database was busy for too long")

    def together(deed: Callable[..., Any], *args: Any, **facts: Any) -> list[Any]:
        with ThreadPoolExecutor(len(stores)) as threads:
            return list(threads.map(lambda store: one(store, deed, args, facts), stores))

    yield together
    for store in stores:
        store.close()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("empty") / "latchkey.db"
    store = open_store(f"sqlite+pysqlite:///{path}")
    migrate.upgrade(store)
    with store.engine.connect() as db:
        db.exec_driver_sql("COMMIT")
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    return path


@pytest.fixture
async def office(tmp_path: Path, empty_database: Path) -> AsyncIterator[Office]:
    """A Latchkey on SQLite that has read the tutorial's world and knows that Dana is its admin."""
    shutil.copy(empty_database, tmp_path / "latchkey.db")
    store = open_store(f"sqlite+pysqlite:///{tmp_path / 'latchkey.db'}")
    sandbox_clock = SandboxClock()
    tenant = Tenant(clock=sandbox_clock)
    tenant.seed_tutorial_world()
    workspace = Workspace(
        clock=sandbox_clock, signing_secret="s", bot_token="xoxb-1", app_token="xapp-1"
    )
    workspace.seed()
    line = Line(tenant.app)

    async def no_time(seconds: float) -> None:
        """A pause that is over at once."""

    async with (
        listening(workspace.app) as address,
        httpx.AsyncClient(transport=line) as http,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
    ):
        slack = Slack(
            AsyncWebClient(
                token="xoxb-1",
                base_url=f"{address}/api/",
                session=session,
                ssl=ssl.create_default_context(),
                retry_handlers=[],
            )
        )
        await slack.identify()
        graph = Graph(
            http,
            StaticToken(tenant.application_token()),
            url="https://graph.test",
            retries=Retries(sleep=no_time),
        )
        made = assemble(store, slack, graph, tenant, workspace, line)
        await made.authority.refresh()
        await made.mirror.sweep()
        yield made
    await workspace.aclose()
    store.close()


def assemble(
    store: Store,
    slack: Slack,
    graph: Graph,
    tenant: Tenant,
    workspace: Workspace,
    line: Line,
    *,
    always: bool = False,
) -> Office:
    people = People(slack=slack, graph=graph, store=store, email_domains=("contoso.example",))
    authority = Authority(slack=slack, graph=graph, people=people, admins=("S0IAM",))
    review = Review(
        store=store, graph=graph, people=people, authority=authority, always_approve=always
    )
    parts: dict[str, Any] = {
        "review": review,
        "verdicts": Verdicts(
            store=store, authority=authority, review=review, home_team=workspace.team_id
        ),
        "effects": Effects(store=store, graph=graph, recheck=review.recheck),
        "delivery": Delivery(store=store, graph=graph),
        "notices": Notices(
            store=store,
            slack=slack,
            admin_channel="C0APPROVALS",
            rungs=(timedelta(days=7), timedelta(days=1)),
        ),
        "mirror": Mirror(store=store, graph=graph, people=people),
        "homes": Homes(store=store, slack=slack, authority=authority),
        "authority": authority,
        "store": store,
    }
    jobs = Jobs(**parts, poll_every=timedelta(hours=1), sync_every=timedelta(hours=1))
    return Office(
        **parts,
        clock=workspace.clock,
        tenant=tenant,
        workspace=workspace,
        line=line,
        slack=slack,
        graph=graph,
        people=people,
        jobs=jobs,
        desk=Desk(store=store, authority=authority, verdicts=parts["verdicts"], wake=lambda: None),
    )


@pytest.fixture
def now():
    """The moment at which everything happens."""
    with freeze_time(SOME_DAY, real_asyncio=True):
        yield SOME_DAY

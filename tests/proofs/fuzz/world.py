"""A bot behind its door, with people and work to find there, for payloads that no client of Slack's would make."""

import hashlib
import hmac
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import sqlalchemy as sa
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

import handlers
from bot import app, migrate
from bot.settings import Settings
from bot.slack import Slack
from bot.store import open_store
from bot.store.schema import assignments, audit, decisions, requests
from graph import Graph, Retries, StaticToken
from handlers.edge import endpoint
from handlers.signature import Signatures
from sandbox.clock import SandboxClock
from sandbox.slack import Workspace
from sandbox.tenant import Tenant
from tests.harness.by_hand import BotHarness
from tests.bot.conftest import Line, assemble

SECRET: Final = "not-for-production"
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
HOME: Final = "T0LATCH"
ADMINS: Final = frozenset({"U0DANA"})
# Bo decides on Finance Reports; Mia, Ann's manager, on the first stage of Production Database.
DECIDERS: Final = frozenset({"U0BO", "U0MIA", *ADMINS})


class InProcess(AsyncWebClient):
    """Slack's client: what it reads comes from the stand-in, what it would show anybody is only accepted."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(token="xoxb-1", base_url="http://slack.test/api/")
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=workspace.app))
        self.shown = 0

    async def _request(self, *, http_verb: str, api_url: str, req_args: Any) -> dict[str, Any]:
        method = api_url.rpartition("/")[2]
        if method.startswith(("chat.", "views.")):
            self.shown += 1
            body = {"ok": True, "channel": "D0", "ts": f"1.{self.shown:07}"}
            return {"data": body, "headers": {}, "status_code": 200}
        given = {**(req_args.get("params") or {}), **(req_args.get("data") or {})}
        answer = await self._http.post(
            api_url, data=given, headers={"authorization": "Bearer xoxb-1"}
        )
        return {
            "data": answer.json(),
            "headers": dict(answer.headers),
            "status_code": answer.status_code,
        }


@dataclass(frozen=True, kw_only=True)
class Marks:
    """How far the tables were at some moment."""

    audit: int
    decisions: int


@dataclass
class Gate:
    """The bot's door, and a look behind it."""

    harness: BotHarness
    http: httpx.AsyncClient
    after: handlers.After
    wrong: list[str] = field(default_factory=list)

    def signed(self, body: bytes, *, secret: str = SECRET, at: str | None = None) -> dict[str, str]:
        """Slack's two headers."""
        stamp = str(int(time.time())) if at is None else at
        base = b"v0:" + stamp.encode() + b":" + body
        digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
        return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={digest}"}

    async def post(self, body: bytes, headers: Any) -> int:
        """Knock; the status of the answer.  An exception that leaves the app counts as 599."""
        try:
            answer = await self.http.post("/slack/events", content=body, headers=headers)
        except Exception as error:  # whatever it is, it is what we look for
            self.wrong.append(f"{type(error).__name__} left the app: {body[:300]!r}")
            return 599
        return answer.status_code

    async def marks(self) -> Marks:
        def read(db: sa.Connection) -> Marks:
            last = db.execute(sa.select(sa.func.max(audit.c.position))).scalar() or 0
            count = db.execute(sa.select(sa.func.count()).select_from(decisions)).scalar() or 0
            return Marks(audit=last, decisions=count)

        return await self.harness.store.run(read)

    async def done_since(self, marks: Marks) -> list[dict[str, Any]]:
        """What was written since, each with the request or assignment it is about."""

        def read(db: sa.Connection) -> list[dict[str, Any]]:
            rows = [
                dict(row)
                for row in db.execute(
                    sa.select(audit).where(audit.c.position > marks.audit)
                ).mappings()
            ]
            for row in rows:
                for name, table in (("request", requests), ("assignment", assignments)):
                    wanted = sa.select(table).where(table.c.id == row[f"{name}_id"])
                    found = db.execute(wanted).mappings().first()
                    row[name] = dict(found) if found else {}
            clicks = sa.select(decisions).order_by(decisions.c.at.desc())
            count = db.execute(sa.select(sa.func.count()).select_from(decisions)).scalar() or 0
            fresh = db.execute(clicks.limit(count - marks.decisions)).mappings().all()
            return rows + [{"verb": "click", "actor": each["slack_user"]} for each in fresh]

        return await self.harness.store.run(read)


def is_rightful(row: dict[str, Any], actor: str) -> bool:
    """Whether a payload that Slack itself says comes from *actor* may have caused this."""
    if row["actor"] != actor:
        return False
    verb, request, held = row["verb"], row.get("request") or {}, row.get("assignment") or {}
    if verb in {"click", "refused"}:
        # A click is only taken down here: who may decide is judged afterwards.
        return True
    if verb == "ask-add":
        return bool(request.get("holder") == actor == request.get("asked_by"))
    if verb in {"ask-extend", "let-end"}:
        return bool(held.get("holder") == actor)
    if verb == "ask-remove":
        return bool(held.get("holder") == actor or actor in ADMINS)
    if verb == "move":
        return bool(row["after"] == "canceled" and request.get("asked_by") == actor)
    return False


@asynccontextmanager
async def gate(folder: Path, template: Path | None = None) -> AsyncIterator[Gate]:
    """The bot's real door, Bolt and handlers, on SQLite; the jobs are moved by hand."""
    file = folder / "latchkey.db"
    if template is not None:
        shutil.copy(template, file)
    store = open_store(f"sqlite+pysqlite:///{file}")
    if template is None:
        migrate.upgrade(store)
    clock = SandboxClock()
    tenant = Tenant(clock=clock)
    tenant.seed_tutorial_world()
    workspace = Workspace(clock=clock, signing_secret=SECRET, bot_token="xoxb-1", app_token="xapp")
    workspace.seed()
    line = Line(tenant.app)

    async def no_time(seconds: float) -> None:
        """A pause that is over at once."""

    client = InProcess(workspace)
    async with httpx.AsyncClient(transport=line) as microsoft:
        slack = Slack(client)
        identity = await slack.identify()
        graph = Graph(
            microsoft,
            StaticToken(tenant.application_token()),
            url="https://graph.test",
            retries=Retries(sleep=no_time),
        )
        harness = assemble(store, slack, graph, tenant, workspace, line)
        await harness.authority.refresh()
        await harness.mirror.sweep()
        settings = Settings.model_construct(slack_api_url="http://slack.test/api/")
        bolt = app._bolt(settings, slack, identity)
        after = handlers.After(slack)
        handlers.register(
            bolt, desk=harness.desk, homes=harness.homes, after=after, wake=lambda: None
        )
        door = endpoint(bolt, signatures=Signatures([SECRET]))
        asgi = Starlette(routes=[Route("/slack/events", door, methods=["POST"])])
        transport = httpx.ASGITransport(app=asgi, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
            yield Gate(harness, http, after)
        await after.finish()
    await workspace.aclose()
    store.close()


def form(fields: dict[str, Any]) -> bytes:
    return urlencode(fields, errors="surrogatepass").encode()

"""A bot's life with its accidents, and everything that it writes meanwhile."""

import base64
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import sqlalchemy as sa
from click.testing import CliRunner

from bot.__main__ import main
from bot.database import tables
from bot.database.audit_log import audit
from bot.slack.errors import SlackError
from graph.errors import GraphError
from sandbox.certificate import Certificate
from sandbox.run import StandIns, serving_bot, stand_ins
from sandbox.serving import serving
from sandbox.tenant import seed
from tests.handlers.conftest import Endpoint
from tests.harness.accounts import (
    PUBLIC,
    browser_of,
    email_of,
    link_of,
    registered,
    sign_in_by,
)
from tests.harness.doctoring import doctors_findings
from tests.harness.world import ANN, BO, CY, DANA, World, eventually, living, said
from tests.proofs.canaries.canaries import (
    CAPABILITY,
    LINK,
    REASON,
    SECRET,
    Written,
    capabilities_in,
    people_in,
)

WHY: Final = "canary-reason/why"
SECRETS: Final = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_SIGNING_SECRET_PREVIOUS",
    "AZURE_CLIENT_SECRET",
    "LATCHKEY_AUDIT_KEY",
    "LATCHKEY_TOKEN_KEY",
)


@dataclass
class Echo:
    """Stands before Graph: notes the tokens, and on demand refuses with a body that repeats what it was sent."""

    behind: Any
    tokens: set[str] = field(default_factory=set)
    status: int | None = None
    only: Callable[[Any], bool] = lambda scope: True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        token = dict(scope.get("headers", ())).get(b"authorization", b"").decode()
        if token:
            self.tokens.add(token.removeprefix("Bearer "))
        if not token or self.status is None or not self.only(scope):
            await self.behind(scope, receive, send)
            return
        said = f"Who is ann@contoso.example with {token} or {quote(token)}?"
        error = {"code": token.split()[-1], "message": said, "innerError": {"request-id": token}}
        headers = [(b"content-type", b"application/json"), (b"request-id", token.encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps({"error": error}).encode()})


@dataclass
class Watched:
    """A world, the Graph that echoes, the way to the bot over HTTP, and everything written so far."""

    world: World
    echo: Echo
    http: httpx.AsyncClient
    environment: Mapping[str, str]
    written: Written = field(default_factory=Written)
    # Of people's sign-ins: what may be seen nowhere, and what links carry.
    signed_in: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)

    async def look(self) -> None:
        """Ask what a monitoring would ask."""
        for path in ("/readyz", "/healthz", "/metrics"):
            answer = await self.http.get(path)
            self.written.add("http", answer.text, answer.headers)

    def canaries(self) -> dict[str, set[str]]:
        given = {self.environment[name] for name in SECRETS if name in self.environment}
        if (password := sa.make_url(self.environment["DATABASE_URL"]).password) is not None:
            given.add(str(password))
        return people_in(self.world.slack) | {
            SECRET: given | self.echo.tokens | self.signed_in,
            LINK: self.links,
            REASON: {WHY},
            CAPABILITY: capabilities_in(self.world.slack),
        }


def _with_secrets(outside: StandIns) -> None:
    """A secret in every setting that holds one."""
    outside.environment |= {
        "SLACK_SIGNING_SECRET": outside.workspace.signing_secret,
        "SLACK_SIGNING_SECRET_PREVIOUS": secrets.token_hex(16),
        "SLACK_SIGNING_SECRET_PREVIOUS_UNTIL": "2099-01-01",
        "LATCHKEY_AUDIT_KEY": secrets.token_hex(32),
        "LATCHKEY_TOKEN_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "LATCHKEY_PUBLIC_URL": PUBLIC,
    }
    registered(outside)


@asynccontextmanager
async def watched(database: str, *, socket_mode: bool) -> AsyncIterator[Watched]:
    """The whole bot in simulated time."""
    echoes: list[Echo] = []

    def prepare(outside: StandIns) -> None:
        _with_secrets(outside)
        echoes.append(Echo(outside.tenant.app))
        outside.tenant.app = echoes[0]  # type: ignore[assignment]

    async with living(database, socket_mode=socket_mode, prepare=prepare) as world:
        transport = httpx.ASGITransport(app=world.bot.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as http:
            yield Watched(world, echoes[0], http, world.outside.environment)


@asynccontextmanager
async def watched_on_sockets(
    folder: Path, certificate: Certificate, *, socket_mode: bool
) -> AsyncIterator[Watched]:
    """The same over TLS and TCP, with tokens from Microsoft's library: what those write is theirs."""
    async with stand_ins(folder, certificate=certificate, socket_mode=socket_mode) as outside:
        _with_secrets(outside)
        outside.tenant.world.delivery = timedelta(0)
        echo = Echo(outside.tenant.app)
        async with serving(echo, certificate=certificate) as microsoft:
            outside.environment |= {"AZURE_AUTHORITY_HOST": microsoft, "GRAPH_URL": microsoft}
            async with serving_bot(outside) as bot, httpx.AsyncClient() as http:
                http.base_url = httpx.URL(str(outside.workspace.request_url)).join("/")
                world = World(outside, bot)
                await world.looked_at_everything()
                yield Watched(world, echo, http, outside.environment)


async def gets_access(bot: Watched) -> None:
    """Ann asks, and Bo approves."""
    world = bot.world
    await world.type(ANN, f"/request-access finance-reports because {WHY}")
    card = await world.card(BO, "Finance Reports")
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access to \\*Finance Reports")


async def keeps_it_until_it_is_removed(bot: Watched) -> None:
    """The end is told and may not be moved; then an admin removes it."""
    world = bot.world
    await world.later(timedelta(days=25))
    reminder = await world.told(ANN, "Your access to .* ends")
    await world.extend(ANN, reminder, about="Finance Reports")
    card = await world.card(BO, "asks to extend Finance Reports")
    await world.press(BO, card, "Deny")
    await world.give_reason(BO, WHY)
    await world.told(ANN, "denied")
    await bot.look()
    await world.type(DANA, "/access-admin assignments")
    await world.type(DANA, f"/access-admin remove <@{ANN}> finance-reports because {WHY}")
    await eventually(lambda: len(world.posts("adminRemove")) == 1)
    await world.type(ANN, "/my-access")


async def connects_an_account(bot: Watched) -> None:
    """Ann signs in, once as herself and once as Cy; tokens of hers are used, renewed and revoked."""
    world, sign_ins = bot.world, bot.world.tenant.login.sign_ins
    browser = browser_of(world)
    for who in (CY, ANN):
        link = await link_of(world, ANN)
        bot.links.add(link.rpartition("/")[2])
        browser.cookies.clear()
        page = await sign_in_by(world, link, email_of(who, world), browser=browser)
        bot.written.add("http", page.text, page.headers)
    for address in browser.history:
        asked = dict(parse_qsl(urlsplit(address).query))
        bot.signed_in |= {asked[name] for name in ("state", "nonce") if name in asked}
    bot.signed_in |= {
        cookie.value
        for kept in browser.cookies.values()
        for name, cookie in kept.items()
        if "latchkey" in name
    }
    tokens = world.bot.accounts.tokens.of(ANN)
    bot.signed_in |= {await tokens.token(), await tokens.refresh()}
    bot.signed_in |= {*sign_ins._refresh, *sign_ins._redeemed}
    sign_ins.revoke(seed.ANN)
    try:
        await tokens.refresh()
    except GraphError as error:
        bot.written.add("errors", error, repr(error), repr(error.__cause__))
    things = (tokens, world.bot.accounts, world.bot.accounts.connecting, world.bot.accounts.tokens)
    bot.written.add("reprs", *map(repr, things), *map(str, things))


async def is_refused_by_graph(bot: Watched, status: int) -> None:
    """Every call of the bot's, with an answer that repeats the token."""
    bot.echo.status, bot.echo.only = status, lambda scope: True
    try:
        await bot.world.bot.graph.catalogs.list()
    except GraphError as error:
        bot.written.add("errors", error, repr(error), error.code, error.request_id)


async def meets_refusals_that_repeat_the_token(bot: Watched) -> None:
    """Everything is refused for a while, in different ways; then the one call that grants is."""
    world, echo = bot.world, bot.echo
    for status in (401, 500, 403):
        await is_refused_by_graph(bot, status)
        world.bot.jobs.wake_all()
        await eventually(
            lambda status=status: (
                f"HTTP {status}" in str(world.bot.jobs.statuses["sync"].last_error)
            ),
            about=f"a sync that meets {status}",
        )
        await bot.look()
    bot.written.add("doctor", *[each.sentence for each in await doctors_findings(world.bot)])
    # For good, and the admins are told in Graph's words.
    echo.status = 403
    echo.only = lambda scope: scope["method"] == "POST" and "ssignmentRequests" in scope["path"]
    await world.type(CY, "/request-access marketing-campaign")
    await eventually(
        lambda: [each for each in world.direct(CY) if "refused it" in said(each)],
        about="Cy hears of it",
    )
    echo.status = None
    await world.synced()


async def meets_a_bad_day_of_slack(bot: Watched) -> None:
    """Slack breaks in several ways, for the jobs and for whoever is asking."""
    world, faults = bot.world, bot.world.slack.faults
    for fault in ("server_error", "fatal_error", "drop", "ratelimited"):
        faults.set(fault, count=1, pause=timedelta(seconds=0.1))
        with suppress(SlackError):
            await world.bot.slack.post(ANN, {"text": "x"})
        faults.set(fault, count=1, only="chat|views|users", pause=timedelta(seconds=0.1))
        await world.type(CY, "/my-access")
        await bot.look()
        faults.clear()
    faults.set("revoked")
    try:
        await world.bot.slack.post(ANN, {"text": "x"})
    except SlackError as error:
        bot.written.add("errors", error, repr(error), repr(error.__cause__))
    faults.clear()


async def is_sent_nonsense(bot: Watched) -> None:
    """Over HTTP only: in Socket Mode nobody else can send anything."""
    if bot.world.bot.settings.uses_socket_mode:
        return
    door = Endpoint(bot.world.bot, bot.world.slack.signing_secret, bot.http)
    payload = door.click_payload("latchkey_explode", WHY, user=ANN)
    payload["response_url"] = "https://hooks.slack.com/actions/canary"
    answers = [
        await door.interact(payload),
        await door.interact({**payload, "team": 7}),
        await door.interact({**payload, "api_app_id": "ann@contoso.example"}),
        await door.post(b"payload=%7B" + WHY.encode(), door.signed(b"another body")),
        await door.post(WHY.encode(), door.signed(WHY.encode())),
        # PostgreSQL takes no such text: the listener breaks with it among its parameters.
        await door.submit("latchkey_request", f"{WHY}\x00ann@contoso.example", WHY),
    ]
    bot.written.add("http", *[answer.text for answer in answers])


async def breaks_in_a_listener(bot: Watched) -> None:
    """A row that the code cannot read stands for a mistake of ours."""
    store, table = bot.world.bot.store, tables.assignments
    kept = await store.run(
        lambda db: dict(db.execute(sa.select(table.c.id, table.c.progress)).all())
    )
    assert kept
    await store.run(lambda db: db.execute(table.update().values(progress="unheard of")))
    broken = [str((await bot.world.type(each, "/my-access")).text) for each in (ANN, BO, CY)]
    assert any("Something broke" in text for text in broken), broken
    for each, progress in kept.items():
        change = table.update().where(table.c.id == each).values(progress=progress)
        await store.run(sa.Connection.execute, change)


async def is_looked_at(bot: Watched) -> None:
    """By all who run it: monitoring, doctor, audit, and a developer who prints things."""
    ours = bot.world.bot
    await bot.look()
    bot.written.add("doctor", *[each.sentence for each in await doctors_findings(ours)])
    bot.written.add(
        "audit", *[json.dumps(row, default=str) for row in await ours.store.run(audit.rows)]
    )
    for command in (["audit", "export"], ["audit", "export", "--csv"], ["audit", "verify"]):
        result = CliRunner().invoke(main, command, env=bot.environment)
        assert result.exit_code == 0, result.output
        bot.written.add("audit", result.output)
    things = (ours, ours.settings, ours.identity, ours.store, ours.graph, ours.slack, ours.asgi)
    bot.written.add("reprs", *map(repr, things), *map(str, things), ours.settings.model_dump())

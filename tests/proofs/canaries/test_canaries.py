"""No secret, and nothing about people, in anything that a running bot writes where it does not belong."""

import base64
import json
import os
import secrets
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bot import doctor
from bot.__main__ import main
from bot.pacing import Waits
from bot.slack import SlackError
from bot.store import audit, schema
from graph.errors import GraphError
from sandbox.run import stand_ins
from sandbox.serving import serving as web_server
from tests.harness.world import ANN, BO, CY, DANA, World, eventually, said, serving
from tests.handlers.conftest import Door
from tests.proofs.canaries.canaries import (
    BELONGS,
    CAPABILITY,
    NAME,
    REASON,
    SECRET,
    Written,
    capabilities_in,
    people_in,
    shown_in,
)
from tests.written_logs import written_logs

WHY = "canary-reason/why"
SECRETS = [
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_SIGNING_SECRET_PREVIOUS",
    "AZURE_CLIENT_SECRET",
    "LATCHKEY_AUDIT_KEY",
]


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
    """A world, the Graph that echoes, and everything written so far."""

    world: World
    echo: Echo
    written: Written
    secrets: set[str]

    async def look(self) -> None:
        """Ask what a monitoring would ask."""
        transport = httpx.ASGITransport(app=self.world.bot.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://bot") as http:
            for path in ("/readyz", "/healthz", "/metrics"):
                answer = await http.get(path)
                self.written.add("http", answer.text, answer.headers)

    def canaries(self) -> dict[str, set[str]]:
        return people_in(self.world.slack) | {
            SECRET: self.secrets | self.echo.tokens,
            REASON: {WHY},
            CAPABILITY: capabilities_in(self.world.slack),
        }


# What Graph leaves unclear is looked for soon: its stand-in shows at once what it has done.
QUICK = Waits(post=timedelta(seconds=1), late=timedelta(0), lag=timedelta(0), margin=timedelta(0))


@pytest.fixture(autouse=True)
def impatient_client(monkeypatch):
    """No call waits longer than a POST may take."""
    monkeypatch.setattr("bot.connections.GRAPH_TIMEOUT", httpx.Timeout(1.0))


@asynccontextmanager
async def watched(folder, certificate, *, socket_mode, database_url, logs):
    """The real bot, with a secret in every setting that holds one."""
    async with stand_ins(folder, certificate=certificate, socket_mode=socket_mode) as outside:
        echo = Echo(outside.tenant.app)
        async with web_server(echo, certificate=certificate) as microsoft:
            changes = {
                "SLACK_SIGNING_SECRET": outside.workspace.signing_secret,
                "SLACK_SIGNING_SECRET_PREVIOUS": secrets.token_hex(16),
                "LATCHKEY_AUDIT_KEY": secrets.token_hex(32),
                "DATABASE_URL": database_url,
                "AZURE_AUTHORITY_HOST": microsoft,
                "GRAPH_URL": microsoft,
            }
            environment = {**outside.environment, **changes}
            values = {environment[name] for name in SECRETS if name in environment}
            if (password := sa.make_url(database_url).password) is not None:
                values.add(str(password))
            async with serving(outside, waits=QUICK, **changes) as bot:
                made = Watched(World(outside, bot), echo, Written(), values)
                yield made, environment
                made.written.add("slack", *shown_in(outside.workspace))
            made.written.add("logs", logs.getvalue())


@pytest.fixture
def url_with_password(database_url):
    """The same database; the server of the tests does not ask for the password, but the bot has one."""
    url = sa.make_url(database_url)
    if url.drivername.startswith("sqlite"):
        return database_url
    secret = url.set(username=url.username or "postgres", password=secrets.token_hex(12))
    return secret.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    ("database_url", "socket_mode"),
    [("postgresql", False), ("sqlite", True)],
    indirect=["database_url"],
)
async def test_nothing_is_written_where_it_does_not_belong(
    tmp_path, certificate, database_url, url_with_password, socket_mode, capfd
):
    """A whole life with its accidents; everything that was written, and every canary in every form: 0 hits."""
    with written_logs() as logs:
        async with watched(
            tmp_path,
            certificate,
            socket_mode=socket_mode,
            database_url=url_with_password,
            logs=logs,
        ) as (bot, environment):
            await has_access_from_asking_to_removal(bot)
            await meets_refusals_that_repeat_the_token(bot)
            await meets_a_bad_day_of_slack(bot)
            await is_sent_nonsense(bot)
            await breaks_in_a_listener(bot)
            await is_looked_at(bot, environment)
            canaries = bot.canaries()
        bot.written.add("console", *capfd.readouterr())
        assert all(canaries.values())
        assert len(bot.echo.tokens) >= 1

        assert bot.written.hits(canaries) == []
        # The places are not empty, and the search finds what belongs there.
        assert bot.written.places_of("Ann Abara") == BELONGS[NAME]
        assert bot.written.places_of(WHY) == BELONGS[REASON]
        for place in ("logs", "http", "audit", "doctor", "slack", "errors", "reprs"):
            assert any(bot.written.texts[place]), place
        assert '"event": "unexpected"' in logs.getvalue()


async def has_access_from_asking_to_removal(bot):
    world = bot.world
    await world.type(ANN, f"/request-access finance-reports because {WHY}")
    card = await world.card(BO, "Finance Reports")
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access to \\*Finance Reports")
    await world.later(timedelta(days=25))
    reminder = await world.told(ANN, "ends soon")
    await world.press(ANN, reminder, "Extend", about="Finance Reports")
    card = await world.card(BO, "wants to keep Finance Reports")
    await world.press(BO, card, "Deny")
    await world.give_reason(BO, WHY)
    await world.told(ANN, "denied")
    await bot.look()
    await world.type(DANA, "/access-admin assignments")
    await world.type(DANA, f"/access-admin remove <@{ANN}> finance-reports because {WHY}")
    await eventually(lambda: len(world.posts("adminRemove")) == 1)
    await world.type(ANN, "/my-access")


async def meets_refusals_that_repeat_the_token(bot):
    world, echo = bot.world, bot.echo
    for status in (401, 500, 403):
        echo.status, echo.only = status, lambda scope: True
        try:
            await world.bot.graph.catalogs.list()
        except GraphError as error:
            bot.written.add("errors", error, repr(error), error.code, error.request_id)
        await eventually(
            lambda status=status: f"HTTP {status}" in str(world.bot.jobs.ticks["sync"].last_error),
            about=f"a sweep that meets {status}",
        )
        await bot.look()
    bot.written.add("doctor", *[each.sentence for each in await doctor.examine(world.bot)])
    # The one call that grants: refused for good, and the admins are told in Graph's words.
    echo.status = 403
    echo.only = lambda scope: scope["method"] == "POST" and "ssignmentRequests" in scope["path"]
    await world.type(CY, "/request-access marketing-campaign")
    await eventually(
        lambda: [each for each in world.direct(CY) if "refused it" in said(each)],
        about="Cy hears of it",
    )
    echo.status = None
    await world.synced()


async def meets_a_bad_day_of_slack(bot):
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


async def is_sent_nonsense(bot):
    """Over HTTP only: in Socket Mode nobody else can send anything."""
    if bot.world.bot.settings.uses_socket_mode:
        return
    transport = httpx.ASGITransport(app=bot.world.bot.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as http:
        door = Door(bot.world.bot, bot.world.slack.signing_secret, http)
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


async def breaks_in_a_listener(bot):
    """A row that the code cannot read stands for a mistake of ours."""
    store, table = bot.world.bot.store, schema.packages
    kept = await store.run(
        lambda db: dict(db.execute(sa.select(table.c.id, table.c.can_extend)).all())
    )
    await store.run(lambda db: db.execute(table.update().values(can_extend=5)))
    answer = await bot.world.type(CY, "/my-access")
    assert "Something broke" in answer.text
    for each, can_extend in kept.items():
        change = table.update().where(table.c.id == each).values(can_extend=can_extend)
        await store.run(lambda db, change=change: db.execute(change))


async def is_looked_at(bot, environment):
    ours = bot.world.bot
    await bot.look()
    bot.written.add("doctor", *[each.sentence for each in await doctor.examine(ours)])
    bot.written.add(
        "audit", *[json.dumps(row, default=str) for row in await ours.store.run(audit.rows)]
    )
    for command in (["audit", "export"], ["audit", "export", "--csv"], ["audit", "verify"]):
        result = CliRunner().invoke(main, command, env=environment)
        assert result.exit_code == 0, result.output
        bot.written.add("audit", result.output)
    things = (ours, ours.settings, ours.identity, ours.store, ours.graph, ours.slack, ours.asgi)
    bot.written.add("reprs", *map(repr, things), *map(str, things), ours.settings.model_dump())


LEAKS = {
    "as it is": lambda value: value,
    "in a log line": lambda value: json.dumps({"event": f"Authorization: Bearer {value}"}),
    "URL-encoded": lambda value: f"https://x.test/?t={quote(value, safe='')}&a=b",
    "in base64": lambda value: base64.b64encode(f"{value}".encode()).decode(),
    "in base64, among others": lambda value: base64.b64encode(f"a:{value}:bc".encode()).decode(),
    "in base64url": lambda value: base64.urlsafe_b64encode(f"user:{value}!".encode()).decode(),
}


@pytest.mark.parametrize("kind", sorted(BELONGS))
@pytest.mark.parametrize("leak", sorted(LEAKS))
def test_a_leak_is_found(kind, leak):
    """The count can fail: a canary of any kind, in any form, in a place where it does not belong."""
    canary = "xoxb-canary/8f2a?ann@contoso.example ä"
    written = Written()
    written.add("console", "all is well", LEAKS[leak](canary), "still")

    (first, *_) = written.hits({kind: {canary}})

    assert (first.kind, first.place) == (kind, "console")


async def test_a_leak_of_the_bots_is_found(tmp_path, certificate, capfd):
    """The same with the real bot: somebody prints the token, and the count is not 0."""
    with written_logs() as logs:
        database = f"sqlite:///{tmp_path / 'latchkey.db'}"
        async with watched(
            tmp_path, certificate, socket_mode=True, database_url=database, logs=logs
        ) as (bot, _):
            os.write(1, bot.world.bot.slack.client.token.encode())
            canaries = bot.canaries()
        bot.written.add("console", *capfd.readouterr())

    assert {(hit.kind, hit.place) for hit in bot.written.hits(canaries)} == {(SECRET, "console")}

"""A page over a seeded workspace and tenant, and an app that answers like a bot would."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import httpx
import pytest
from starlette.applications import Starlette

from sandbox.clock import SandboxClock
from sandbox.page import page
from sandbox.page.reader import Reader
from sandbox.slack import SlashCommand, Workspace
from sandbox.slack.model import Json
from sandbox.tenant import Tenant
from tests.harness.loop import simulated as running_loop

HOST = "127.0.0.1:8080"
SAME_SITE = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
MODAL: Json = {
    "type": "modal",
    "callback_id": "latchkey_deny",
    "title": {"type": "plain_text", "text": "Deny this request"},
    "submit": {"type": "plain_text", "text": "Deny"},
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Why not?"},
            "element": {"type": "plain_text_input", "action_id": "words", "multiline": True},
        },
        {
            "type": "input",
            "block_id": "tell",
            "optional": True,
            "label": {"type": "plain_text", "text": "Tell whom"},
            "element": {
                "type": "checkboxes",
                "action_id": "whom",
                "options": [
                    {"text": {"type": "plain_text", "text": "Cy"}, "value": "cy"},
                    {"text": {"type": "plain_text", "text": "Mia"}, "value": "mia"},
                ],
            },
        },
    ],
}


@dataclass
class Bot:
    """The other end of the wire: records what Slack sends, answers what the test wants."""

    received: list[Json] = field(default_factory=list)
    answer: Json | None = None
    status: int = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.headers["content-type"].startswith("application/json"):
            self.received.append(json.loads(request.content))
        else:
            fields = {key: value[0] for key, value in parse_qs(request.content.decode()).items()}
            self.received.append(json.loads(fields["payload"]) if "payload" in fields else fields)
        if self.answer is None:
            return httpx.Response(self.status)
        return httpx.Response(self.status, json=self.answer)


@dataclass
class Sandbox:
    """Everything a test of the page needs."""

    workspace: Workspace
    tenant: Tenant
    clock: SandboxClock
    bot: Bot
    app: Starlette
    browser: httpx.AsyncClient
    slack: httpx.AsyncClient
    reminder: list[datetime]

    async def see(self, as_: str = "U0ANN", in_: str = "C0GENERAL") -> str:
        """The HTML that this person sees here."""
        answer = await self.browser.get("/", params={"as": as_, "in": in_})
        assert answer.status_code == 200
        return answer.text

    async def do(self, path: str, **form: Any) -> httpx.Response:
        """Act in the browser; `as` and `in` are Ann in #general unless given."""
        data = {"as": form.pop("as_", "U0ANN"), "in": form.pop("in_", "C0GENERAL"), **form}
        return await self.browser.post(path, data=data, headers=SAME_SITE)

    async def api(self, method: str, **arguments: Any) -> Json:
        """A Web API call of the bot."""
        answer = await self.slack.post(f"/api/{method}", json=arguments)
        body: Json = answer.json()
        assert body["ok"], body
        return body


def reader(person: str = "U0ANN", *, zone: str = "Europe/Berlin") -> Reader:
    """Somebody who reads on Friday, January 30th 2026 at noon UTC."""
    return Reader(
        person_id=person,
        zone=ZoneInfo(zone),
        now=datetime(2026, 1, 30, 12, tzinfo=UTC),
        people={"U0ANN": "Ann Abara", "U0BO": "Bo Berg"},
        channels={"C0GENERAL": "general"},
        usergroups={"S0IAM": "iam"},
    )


@pytest.fixture
async def sandbox(simulated: None) -> AsyncIterator[Sandbox]:
    """One sandbox in simulated time, closed after the test."""
    made = new_sandbox(SandboxClock(machine=running_loop().now))
    yield made
    await close(made)


@pytest.fixture
async def threaded_sandbox() -> AsyncIterator[Sandbox]:
    """The same in real time, with the threads that read files."""
    made = new_sandbox(SandboxClock())
    yield made
    await close(made)


async def close(made: Sandbox) -> None:
    """End what still runs in it."""
    await made.browser.aclose()
    await made.slack.aclose()
    await made.workspace.aclose()


def new_sandbox(clock: SandboxClock) -> Sandbox:
    """A sandbox over a seeded workspace and tenant, which nobody serves yet."""
    bot, reminder = Bot(), list[datetime]()
    workspace = Workspace(
        clock=clock, signing_secret="s3cret", bot_token="xoxb-test", app_token="xapp-test"
    )
    workspace.seed()
    workspace.commands = {
        "/request-access": SlashCommand(
            command="/request-access",
            description="Ask for access",
            usage_hint="marketing-campaign",
        )
    }
    workspace.request_url = "http://bot.example/slack/events"
    workspace.transport = httpx.MockTransport(bot)
    tenant = Tenant(clock=clock, delivery=timedelta(seconds=4))
    tenant.seed_tutorial_world()
    app = page(
        workspace,
        tenant,
        clock,
        next_reminder=lambda: reminder[0] if reminder else None,
        about={"version": "1.2.3"},
    )
    return Sandbox(
        workspace=workspace,
        tenant=tenant,
        clock=clock,
        bot=bot,
        app=app,
        browser=httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=f"http://{HOST}"
        ),
        slack=httpx.AsyncClient(
            transport=httpx.ASGITransport(app=workspace.app),
            base_url="http://slack.example",
            headers={"authorization": "Bearer xoxb-test"},
        ),
        reminder=reminder,
    )

"""One running bot for a module's tests, and an HTTP client that posts anything to its endpoint."""

import hashlib
import hmac
import itertools
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from pytest_asyncio.plugin import LoopFactory

from bot import clock
from bot.app import Latchkey
from tests.harness.loop import SimulatedLoop
from tests.harness.plugin import SIMULATED, seed_of
from tests.harness.world import living

FORM = "application/x-www-form-urlencoded"
Json = dict[str, Any]


@pytest.hookimpl(tryfirst=True)
def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, LoopFactory]:
    """One simulated loop for all tests of a module, as they share its world."""
    return {SIMULATED: _loop_of(seed_of(config, item.nodeid.partition("::")[0]))}


@cache
def _loop_of(seed: int) -> LoopFactory:
    return partial(SimulatedLoop, seed)


@dataclass
class Endpoint:
    """Posts to ``/slack/events`` as Slack would, and as Slack never would."""

    bot: Latchkey
    secret: str
    http: httpx.AsyncClient
    team: Json = field(default_factory=lambda: {"id": "T0LATCH", "domain": "contoso"})
    triggers: Iterator[int] = field(default_factory=itertools.count)

    def signed(self, body: bytes, *, at: float | None = None) -> dict[str, str]:
        """Slack's two headers for *body*."""
        timestamp = str(int(clock.real().timestamp() if at is None else at))
        base = b"v0:" + timestamp.encode() + b":" + body
        digest = hmac.new(self.secret.encode(), base, hashlib.sha256).hexdigest()
        return {
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": f"v0={digest}",
            "content-type": FORM,
        }

    async def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await self.http.post("/slack/events", content=body, headers=headers)

    async def command(self, command: str, text: str = "", **fields: str) -> httpx.Response:
        """A slash command, signed; *fields* replace what Ann would send from #general."""
        body = urlencode(self.command_fields(command, text, **fields)).encode()
        return await self.post(body, self.signed(body))

    def command_fields(self, command: str, text: str = "", **fields: str) -> dict[str, str]:
        return {
            "token": "none",
            "team_id": "T0LATCH",
            "team_domain": "contoso",
            "channel_id": "C0GENERAL",
            "channel_name": "general",
            "user_id": "U0ANN",
            "user_name": "ann",
            "command": command,
            "text": text,
            "api_app_id": "A0LATCH",
            "is_enterprise_install": "false",
            "response_url": "http://127.0.0.1:9/respond",
            "trigger_id": f"1.2.{next(self.triggers)}",
            **fields,
        }

    def event(self, event: Json | None, *, event_id: str) -> Json:
        """The envelope of an event."""
        return {
            "type": "event_callback",
            "team_id": "T0LATCH",
            "api_app_id": "A0LATCH",
            "event_id": event_id,
            "event": event,
        }

    async def interact(self, payload: Json) -> httpx.Response:
        """An interaction with exactly this payload, signed."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self.post(body, self.signed(body))

    async def click(
        self, action_id: str, value: str, *, user: str = "U0ANN", team: str | None = "T0LATCH"
    ) -> httpx.Response:
        """
        A click on a button in the approvals channel.

        Args:
            team: The clicker's own workspace.
        """
        return await self.interact(self.click_payload(action_id, value, user=user, team=team))

    def click_payload(
        self, action_id: str, value: str, *, user: str = "U0ANN", team: str | None = "T0LATCH"
    ) -> Json:
        return {
            "type": "block_actions",
            "user": {"id": user, "username": "x", "name": "x", "team_id": team},
            "api_app_id": "A0LATCH",
            "token": "none",
            "container": {
                "type": "message",
                "message_ts": "1.2",
                "channel_id": "C0APPROVALS",
                "is_ephemeral": False,
            },
            "trigger_id": f"1.2.{next(self.triggers)}",
            "team": self.team,
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": "C0APPROVALS", "name": "access-approvals"},
            "state": {"values": {}},
            "response_url": "http://127.0.0.1:9/respond",
            "actions": [
                {
                    "type": "button",
                    "action_id": action_id,
                    "block_id": "b",
                    "text": {"type": "plain_text", "text": "Go"},
                    "value": value,
                    "action_ts": "1.3",
                }
            ],
        }

    async def submit(
        self,
        callback_id: str,
        about: str,
        reason: str | None,
        *,
        user: str = "U0ANN",
        blocks: object = (),
    ) -> httpx.Response:
        """A form of its own that was sent, about *about*, with what stands in its reason field."""
        field = {"type": "plain_text_input", "value": reason}
        view = {
            "id": f"V{next(self.triggers)}",
            "team_id": "T0LATCH",
            "type": "modal",
            "callback_id": callback_id,
            "private_metadata": about,
            "state": {"values": {"reason": {"reason": field}}},
            "hash": "1.2",
            "blocks": blocks,
        }
        return await self.interact(
            {
                "type": "view_submission",
                "team": self.team,
                "user": {"id": user, "team_id": "T0LATCH"},
                "api_app_id": "A0LATCH",
                "trigger_id": f"1.2.{next(self.triggers)}",
                "view": view,
                "response_urls": [],
            }
        )


@pytest.fixture(scope="module")
def database(tmp_path_factory, sqlite_template):
    """An empty, migrated SQLite file."""
    return shutil.copy(sqlite_template, tmp_path_factory.mktemp("world") / "latchkey.db")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(database):
    """Stand-ins and bot on SQLite, for all tests of one module."""
    async with living(database) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endpoint(world):
    """The bot's own endpoint, without a network in between."""
    transport = httpx.ASGITransport(app=world.bot.asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
        yield Endpoint(world.bot, world.slack.signing_secret, http)


@pytest.fixture
def answered():
    """Return what an answer shows, in one string; fails unless it is a 200 with something to say."""

    def read(response: httpx.Response) -> str:
        assert response.status_code == 200, response.text
        is_json = response.headers["content-type"].startswith("application/json")
        shown = json.dumps(response.json(), ensure_ascii=False) if is_json else response.text
        assert "Something broke" not in shown
        return shown

    return read

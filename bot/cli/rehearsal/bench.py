"""The bench of an experiment: Graph and Slack as they are, what was made for it in the tenant, and how to wait."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpx
from slack_sdk.errors import SlackApiError

from bot.cli.rehearsal.errors import NoAnswer
from bot.cli.rehearsal.recorder import Recorder
from bot.cli.rehearsal.redaction import word
from bot.cli.rehearsal.scene import TrialScene
from bot.repeating import Sleep
from bot.slack.api import Slack
from graph import Graph, TokenSource

if TYPE_CHECKING:
    from bot.cli.rehearsal.people import Tester, TestPeople
    from bot.cli.rehearsal.slack_events import SlackEvents

# Of refusals to come later.
PATIENT_TRIES = 6
LONGEST_PAUSE = 60.0
MOST_PAGES = 20


@dataclass(frozen=True)
class GraphAnswer:
    """
    An answer of Graph's, as it is.

    Attributes:
        body: Parsed; empty where there was none.
    """

    status: int
    body: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Tell whether it was done, or taken on."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """Return Graph's word for what went wrong; empty if nothing did."""
        error = self.body.get("error")
        return word(error.get("code")) if isinstance(error, Mapping) else ""

    @property
    def said(self) -> str:
        """Return status and code, for a sentence."""
        return f"{self.status} {self.code}".strip()

    @property
    def items(self) -> list[Mapping[str, Any]]:
        """Return what a list holds."""
        found = self.body.get("value")
        return list(found) if isinstance(found, list) else []


@dataclass
class GraphCalls:
    """
    Calls to Graph v1.0 whose answers are looked at as they are.

    Attributes:
        root: With the version.
    """

    http: httpx.AsyncClient
    tokens: TokenSource
    root: str
    sleep: Sleep

    def named(self, tokens: TokenSource) -> "GraphCalls":
        """Return the same in somebody's own name."""
        return replace(self, tokens=tokens)

    @property
    def in_beta(self) -> "GraphCalls":
        """Return the same in beta."""
        return replace(self, root=f"{self.root.removesuffix('/v1.0')}/beta")

    async def get(self, path: str, **options: str) -> GraphAnswer:
        """Read; options are those of the query, without their "$"."""
        return await self.send(
            "GET", path, params={f"${name}": value for name, value in options.items()}
        )

    async def list(self, path: str, **options: str) -> list[Mapping[str, Any]]:
        """Read a list to its end, or for twenty pages; what cannot be read is not in it."""
        answer = await self.get(path, **options)
        found = answer.items
        for _ in range(MOST_PAGES):
            link = str(answer.body.get("@odata.nextLink") or "")
            if not link.startswith(f"{self.root}/"):
                break
            answer = await self.send("GET", link.removeprefix(self.root))
            found += answer.items
        return found

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> GraphAnswer:
        """
        Make one call; it is made again only after 429, which says that nothing was done.

        Raises:
            NoAnswer: It may have been done, or not.
            AuthError: There is no token for it.
        """
        for _ in range(PATIENT_TRIES):
            token = await self.tokens.token()
            try:
                response = await self.http.request(
                    method,
                    f"{self.root}{path}",
                    json=body,
                    params=dict(params) if params else None,
                    headers={"Authorization": f"Bearer {token}", **(headers or {})},
                )
            except httpx.HTTPError as error:
                raise NoAnswer(type(error).__name__) from None
            if response.status_code != 429:
                break
            wait = response.headers.get("retry-after", "")
            await self.sleep(min(float(wait) if wait.isdigit() else 5.0, LONGEST_PAUSE))
        try:
            parsed = response.json() if response.content else {}
        except ValueError:
            parsed = {}
        return GraphAnswer(
            status=response.status_code,
            body=parsed if isinstance(parsed, dict) else {},
        )


@dataclass(frozen=True)
class SlackAnswer:
    """An answer of Slack; *error* is its word for a refusal, empty if there was none."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]
    error: str = ""


@dataclass
class SlackRaw:
    """Calls to Slack's Web API whose answers are looked at as they are."""

    slack: Slack
    recorder: Recorder
    sleep: Sleep

    async def call(self, method: str, **arguments: Any) -> SlackAnswer:
        """Make one call; it is made again only after a limit, which says that nothing was done."""
        for _ in range(PATIENT_TRIES):
            began = time.monotonic()
            given = {name: each for name, each in arguments.items() if each is not None}
            try:
                answer = await self.slack.client.api_call(method, data=_form(given))
                data = answer.data if isinstance(answer.data, dict) else {}
                found = SlackAnswer(data, dict(answer.headers))
            except SlackApiError as error:
                data = error.response.data
                body = dict(data) if isinstance(data, dict) else {}
                found = SlackAnswer(
                    body, dict(error.response.headers), word(body.get("error")) or "no JSON"
                )
            self.recorder.slack_answered(
                method, given, found.body, seconds=time.monotonic() - began
            )
            if found.error != "ratelimited":
                break
            await self.sleep(min(float(found.headers.get("Retry-After", "5")), LONGEST_PAUSE))
        return found

    async def upload(self, address: str, content: bytes) -> int:
        """Send a file's bytes to its address, which is a secret; returns the status."""
        status, _, _ = await self._post(address, data=content)
        return status

    async def respond(self, url: str, body: Mapping[str, Any]) -> tuple[int, str, str]:
        """Answer at a response_url, which is a secret; returns status, kind of body, and the body."""
        return await self._post(url, json=dict(body))

    async def _post(self, url: str, **more: Any) -> tuple[int, str, str]:
        session: Any = self.slack.client.session
        began = time.monotonic()
        async with session.request("POST", url, allow_redirects=False, **more) as answer:
            status, text = int(answer.status), await answer.text()
            content_type = str(answer.content_type)
        self.recorder.slack_answered(
            "POST",
            more.get("json") or {},
            {"status": status, "type": content_type, "characters": len(text)},
            seconds=time.monotonic() - began,
        )
        return status, content_type, text


def _form(arguments: Mapping[str, Any]) -> dict[str, str]:
    """Return arguments as form fields, which every method takes; many take no JSON."""
    return {
        name: each if isinstance(each, str) else json.dumps(each)
        for name, each in arguments.items()
    }


@dataclass
class Bench:
    """
    All that experiments have.

    Attributes:
        scene: What is made in the tenant; None where nothing may be, for lack of --domain.
        slack: None where the settings name no workspace.
        tester: Who gets the direct messages, by their Slack id; None if nobody was named.
        people: Who signs in; None where nobody does.
        at_hand: Who sits before the rehearsal; None where nobody does.
        auth_context: The id of an authentication context that the tenant has, "c1"; None: none was named.
        events: What is pressed and typed in Slack; None where it is not heard.
        foreign_channel: A channel that the app is not in.
        forbidden: What must not be in the report: grows with what is read.
    """

    graph: Graph
    calls: GraphCalls
    recorder: Recorder
    sleep: Sleep
    scene: TrialScene | None = None
    slack: SlackRaw | None = None
    tester: str | None = None
    people: "TestPeople | None" = None
    at_hand: "Tester | None" = None
    auth_context: str | None = None
    events: "SlackEvents | None" = None
    foreign_channel: str | None = None
    forbidden: set[str] = field(default_factory=set)

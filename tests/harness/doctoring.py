"""`latchkey doctor` for a bot of a test: by the connections that it has."""

from collections.abc import Mapping
from typing import Any

import httpx

from bot.app import Latchkey
from bot.database.connections.server_clock import database_time
from bot.doctor.model import AskOurselves, AskPublic, CheckFinding, CheckSubject
from bot.doctor.table import examine


def subject_of(bot: Latchkey, **other: Any) -> CheckSubject:
    """Return what a doctor beside the bot would look at."""
    given: dict[str, Any] = {
        "settings": bot.settings,
        "figures": bot.figures,
        "package_settings": bot.package_settings,
        "connected_store": bot.store,
        "connected_slack": bot.slack,
        "connected_identity": bot.identity,
        "connected_graph": bot.graph,
        "database_time": database_time,
        "ask_ourselves": asking(bot),
        "ask_public": asking_public(bot),
        "tokens": bot.accounts.tokens,
    }
    return CheckSubject(**(given | other))


def asking(bot: Latchkey) -> AskOurselves:
    """The way to the bot itself."""

    async def ask(method: str, path: str, headers: Any, body: bytes) -> tuple[int, str]:
        transport = httpx.ASGITransport(app=bot.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
            answer = await http.request(method, path, headers=dict(headers), content=body)
        return answer.status_code, answer.text

    return ask


def asking_public(bot: Latchkey) -> AskPublic:
    """The way by which browsers come."""

    async def ask(path: str) -> tuple[int, Mapping[str, str]]:
        transport = httpx.ASGITransport(app=bot.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="https://latchkey") as http:
            answer = await http.get(path)
        return answer.status_code, answer.headers

    return ask


async def doctors_findings(bot: Latchkey, **other: Any) -> list[CheckFinding]:
    """Return what it finds."""
    return await examine(subject_of(bot, **other))

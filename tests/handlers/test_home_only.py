"""Only what comes to our app from our workspace is worked on; all else is acknowledged and does nothing."""

import itertools
import json
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from bot.database.audit_log import audit
from bot.requests.store import request_lists
from tests.harness.world import ANN, APPROVALS, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEAMS = ["T0LATCH", "T0OTHER", "", None]
APPS = ["A0LATCH", "A0OTHER", "", None]
INSTALLS = [False, True]
ELSEWHERE = [
    each
    for each in itertools.product(TEAMS, APPS, INSTALLS)
    if each != ("T0LATCH", "A0LATCH", False)
]


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def ann_sees_the_cards(world):
    """So that she can be answered where she clicks."""
    world.slack.channel(APPROVALS).members.add(ANN)


@dataclass(frozen=True)
class Traces:
    """What the bot has saved and said so far."""

    requests: dict
    audited: int
    whispers: int


async def traces(world):
    return Traces(
        requests=(await world.bot.store.run(request_lists.counts))[0],
        audited=len(await world.bot.store.run(audit.rows)),
        whispers=len(world.whispers(ANN, APPROVALS)),
    )


def without_none(fields):
    return {name: value for name, value in fields.items() if value is not None}


@pytest.mark.parametrize(("team", "app", "is_for_organization"), ELSEWHERE)
async def test_a_command_from_elsewhere_does_nothing(
    world, endpoint, team, app, is_for_organization
):
    """Another workspace, another app or a whole organization: a sentence, and no row."""
    before = await traces(world)
    fields = without_none({"team_id": team, "api_app_id": app})
    install = str(is_for_organization).lower()
    sent = endpoint.command_fields("/request-access", "marketing-campaign")
    del sent["team_id"], sent["api_app_id"]
    body = urlencode({**sent, **fields, "is_enterprise_install": install}).encode()

    shown = await endpoint.post(body, endpoint.signed(body))

    assert shown.status_code == 200
    assert "set up with the secrets" in shown.text or "Only members of" in shown.text
    assert await traces(world) == before


@pytest.mark.parametrize(("team", "app", "is_for_organization"), ELSEWHERE)
async def test_a_click_from_elsewhere_does_nothing(world, endpoint, team, app, is_for_organization):
    """Acknowledged, so that Slack does not call it an error, and forgotten."""
    before = await traces(world)
    payload = endpoint.click_payload("latchkey_cancel", "0" * 32)
    payload |= {
        "team": None if team is None else {"id": team},
        "api_app_id": app,
        "is_enterprise_install": is_for_organization,
    }

    assert (await endpoint.interact(payload)).status_code == 200
    # Whoever is told later is told in turn: the answer to the next click comes after theirs.
    await endpoint.click("latchkey_cancel", "0" * 32)
    await eventually(lambda: len(world.whispers(ANN, APPROVALS)) > before.whispers)

    assert await traces(world) == replace(before, whispers=before.whispers + 1)


@pytest.mark.parametrize(("team", "app"), [each[:2] for each in ELSEWHERE if not each[2]])
async def test_an_event_from_elsewhere_does_nothing(world, endpoint, team, app):
    """No Home is published for it."""
    event = {"type": "app_home_opened", "tab": "home", "user": ANN}
    ids = {"team_id": team, "api_app_id": app}
    body = json.dumps(endpoint.event(event, event_id=f"Ev-{team}-{app}") | ids).encode()

    answer = await endpoint.post(body, endpoint.signed(body) | {"content-type": "application/json"})

    assert answer.status_code == 200
    assert world.home(ANN) is None


async def test_the_same_payloads_from_our_workspace_work(world, endpoint):
    """The same deeds with our own ids, so that the tests above mean something."""
    await endpoint.click("latchkey_cancel", "0" * 32)
    await world.whispered(ANN, APPROVALS, "I do not know that request any more")
    answer = await endpoint.command("/request-access", "marketing-campaign")
    assert "whether you may have *Marketing Campaign*" in answer.text

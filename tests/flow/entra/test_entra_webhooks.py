"""What other programs are told of requests that Entra decides: those made at My Access, and what is decided there."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.webhooks.schema import schema
from sandbox.tenant import lifecycle, seed
from sandbox.tenant.model import Request
from tests.flow.entra.test_entra_decides import ASK, FILE, decide_in_portal
from tests.flow.entra.test_entra_edges import policy_of
from tests.flow.entra.test_made_in_entra import A_LOOK, ask_there
from tests.harness.accounts import SETTINGS as ACCOUNTS
from tests.harness.accounts import connect, registered
from tests.harness.receiver import SETTINGS, Receiver
from tests.harness.simulation import simulation
from tests.harness.world import ANN, BO, CY, World, begun, eventually

SCHEMA = json.loads(schema())


@dataclass(frozen=True)
class Told:
    """A world in which Entra decides, and who is told of it."""

    world: World
    receiver: Receiver

    async def events(self, last: str) -> list[dict[str, Any]]:
        """What was told of requests, once it has come to the last."""
        await eventually(lambda: last in self.receiver.kinds(), about=last)
        return self.receiver.events("request.")


@pytest.fixture(params=["v1.0", "beta"])
async def told(
    request: pytest.FixtureRequest, database: Path, tmp_path: Path
) -> AsyncIterator[Told]:
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE, "utf-8")
    async with simulation(database) as around:
        registered(around.outside)
        around.outside.tenant.world.delivery = timedelta(0)
        more = {
            **SETTINGS,
            **ACCOUNTS,
            "LATCHKEY_PACKAGE_SETTINGS": str(file),
            "GRAPH_API_VERSION": request.param,
        }
        world = await begun(around, **more)
        await connect(world, ANN)
        yield Told(world, around.receiver)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [each["type"] for each in events]


def about(events: list[dict[str, Any]], name: str) -> list[Any]:
    """A member of the request that each event is about."""
    return [each["data"]["request"].get(name) for each in events]


async def seen(told: Told) -> Request:
    """Ann has asked at My Access, and Bo has a card."""
    there = ask_there(told.world, seed.ANN)
    await told.world.later(A_LOOK)
    await told.world.card(BO)
    # Who connects now, does so with what deciding takes.
    await connect(told.world, BO)
    return there


async def test_a_request_made_there_is_told_from_its_beginning_to_its_end(told):
    """Each event says that it was made in Entra, and by which id it is found there."""
    there = await seen(told)
    await told.world.press(BO, await told.world.card(BO), "Approve")
    events = await told.events("request.delivered")
    assert kinds(events) == ["request.created", "request.submitted", "request.delivered"]
    assert about(events, "made_in") == ["entra"] * 3
    assert about(events, "graph_request_id") == [there.id] * 3
    assert [(each["data"].get("before"), each["data"].get("after")) for each in events] == [
        (None, "pending"),
        ("pending", "submitted"),
        ("submitted", "delivered"),
    ]
    assert [each["data"]["person"]["entra_id"] for each in events] == [seed.ANN] * 3
    [decided] = told.receiver.events("decision.")
    assert decided["data"]["request"]["made_in"] == "entra"
    for each in (*events, decided):
        jsonschema.validate(each, SCHEMA)


@pytest.mark.parametrize("approve", [True, False])
async def test_who_has_decided_there_is_told(approve, told):
    """With the move that it has made; nothing that they have written."""
    await seen(told)
    decide_in_portal(told.world, seed.BO, approve=approve, justification="Secret thoughts")
    await told.world.later(A_LOOK)
    events = await told.events("request.delivered" if approve else "request.denied")
    moved = events[1]
    assert moved["type"] == ("request.submitted" if approve else "request.denied")
    said = "approved" if approve else "denied"
    assert moved["data"]["decided_in_entra"] == [
        {"stage": 1, "decision": said, "entra_id": seed.BO}
    ]
    assert "Secret thoughts" not in json.dumps(events)
    jsonschema.validate(moved, SCHEMA)


async def test_each_stage_that_is_decided_there_is_told(told):
    """The first in the portal, the second by a button: of that one the event of the decision tells."""
    [one] = policy_of(told.world).approval["stages"]
    cy = {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.CY}
    policy_of(told.world).approval["stages"] = [one, {**one, "primaryApprovers": [cy]}]
    await seen(told)
    decide_in_portal(told.world, seed.BO)
    await told.world.later(A_LOOK)
    await told.world.card(CY)
    await connect(told.world, CY)
    await told.world.press(CY, await told.world.card(CY), "Approve")
    events = await told.events("request.delivered")
    assert kinds(events)[:2] == ["request.created", "request.pending"]
    assert [each["stage"] for each in events[1]["data"]["decided_in_entra"]] == [1]
    assert [each["data"]["actor"]["entra_id"] for each in told.receiver.events("decision.")] == [
        seed.CY
    ]


async def test_what_is_canceled_there_is_told(told):
    """An end like any other."""
    lifecycle.cancel(told.world.tenant.world, await seen(told))
    events = await told.events("request.canceled")
    assert about(events, "made_in") == ["entra", "entra"]


async def test_what_was_asked_for_in_slack_was_not_made_there(told):
    """Although it is decided there, and has an id there."""
    await told.world.type(ANN, ASK)
    await told.world.card(BO)
    await connect(told.world, BO)
    await told.world.press(BO, await told.world.card(BO), "Approve")
    events = await told.events("request.delivered")
    assert about(events, "made_in") == [None] * len(events)
    assert not [each for each in events if "decided_in_entra" in each["data"]]

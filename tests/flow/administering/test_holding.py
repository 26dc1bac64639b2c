"""A request that never gets through, from the command to an admin's press, on both databases."""

from datetime import timedelta

import pytest
from click.testing import CliRunner

from bot.cli.operations.requests import requests_
from bot.database import Transaction
from bot.database.tables import requests
from bot.people.model import Verb
from bot.requests.store import holds
from sandbox.slack import Message
from tests.harness.camera import life
from tests.harness.owed import waits_pass
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, CY, DANA, World, eventually, labels, said

POST = "^POST .*assignmentRequests$"


@pytest.fixture
async def world(simulated, database_url):
    """A tenant that answers every grant with a 503, and is well otherwise."""
    async with simulation(database_url) as around:
        outside = around.outside
        outside.tenant.world.delivery = timedelta(0)
        async with life(around) as made:
            await made.synced()
            outside.tenant.faults.set("unavailable", only=POST)
            yield made


def cards(world: World) -> list[Message]:
    """Return what the admins are told of held requests."""
    return [
        each
        for each in world.slack.channel(APPROVALS).messages
        if "failed too often in a row" in each.text
    ]


async def card(world: World) -> Message:
    """The card of a request that has been tried as often as it will be; its pauses do not count."""

    async def shown() -> Message | None:
        await world.bot.store.run(_settled)
        world.bot.jobs.wake()
        found = cards(world)
        return found[-1] if found and labels(found[-1]) else None

    found: Message = await eventually(shown, about="a card for what is held")
    return found


def _settled(db: Transaction) -> None:
    waits_pass(db)
    db.execute(requests.update().values(settles_at=None))


async def test_an_admin_has_it_tried_again(world):
    """One card; after the press it goes on, is delivered, and the card says who saw to it."""
    await world.type(ANN, "/request-access marketing-campaign")
    shown = await card(world)
    world.tenant.faults.clear()

    await world.press(DANA, shown, "Retry")

    await world.told(ANN, "You now have access")
    (only,) = cards(world)
    await eventually(lambda: f"Tried again by <@{DANA}>" in said(cards(world)[0]))
    assert labels(only) == []
    assert len(world.tenant.world.requests) == 1


async def test_an_admin_gives_it_up(world):
    """Its holder is told, and nothing is in Entra."""
    await world.type(ANN, "/request-access marketing-campaign")
    await card(world)
    listed = await world.type(DANA, "/access-admin stuck")
    assert "1 request is stuck" in said(listed.message)
    assert said((await world.type(DANA, "/access-admin stuck")).message) == said(listed.message)

    await world.press(DANA, cards(world)[0], "Give up")

    await world.told(ANN, "gave it up. You can ask again")
    await eventually(lambda: f"Given up by <@{DANA}>" in said(cards(world)[0]))
    assert not world.tenant.world.requests


def at_the_command_line(world, monkeypatch, *words):
    for name, value in world.outside.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LATCHKEY_OPERATOR", "olga of the identity team at Contoso")
    return CliRunner().invoke(requests_, list(words))


async def test_an_operator_has_it_tried_again(world, monkeypatch):
    """From the command line; the running bot does it, and the card says who it was."""
    await world.type(ANN, "/request-access marketing-campaign")
    await card(world)
    ((_, request),) = await world.bot.store.run(holds.open_ones)
    stuck = at_the_command_line(world, monkeypatch, "stuck")
    assert (stuck.exit_code, request.id in stuck.output) == (1, True)
    world.tenant.faults.clear()

    done = at_the_command_line(world, monkeypatch, "retry", request.id, "--because", "Entra is up")
    assert done.exit_code == 0, done.output

    await world.told(ANN, "You now have access")
    await eventually(lambda: "Tried again by cli:olga" in said(cards(world)[0]))
    assert len(world.tenant.world.requests) == 1
    assert ("cli-retry", "Entra is up") in [(verb, why) for _, verb, why in await world.deeds()]
    again = at_the_command_line(world, monkeypatch, "retry", request.id, "--because", "again")
    assert again.exit_code == 1
    assert "It is over: delivered." in again.output


async def test_an_operator_ends_it_as_failed(world, monkeypatch):
    """Once Entra was searched; the holder is told."""
    await world.type(ANN, "/request-access marketing-campaign")
    await card(world)
    ((_, request),) = await world.bot.store.run(holds.open_ones)

    words = ("fail", request.id, "--because", "asked for by mistake", "--yes")
    done = at_the_command_line(world, monkeypatch, *words)
    assert done.exit_code == 0, done.output

    await world.told(ANN, "gave it up. You can ask again")
    await eventually(lambda: "Given up by cli:olga" in said(cards(world)[0]))
    assert not world.tenant.world.requests
    assert at_the_command_line(world, monkeypatch, "stuck").exit_code == 0
    assert at_the_command_line(world, monkeypatch, "show", request.id).exit_code == 0


async def test_nobody_else_can(world):
    """Neither by the card nor by the list."""
    world.slack.channel(APPROVALS).members |= {CY}
    await world.type(ANN, "/request-access marketing-campaign")
    shown = await card(world)

    for label in ("Retry", "Give up"):
        await world.press(CY, shown, label)
    await world.whispered(CY, APPROVALS, "Only Latchkey's admins")

    ((hold, request),) = await world.bot.store.run(holds.open_ones)
    assert (hold.verb, request.give_up_by) == (None, None)
    refused = [deed for deed in await world.deeds() if deed[:2] == (CY, "refused")]
    assert len(refused) == len((Verb.RETRY, Verb.GIVE_UP))

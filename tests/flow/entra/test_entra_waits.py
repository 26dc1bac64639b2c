"""What Entra decides is never lost and never silent: gone from Graph, no account, and a setting that changes on the way."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from sandbox.tenant import seed
from tests.flow.access.test_leaver import as_leaver
from tests.flow.administering.test_console import shows
from tests.flow.administering.test_holding import cards as held_cards
from tests.flow.deciding.test_hidden_approvers import HIDDEN, SHOWN, policies_say
from tests.flow.entra.test_entra_decides import (
    ASK,
    FILE,
    asked,
    in_entra,
    nothing_granted_by_the_app,
)
from tests.harness.accounts import (
    SETTINGS,
    approve,
    connect,
    email_of,
    registered,
    sign_in_by,
)
from tests.harness.simulation import simulation
from tests.harness.world import ANN, BO, DANA, begun, eventually, labels, said


@pytest.fixture(params=["v1.0", "beta"])
async def started(request, database, tmp_path):
    """Starts a bot with a file of package settings, in the place of the one before."""

    async with simulation(database) as around:
        registered(around.outside)

        async def start(text=FILE, *, before=None, **more):
            for bot in around.bots:
                await bot.stop()
            if before is not None:
                before()
            file = tmp_path / "latchkey.yml"
            file.write_text(text, "utf-8")
            settings: dict[str, Any] = {**SETTINGS, "GRAPH_API_VERSION": request.param, **more}
            return await begun(around, LATCHKEY_PACKAGE_SETTINGS=str(file), **settings)

        yield start


@pytest.fixture
async def world(started):
    return await started()


async def held(world):
    """The card of what is stuck, with its buttons."""
    return await eventually(
        lambda: next((each for each in held_cards(world) if "Give up" in labels(each)), None),
        seconds=20_000,
        about="the card of what is stuck",
    )


async def test_what_entra_does_not_show_any_more_is_held(world):
    """After some looks the admins hear of it, and one of them ends it."""
    await asked(world)
    world.tenant.world.requests.pop(in_entra(world, "pendingApproval").id)
    shown = await held(world)
    assert "does not show it any more" in said(shown)
    assert (await world.states())[-1] == "add pending"
    await world.press(DANA, shown, "Give up")
    await world.told(ANN, "does not show it any more, and .* gave it up")
    assert (await world.states())[-1] == "add failed"
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")


async def test_what_is_stuck_in_entra_is_not_canceled_there(world):
    """Nobody could say what comes of it, and each press would bring the admins another card."""
    await asked(world)
    world.tenant.world.requests.pop(in_entra(world, "pendingApproval").id)
    await held(world)
    shown = (await world.type(ANN, "/my-access")).message
    assert "stuck; the admins have been told" in said(shown)
    assert "Cancel" not in labels(shown)


async def test_what_is_shown_again_is_not_given_up(world):
    """An admin gives up what is there after all: it goes on."""
    await asked(world)
    there = world.tenant.world.requests.pop(in_entra(world, "pendingApproval").id)
    shown = await held(world)
    world.tenant.world.requests[there.id] = there
    await world.press(DANA, shown, "Give up")
    await world.later(timedelta(minutes=2))
    assert (await world.states())[-1] == "add pending"
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")


async def test_a_graph_that_does_not_answer_holds_nothing(world):
    """That passes for all of them, and no admin could do anything about it."""
    await asked(world)
    world.tenant.faults.set("unavailable", count=10_000, only="^GET .*ssignmentRequests/")
    await world.later(timedelta(hours=3))
    world.tenant.faults.clear()
    assert not held_cards(world)
    assert (await world.states())[-1] == "add pending"


async def test_an_account_that_is_never_connected(world):
    """Asked for, once more after a day, and over when its first stage would be; nothing was sent."""
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    await world.later(timedelta(days=1, minutes=15))
    again = await world.told(ANN, "still waits until you connect")
    assert "Connect" in " ".join(labels(again))
    await world.later(timedelta(days=5))
    await world.told(ANN, "still waits until you connect")
    assert (await world.states())[-1] == "add approved"
    await world.later(timedelta(days=14))
    await world.told(ANN, "has expired.*was not connected in time")
    assert (await world.states())[-1] == "add lapsed"
    assert not world.posts()


async def test_an_admin_reads_whose_account_is_waited_for(world):
    """Not theirs; and nobody's approval."""
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    await as_leaver(world)
    await shows(world, "It is waiting until they connect their Microsoft account.")


LATCHKEY = FILE.replace("entra", "latchkey")


async def test_what_latchkey_approved_is_asked_for_in_entra(started):
    """The setting changed before the grant: what was approved in Slack is asked for anew, in their own name."""
    world = await started(LATCHKEY)
    await world.type(ANN, ASK)
    card = await world.card(BO)
    world.tenant.faults.set("unavailable", count=1_000, only="^POST .*ssignmentRequests$")
    await world.press(BO, card, "Approve")
    await eventually(lambda: world.posts("adminAdd"), about="the app has tried it")
    world = await started(before=world.tenant.faults.clear)
    await connect(world, ANN)
    await world.card(BO)
    assert in_entra(world, "pendingApproval").requestor_id == seed.ANN
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    assert in_entra(world, "delivered").stages[0].reviewed_by == seed.BO


async def test_what_waits_in_slack_is_decided_there_and_asked_for_in_entra(started):
    """Latchkey's approvers have a card still: their decision lets it go on, and grants nothing."""
    world = await started(LATCHKEY)
    await world.type(ANN, ASK)
    await world.card(BO)
    world = await started()
    await connect(world, ANN)
    await world.press(BO, await world.card(BO), "Approve")
    await eventually(lambda: world.tenant.world.requests, about="it is asked for")
    assert nothing_granted_by_the_app(world)
    await world.card(BO)
    assert in_entra(world, "pendingApproval").requestor_id == seed.ANN


async def test_what_waits_for_an_account_is_decided_in_slack(started):
    """The setting changed before it was sent: Latchkey's approvers are asked, and the app grants."""
    world = await started()
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    world = await started(LATCHKEY)
    await world.later(timedelta(minutes=11))
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    assert not world.posts("userAdd")
    assert len(world.posts("adminAdd")) == 1


async def test_what_is_in_entra_is_followed_to_its_end(started):
    """The setting changed after it was sent: Entra decides it as before, and it is given once."""
    world = await started()
    await asked(world)
    world = await started(LATCHKEY)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    assert nothing_granted_by_the_app(world)
    assert in_entra(world, "delivered").stages[0].reviewed_by == seed.BO


async def test_a_key_that_is_lost_loses_no_request(started):
    """Nobody's token can be opened any more: they connect once more, and it goes on."""
    world = await started()
    await connect(world, ANN)
    other = base64.b64encode(b"another key of thirty-two bytes!").decode()
    world = await started(LATCHKEY_TOKEN_KEY=other)
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    assert not world.posts("userAdd")
    await connect(world, ANN)
    await world.card(BO)
    assert in_entra(world, "pendingApproval").requestor_id == seed.ANN


async def test_what_was_agreed_when_it_was_asked_is_kept_where_entra_decides_by_now(started):
    """The approver still signs in, and stays hidden from whoever asked, although file and policy want neither any more."""
    world = await started(LATCHKEY.replace("latchkey", "latchkey, approval: fresh sign-in"))
    policies_say(HIDDEN)(world.outside)
    await world.synced()
    for person in (ANN, BO):
        await connect(world, person)
    await world.type(ANN, ASK)
    await world.card(BO)
    policies_say(SHOWN)(world.outside)
    world = await started()
    await sign_in_by(world, await approve(world, BO), email_of(BO, world))
    await eventually(lambda: world.tenant.world.requests, about="it is asked for in Entra")
    card = said(await world.card(BO))
    assert "takes a fresh sign-in" in card
    assert "or who may decide it, has changed" in card
    shown = (await world.type(ANN, "/my-access")).message
    assert "waiting for approval" in said(shown)

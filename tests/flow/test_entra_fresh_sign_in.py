"""Approvals that a fresh sign-in proves, for a package that Entra decides: both hold, one after the other."""

from datetime import timedelta

import pytest

from bot.database import audit
from sandbox.tenant import seed
from tests.flow.test_entra_decides import asked, deciding, in_entra
from tests.harness.accounts import approve, connect, email_of, sign_in_by
from tests.harness.world import ANN, BO, CY, World, said

FILE = "packages:\n  Finance Reports: {decides: entra, approval: fresh sign-in, auth_context: c1}\n"


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, text=FILE, GRAPH_API_VERSION=request.param) as made:
        yield made


async def still_waits(world: World) -> None:
    """However long one waits: nobody has decided anything in Entra."""
    await world.later(timedelta(minutes=1))
    assert not any(stage.reviewed_by for stage in in_entra(world, "pendingApproval").stages)
    assert (await world.states())[-1] == "add pending"


async def test_a_sign_in_proves_what_goes_to_entra_in_their_name(world):
    """The audit log has the proof, and Entra has the approver."""
    await asked(world)
    await connect(world, BO)
    assert "takes a fresh sign-in" in said(await world.card(BO))
    page = await sign_in_by(world, await approve(world, BO), email_of(BO, world))
    assert page.heading == "Your approval is saved", page.shown
    await world.told(ANN, "You now have access")
    assert [stage.reviewed_by for stage in in_entra(world, "delivered").stages] == [seed.BO]
    rows = await world.bot.store.run(audit.rows)
    [accepted] = [row for row in rows if row["verb"] == "approve-accepted"]
    assert accepted["details"]["sign_in"]


async def test_a_press_alone_sends_nothing_to_entra(world):
    """Although the approver's account is connected: whoever has their Slack session has no more than that."""
    await asked(world)
    await connect(world, BO)
    await approve(world, BO)
    await still_waits(world)


async def test_a_thief_of_the_slack_session_sends_nothing_to_entra(world):
    """Who signs in as themselves approves in nobody's name."""
    await asked(world)
    await connect(world, BO)
    page = await sign_in_by(world, await approve(world, BO), email_of(CY, world))
    assert "not the one of your Slack account" in page.shown
    await still_waits(world)


async def test_whoever_has_not_connected_is_told_so(world):
    """A sign-in for one approval is no connected account: nothing is sent, and they may do it again."""
    await asked(world)
    await sign_in_by(world, await approve(world, BO), email_of(BO, world))
    await world.whispered(
        BO, (await world.card(BO)).channel, "Please connect your Microsoft account"
    )
    await still_waits(world)
    await connect(world, BO)
    page = await sign_in_by(world, await approve(world, BO), email_of(BO, world))
    assert page.heading == "Your approval is saved", page.shown
    await world.told(ANN, "You now have access")


async def test_to_deny_takes_no_sign_in(world):
    """As where Latchkey decides."""
    await asked(world)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Deny")
    await world.give_reason(BO, "Not this quarter")
    await world.told(ANN, "Not this quarter")
    assert in_entra(world, "denied")

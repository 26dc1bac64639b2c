"""Approvals that a fresh sign-in proves, for a package that Entra decides: both hold, one after the other."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from bot.database.audit_log import audit
from sandbox.tenant import seed
from tests.flow.entra.test_entra_decides import FILE as ENTRA_ALONE
from tests.flow.entra.test_entra_decides import asked, deciding, in_entra
from tests.harness.accounts import SETTINGS, approve, connect, email_of, registered, sign_in_by
from tests.harness.simulation import simulation
from tests.harness.world import ANN, BO, CY, World, begun, eventually, said

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


LATER: Final = [
    "packages:\n  Finance Reports: {decides: entra, approval: fresh sign-in}\n",
    "defaults: {approval: fresh sign-in, auth_context: c1}\npackages:\n  Finance Reports: {decides: entra}\n",
    # What is in Entra already is decided there, whoever decides what comes next.
    "packages:\n  Finance Reports: {approval: fresh sign-in}\n",
]


@asynccontextmanager
async def asked_before(
    database: Path | str,
    tmp_path: Path,
    after: str,
    before: str = ENTRA_ALONE,
    meanwhile: Callable[[World], None] | None = None,
    later: Mapping[str, Any] | None = None,
    **more: Any,
) -> AsyncIterator[World]:
    """Ann has asked, and Bo is connected; then the bot is started anew with other package settings, or others *later*."""
    file = tmp_path / "latchkey.yml"
    file.write_text(before, "utf-8")
    settings = {**SETTINGS, "LATCHKEY_PACKAGE_SETTINGS": str(file), **more}
    async with simulation(database) as around:
        registered(around.outside)
        around.outside.tenant.world.delivery = timedelta(0)
        world = await begun(around, **settings)
        await asked(world)
        await connect(world, BO)
        await around.bots[0].stop()
        if meanwhile is not None:
            meanwhile(world)
        file.write_text(after, "utf-8")
        yield await begun(around, **settings, **(later or {}))


@pytest.mark.parametrize("version", ["v1.0", "beta"])
@pytest.mark.parametrize("after", LATER)
async def test_what_is_switched_on_later_reaches_what_waits_in_entra(
    after, version, database, tmp_path
):
    """The card says so within a look, and the press opens the sign-in."""
    async with asked_before(database, tmp_path, after, GRAPH_API_VERSION=version) as world:
        await eventually(
            lambda: "takes a fresh sign-in" in said(world.cards(BO)[-1]), about="the card"
        )
        page = await sign_in_by(world, await approve(world, BO), email_of(BO, world))
        assert page.heading == "Your approval is saved", page.shown
        await world.told(ANN, "You now have access")
        rows = await world.bot.store.run(audit.rows)
        [required] = [row for row in rows if row["verb"] == "require-sign-in"]
        [accepted] = [row for row in rows if row["verb"] == "approve-accepted"]
        assert accepted["details"]["sign_in"]
        [moved] = [row for row in rows if row["verb"] == "move" and row["before"] == "pending"]
        assert moved["details"]["terms_hash"] == required["details"]["terms_hash"]


async def test_a_press_on_the_card_of_before_sends_nothing_to_entra(database, tmp_path):
    """Although nobody has looked at the request since: its terms are looked at before the press counts."""

    def show_no_request(world: World) -> None:
        world.tenant.faults.set("unavailable", rate=1, only="^GET .*[rR]equests/[^/]+$")

    async with asked_before(database, tmp_path, LATER[0], meanwhile=show_no_request) as world:
        card = await world.card(BO)
        assert "fresh sign-in" not in said(card)
        await world.press(BO, card, "Approve")
        await world.whispered(BO, card.channel, "takes a fresh sign-in to Microsoft")
        world.tenant.faults.clear()
        await still_waits(world)
        page = await sign_in_by(world, await approve(world, BO), email_of(BO, world))
        assert page.heading == "Your approval is saved", page.shown
        await world.told(ANN, "You now have access")


async def test_what_is_switched_off_later_stays_for_what_waits(database, tmp_path):
    """What was required when it was asked for is never lowered."""
    async with asked_before(database, tmp_path, ENTRA_ALONE, before=FILE) as world:
        await world.later(timedelta(minutes=1))
        assert "takes a fresh sign-in" in said(await world.card(BO))
        await approve(world, BO)
        await still_waits(world)
        rows = await world.bot.store.run(audit.rows)
        assert not [row for row in rows if row["verb"] == "require-sign-in"]

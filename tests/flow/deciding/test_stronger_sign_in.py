"""What the package settings ask of an approval changes between its proof and its use: the rule of the use counts, or a stricter one before."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from bot.database import flags
from bot.database.tables import decisions as rows_of_decisions
from sandbox.tenant import seed
from tests.flow.entra.test_entra_decides import asked as asked_in_entra
from tests.flow.entra.test_entra_decides import in_entra
from tests.harness.accounts import SETTINGS, approve, connect, email_of, registered, sign_in_by
from tests.harness.simulation import Simulation, simulation
from tests.harness.world import ANN, BO, World, begun, buttons, eventually, said

PRESS: Final = "none"
PLAIN: Final = "fresh sign-in"
C1, C2 = "fresh sign-in, auth_context: c1", "fresh sign-in, auth_context: c2"
# What holds when it is approved, then; and whether the approval still counts.
CHANGES: Final = [
    (PRESS, PRESS, True),
    (PRESS, PLAIN, False),
    (PRESS, C1, False),
    (PLAIN, PRESS, True),
    (PLAIN, PLAIN, True),
    (PLAIN, C1, False),
    (C1, PRESS, True),
    (C1, PLAIN, True),
    (C1, C1, True),
    (C1, C2, False),
    (C2, C1, False),
]


def write(file: Path, rule: str, decides: str) -> None:
    file.write_text(
        f"packages:\n  Finance Reports: {{decides: {decides}, approval: {rule}}}\n", "utf-8"
    )


async def start(around: Simulation, file: Path) -> World:
    settings: dict[str, Any] = {**SETTINGS, "LATCHKEY_PACKAGE_SETTINGS": str(file)}
    world = await begun(around, **settings)
    world.tenant.login.steps.contexts["c2"] = False
    return world


async def approved(world: World, rule: str) -> None:
    """Bo approves, as the rule asks; and it is saved."""
    if rule == PRESS:
        await world.press(BO, await world.card(BO), "Approve")
    else:
        page = await sign_in_by(world, await approve(world, BO), email_of(BO, world))
        assert page.heading == "Your approval is saved", page.shown


def in_entra_open(world: World) -> bool:
    return not any(stage.reviewed_by for stage in in_entra(world, "pendingApproval").stages)


@pytest.mark.parametrize("decides", ["latchkey", "entra"])
@pytest.mark.parametrize(("before", "after", "counts"), CHANGES)
async def test_the_rule_of_the_use_counts_and_is_never_lowered(
    before, after, counts, decides, database, tmp_path
):
    """While granting is paused an approval is saved, and used under the rules that stand when it goes on."""
    file = tmp_path / "latchkey.yml"
    write(file, before, decides)
    async with simulation(database) as around:
        registered(around.outside)
        around.outside.tenant.world.delivery = timedelta(0)
        world = await start(around, file)
        if decides == "entra":
            await asked_in_entra(world)
            await connect(world, BO)
        else:
            await world.type(ANN, "/request-access finance-reports because Q4")
            await world.card(BO)
        await world.bot.store.run(flags.pause, why="a test")
        await approved(world, before)
        await eventually(lambda: _is_saved(world), about="it is saved")
        await around.bots[0].stop()
        write(file, after, decides)
        world = await start(around, file)
        await world.bot.store.run(flags.resume)
        world.bot.jobs.wake()
        if not counts:
            await _asked_again(world, before, decides)
            await world.later(timedelta(minutes=1))
            assert (await world.states())[-1] == "add pending"
            assert decides == "latchkey" or in_entra_open(world)
            assert not [each for each in world.posts("adminAdd") if seed.ANN in str(each.body)]
            await approved(world, after)
        await world.told(ANN, "You now have access")


async def _is_saved(world: World) -> bool:
    rows = await world.bot.store.read(
        lambda db: db.execute(rows_of_decisions.select()).mappings().all()
    )
    return any(row["due_at"] is not None or row["outcome"] == "accepted" for row in rows)


async def _asked_again(world: World, before: str, decides: str) -> None:
    """Where Entra decides, whoever has approved is told what it takes now; else it is asked anew, in a new round."""
    if decides == "entra":
        why = (
            "takes a fresh sign-in to Microsoft as yourself"
            if before == PRESS
            else "takes a stronger sign-in to Microsoft than yours was"
        )
        await eventually(lambda: _is_told(world, why), about=why)
    await eventually(lambda: "takes a fresh sign-in" in said(world.cards(BO)[-1]), about="the card")


def _is_told(world: World, why: str) -> bool:
    whispers = [each for card in world.cards(BO) for each in world.whispers(BO, card.channel)]
    return any(why in each for each in [*whispers, *map(said, world.direct(BO))])


async def test_a_proof_of_before_it_was_kept_what_it_showed_counts_for_no_context(
    database, tmp_path
):
    """Of a proof that nothing more is known of, nothing more is believed."""
    file = tmp_path / "latchkey.yml"
    write(file, C1, "latchkey")
    async with simulation(database) as around:
        registered(around.outside)
        around.outside.tenant.world.delivery = timedelta(0)
        world = await start(around, file)
        await world.type(ANN, "/request-access finance-reports because Q4")
        await world.card(BO)
        before = asked_of_bo(world)
        await world.bot.store.run(flags.pause, why="a test")
        await approved(world, C1)
        await eventually(lambda: _is_saved(world), about="it is saved")
        forgotten = rows_of_decisions.update().values(proven_contexts=None)
        await world.bot.store.run(lambda db: db.execute(forgotten) and None)
        await world.bot.store.run(flags.resume)
        world.bot.jobs.wake()
        await eventually(lambda: _is_asked_anew(world, before), about="asked anew")
        await approved(world, C1)
        await world.told(ANN, "You now have access")


def asked_of_bo(world: World) -> str:
    """What the Approve button of his newest card is about; "" without one."""
    shown = world.cards(BO)[-1]
    return next((each["value"] for each in buttons(shown) if each["text"]["text"] == "Approve"), "")


async def _is_asked_anew(world: World, before: str) -> bool:
    """By a new card, if it had been accepted before it was forgotten; else it is refused, and the card stays open."""
    now = asked_of_bo(world)
    is_refused = "approve-refused" in [verb for _, verb, _ in await world.deeds()]
    return now not in ("", before) or (is_refused and now == before)

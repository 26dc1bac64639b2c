"""A package that is renamed in Entra keeps what the package settings say of it, and the admins hear of it at once."""

from pathlib import Path
from typing import Any

import pytest

from bot.packages.store import settings_bindings
from sandbox.tenant import seed
from tests.harness.accounts import SETTINGS, registered
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, BO, World, begun, eventually, living, said

FILE = "packages:\n  Finance Reports: {approval: fresh sign-in}\n"
NEW = "Quarterly Reports"
RENAMED = "do not agree any more"


def write(tmp_path: Path, text: str) -> str:
    file = tmp_path / "latchkey.yml"
    file.write_text(text, "utf-8")
    return str(file)


def rename(world: World, name: str = NEW, package: str = seed.FINANCE_REPORTS) -> None:
    world.tenant.world.packages[package].display_name = name


def notes(world: World, words: str) -> list[str]:
    """What stands in the admins' channel with these words."""
    messages = [each for each in world.slack.channels[APPROVALS].messages if not each.deleted]
    return [text for each in messages if words in (text := said(each))]


async def note(world: World, words: str) -> str:
    found: list[str] = await eventually(lambda: notes(world, words), about=words)
    assert len(found) == 1
    return found[0]


async def is_closed(world: World, words: str) -> None:
    await eventually(lambda: "agree again" in notes(world, words)[-1], about=words)


@pytest.fixture
async def world(database, tmp_path):
    settings: dict[str, Any] = {**SETTINGS, "LATCHKEY_PACKAGE_SETTINGS": write(tmp_path, FILE)}
    async with living(database, prepare=registered, **settings) as made:
        yield made


async def test_approving_takes_a_fresh_sign_in_after_the_package_was_renamed(world):
    """As before; the admins' card says what to do, and is closed once the name is back."""
    rename(world)
    await world.synced()
    told = await note(world, RENAMED)
    assert NEW in told
    assert "Finance Reports" in told

    await world.type(ANN, "/request-access quarterly-reports because Q4")
    assert "takes a fresh sign-in" in said(await world.card(BO))

    rename(world, "Finance Reports")
    await world.synced()
    await is_closed(world, RENAMED)


async def test_what_waits_while_the_package_is_renamed_still_takes_a_fresh_sign_in(world):
    """The approval that was asked for under the old name."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    rename(world)
    await world.synced()
    assert "takes a fresh sign-in" in said(await world.card(BO))


async def test_a_package_in_its_place_takes_the_fresh_sign_in_too(world):
    """And the admins are told that the entry was another's."""
    rename(world)
    rename(world, "Finance Reports", seed.PRODUCTION_DATABASE)
    await world.synced()
    await note(world, RENAMED)
    await note(world, "was another package's")


async def test_an_entry_for_nobody_is_told(database, tmp_path):
    """Misspelled, or of a package that was deleted; the card is closed when the file is right."""
    file = write(tmp_path, "packages:\n  Finanse Reports: {quorum: 2}\n")
    async with simulation(database) as around:
        world = await begun(around, LATCHKEY_PACKAGE_SETTINGS=file)
        assert "Finanse Reports" in await note(world, "No access package and no catalog")
        await around.bots[0].stop()
        write(tmp_path, "packages:\n  Finance Reports: {quorum: 2}\n")
        world = await begun(around, LATCHKEY_PACKAGE_SETTINGS=file)
        await is_closed(world, "No access package")


async def test_it_holds_over_a_restart_and_until_the_file_says_the_new_name(database, tmp_path):
    """A bot that starts after the package was renamed knows what the entry was for."""
    file = write(tmp_path, FILE)
    settings: dict[str, Any] = {**SETTINGS, "LATCHKEY_PACKAGE_SETTINGS": file}
    async with simulation(database) as around:
        registered(around.outside)
        world = await begun(around, **settings)
        await around.bots[0].stop()
        rename(world)
        world = await begun(around, **settings)
        await note(world, RENAMED)
        await world.type(ANN, "/request-access quarterly-reports because Q4")
        assert "takes a fresh sign-in" in said(await world.card(BO))
        await around.bots[0].stop()

        write(tmp_path, FILE.replace("Finance Reports", NEW))
        world = await begun(around, **settings)
        await is_closed(world, RENAMED)
        (bound,) = await world.bot.store.read(settings_bindings.list_all)
        assert list(bound.packages) == [NEW]


async def test_another_replica_knows_what_was_written_for_which_package(database, tmp_path):
    """Also of what only the other has seen."""
    settings: dict[str, Any] = {**SETTINGS, "LATCHKEY_PACKAGE_SETTINGS": write(tmp_path, FILE)}
    async with simulation(database) as around:
        registered(around.outside)
        world = await begun(around, **settings)
        other = await begun(around, **settings)
        rename(world)
        await world.synced()
        for each in (world, other):
            found = each.bot.package_settings.settings_for(
                NEW, package_id=seed.FINANCE_REPORTS, catalog="Finance"
            )
            assert found.fresh_sign_in


async def test_a_replica_knows_within_a_minute_what_another_has_bound(database, tmp_path):
    """Of a package that came after both had started."""
    text = "packages:\n  Quarterly Reports: {approval: fresh sign-in}\n"
    settings: dict[str, Any] = {**SETTINGS, "LATCHKEY_PACKAGE_SETTINGS": write(tmp_path, text)}
    async with simulation(database) as around:
        registered(around.outside)
        world = await begun(around, **settings)
        other = await begun(around, **settings)
        rename(world)
        await world.synced()
        for each in (world, other):
            bindings = each.bot.package_settings.bindings
            await eventually(lambda known=bindings: known.now.of(seed.FINANCE_REPORTS).packages)

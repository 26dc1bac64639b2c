"""What people are told before they ask says how many must approve, as the package settings of the running bot say it."""

from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.tenant import examples, seed
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, BO, DANA, begun, eventually, living, said

FILE = """
defaults: {quorum: 2}
packages:
  Production Database: {quorum: [1, 2]}
  Finance Reports: {quorum: none}
"""
TWO_STAGES = "your manager approves, then 2 members of “Security reviewers” approve"


@pytest.fixture
def file(tmp_path: Path) -> str:
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE, "utf-8")
    return str(file)


def with_examples(outside):
    outside.tenant.seed_examples()


async def shortcut(world):
    await world.slack.shortcut(user=ANN, callback_id="latchkey_request_shortcut")
    return await eventually(lambda: world.form(ANN), about="the form")


async def ask(world, text):
    return (await world.type(ANN, f"/request-access {text}")).message


async def list_all(world):
    """Return the list, once who reads it is known."""
    await ask(world, "list")
    await world.bot.background.finish()
    return await ask(world, "list")


async def choose(world, form, *packages):
    await described(world, form)
    await world.slack.click_view(
        user=ANN, view_id=form.id, action_id="latchkey_package", value=list(packages)
    )


async def described(world, form):
    """Return what the menu says of each package, by its name."""
    found = await world.slack.suggest(
        user=ANN, view_id=form.id, action_id="latchkey_package", query=""
    )
    return {each["text"]["text"]: each["description"]["text"] for each in found.options}


async def test_every_place_says_how_many(database, file):
    """The list, the menu, the form and the answer; each stage has its own number, and a package may take it back."""
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=file) as world:
        listed = said(await list_all(world))
        assert "7 days · needs 3 approvals" in listed
        assert "30 days · needs approval" in listed

        form = await shortcut(world)
        notes = await described(world, form)
        assert notes["Production Database"] == "7 days · needs 3 approvals"
        assert notes["Finance Reports"] == "30 days · needs approval"
        await choose(world, form, seed.PRODUCTION_DATABASE)
        await eventually(lambda: f"_7 days · {TWO_STAGES} · for" in said(world.form(ANN)))
        await choose(world, world.form(ANN), seed.PRODUCTION_DATABASE, seed.FINANCE_REPORTS)
        await eventually(
            lambda: f"*Production Database*: 7 days, {TWO_STAGES}" in said(world.form(ANN))
        )
        assert "*Finance Reports*: 30 days, Bo Berg approves" in said(world.form(ANN))

        answer = await ask(world, "production-database because of a fault")
        assert f"By its policy and Latchkey’s settings, {TWO_STAGES}." in said(answer)
        answer = await ask(world, "finance-reports because Q4")
        assert "By its policy, Bo Berg approves." in said(answer)


async def test_each_of_two_policies_says_its_own(database, file):
    """Of the one that asks nobody, and of the one that names fewer people than must approve."""
    async with living(database, prepare=with_examples, LATCHKEY_PACKAGE_SETTINGS=file) as world:
        listed = said(await list_all(world))
        assert "needs up to 2 approvals" in listed
        answer = await ask(world, "build-servers")
        await world.press(ANN, answer, "Open the form")
        form = await eventually(lambda: world.form(ANN))
        few = "2 people (its policy names only Bo Berg) approve"
        assert "*For a day*: 1 day, no approval" in said(form)
        assert f"*On call*: 8 days, {few}" in said(form)

        await world.slack.click_view(
            user=ANN,
            view_id=form.id,
            action_id="latchkey_policy",
            block_id="policy",
            value=examples.ON_CALL_POLICY,
        )
        await eventually(lambda: f"_8 days · {few} · for" in said(world.form(ANN)))


async def test_changed_settings_are_said_after_the_next_start(database, tmp_path):
    """Though nothing has changed in Entra, and all packages were synced before."""
    file = tmp_path / "latchkey.yml"
    one = "your manager approves, then a member of “Security reviewers” approves"
    async with simulation(database) as around:
        for content, who in (
            ("{}", f"By its policy, {one}."),
            (FILE, f"By its policy and Latchkey’s settings, {TWO_STAGES}."),
            ("defaults: {quorum: 1}", f"By its policy, {one}."),
        ):
            file.write_text(content, "utf-8")
            world = await begun(around, LATCHKEY_PACKAGE_SETTINGS=str(file))
            answer = await ask(world, "production-database because of a fault")
            assert who in said(answer)
            await world.press(ANN, answer, "Cancel")
            await eventually(lambda shown=answer: "is canceled" in said(shown))
            await around.bots[-1].stop()


async def test_an_extension_says_how_many(database, tmp_path):
    """The reminder, and the form that its button opens."""
    file = tmp_path / "latchkey.yml"
    file.write_text("packages:\n  Finance Reports: {quorum: 2}\n", "utf-8")
    async with living(
        database, LATCHKEY_PACKAGE_SETTINGS=str(file), LATCHKEY_ADMINS_DECIDE="always"
    ) as world:
        await ask(world, "finance-reports because Q4")
        await world.press(BO, await world.card(BO), "Approve")
        await world.told(ANN, "Bo Berg approved your request")
        await world.press(DANA, await world.card(APPROVALS), "Approve")
        await world.told(ANN, "You now have access")
        few = "2 people (its policy names only Bo Berg)"

        await world.later(timedelta(days=24))

        reminder = await world.told(ANN, "must approve that")
        assert f"{few} must approve that." in said(reminder)
        await world.press(ANN, reminder, "Extend")
        await eventually(lambda: f"Approves extensions: {few}." in said(world.form(ANN)))


async def test_where_an_admin_always_approves_nobody_reads_that_none_is_needed(database):
    """The list, the menu, the form and the answer of a package whose policy asks nobody; an extension likewise."""
    async with living(database, LATCHKEY_APPROVAL="always") as world:
        listed = said(await list_all(world))
        assert "no approval" not in listed
        form = await shortcut(world)
        notes = await described(world, form)
        assert notes["Marketing Campaign"] == "30 days · needs approval"
        await choose(world, form, seed.MARKETING_CAMPAIGN)
        await eventually(lambda: "_30 days · an admin approves" in said(world.form(ANN)))

        answer = await ask(world, "marketing-campaign because of the launch")
        assert "By Latchkey’s settings, an admin approves." in said(answer)
        await world.press(DANA, await world.card(APPROVALS), "Approve")
        await world.told(ANN, "You now have access")

"""With LATCHKEY_SLACK_BLOCKS=newer, admins sort and filter who has what in a table; without a place for one, it is listed as ever."""

import pytest

from handlers.replying import lists
from sandbox.slack import block_data
from tests.harness.world import ANN, BO, CY, DANA, eventually, labels, living, said

PEOPLE = {ANN: "Ann Abara", CY: "Cy Chen"}


@pytest.fixture
async def world(database):
    """Stand-ins, and a bot that uses Slack's newer blocks."""
    async with living(database, LATCHKEY_SLACK_BLOCKS="newer") as made:
        yield made


async def two_have_it(world):
    for person in (ANN, CY):
        await world.type(person, "/request-access marketing-campaign")
        await world.told(person, "You now have access")
    await world.synced()


def table(shown):
    return next(each for each in shown.blocks if each["type"] == "data_table")


async def test_who_has_what_is_a_table(world):
    """With a way to remove; the list of one person has its buttons, as ever."""
    await two_have_it(world)
    shown = (await world.type(DANA, "/access-admin assignments")).message
    assert "2 assignments" in said(shown)
    rows = table(shown)["rows"][1:]
    assert {row[0]["text"] for row in rows} == {"Ann Abara", "Cy Chen"}
    assert "/access-admin assignments @person" in said(shown)

    narrowed = (await world.type(DANA, f"/access-admin assignments <@{CY}>")).message
    assert "data_table" not in {each["type"] for each in narrowed.blocks}
    assert labels(narrowed) == ["Remove"]


async def test_only_admins_get_the_table(world):
    """As with every list."""
    await two_have_it(world)
    outcome = await world.type(ANN, "/access-admin assignments")
    assert "Only Latchkey's admins can do that" in said(outcome.message)


@pytest.mark.misshapen("tables, in a workspace that has none")
async def test_what_slack_refuses_is_listed_as_ever(world, monkeypatch):
    """An answer at the response URL is tried again in plain blocks."""
    await two_have_it(world)
    for person in (ANN, CY):
        await world.type(person, "/request-access finance-reports because Q4")
        await world.press(BO, await world.card(BO, PEOPLE[person]), "Approve")
        await world.told(person, "You now have access to \\*?Finance")
    await world.synced()
    monkeypatch.setattr(lists, "MOST_ROWS", 2)
    shown = (await world.type(DANA, "/access-admin assignments")).message
    assert len(table(shown)["rows"]) == 3
    monkeypatch.setattr(block_data, "MOST_CELL_CHARACTERS", 10)

    await world.press(DANA, shown, "Next")

    place = world.slack.channel(shown.channel)
    await eventually(lambda: labels(place.messages[-1]) == ["Remove", "Remove"])


async def test_one_row_needs_no_table(world):
    """There is nothing to sort."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.synced()
    shown = (await world.type(DANA, "/access-admin assignments")).message
    assert "data_table" not in {each["type"] for each in shown.blocks}
    assert "Remove" in labels(shown)

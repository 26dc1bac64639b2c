"""The word for an emergency in a reason: it asks for access at once only where nothing else can be meant."""

import pytest

from bot.assignments.store import assignment_lists
from tests.flow.emergencies.emergencies import emergency_card, write_settings
from tests.harness.world import ANN, APPROVALS, BO, living, said

SETTINGS = """
packages:
  Finance Reports:
    break_glass: {minutes: 60, review_within: 4h}
"""


def asks(behind):
    """The command with that behind the name."""
    return f"/request-access finance-reports{'' if behind[0] in ':,;.' else ' '}{behind}"


@pytest.fixture
async def world(database, tmp_path):
    """A world in which the package gives emergency access."""
    file = write_settings(tmp_path, SETTINGS)
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=file) as made:
        yield made


@pytest.mark.parametrize(
    "behind",
    [
        "because of an emergency",
        "for the emergency",
        "- there is an emergency!",
        "because emergency",
        "because emergency!",
        ": emergency",
        " : emergency",
        "- emergency",
        "– emergency",
        ", emergency",
        "; emergency",
        ". Emergency.",
        "to end the emergency",
        "for emergency",
    ],
)
@pytest.mark.parametrize("settings", ["packages: {}", SETTINGS])
async def test_a_reason_may_end_with_the_word(database, tmp_path, settings, behind):
    """It is a request like any other: nothing says that it is to be given at once, whether the package would or not."""
    file = write_settings(tmp_path, settings)
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=file) as world:
        await world.type(ANN, asks(behind))

        assert "emergency" in said(await world.card(BO)).lower()
        assert await world.states() == ["add pending"]


@pytest.mark.parametrize(
    ("behind", "reason"),
    [
        ("because emergency: it is down", "emergency: it is down"),
        (": emergency: it is down", "emergency: it is down"),
        ("to end the emergency: it is down", "to end the emergency: it is down"),
    ],
)
async def test_where_none_is_given_a_reason_may_have_the_word_and_a_colon(database, behind, reason):
    """It is asked for as usual, with all that was said; right behind the name the word says what is wanted."""
    async with living(database) as world:
        await world.type(ANN, asks(behind))

        assert reason in said(await world.card(BO))
        assert await world.states() == ["add pending"]


@pytest.mark.parametrize(
    ("behind", "reason"),
    [
        (": emergency: it is down", "it is down"),
        ("because it is down, emergency: help", "it is down: help"),
        ("because it is down emergency:", "it is down"),
    ],
)
async def test_an_emergency_keeps_what_was_said_before_the_word(world, behind, reason):
    """Where the package gives one, the word with its colon asks for it wherever it stands."""
    await world.type(ANN, asks(behind))

    await world.told(ANN, "You now have access")
    [row] = (await world.bot.store.run(assignment_lists.own_page, ANN)).rows
    assert row.is_emergency
    assert reason in said(await emergency_card(world, APPROVALS))

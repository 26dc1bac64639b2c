"""Two people of one name, and neither in Slack: whose access is shown and removed is to be seen by the id in Entra."""

from datetime import timedelta

import pytest

from sandbox.tenant import seed
from sandbox.tenant.model import User
from tests.flow.administering.test_console import (
    delivered,
    opened,
    pressed,
    shows,
    sought,
    with_reason,
)
from tests.harness.world import ANN, DANA, ENTRA_ID, GENERAL, buttons, said

TWINS = [f"a0000000-0000-4000-8000-0000000000{number}" for number in (77, 78)]


@pytest.fixture
async def twins(world):
    """Two people called Nat Novak, each with a package of their own."""
    made_at = world.outside.clock.now() - timedelta(days=3)
    for entra_id, package_id in zip(
        TWINS, (seed.MARKETING_CAMPAIGN, seed.BOARD_PAPERS), strict=True
    ):
        world.tenant.world.users[entra_id] = User(
            id=entra_id,
            display_name="Nat Novak",
            user_principal_name=f"{entra_id}@contoso.example",
            created_at=made_at,
        )
        world.tenant.assign(package_id, entra_id, end=None)
    await world.later(timedelta(hours=1))
    return world


@pytest.mark.parametrize("entra_id", TWINS)
async def test_who_has_left_is_chosen_and_confirmed_by_id(twins, entra_id):
    """In the choice, in the list, and in the form that removes everything of theirs."""
    await opened(twins)
    await pressed(twins, "Leaver")
    await shows(twins, "Choose who has left")
    await sought(twins, "novak")
    await shows(twins, f"Nat Novak ({entra_id})")

    await pressed(twins, "Show", about=entra_id)

    await shows(twins, f"Nat Novak (`{entra_id}`) has")
    await pressed(twins, "Remove all …")
    await shows(twins, f"• Nat Novak (`{entra_id}`)")
    assert len({each for each in TWINS if each in said(twins.form(DANA))}) == 1


async def test_who_is_meant_is_chosen_by_id_where_the_command_was_typed(twins):
    """And the list says whose it is."""
    await twins.type(DANA, "/access-admin assignments novak")
    await twins.whispered(DANA, GENERAL, "Is it one of these people")
    asked = twins.slack.channel(GENERAL).seen_by(DANA)[-1]
    about = [each["accessibility_label"] for each in buttons(asked)]
    assert all(any(twin in each for each in about) for twin in TWINS)

    await twins.press(DANA, asked, "Show", about=TWINS[1])

    await twins.whispered(DANA, GENERAL, f"Nat Novak \\(`{TWINS[1]}`\\) has \\*Board Papers\\*")


async def test_a_name_that_two_have_lists_each_with_the_id(twins):
    """Also where one of them alone has what is asked about."""
    shown = (await twins.type(DANA, "/access-admin assignments nat novak board papers")).message

    assert f"Nat Novak (`{TWINS[1]}`) has *Board Papers*" in said(shown)


async def test_nobody_is_said_to_be_told_who_is_not_in_slack(twins):
    """Whoever of several is there, is told; of these nobody is."""
    await opened(twins)
    await pressed(twins, "Leaver")
    await shows(twins, "Choose who has left")
    await sought(twins, "nat novak")
    await shows(twins, "2 assignments for nat novak")
    await pressed(twins, "Remove all …")
    await shows(twins, "2 to be removed")

    await with_reason(twins, "They have left.")

    await shows(twins, "2 accesses are being removed.")
    assert "told" not in said(twins.form(DANA))


async def test_who_of_several_is_told_is_said(twins):
    """Ann is in Slack, and whoever else has it is not."""
    await delivered(twins)
    await opened(twins)
    await pressed(twins, "Assignments")
    await shows(twins, "3 assignments.")
    await sought(twins, "marketing-campaign")
    await shows(twins, "2 assignments of *Marketing Campaign*")
    await pressed(twins, "Remove all …")
    await shows(twins, "2 to be removed")

    await with_reason(twins, "It is over.")

    await shows(twins, "The holders whom I know in Slack are told when it is done.")
    await twins.told(ANN, "It is over.")


async def test_who_has_the_name_of_somebody_on_another_page_is_chosen_by_id(twins):
    """Of the twins the list shows the one alone who has what was sought."""
    await opened(twins)
    await pressed(twins, "Assignments")
    await shows(twins, "2 assignments.")
    await sought(twins, "board-papers")
    await shows(twins, "of *Board Papers*")
    twins.tenant.assign(seed.BOARD_PAPERS, ENTRA_ID[ANN], end=None)
    await twins.synced()
    await sought(twins, "board-papers")
    await shows(twins, "2 assignments of *Board Papers*")

    await pressed(twins, "Remove several …")

    await shows(twins, "Which of these are to be removed?")
    [choice] = [each for each in twins.form(DANA).blocks if each.get("block_id") == "chosen"]
    labels = {each["text"]["text"] for each in choice["element"]["options"]}
    assert labels == {f"Nat Novak ({TWINS[1]})", "Ann Abara"}

"""Test what those who decide see about whoever asks, from Entra's directory and from what happened before."""

from sandbox.tenant import seed
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, living, said


async def test_a_card_says_who_asks(world):
    """Title, department, manager, and what kind of account."""
    await world.type(ANN, "/request-access finance-reports because Q4")

    shown = said(await world.card(BO))

    assert "Campaign lead, Marketing · manager Mia Moreau · a member in Entra" in shown
    assert "Nobody else has it now" in shown


async def test_a_card_says_who_has_it_and_what_came_before(world):
    """Cy, of the same department, has it; Ann was denied it once, and had it once."""
    await world.type(CY, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(CY, "You now have access")
    await world.type(ANN, "/request-access finance-reports because Q1")
    card = await world.card(BO, "Ann Abara")
    assert "1 other person has it, 1 of them in Marketing" in said(card)
    assert "denied it" not in said(card)
    await world.press(BO, card, "Deny")
    await world.give_reason(BO, "Not yet")
    await world.told(ANN, "was denied")

    await world.type(ANN, "/request-access finance-reports because Q2")
    card = await world.card(BO, "Ann Abara")
    assert "Was denied it on" in said(card)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")
    await world.type(DANA, f"/access-admin remove <@{ANN}> finance-reports because she moved")
    await world.told(ANN, "was removed by")

    await world.type(ANN, "/request-access finance-reports because Q3")
    assert "Had it on" in said(await world.card(BO, "Ann Abara"))


async def test_what_entra_does_not_know_is_left_out(database):
    """No title, no department, no manager: nothing is made up, and the card comes all the same."""

    def prepare(outside):
        ann = outside.tenant.world.users[seed.ANN]
        ann.job_title = ann.department = ann.manager_id = None

    async with living(database, prepare=prepare) as world:
        await world.type(ANN, "/request-access finance-reports because Q4")
        shown = said(await world.card(APPROVALS))

    assert "A member in Entra" in shown
    assert "manager" not in shown
    assert "None" not in shown


async def test_a_directory_that_says_no_holds_up_no_card(world):
    """The manager is left out when Graph does not answer for them."""
    world.tenant.faults.set("slow", only="/manager", seconds=60)

    await world.type(ANN, "/request-access finance-reports because Q4")
    shown = said(await world.card(BO))

    assert "Campaign lead, Marketing · a member in Entra" in shown

"""What whoever asks reads at once, and while it takes longer: of the policy that they chose, and no more than is so."""

import asyncio

import pytest

from sandbox.tenant.examples import DAY_POLICY, ON_CALL_POLICY
from tests.harness.world import ANN, BO, CY, eventually, living, said


def with_examples(outside):
    outside.tenant.seed_examples()


@pytest.fixture
async def world(database):
    """Stand-ins and bot, with a package that has two policies."""
    async with living(database, prepare=with_examples) as made:
        yield made


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (DAY_POLICY, "By its policy nobody has to approve it"),
        (ON_CALL_POLICY, "By its policy, Bo Berg approves."),
    ],
)
async def test_the_policy_that_was_chosen_is_spoken_of(world, policy, says):
    """And not the other one, under which it would be otherwise."""
    offer = (await world.type(CY, "/request-access build-servers because of a release")).message
    await world.press(CY, offer, "Open the form")
    form = await eventually(lambda: world.form(CY), about="the form")
    await world.slack.click_view(
        user=CY, view_id=form.id, action_id="latchkey_policy", value=policy
    )

    sent = await world.slack.submit(
        user=CY,
        view_id=form.id,
        values={
            "policy": {"latchkey_policy": policy},
            "reason": {"reason": "of a release"},
        },
    )

    assert sent.ok
    assert says in said(world.form(CY))


async def test_a_check_that_takes_longer_says_so(world):
    """While Entra does not answer, and no more once it does."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    world.tenant.faults.set("unavailable")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await asyncio.sleep(120)

    assert "being checked, which takes longer than usual" in said(
        (await world.type(ANN, "/my-access")).message
    )
    again = said((await world.type(ANN, "/request-access finance-reports")).message)
    assert "it is being checked, which takes longer than usual" in again

    world.tenant.faults.clear()
    await world.card(BO)
    assert "longer than usual" not in said((await world.type(ANN, "/my-access")).message)

"""People wander through Slack: nothing that they reach is refused, silent or broken."""

from tests.harness.camera import empty_postgresql
from tests.proofs.sizes import size
from tests.proofs.wandering.wandering import wander


async def test_wherever_people_get_to_slack_takes_it_and_they_see_it(database):
    """Whatever they press, in whatever order, while things change in Entra."""
    figures = await wander(database, steps=size(150, full=2_000, few=50))

    assert len(figures.did) > 12, "hardly anything happened"
    assert not figures.wrong, "\n".join([f"seed {figures.seed}", *figures.wrong[:20]])


async def test_wherever_people_get_to_on_postgresql(simulated, postgresql):
    """The same, with the other database below."""
    databases = empty_postgresql(postgresql)
    figures = await wander(next(databases), steps=size(20, full=500))
    next(databases)

    assert len(figures.did) > 3, "hardly anything happened"
    assert not figures.wrong, "\n".join([f"seed {figures.seed}", *figures.wrong[:20]])

"""An extension that comes out shorter than it was asked for."""

from datetime import timedelta

from bot.requests.model import Kind, State
from tests.harness.camera import life
from tests.harness.owed import at_rest, every_request
from tests.harness.simulation import simulation
from tests.harness.world import ANN, eventually, said

HOUR = timedelta(hours=1)


async def test_an_extension_that_entra_shortens_is_delivered_all_the_same(database):
    """Even when the sync has copied the shorter end before anybody looks at the request again."""
    async with simulation(database) as around:
        outside = around.outside
        outside.tenant.world.delivery = HOUR
        async with life(around) as world:
            await world.synced()
            await world.type(ANN, "/request-access marketing-campaign")
            await eventually(lambda: outside.tenant.world.requests)
            outside.clock.shift(2 * HOUR)
            await eventually(lambda: world.direct(ANN))
            outside.clock.shift(timedelta(days=24))
            await eventually(lambda: len(world.direct(ANN)) == 2)
            await world.press(ANN, world.direct(ANN)[-1], "Extend")

            async def looked_at() -> bool:
                found = await world.bot.store.run(every_request)
                last = found[-1]
                return (
                    last.kind is Kind.EXTEND and last.state is State.SUBMITTED and last.attempts > 0
                )

            await eventually(looked_at)
            outside.clock.shift(2 * HOUR)
            (held,) = outside.tenant.world.assignments.values()
            assert held.end is not None
            outside.tenant.move_end(held.id, held.end - timedelta(days=3))
            await world.synced()
            await eventually(lambda: any("now lasts" in said(m) for m in world.direct(ANN)))
            await at_rest(world.bot)

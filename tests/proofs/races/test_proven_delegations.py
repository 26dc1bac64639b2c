"""Two sign-ins prove one delegation at the same moment, on two replicas: what either has shown counts."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import pytest

from bot import chance, clock
from bot.app import Latchkey
from bot.people.store import delegations
from tests.bot.samples import delegation
from tests.harness.camera import empty_postgresql
from tests.harness.loop import simulated as simulated_loop
from tests.harness.simulation import LIFELIKE, simulation
from tests.proofs.races.racing import Pair, abreast, two_replicas
from tests.proofs.sizes import size

MET: Final = int(os.environ.get("RACES", "32")) // 4
SIMULATED: Final = size(30, full=150, few=15)
WAITS_SECONDS: Final = 0.3
READS: Final = "SELECT delegation."


async def _race(
    bots: Pair,
    watching: AbstractContextManager[Callable[[], bool]],
    pauses: tuple[float, float] = (0, 0),
) -> bool:
    """Whether the two met."""
    made = delegation(delegate=f"U0{chance.new_id()[:12].upper()}")
    await bots[0].store.run(delegations.add, made)

    async def prove(bot: Latchkey, context: str, pause: float) -> None:
        await asyncio.sleep(pause)
        known = made if pause == 0 else await bot.store.read(delegations.find, made.id)
        assert known is not None
        proven = await bot.store.run(
            delegations.prove,
            known,
            proof=chance.new_id(),
            proven_as="bo",
            proven_to="cy",
            signed_in_at=clock.now(),
            contexts=[context],
        )
        assert proven is not None

    with watching as met:
        await asyncio.gather(*map(prove, bots, ("c1", "c2"), pauses))
    now = await bots[0].store.read(delegations.find, made.id)
    assert now is not None
    assert now.proven_contexts == ("c1", "c2")
    return met()


@pytest.mark.timeout(120 + 2 * MET)
async def test_both_count(postgresql):
    """On PostgreSQL, held before either reads the row that it changes until both are there."""
    met = 0
    async with two_replicas(next(empty_postgresql(postgresql))) as bots:
        for _ in range(MET):
            met += await _race(bots, abreast(bots, write=READS))
    assert met


async def test_both_count_in_whatever_order_chance_has_them_act(database):
    """In simulated time, on either database."""
    async with simulation(database, pauses=LIFELIKE) as around:
        bots = [(await around.start(works=False)).latchkey for _ in range(2)]
        draws = simulated_loop().chance
        for _ in range(SIMULATED):
            pauses = draws.uniform(0, WAITS_SECONDS), draws.uniform(0, WAITS_SECONDS)
            await _race((bots[0], bots[1]), nullcontext(lambda: False), pauses)

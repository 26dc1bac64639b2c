"""Two people decide at the same moment, on two replicas: one of them counts, and the other hears who was first."""

import os
from typing import Final

import pytest

from tests.harness.camera import empty_postgresql
from tests.harness.loop import simulated as simulated_loop
from tests.harness.simulation import LIFELIKE, simulation
from tests.proofs.races.racing import RACES, Tally, abreast, by_chance, race, two_replicas
from tests.proofs.sizes import size

# Of each kind, on PostgreSQL; RACES says how many in all: `make races` has a thousand.
MET: Final = int(os.environ.get("RACES", "32")) // len(RACES)
# Of each kind, in simulated time.
SIMULATED: Final = size(100, full=250, few=40)
# Nobody acts at exactly the same moment: each waits so many seconds at most.
WAITS_SECONDS: Final = 0.3


@pytest.mark.timeout(120 + 2 * MET)
@pytest.mark.parametrize("name", sorted(RACES))
async def test_one_counts_and_the_other_hears_who_was_first(name, postgresql):
    """On PostgreSQL, held before the write until both are there."""
    tally = Tally()
    async with two_replicas(next(empty_postgresql(postgresql))) as bots:
        for _ in range(MET):
            await race(bots, name, tally=tally, watch=abreast)
    assert tally.met, "nobody met anybody"


@pytest.mark.parametrize("name", sorted(RACES))
async def test_one_counts_in_whatever_order_chance_has_them_act(name, database):
    """On SQLite in simulated time: each side wins sometimes, and some decide by what is no longer true."""
    tally = Tally()
    async with simulation(database, pauses=LIFELIKE) as around:
        bots = [(await around.start(works=False)).latchkey for _ in range(2)]
        chance = simulated_loop().chance
        for _ in range(SIMULATED):
            pauses = chance.uniform(0, WAITS_SECONDS), chance.uniform(0, WAITS_SECONDS)
            await race((bots[0], bots[1]), name, tally=tally, watch=by_chance, pauses=pauses)
    assert min(tally.first, tally.second, tally.met) > 0, tally

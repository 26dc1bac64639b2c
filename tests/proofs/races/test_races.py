"""Two people decide at the same moment, on two replicas: one of them counts, and the other hears who was first."""

import pytest

from tests.harness.camera import empty_postgresql
from tests.proofs.races.racing import RACES, Tally, race, two_replicas

# `make races` has a thousand in all.
REPETITIONS = 8


@pytest.mark.parametrize("name", sorted(RACES))
async def test_one_counts_and_the_other_hears_who_was_first(name, postgresql):
    """On PostgreSQL, held before the write until both are there."""
    tally = Tally()
    address = next(empty_postgresql(postgresql)).replace("postgresql:", "postgresql+psycopg:")
    async with two_replicas(address) as harnesses:
        for _ in range(REPETITIONS):
            await race(harnesses, name, tally=tally)
    assert tally.met, "nobody met anybody"

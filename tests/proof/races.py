"""A thousand races of two people for one request, on two replicas, and how they ended."""

import pytest

from tests.flow.crashing import empty_postgresql
from tests.flow.racing import RACES, Tally, race, two_replicas

REPETITIONS = 250
LONGEST_SECONDS = 600


@pytest.mark.timeout(LONGEST_SECONDS)
@pytest.mark.parametrize("name", sorted(RACES))
async def test_one_counts_and_the_other_hears_who_was_first(name, postgresql, capsys):
    """The same as in the suite, many times."""
    tally = Tally()
    address = next(empty_postgresql(postgresql)).replace("postgresql:", "postgresql+psycopg:")
    async with two_replicas(address) as offices:
        for _ in range(REPETITIONS):
            await race(offices, name, tally=tally)
    with capsys.disabled():
        print(  # noqa: T201 (a report)
            f" {name}: {tally.first} to {tally.second}; in {tally.met} both were about to write"
        )

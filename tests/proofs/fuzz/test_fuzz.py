"""Some spoiled payloads and forgeries at the real door, and some spoiled answers of Graph's; `make fuzz` has all."""

import pytest

from tests.harness.camera import empty_sqlite
from tests.harness.loop import simulated as loop
from tests.proofs.fuzz.fuzz import knock_at_the_door
from tests.proofs.fuzz.graph import spoil_answers

# Seeds with which `make fuzz` once found something; the payloads themselves are in `tests/handlers/web/test_http.py`.
FAILED_ONCE = (4, 5)


async def test_nothing_malformed_or_forged_does_harm(database):
    """No crash, no 5xx, nothing that the person named in a payload could not have caused anyway."""
    figures = await knock_at_the_door(database, seed=loop().seed, signed=400, forged=200)

    assert not figures.wrong, f"seed {figures.seed}"
    assert set(figures.forged_answers) <= {400, 401, 404, 413}


@pytest.mark.parametrize("seed", FAILED_ONCE)
async def test_nothing_does_harm_with_a_seed_that_failed_once(database, seed):
    """The same, with the beginning of what was drawn then."""
    figures = await knock_at_the_door(database, seed=seed, signed=100, forged=50)

    assert not figures.wrong


async def test_a_spoiled_answer_of_graphs_grants_nothing(simulated, sqlite_template, tmp_path):
    """A field dropped or retyped: no grant that needs a decision, and no false “delivered”."""
    databases = empty_sqlite(sqlite_template, tmp_path)
    figures = await spoil_answers(databases, seed=loop().seed, most=25)

    assert not figures.wrong, f"seed {figures.seed}"

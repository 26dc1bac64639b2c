"""Whatever two teams write into their files, whoever dies and whatever colleagues do: nothing is lost, doubled or taken."""

import pytest

from tests.harness.loop import simulated as loop
from tests.proofs.packages_as_code.walking import Figures, Story
from tests.proofs.sizes import size

STORIES = size(4, full=60, few=1)
ROUNDS = size(20, full=30, few=12)


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_nothing_is_lost_doubled_or_taken(simulated, version, tmp_path):
    """Each story has a seed of its own in every run."""
    figures = Figures()
    for seed in range(loop().seed, loop().seed + STORIES):
        folder = tmp_path / str(seed)
        folder.mkdir()
        await Story(seed, version, folder, figures).tell(ROUNDS)

    assert sum(figures.did.values()) > 2 * ROUNDS, "hardly anything happened"
    assert not figures.wrong, "\n\n".join(figures.wrong[:3])

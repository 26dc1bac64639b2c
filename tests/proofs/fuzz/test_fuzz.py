"""A few hundred spoiled payloads and forgeries at the real door, and a few spoiled answers of Graph's."""

from tests.proofs.fuzz import graph as fuzz_graph
from tests.proofs.fuzz.fuzz import fuzz


async def test_nothing_malformed_or_forged_does_harm(tmp_path):
    """No crash, no 5xx, nothing that the person named in a payload could not have caused anyway."""
    figures = await fuzz(tmp_path, seed=3, signed=250, forged=150)

    assert not figures.wrong
    assert set(figures.forged_answers) <= {400, 401, 404, 413}


async def test_a_spoiled_answer_of_graphs_grants_nothing():
    """A field dropped or retyped: no grant that needs a decision, and no false “delivered”."""
    figures = await fuzz_graph.fuzz(seed=3, most=25)

    assert not figures.wrong

"""A few hundred spoiled payloads and forgeries at the real door."""

from tests.proof.fuzz import fuzz


async def test_nothing_malformed_or_forged_does_harm(tmp_path):
    """No crash, no 5xx, nothing that the person named in a payload could not have caused anyway."""
    figures = await fuzz(tmp_path, seed=3, signed=250, forged=150)

    assert not figures.wrong
    assert set(figures.forged_answers) <= {400, 401, 404, 413}

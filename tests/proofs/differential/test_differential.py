"""The same story on both databases, both versions of Graph and both ways in: the same transitions."""

from tests.proofs.differential.telling import story, tell_all

# `make differential` tells many and longer ones.
SEED = 131
LENGTH = 6


async def test_the_same_comes_of_a_story_whatever_lies_below(database, postgresql):
    """Audit rows with order numbers for ids, deed by deed; and who is in which group then."""
    steps = await tell_all(story(SEED, length=LENGTH), database, postgresql)
    assert sum(len(step) for step in steps) > 2 * LENGTH, "hardly anything happened"

"""Work that nobody waits for lets those go first who wait for an answer."""

import asyncio

import pytest

from bot.priority import LULL_SECONDS, TURN_SECONDS, Courtesy, give_way, is_background

pytestmark = pytest.mark.usefixtures("simulated")


@pytest.fixture
def courtesy():
    return Courtesy()


def seconds():
    return asyncio.get_running_loop().time()


async def give_way_in_the_background(courtesy):
    with courtesy.background():
        await give_way()
    return seconds()


async def test_nobody_waits_while_nobody_is_answered(courtesy):
    """The background goes on at once."""
    assert await give_way_in_the_background(courtesy) == 0


async def test_what_somebody_waits_for_never_gives_way(courtesy):
    """Only what runs in the background does."""
    with courtesy.answering():
        await give_way()

    assert seconds() == 0


async def test_the_background_waits_until_all_are_answered(courtesy):
    """And a little longer, as the next command may be near."""
    with courtesy.answering():
        await give_way_in_the_background(courtesy)
        waiting = asyncio.create_task(give_way_in_the_background(courtesy))
        await asyncio.sleep(0.01)

    assert await waiting == pytest.approx(0.01 + LULL_SECONDS, abs=LULL_SECONDS)


async def test_the_background_gets_on_all_the_same(courtesy):
    """One begins in so much time, the first at once."""
    with courtesy.answering():
        begun = await asyncio.gather(*(give_way_in_the_background(courtesy) for _ in range(3)))

    assert sorted(begun) == pytest.approx([0, TURN_SECONDS, 2 * TURN_SECONDS], abs=0.001)


async def test_tasks_of_the_background_are_in_it_too(courtesy):
    """And nothing else is."""

    async def look():
        return is_background()

    with courtesy.background():
        inside = asyncio.create_task(look())

    assert (await inside, await look()) == (True, False)

"""Repeat what failed, look until something is there: how often, and with which pauses."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import repeat

import pytest

from bot.repeating import until_done, until_found


class Slept(list[float]):
    """The pauses that were waited for, in seconds."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


NOT_YET = ValueError("not yet")


def fails(times: int, error: BaseException = NOT_YET) -> Callable[[], Awaitable[int]]:
    """Work that fails so often, and says at which try it succeeded."""
    tries = iter(range(1, times + 2))

    async def work() -> int:
        attempt = next(tries)
        if attempt <= times:
            raise error
        return attempt

    return work


def gives(*pauses: int) -> Callable[[Exception], timedelta | None]:
    """Pauses in seconds, one after each failure; None behind the last."""
    left = iter(pauses)

    def pause_after(error: Exception) -> timedelta | None:
        pause = next(left, None)
        return None if pause is None else timedelta(seconds=pause)

    return pause_after


@pytest.mark.parametrize("failures", range(4))
async def test_work_is_repeated_until_it_succeeds(failures):
    """With one pause after each failure, and none after the success."""
    slept = Slept()
    done = await until_done(fails(failures), pause_after=gives(1, 2, 4), sleep=slept)
    assert (done, slept) == (failures + 1, [1, 2, 4][:failures])


async def test_the_last_failure_is_raised_at_once():
    """As it was, and without a pause that nobody has anything of."""
    slept, error = Slept(), ValueError("never")
    with pytest.raises(ValueError, match="never") as raised:
        await until_done(fails(9, error), pause_after=gives(1, 2), sleep=slept)
    assert raised.value is error
    assert slept == [1, 2]


async def test_the_failure_decides_about_the_pause():
    """Whoever was asked to wait longer waits longer; a refusal is none to repeat."""
    slept = Slept()
    with pytest.raises(PermissionError):
        await until_done(
            fails(1, PermissionError()),
            pause_after=lambda error: (
                None if isinstance(error, PermissionError) else timedelta(seconds=1)
            ),
            sleep=slept,
        )
    assert slept == []


async def test_what_ends_the_task_is_not_repeated():
    """Neither a cancellation nor the end of the process."""
    with pytest.raises(KeyboardInterrupt):
        await until_done(
            fails(1, KeyboardInterrupt()),
            pause_after=gives(1),
            sleep=Slept(),
        )


@pytest.mark.parametrize("found", [0, "", False, "there"])
async def test_whatever_is_not_none_is_found(found):
    """At the first look: no pause is asked for."""

    async def look() -> object:
        return found

    assert await until_found(look, pauses=iter(()), sleep=Slept()) is found


@pytest.mark.parametrize(("misses", "pauses"), [(0, 0), (0, 3), (1, 3), (3, 3), (4, 3), (1, 0)])
async def test_a_look_follows_each_pause(misses, pauses):
    """One more look than pauses, the last of them included."""
    slept, looks = Slept(), iter([None] * misses + ["there"])

    async def look() -> str | None:
        return next(looks)

    found = await until_found(look, pauses=repeat(timedelta(seconds=2), pauses), sleep=slept)
    assert found == ("there" if misses <= pauses else None)
    assert slept == [2.0] * min(misses, pauses)


async def test_a_failed_look_is_the_lookers_own():
    """Nothing is caught: what a failure means is for whoever looks to say."""
    with pytest.raises(ValueError, match="not yet"):
        await until_found(fails(1), pauses=repeat(timedelta(seconds=1), 3), sleep=Slept())

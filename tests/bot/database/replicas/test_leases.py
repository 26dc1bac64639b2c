"""A lease is renewed for as long as the work goes on, and no longer."""

import asyncio
from datetime import timedelta

import pytest

from bot.database import Busy
from bot.database.replicas.leases import renewed

AT_ONCE = timedelta(0)


class Lease:
    """A lease that answers each renewal with what stands next in its list, and the last of it for ever."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.lost = 0

    async def renew(self) -> bool:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def lose(self) -> None:
        self.lost += 1


async def turns_of_the_loop() -> None:
    for _ in range(40):
        await asyncio.sleep(0)


async def test_a_lease_is_renewed_until_the_work_is_done():
    lease = Lease(True)
    async with renewed(lease.renew, every=AT_ONCE, name="lease", lost=lease.lose):
        await turns_of_the_loop()
    asked = lease.asked
    await turns_of_the_loop()
    assert asked > 3
    assert (lease.asked, lease.lost) == (asked, 0)


async def test_a_busy_database_loses_nothing():
    """It is asked again, at the next beat."""
    lease = Lease(Busy("busy"), Busy("busy"), True)
    async with renewed(lease.renew, every=AT_ONCE, name="lease", lost=lease.lose):
        await turns_of_the_loop()
    assert lease.asked > 3
    assert lease.lost == 0


async def test_a_lost_lease_is_told_of_once_and_the_work_goes_on():
    """Whoever works finds out when they write; nobody renews it any more."""
    lease = Lease(True, False)
    async with renewed(lease.renew, every=AT_ONCE, name="lease", lost=lease.lose):
        await turns_of_the_loop()
        went_on = True
    assert went_on
    assert (lease.asked, lease.lost) == (2, 1)


async def test_the_end_of_the_work_is_that_of_the_renewing():
    """Also when it fails, and whatever became of the renewing."""
    lease = Lease(RuntimeError("broken"))

    async def work() -> None:
        async with renewed(lease.renew, every=AT_ONCE, name="a lease of a test", lost=lease.lose):
            await turns_of_the_loop()
            raise ValueError("the work")

    with pytest.raises(ValueError, match="the work"):
        await work()
    assert "a lease of a test" not in {each.get_name() for each in asyncio.all_tasks()}

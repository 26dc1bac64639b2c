"""Replicas compare leases by their own clocks, so those must agree with the database's."""

from datetime import timedelta

import pytest

from bot import clock
from bot.database import Busy
from bot.database.connections.server_clock import database_time
from bot.errors import ConfigurationError
from bot.jobs import clock_check as clockwork
from bot.jobs.clock_check import SkewedClock
from tests.harness.by_hand import standing

SECOND = timedelta(seconds=1)


async def test_the_databases_own_clock_is_read(store):
    """PostgreSQL's, which is this machine's here; SQLite has none of its own."""
    at = await store.run(database_time)

    if store.engine.dialect.name == "sqlite":
        assert at is None
    else:
        assert at is not None
        assert abs(at - clock.real()) < timedelta(minutes=1)
    assert await store.run(clockwork.difference, database_time) == timedelta(0)


@pytest.mark.parametrize(
    ("apart", "agree"), [(0, True), (4, True), (-4, True), (6, False), (-6, False)]
)
async def test_five_seconds_are_too_much(harness, apart, agree):
    """Ahead or behind; the sentence says which."""
    harness.around.database_ahead = SECOND * apart

    if agree:
        await harness.jobs.clockwork.look()
        return
    with pytest.raises(SkewedClock, match="behind" if apart > 0 else "ahead of"):
        await harness.jobs.clockwork.look()


async def test_it_does_not_start_with_a_clock_that_is_wrong(harness):
    """Before it touches anything."""
    await harness.bot.stop()
    harness.around.database_ahead = SECOND * 60

    with pytest.raises(ConfigurationError, match="60 s behind the database server's"):
        await standing(harness.around)


async def test_a_clock_that_goes_wrong_is_an_alarm(harness):
    """Once a day, and as long as it lasts in /readyz."""
    harness.jobs.loop.add("clock", harness.jobs.clockwork.look, SECOND * 60)
    harness.around.database_ahead = SECOND * -10
    for _ in range(3):
        await harness.jobs.loop.run("clock", harness.jobs.clockwork.look)

    problems = await harness.latchkey.health.problems()
    assert any(each.startswith("clock: This machine's clock is 10 s ahead of") for each in problems)
    alarms = [each.text for each in harness.workspace.channels["C0APPROVALS"].messages]
    assert sum("clock is 10 s ahead" in each for each in alarms) == 1

    harness.around.database_ahead = timedelta(0)
    await harness.jobs.loop.run("clock", harness.jobs.clockwork.look)
    assert not [each for each in await harness.latchkey.health.problems() if "clock" in each]


async def test_a_database_that_does_not_answer_is_not_taken_for_a_wrong_clock(harness):
    """The job has failed, and says nothing about clocks."""

    async def fails():
        raise Busy("the server does not answer")

    harness.jobs.loop.add("clock", harness.jobs.clockwork.look, SECOND * 60)
    await harness.jobs.loop.run("clock", harness.jobs.clockwork.look)
    await harness.jobs.loop.run("clock", fails)

    assert not [each for each in await harness.latchkey.health.problems() if "clock" in each]

"""When any replica could last work is one moment for all of them, whatever their clocks say."""

from datetime import timedelta

import pytest

from bot import clock
from bot.database.replicas import outages
from bot.jobs.clock_check import difference

MINUTE = timedelta(minutes=1)
AHEAD = timedelta(minutes=10)


@pytest.fixture
def its_clock_ahead():
    """The clock of the replica that looks is ten minutes ahead of the database's."""
    yield lambda: clock.use(lambda: clock.machine_time() + AHEAD)
    clock.use(clock.machine_time)


def by_the_database(db):
    return difference(db, lambda db: clock.machine_time())


def test_a_replica_whose_clock_is_ahead_finds_no_outage(store, its_clock_ahead):
    """Another one has just been able to work."""
    store.run_here(outages.note, (), after=MINUTE, ahead=by_the_database)
    its_clock_ahead()

    found = store.run_here(
        outages.note, ("clock: it is ahead",), after=MINUTE, ahead=by_the_database
    )

    assert found is None


def test_an_outage_is_noted_by_the_clock_of_the_database(store, its_clock_ahead):
    """Of a replica that is alone, too: it is told since when by the time that all share."""
    its_clock_ahead()
    store.run_here(outages.note, (), after=MINUTE, ahead=by_the_database)

    found = store.run_here(
        outages.note, ("clock: it is ahead",), after=timedelta(0), ahead=by_the_database
    )

    assert found is not None
    assert abs(found.began_at - clock.machine_time()) < MINUTE

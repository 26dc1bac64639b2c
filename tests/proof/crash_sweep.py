"""The whole crash sweep: a death at every step of every story, on both databases, and how many there were."""

import itertools
from collections.abc import Iterator

import pytest

from tests.flow.crash_stories import STORIES
from tests.flow.crash_sweep import Swept, sweep
from tests.flow.crashing import empty_postgresql, empty_sqlite

# Each death is a life of a bot, and waits of its own.
LONGEST_SECONDS = 1_200
DATABASES = ("postgresql", "sqlite")


@pytest.fixture(scope="session")
def told() -> Iterator[dict[tuple[str, str], Swept]]:
    """What was swept, by database and story; printed in the end."""
    found: dict[tuple[str, str], Swept] = {}
    yield found
    for database in DATABASES:
        of_it = [swept for (on, _), swept in found.items() if on == database]
        print(  # noqa: T201 (a report)
            f"\n{database}: {len(of_it)} stories, {sum(each.moments for each in of_it):,} moments, "
            f"{sum(each.steps for each in of_it):,} different steps, "
            f"{sum(each.deaths for each in of_it):,} deaths"
        )


@pytest.mark.timeout(LONGEST_SECONDS)
@pytest.mark.parametrize(("name", "database"), itertools.product(sorted(STORIES), DATABASES))
async def test_a_death_at_any_step_neither_loses_nor_doubles_anything(
    name, database, tmp_path, certificate, told, request, capsys
):
    """Every step of every story."""
    if database == "sqlite":
        databases = empty_sqlite(tmp_path)
    else:
        databases = empty_postgresql(request.getfixturevalue("postgresql"))
    swept = await sweep(STORIES[name], tmp_path, certificate, databases)
    told[database, name] = swept
    with capsys.disabled():
        print(f" {name} on {database}: {swept.deaths} deaths")  # noqa: T201 (a report)

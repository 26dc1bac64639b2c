"""The whole crash sweep: a death at every step of every story, on both databases, and how many there were."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.flow.crash_stories import STORIES
from tests.flow.crash_sweep import Swept, sweep
from tests.flow.crashing import empty_postgresql, empty_sqlite

# Each death is a life of a bot, and waits of its own.
LONGEST_SECONDS = 1_200
DATABASES = ("postgresql", "sqlite")


@pytest.fixture(scope="session")
def told(pytestconfig: pytest.Config) -> Iterator[dict[tuple[str, str], Swept]]:
    """What was swept, by database and story; printed in the end."""
    found: dict[tuple[str, str], Swept] = {}
    yield found
    capture: Any = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        for database in DATABASES:
            print(_summary(database, found))  # noqa: T201 (a report)


def _summary(database: str, found: dict[tuple[str, str], Swept]) -> str:
    of_it = [swept for (on, _), swept in found.items() if on == database]
    moments, steps, deaths = (
        sum(getattr(each, what) for each in of_it) for what in ("moments", "steps", "deaths")
    )
    return (
        f"\n{database}: {len(of_it)} stories, {moments:,} moments, "
        f"{steps:,} different steps, {deaths:,} deaths"
    )


@pytest.mark.timeout(LONGEST_SECONDS)
@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize("name", sorted(STORIES))
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

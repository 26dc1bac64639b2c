"""However many hold something, a sync keeps little in memory, and writes little at a time, but not one by one."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from bot import clock
from bot.assignments.model import Assignment, AssignmentState
from bot.assignments.store import assignment_lists
from bot.database.audit_log import audit
from bot.database.tables import assignments as assignment_table
from bot.sync.assignments import SEEN_TOGETHER
from graph.models import AccessPackageAssignment
from sandbox.tenant import seed
from tests.harness.by_hand import BotHarness
from tests.harness.wires import GoOn

LISTS = "GET .*/assignments$"
BATCHES = "POST .*/\\$batch$"
EVER = 10**6
PAGE = 50


class Many:
    """So many people have the campaign, says a list of Graph's."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.end = clock.now() + timedelta(days=30)
        # How many assignments were in memory when the first and the last page were asked for.
        self.alive: list[int] = []

    def item(self, number: int) -> dict[str, Any]:
        expiration = {"type": "afterDateTime", "endDateTime": self.end.isoformat()}
        return {
            "id": f"a{number:05}",
            "state": "delivered",
            "target": {"objectId": f"nobody-{number}", "displayName": f"Person {number}"},
            "accessPackage": {"id": seed.MARKETING_CAMPAIGN, "displayName": "Marketing Campaign"},
            "schedule": {"expiration": expiration},
        }

    async def __call__(self, request: httpx.Request, go_on: GoOn) -> httpx.Response:
        if "delivered" not in request.url.params["$filter"]:
            return httpx.Response(200, json={"value": []}, request=request)
        start = int(request.url.params.get("$skiptoken", 0))
        end = min(start + PAGE, self.count)
        said: dict[str, Any] = {"value": [self.item(number) for number in range(start, end)]}
        if end < self.count:
            said["@odata.nextLink"] = str(request.url.copy_set_param("$skiptoken", str(end)))
        if start == SEEN_TOGETHER - PAGE or end == self.count:
            kinds = (Assignment, AccessPackageAssignment)
            self.alive.append(sum(isinstance(each, kinds) for each in gc.get_objects()))
        return httpx.Response(200, json=said, request=request)


@contextmanager
def transactions(harness: BotHarness) -> Iterator[list[None]]:
    """Yield those that may write."""
    begun: list[None] = []

    def note(connection: sa.Connection) -> None:
        begun.append(None)

    sa.event.listen(harness.store.engine, "begin", note)
    try:
        yield begun
    finally:
        sa.event.remove(harness.store.engine, "begin", note)


async def sync_of(harness: BotHarness, many: Many) -> int:
    """Return how many transactions that may write it takes to copy who holds something."""
    harness.line.on(LISTS, many, times=EVER)
    packages = (await harness.graph.packages.list_readable()).objects
    with transactions(harness) as begun:
        await harness.tenant_sync._assignments.run(packages)
    return len(begun)


async def test_new_rows_are_written_many_at_a_time(harness):
    """Each has its own line in the audit log."""
    before = len(await harness.store.run(audit.rows))
    graph = Many(2)
    few = await sync_of(harness, graph)
    graph.count = 3 * SEEN_TOGETHER
    many = await sync_of(harness, graph)

    assert many == few + 2
    assert len(await harness.store.run(audit.rows)) == before + 3 * SEEN_TOGETHER
    held = (await harness.store.run(assignment_lists.page, rows=10**6)).rows
    assert len({each.entra_id for each in held}) == 3 * SEEN_TOGETHER


async def test_changed_rows_are_written_many_at_a_time(harness):
    """Somebody has moved all ends in Entra."""
    many = Many(2 * SEEN_TOGETHER)
    first = await sync_of(harness, many)
    many.end += timedelta(days=1)

    assert await sync_of(harness, many) == first
    held = (await harness.store.run(assignment_lists.page, rows=10**6)).rows
    assert {each.ends_at for each in held} == {many.end}


@pytest.mark.parametrize("sync", ["first", "second"])
async def test_memory_does_not_grow_with_the_list(harness, sync):
    """A page, and what is written together."""
    many = Many(6 * SEEN_TOGETHER)
    await sync_of(harness, many)
    if sync == "second":
        many.alive.clear()
        await sync_of(harness, many)

    early, late = many.alive
    assert late <= max(early, SEEN_TOGETHER + PAGE)


async def test_only_what_a_whole_list_lacks_is_looked_for(harness):
    """A list that breaks off says nothing of what it has not come to; what it lacks is asked for in batches."""
    many = Many(2 * SEEN_TOGETHER)
    await sync_of(harness, many)
    many.count = SEEN_TOGETHER
    asked: list[str] = []

    async def gone(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        said = json.loads(request.content)["requests"]
        asked.extend(each["url"] for each in said)
        missing = {"status": 404, "body": {"error": {"code": "ResourceNotFound"}}}
        answers = [{"id": each["id"], **missing} for each in said]
        return httpx.Response(200, json={"responses": answers}, request=request)

    harness.line.on(BATCHES, gone, times=EVER)
    await sync_of(harness, many)

    assert len([each for each in asked if "/assignments/a" in each]) == SEEN_TOGETHER
    found = await harness.store.run(_gone)
    assert found == [f"a{number:05}" for number in range(SEEN_TOGETHER, 2 * SEEN_TOGETHER)]
    held = (await harness.store.run(assignment_lists.page, rows=10**6)).rows
    assert {each.state for each in held} == {AssignmentState.LIVE}


def _gone(db: sa.Connection) -> list[str]:
    query = (
        sa.select(assignment_table.c.id)
        .where(assignment_table.c.gone_at.is_not(None))
        .order_by(assignment_table.c.id)
    )
    return list(db.execute(query).scalars())

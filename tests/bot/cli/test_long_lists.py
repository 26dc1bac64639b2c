"""Long lists at the command line: of what Graph lists no more is kept than is shown."""

import gc
from typing import Any

import httpx

from bot.cli.tenant import holders
from graph.models import AssignmentRequest
from tests.graph.wire import EM, ROOT, graph_on

PAGE = 50
COUNT = 10 * PAGE


def asked(number: int) -> dict[str, Any]:
    return {
        "id": f"r{number:04}",
        "requestType": "userAdd",
        "state": "delivered",
        "createdDateTime": f"2026-01-{1 + number % 28:02}T00:00:00Z",
        "requestor": {"objectId": f"u{number % 2}", "displayName": "Somebody"},
        "accessPackage": {"id": "p", "displayName": "Package"},
    }


async def test_requests_are_kept_as_rows():
    """Newest first, although they come in any order; and no more than a page of Graph's objects at a time."""
    alive: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        alive.append(sum(isinstance(each, AssignmentRequest) for each in gc.get_objects()))
        start = int(request.url.params.get("$skiptoken", 0))
        said: dict[str, Any] = {"value": [asked(number) for number in range(start, start + PAGE)]}
        if start + PAGE < COUNT:
            said["@odata.nextLink"] = (
                f"{ROOT}/v1.0{EM}/assignmentRequests?$skiptoken={start + PAGE}"
            )
        return httpx.Response(200, json=said)

    rows = await holders.requests(
        graph_on(answer), package=None, person=None, state=None, only_open=False
    )

    assert len(rows) == COUNT
    assert rows == sorted(rows, key=lambda row: (row["asked"], row["id"]), reverse=True)
    assert max(alive) - min(alive) <= PAGE

"""Answers that are not what the reference promises never become another kind of exception."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from graph import Graph, Retries, StaticToken
from graph.errors import Forbidden, GraphError, NotFound, Rejected
from tests.graph.samples import BETA, V1
from tests.graph.wire import ROOT, Wire, graph_on, refusal

STRANGE: list[Any] = [None, 7, True, "x", [], {}, [None], [7], ["x"], {"x": [{}]}, 1e400]
PACKAGE: dict[str, Any] = {
    "id": "q",
    "catalog": {"id": "c"},
    "assignmentPolicies": [BETA],
    "accessPackageResourceRoleScopes": [
        {"accessPackageResourceRole": {"id": "r"}, "accessPackageResourceScope": {"id": "s"}}
    ],
}
ASSIGNMENT: dict[str, Any] = {
    "id": "a",
    "assignmentState": "Delivered",
    "schedule": {"startDateTime": "2026-01-01T00:00:00Z", "expiration": {"type": "noExpiration"}},
    "target": {"objectId": "u"},
    "accessPackageAssignmentPolicy": BETA,
    "accessPackage": PACKAGE,
}


class Prepared(httpx.AsyncClient):
    """Answers every request with one text, and loses no time over it: there are thousands."""

    text = ""

    async def request(self, *given: Any, **named: Any) -> httpx.Response:
        return httpx.Response(200, text=self.text)


def variations(item: Any) -> Iterator[str]:
    """*item* as JSON with each of its parts, at any depth, replaced by something strange."""
    item = copy.deepcopy(item)

    def places(part: Any, path: tuple) -> Iterator[tuple]:
        if path:
            yield path
        keys = (
            part.keys()
            if isinstance(part, dict)
            else range(len(part))
            if isinstance(part, list)
            else ()
        )
        for key in keys:
            yield from places(part[key], (*path, key))

    for path in list(places(item, ())):
        inner = item
        for key in path[:-1]:
            inner = inner[key]
        kept = inner[path[-1]]
        for strange in STRANGE:
            inner[path[-1]] = strange
            yield json.dumps(item)
        inner[path[-1]] = kept


@pytest.mark.cases(1)
@pytest.mark.parametrize(
    ("version", "sample"),
    [("v1.0", V1), ("beta", BETA), ("v1.0", ASSIGNMENT), ("beta", ASSIGNMENT)],
)
async def test_a_part_of_another_type_is_at_worst_one_of_our_errors(version, sample):
    """Every field of every answer in turn: read, or refused as a bad answer."""
    http = Prepared()
    graph = Graph(http, StaticToken("t"), url=ROOT, version=version, retries=Retries(attempts=1))
    read = graph.assignments.get if sample is ASSIGNMENT else graph.policies.get
    count = 0
    for http.text in variations(sample):
        count += 1
        with suppress(GraphError):
            await read("x")
    assert count > 200


async def test_json_nested_without_end_is_a_bad_answer():
    """Not even that gets past as another exception."""
    with pytest.raises(GraphError):
        await graph_on(Wire(httpx.Response(200, text="[" * 100_000)), attempts=1).policies.get("p")


@pytest.mark.parametrize(
    ("answer", "kind"), [(refusal(403, "X"), Forbidden), (refusal(404, "X"), NotFound)]
)
async def test_reading_still_tells_forbidden_from_gone(answer, kind):
    """Only after our own deletion do both mean the same."""
    with pytest.raises(kind):
        await graph_on(Wire(answer)).policies.get("p")


async def test_a_package_with_assignments_is_not_deleted():
    """Graph's refusal is handed on as it is, whatever its code."""
    with pytest.raises(Rejected, match="has assignments"):
        await graph_on(
            Wire(refusal(400, "SomeCode", "The access package has assignments."))
        ).packages.delete("q")

"""Long lists: read page by page, in pieces, and what many items have in common once."""

import asyncio
import gc
import json
import weakref
from collections.abc import Awaitable
from typing import Any

import httpx
import pytest

from graph.calls import json_reader
from graph.calls.session import ITEMS_A_TURN
from graph.errors import BadAnswer
from graph.models import AccessPackageAssignment, AssignmentPolicy
from tests.graph.wire import EM, ROOT, Wire, graph_on

PAGE = 20
LISTS: list[Any] = [
    {"value": [{"id": "a", "b": [1, 2]}, {}, [], "ü", None, 1.5], "@odata.nextLink": "x"},
    {"@odata.nextLink": "x", "value": []},
    {"value": [[[{"deep": ["]", "}"]}]]], "other": {"value": [1]}},
    {},
    [1, 2],
    "text",
    {"value": [1], "value ": 2},
]
WRONG = [
    '{"value": [1, 2',
    '{"value": [1 2]}',
    '{"value": [1],}',
    '{"value": [1]} x',
    '{"value" [1]}',
    "{value: 1}",
    '{"value": [1,]}',
    '{"value": [1]',
    "{",
]


@pytest.fixture
def short(monkeypatch):
    """Whatever is longer than a few characters counts as long."""
    monkeypatch.setattr(json_reader, "AT_ONCE", 1)
    monkeypatch.setattr(json_reader, "A_TURN", 1)


@pytest.mark.parametrize("said", LISTS)
@pytest.mark.parametrize("indent", [None, 2])
async def test_what_is_read_in_pieces_is_what_it_would_be_at_once(short, said, indent):
    """In any encoding that JSON knows."""
    text = json.dumps(said, ensure_ascii=False, indent=indent)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert await json_reader.loads(text.encode(encoding)) == said


@pytest.mark.parametrize("text", WRONG)
async def test_what_is_no_json_is_none_in_pieces_either(short, text):
    """Wherever it is cut off or spoiled."""
    with pytest.raises(ValueError, match="char"):
        json.loads(text)
    with pytest.raises(ValueError, match="char"):
        await json_reader.loads(text.encode())


async def test_a_long_list_gives_others_their_turn(short):
    """After every piece of it."""
    turns = await _turns_during(json_reader.loads(json.dumps({"value": [1] * 50}).encode()))
    assert turns >= 50


async def _turns_during(work: Awaitable[Any]) -> int:
    """Return how often somebody else had their turn."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(other())
    await work
    beside.cancel()
    return turns


def assignment(number: int, **changes: Any) -> dict[str, Any]:
    package = number % 2
    return {
        "id": f"a{number}",
        "state": "delivered",
        "target": {"objectId": f"u{number}"},
        "accessPackage": {"id": f"p{package}", "displayName": f"Package {package}"},
        "assignmentPolicy": {
            "id": f"q{package}",
            "requestorSettings": {"enableTargetsToSelfAddAccess": True},
        },
        **changes,
    }


class Pages:
    """A list of so many assignments, a page at a time."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __call__(self, request: httpx.Request) -> httpx.Response:
        start = int(request.url.params.get("$skiptoken", 0))
        end = min(start + PAGE, self.count)
        said: dict[str, Any] = {"value": [assignment(number) for number in range(start, end)]}
        if end < self.count:
            said["@odata.nextLink"] = f"{ROOT}/v1.0{EM}/assignments?$skiptoken={end}"
        return httpx.Response(200, json=said)


@pytest.mark.parametrize("count", [200, 1_000])
async def test_no_more_than_a_page_of_a_list_is_kept(count):
    """However long it is."""
    alive: set[int] = set()
    most = read = 0
    async for item in graph_on(Pages(count)).assignments.stream(state="delivered"):
        assert isinstance(item.read, AccessPackageAssignment)
        alive.add(read)
        weakref.finalize(item.read, alive.discard, read)
        read += 1
        if read % PAGE == 0:
            gc.collect(0)
        most = max(most, len(alive))
    assert read == count
    assert most <= 2


async def test_a_page_gives_others_their_turn():
    """Its items are made objects a few at a time."""
    graph = graph_on(Pages(10 * PAGE))

    async def read() -> None:
        async for _ in graph.assignments.stream(state="delivered"):
            continue

    assert await _turns_during(read()) >= 10 * PAGE // ITEMS_A_TURN


async def test_what_assignments_have_in_common_is_one_object():
    """Their package and their policy, as long as Graph says the same of them."""
    stream = graph_on(Pages(6)).assignments.stream(state="delivered")
    found = [item.read async for item in stream if isinstance(item.read, AccessPackageAssignment)]

    assert len({id(each.access_package) for each in found}) == 2
    assert len({id(each.assignment_policy) for each in found}) == 2
    assert found == [
        AccessPackageAssignment.model_validate(assignment(number)) for number in range(6)
    ]


async def test_a_policy_that_changes_while_a_list_is_read_is_read_anew():
    """Each assignment has what stood beside it."""
    changed = {"id": "q0", "requestorSettings": {"enableTargetsToSelfAddAccess": False}}
    items = [assignment(0), assignment(2, assignmentPolicy=changed), assignment(4)]
    stream = graph_on(Wire({"value": items})).assignments.stream(state="delivered")
    policies = [
        item.read.assignment_policy
        async for item in stream
        if isinstance(item.read, AccessPackageAssignment)
    ]

    assert policies == [AssignmentPolicy.model_validate(each["assignmentPolicy"]) for each in items]


async def test_a_stream_is_asked_for_what_a_list_is():
    """Of a package, a policy, a person, in a state."""
    which = {"package_id": "p", "policy_id": "q", "user_id": "u", "state": "delivered"}
    wire = Wire({"value": []})
    graph = graph_on(wire)

    await graph.assignments.list(**which)
    assert [item async for item in graph.assignments.stream(**which)] == []

    assert wire.sent[0] == wire.sent[1]
    assert "target/objectId eq 'u'" in wire.sent[1]


async def test_an_assignment_whose_policy_cannot_be_read_spoils_no_other():
    """It stands as an error in its place."""
    items = [assignment(0), assignment(2, assignmentPolicy={"id": "q0", "expiration": 1})]
    stream = graph_on(Wire({"value": items})).assignments.stream(state="delivered")

    kinds = [(item.id, type(item.read)) async for item in stream]

    assert kinds == [("a0", AccessPackageAssignment), ("a2", BadAnswer)]


async def test_beta_has_them_in_its_own_words():
    """And they are one object there, too."""
    items = [
        {
            "id": f"a{number}",
            "assignmentState": "Delivered",
            "accessPackage": {"id": "p", "displayName": "Package"},
            "accessPackageAssignmentPolicy": {"id": "q", "durationInDays": 30},
        }
        for number in range(2)
    ]
    graph = graph_on(Wire({"value": items}), version="beta")
    stream = graph.assignments.stream(state="delivered")
    one, two = [
        item.read async for item in stream if isinstance(item.read, AccessPackageAssignment)
    ]

    assert one.assignment_policy is two.assignment_policy
    assert one.assignment_policy is not None
    assert one.assignment_policy.expiration is not None
    assert one.access_package is two.access_package

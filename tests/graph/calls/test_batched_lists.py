"""Many lists in one batch, and in which order they are read."""

import pytest

from graph.calls.batch import FirstPage
from graph.errors import BadAnswer, NotFound
from tests.graph.calls.test_batch import batched, throttled
from tests.graph.wire import ROOT, Wire, graph_on

LISTS = [("/groups", {}), ("/users", {}), ("/groups", {"$top": "1"})]


def listed(number: int, *ids: str) -> dict:
    return {"id": str(number), "status": 200, "body": {"value": [{"id": each} for each in ids]}}


async def test_a_list_in_a_batch_goes_on_behind_its_first_page():
    """Links cannot be followed in a batch: such a list is read by itself."""
    link = f"{ROOT}/v1.0/groups?$skiptoken=2"
    wire = Wire(
        batched(
            {"id": "0", "status": 200, "body": {"value": [{"id": "a"}], "@odata.nextLink": link}},
            {"id": "1", "status": 200, "body": {"value": [{"id": "c"}]}},
            {"id": "2", "status": 200, "body": {"value": "x"}},
            {"id": "3", "status": 404, "body": {"error": {"code": "X", "message": "Gone."}}},
        ),
        {"value": [{"id": "a"}], "@odata.nextLink": link},
        {"value": [{"id": "b"}]},
    )

    first, second, third, fourth = await graph_on(wire).batch.lists([("/groups", {})] * 4)

    assert (first, second) == ([{"id": "a"}, {"id": "b"}], [{"id": "c"}])
    assert isinstance(third, BadAnswer)
    assert isinstance(fourth, NotFound)


async def test_lists_in_order_wait_for_each_other():
    """What moves from one list to the next meanwhile is in the later one."""
    wire = Wire(batched(listed(0, "a"), listed(1, "b"), listed(2)))

    found = await graph_on(wire).batch.lists(LISTS, in_order=True)

    asked = wire.body()["requests"]
    assert [each.get("dependsOn") for each in asked] == [None, ["0"], ["1"]]
    assert found == [[{"id": "a"}], [{"id": "b"}], []]


async def test_what_was_to_follow_a_throttled_read_is_read_again_after_it():
    """Graph does not begin with it; what was read before is not read again."""
    skipped = {"id": "2", "status": 424, "body": {"error": {"code": "FailedDependency"}}}
    wire = Wire(
        batched(listed(0, "a"), throttled(1, "1"), skipped),
        batched(listed(0, "b"), listed(1, "c")),
    )

    found = await graph_on(wire).batch.lists(LISTS, in_order=True)

    again = wire.body()["requests"]
    assert [(each["url"], each.get("dependsOn")) for each in again] == [
        ("/users", None),
        ("/groups?$top=1", ["0"]),
    ]
    assert found == [[{"id": "a"}], [{"id": "b"}], [{"id": "c"}]]


async def test_what_was_read_before_what_it_was_to_follow_is_read_again():
    """Graph calls its own answer a good one, and so has read the next; nobody can read that answer."""
    unreadable = {"id": "0", "status": 200, "body": "<html>"}
    wire = Wire(
        batched(unreadable, listed(1, "moves"), listed(2)),
        batched(listed(0, "a"), listed(1), listed(2, "moves")),
    )

    found = await graph_on(wire).batch.lists(LISTS, in_order=True)

    again = wire.body()["requests"]
    assert [each.get("dependsOn") for each in again] == [None, ["0"], ["1"]]
    assert found == [[{"id": "a"}], [], [{"id": "moves"}]]


@pytest.mark.parametrize("in_order", [True, False])
async def test_behind_a_list_that_goes_on_those_in_order_are_read_again(in_order):
    """It is read anew by itself: what has left it since their first look is in one of them."""
    link = f"{ROOT}/v1.0/users?$skiptoken=2"
    page = {"value": [{"id": "moves"}], "@odata.nextLink": link}
    wire = Wire(
        batched(listed(0, "a"), {"id": "1", "status": 200, "body": page}, listed(2)),
        {"value": [{"id": "b"}]},
        {"value": [{"id": "moves"}]},
    )

    found = await graph_on(wire).batch.lists(LISTS, in_order=in_order)

    last = [{"id": "moves"}] if in_order else []
    assert found == [[{"id": "a"}], [{"id": "b"}], last]


async def test_a_first_page_says_whether_the_list_goes_on():
    """And is not followed."""
    page = {"value": [{"id": "a"}], "@odata.nextLink": f"{ROOT}/v1.0/groups?$skiptoken=x"}
    wire = Wire(batched({"id": "0", "status": 200, "body": page}, listed(1), listed(2)))

    first, second, _ = await graph_on(wire).batch.first_pages(LISTS)

    assert isinstance(first, FirstPage)
    assert isinstance(second, FirstPage)
    assert (first.items, first.goes_on, second.goes_on) == ([{"id": "a"}], True, False)
    assert len(wire.sent) == 1

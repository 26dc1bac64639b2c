"""Lists of what is in one of several states."""

import json
from urllib.parse import unquote

import httpx
import pytest

from graph.errors import GraphError
from tests.graph.wire import graph_on

TWO = ("submitted", "delivering")


class Lists:
    """Answers with pages of two, and may want each state to be a list of its own."""

    def __init__(self, *, takes_or: bool = True, pages: int = 1) -> None:
        self.takes_or = takes_or
        self.pages = pages
        self.status = 400
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("$batch"):
            calls = json.loads(request.content)["requests"]
            self.asked += [unquote(each["url"]) for each in calls]
            answers = [
                {"id": each["id"], "status": 200, "body": {"value": [{"id": each["id"]}]}}
                for each in calls
            ]
            return httpx.Response(200, json={"responses": answers})
        said = unquote(str(request.url))
        self.asked.append(said)
        if " or " in said and not self.takes_or:
            refusal = {"error": {"code": "InvalidFilter", "message": "No."}}
            return httpx.Response(self.status, json=refusal)
        page = int(said.rpartition("page=")[2]) if "page=" in said else 1
        body: dict = {"value": [{"id": f"{page}a"}, {"id": f"{page}b"}]}
        if page < self.pages:
            separator = "&" if "?" in str(request.url) else "?"
            link = str(request.url).partition("&page=")[0] + f"{separator}page={page + 1}"
            body["@odata.nextLink"] = link
        return httpx.Response(200, json=body)


@pytest.mark.parametrize(
    ("version", "condition"),
    [
        ("v1.0", "(state eq 'submitted' or state eq 'delivering')"),
        ("beta", "(requestState eq 'Submitted' or requestState eq 'Delivering')"),
    ],
)
async def test_several_states_are_one_list(version, condition):
    """In each version's own words."""
    lists = Lists()

    found = await graph_on(lists, version=version).assignment_requests.list_in(
        package_id="q", states=TWO
    )

    assert [each.id for each in found] == ["1a", "1b"]
    (asked,) = lists.asked
    assert f"$filter=accessPackage/id eq 'q' and {condition}" in asked


async def test_what_graph_refuses_to_join_is_listed_by_state_from_then_on():
    """It is asked once whether it does."""
    lists = Lists(takes_or=False)
    graph = graph_on(lists)

    for _ in range(2):
        found = await graph.assignment_requests.list_in(package_id="q", states=TWO)
        assert [each.id for each in found] == ["0", "1"]

    assert sum(" or " in each for each in lists.asked) == 1
    assert [each.partition(" and ")[2].partition("&")[0] for each in lists.asked[1:]] == [
        "state eq 'submitted'",
        "state eq 'delivering'",
    ] * 2


async def test_any_other_trouble_is_no_refusal():
    """What may be read in a moment is not read in four lists for ever."""
    lists = Lists(takes_or=False)
    lists.status = 403
    graph = graph_on(lists)

    with pytest.raises(GraphError):
        await graph.assignment_requests.list_in(package_id="q", states=TWO)
    lists.takes_or = True
    await graph.assignment_requests.list_in(package_id="q", states=TWO)

    assert all(" or " in each for each in lists.asked)


async def test_a_list_of_holders_is_read_to_its_end_or_given_up():
    """No page is read that does not help."""
    short, long = Lists(pages=3), Lists(pages=4)

    found = await graph_on(short).assignments.holders_if_few("q", pages=3)
    none = await graph_on(long).assignments.holders_if_few("q", pages=3)

    assert [each.id for each in found or []] == ["1a", "1b", "2a", "2b", "3a", "3b"]
    assert none is None
    assert len(long.asked) == 3


async def test_holders_are_listed_by_state_where_states_are_not_joined():
    """One page of each, each after the one before."""
    lists = Lists(takes_or=False)

    found = await graph_on(lists).assignments.holders_if_few("q", pages=3)

    assert [each.id for each in found or []] == ["0", "1", "2", "3"]

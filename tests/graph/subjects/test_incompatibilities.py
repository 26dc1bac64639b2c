"""Separation of duties, on the wire of both versions."""

import httpx
import pytest

from graph.errors import BadAnswer, GraphError
from tests.graph.wire import EM, ROOT, Wire, graph_on


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_incompatible_packages_and_groups_are_references(version):
    """Separation of duties is set by the address of the other thing, in our own version."""
    wire = Wire(httpx.Response(204))
    incompatibilities = graph_on(wire, version=version).incompatibilities

    await incompatibilities.add_package("q", other_id="o")
    await incompatibilities.add_group("q", group_id="g")
    await incompatibilities.remove_package("q", other_id="o")
    await incompatibilities.remove_group("q", group_id="g")

    here = f"/{version}{EM}/accessPackages/q"
    assert wire.sent == [
        f"POST {here}/incompatibleAccessPackages/$ref",
        f"POST {here}/incompatibleGroups/$ref",
        f"DELETE {here}/incompatibleAccessPackages/o/$ref",
        f"DELETE {here}/incompatibleGroups/g/$ref",
    ]
    assert wire.body(0) == {"@odata.id": f"{ROOT}/{version}{EM}/accessPackages/o"}
    assert wire.body(1) == {"@odata.id": f"{ROOT}/{version}/groups/g"}


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_what_does_not_go_together_is_read_in_one_call(version):
    """Both ways, and groups; a list that is longer than a page is read by itself."""
    here = f"{EM}/accessPackages/q"
    more = f"{ROOT}/{version}{here}/incompatibleGroups?$skiptoken=2"
    batched = {
        "responses": [
            {"id": "0", "status": 200, "body": {"value": [{"id": "a", "displayName": "A"}]}},
            {
                "id": "1",
                "status": 200,
                "body": {"value": [{"id": "g1"}], "@odata.nextLink": more},
            },
            {"id": "2", "status": 200, "body": {"value": []}},
        ]
    }
    wire = Wire(
        batched,
        {"value": [{"id": "g1"}], "@odata.nextLink": more},
        {"value": [{"id": "g2", "displayName": "G"}]},
    )

    found = await graph_on(wire, version=version).incompatibilities.both_ways("q")

    assert [each.display_name for each in found.packages] == ["A"]
    assert [each.id for each in found.groups] == ["g1", "g2"]
    assert found.excluded == []
    assert [each["url"] for each in wire.body(0)["requests"]] == [
        f"{here}/incompatibleAccessPackages",
        f"{here}/incompatibleGroups",
        f"{here}/accessPackagesIncompatibleWith",
    ]


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_what_cannot_be_read_of_it_is_an_error(status):
    """Never an empty list."""
    good = {"status": 200, "body": {"value": []}}
    bad = {"status": status, "body": {"error": {"code": "x", "message": "y"}}}
    wire = Wire(
        {"responses": [{"id": "0", **good}, {"id": "1", **bad}, {"id": "2", **good}]},
        {"responses": [{"id": "0", **bad}]},
    )

    with pytest.raises(GraphError):
        await graph_on(wire).incompatibilities.both_ways("q")


async def test_an_answer_without_a_list_is_none():
    """Nor is what is no list read as an empty one."""
    good = {"status": 200, "body": {"value": []}}
    bad = {"status": 200, "body": {"value": None}}
    wire = Wire({"responses": [{"id": "0", **good}, {"id": "1", **bad}, {"id": "2", **good}]})

    with pytest.raises(BadAnswer):
        await graph_on(wire).incompatibilities.both_ways("q")

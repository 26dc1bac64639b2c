"""Groups and their members, as asked of the directory."""

import httpx
import pytest

from graph import Graph
from graph.models import Group, User
from sandbox.tenant import seed
from tests.graph.wire import ROOT, Wire, graph_on


@pytest.mark.parametrize(
    ("transitive", "segment"), [(True, "transitiveMembers"), (False, "members")]
)
async def test_only_people_are_members(transitive, segment):
    """Groups, devices and applications in a group are left out, on every page."""
    wire = Wire(
        {
            "value": [
                {"@odata.type": "#microsoft.graph.user", "id": "ann"},
                {"@odata.type": "#microsoft.graph.group", "id": "nested"},
            ],
            "@odata.nextLink": f"{ROOT}/v1.0/groups/g/{segment}?$skiptoken=x",
        },
        {"value": [{"@odata.type": "#microsoft.graph.device", "id": "d"}, {"id": "cy"}]},
    )

    members = await graph_on(wire).groups.members("g", transitive=transitive)

    assert [user.id for user in members] == ["ann", "cy"]
    assert f"/groups/g/{segment}?" in wire.sent[0]


async def test_people_and_groups_are_told_apart():
    """What is neither is left out."""
    wire = Wire(
        {
            "value": [
                {"@odata.type": "#microsoft.graph.user", "id": "ann"},
                {"@odata.type": "#microsoft.graph.group", "id": "inner", "displayName": "Inner"},
                {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "app"},
            ]
        }
    )
    found = [each async for each in graph_on(wire).groups.each_direct("g")]
    assert [(type(each), each.id) for each in found] == [(User, "ann"), (Group, "inner")]


async def test_a_group_is_created_with_its_owners():
    """Owners are the addresses of people in our own version of Graph."""
    wire = Wire(httpx.Response(201, json={"id": "g"}))

    await graph_on(wire, version="beta").groups.create(
        display_name="Marketing resources", mail_nickname="marketing", owner_ids=["u"]
    )

    assert wire.body()["owners@odata.bind"] == [f"{ROOT}/beta/users/u"]
    assert wire.body()["securityEnabled"] is True


async def test_a_member_is_added_by_reference_and_removed():
    """Do to a group what delivery, or an administrator, does."""
    wire = Wire(httpx.Response(204))
    graph = graph_on(wire)

    await graph.groups.add_member(group_id="g", user_id="u")
    await graph.groups.remove_member(group_id="g", user_id="u")

    assert wire.sent == [
        "POST /v1.0/groups/g/members/$ref",
        "DELETE /v1.0/groups/g/members/u/$ref",
    ]
    assert wire.body(0) == {"@odata.id": f"{ROOT}/v1.0/directoryObjects/u"}


async def test_a_group_gets_another_name(graph: Graph) -> None:
    """And nothing else of it changes."""
    await graph.groups.rename(seed.MARKETING, display_name="Sales")
    assert (await graph.groups.get(seed.MARKETING)).display_name == "Sales"

"""Groups that hide their members: known for what they are, once each, and only where it matters."""

import httpx
import pytest

from graph.calls.hidden_members import SEES_ALL
from graph.errors import BadAnswer, Forbidden, GraphError, MembersHidden
from sandbox.tenant import seed
from sandbox.tenant.model import Group
from tests.graph.wire import Wire, graph_on

HIDDEN = "b0000000-0000-4000-8000-0000000000b1"
GONE = "b0000000-0000-4000-8000-0000000000b2"


@pytest.fixture(autouse=True)
def hidden(tenant):
    """A group of Ann's whose members are hidden."""
    world = tenant.world
    world.groups[HIDDEN] = Group(
        HIDDEN, "Insiders", world.now(), members=[seed.ANN], visibility="HiddenMembership"
    )
    return world.groups[HIDDEN]


async def test_of_hidden_groups_it_cannot_be_told_who_is_in_them(graph):
    """Of the others it can, in the same answer."""
    asked = [HIDDEN, seed.SECURITY_REVIEWERS, seed.MARKETING_RESOURCES, GONE]

    theirs = await graph.users.memberships(seed.BO, asked)

    assert theirs.found == {seed.SECURITY_REVIEWERS}
    assert theirs.hidden == {HIDDEN}
    assert await graph.users.shown_in(seed.ANN, asked) == set()
    with pytest.raises(MembersHidden):
        await graph.users.member_of(seed.ANN, asked)
    assert await graph.users.member_of(seed.BO, asked[1:]) == {seed.SECURITY_REVIEWERS}


async def test_members_that_are_hidden_are_not_nobody(graph, tenant):
    """An empty list says so only of a group that hides nobody; the error is one of rights."""
    tenant.world.groups[seed.MARKETING_RESOURCES].members = []

    assert await graph.groups.members(seed.MARKETING_RESOURCES) == []
    for transitive in (True, False):
        with pytest.raises(Forbidden):
            await graph.groups.members(HIDDEN, transitive=transitive)
    with pytest.raises(Forbidden):
        _ = [each async for each in graph.groups.each_direct(HIDDEN)]


class TestWithThePermission:
    """For an app that may see them they are as any other."""

    @pytest.fixture
    def tenant(self, tenant):
        tenant.permissions.add(SEES_ALL)
        return tenant

    async def test_hidden_groups_are_as_any_other(self, graph):
        assert await graph.users.member_of(seed.ANN, [HIDDEN]) == {HIDDEN}
        assert await graph.users.member_of(seed.BO, [HIDDEN]) == set()
        assert [each.id for each in await graph.groups.members(HIDDEN)] == [seed.ANN]


async def test_a_group_is_looked_at_once():
    """Whether it hides its members is decided when it is made."""
    outcome = {"responses": [{"id": "0", "status": 200, "body": {"id": "g", "visibility": None}}]}
    wire = Wire({"value": []}, outcome, {"value": []})
    graph = graph_on(wire)

    assert await graph.users.member_of("ann", ["g"]) == set()
    assert await graph.users.member_of("bo", ["g"]) == set()
    assert [each.rpartition("/")[2] for each in wire.sent] == [
        "checkMemberGroups",
        "$batch",
        "checkMemberGroups",
    ]


async def test_a_group_that_cannot_be_looked_at_may_hide_its_members():
    """What is not known is not granted by."""
    wire = Wire({"value": []}, {"responses": [{"id": "0", "status": 403, "body": {}}]})

    with pytest.raises(GraphError):
        await graph_on(wire).users.member_of("ann", ["g"])


@pytest.mark.parametrize("answer", [{}, {"value": None}, {"value": [None]}, {"value": "g"}])
async def test_an_answer_without_groups_is_not_taken_for_none(answer):
    """A group that excludes a package would exclude it no more."""
    wire = Wire(httpx.Response(200, json=answer))

    with pytest.raises(BadAnswer):
        await graph_on(wire).users.member_of("ann", ["g"])

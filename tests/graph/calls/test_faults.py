"""Test what the adapter says about a failed write, held against what really happened in the tenant."""

from datetime import timedelta

import pytest

from graph import Graph
from graph.errors import BadAnswer, GraphError
from sandbox.tenant import Tenant


async def ask(graph: Graph, tenant: Tenant) -> None:
    """One grant, as the bot posts it."""
    (package,) = await graph.packages.find(display_name="Board Papers")
    dana = tenant.user_by_email("dana@contoso.example")
    assert dana is not None
    tenant.calls.clear()
    await graph.assignment_requests.create(
        request_type="adminAdd",
        target_id=dana.id,
        policy_id=package.assignment_policies[0].id,
        package_id=package.id,
    )


@pytest.mark.parametrize(
    ("fault", "happens"),
    [
        ("throttle", False),
        ("unavailable", False),
        ("unauthorized", False),
        ("html", False),
        ("error_after", True),
        ("truncated", True),
    ],
)
async def test_no_write_is_called_undone_that_was_done(
    graph: Graph, tenant: Tenant, fault: str, happens: bool
) -> None:
    """ "Nothing happened" is only said when it is true, and the write was sent once."""
    tenant.faults.set(fault, only="^POST .*ssignmentRequests$")

    with pytest.raises(GraphError) as caught:
        await ask(graph, tenant)

    assert len(tenant.world.requests) == int(happens)
    assert caught.value.may_have_happened or not happens
    posts = [call for call in tenant.calls if call.method == "POST"]
    assert len(posts) == 1


@pytest.mark.parametrize("fault", ["throttle", "unavailable", "html", "error_after", "truncated"])
async def test_reads_get_over_a_passing_fault(graph: Graph, tenant: Tenant, fault: str) -> None:
    """Two failures in a row, and the list is whole all the same."""
    tenant.faults.set(fault, count=2)

    assert len(await graph.packages.list()) == 4


@pytest.mark.parametrize("fault", ["throttle", "unavailable", "error_after"])
async def test_a_read_among_others_gets_over_a_passing_fault(
    graph: Graph, tenant: Tenant, fault: str
) -> None:
    """Graph judges each call of a batch by itself: one fails, and the others do not."""
    tenant.faults.set(fault, count=1, only="^GET .*/groups$")

    users, groups = await graph.batch.first_pages([("/users", {}), ("/groups", {})])

    assert not isinstance(users, GraphError)
    assert not isinstance(groups, GraphError)
    assert tenant.faults.counts[fault] == 1
    read = [call.path for call in tenant.calls if call.method == "GET"]
    assert [sum(name in path for path in read) for name in ("users", "groups")] == [1, 2]


async def test_a_next_page_elsewhere_ends_the_list_with_an_error(
    graph: Graph, tenant: Tenant
) -> None:
    """Half a list is never taken for the whole."""
    tenant.faults.set("foreign_next_link")

    with pytest.raises(BadAnswer):
        await graph.packages.list()


async def test_a_new_request_can_be_read_before_it_is_listed(graph: Graph, tenant: Tenant) -> None:
    """Lists lag behind; what is asked for by its id does not."""
    tenant.faults.set("lag", seconds=30)

    await ask(graph, tenant)

    assert await graph.assignment_requests.list() == []
    tenant.clock.shift(timedelta(seconds=31))
    (found,) = await graph.assignment_requests.list()
    assert (await graph.assignment_requests.get(found.id)).is_delivered

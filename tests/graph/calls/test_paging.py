"""Lists of several pages, and links that lead elsewhere."""

import pytest

from graph.errors import (
    BadAnswer,
)
from tests.graph.wire import EM, ROOT, Wire, graph_on


async def test_a_list_is_read_to_its_last_page():
    """The next link is followed as Graph wrote it, whatever is in it."""
    link = f"{ROOT}/v1.0{EM}/catalogs?$skiptoken=X%27%2B"
    wire = Wire(
        {"value": [{"id": "a"}], "@odata.nextLink": link},
        {"value": [{"id": "b"}], "@microsoft.graph.tips": "use $select"},
    )

    catalogs = await graph_on(wire).catalogs.list()

    assert [catalog.id for catalog in catalogs] == ["a", "b"]
    assert str(wire.requests[1].url) == link


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.test/v1.0/users",
        "http://graph.test/v1.0/users",
        "https://graph.test:8443/v1.0/users",
        "https://graph.test.evil.test/v1.0/users",
        "https://graph.test@evil.test/v1.0/users",
        "https://someone@graph.test/v1.0/users",
        "https://graph.test/beta/users",
        "https://graph.test/v1.0/../beta/users",
        "https://graph.test/v1.0/%2e%2e/beta/users",
        "https://graph.test\\@evil.test/v1.0/users",
        "https://graph.test:port/v1.0/users",
        "https://[graph.test/v1.0/users",
        "//evil.test/v1.0/users",
        "/v1.0/users",
        42,
        {"href": "x"},
    ],
)
async def test_a_next_link_to_another_place_is_not_followed(link):
    """Our token never travels to another host, scheme, port, or version."""
    wire = Wire({"value": [], "@odata.nextLink": link})

    with pytest.raises(BadAnswer):
        await graph_on(wire).catalogs.list()

    assert len(wire.requests) == 1


async def test_the_same_host_in_capitals_and_with_its_port_is_still_ours():
    """Hosts have no capitals, and https has port 443."""
    link = f"https://GRAPH.test:443/v1.0{EM}/catalogs?$skiptoken=x"
    wire = Wire({"value": [], "@odata.nextLink": link}, {"value": [{"id": "b"}]})

    assert len(await graph_on(wire).catalogs.list()) == 1


async def test_pages_that_go_round_in_circles_end():
    """A next link that was read before is an error, not a loop."""
    link = f"{ROOT}/v1.0{EM}/catalogs?$skiptoken=x"
    wire = Wire({"value": [], "@odata.nextLink": link})

    with pytest.raises(BadAnswer):
        await graph_on(wire).catalogs.list()

    assert len(wire.requests) == 2


@pytest.mark.parametrize("page", [{}, {"value": None}, {"value": {"id": "a"}}, {"value": ["a"]}])
async def test_a_page_without_a_list_is_an_error(page):
    """Nobody may take a broken page for an empty list."""
    with pytest.raises(BadAnswer):
        await graph_on(Wire(page)).catalogs.list()

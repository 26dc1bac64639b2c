"""Where somebody must connect their account, a button does it, and My Access is one press away."""

import pytest

from graph.clouds import my_access_of
from tests.flow.entra.test_entra_decides import ASK, asked, deciding
from tests.flow.entra.test_entra_ends import cancel, disconnect
from tests.harness.world import ANN, BO, eventually, labels, said

LINK = "<https://myaccess.microsoft.com|Open My Access>"


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, GRAPH_API_VERSION=request.param) as made:
        yield made


async def test_an_approver_connects_by_a_button(world):
    """In the answer to their press, beside the link to where they can decide without."""
    await asked(world)
    card = await world.card(BO)
    await world.press(BO, card, "Approve")

    def answered():
        place = world.slack.dm(BO).seen_by(BO)
        return next(
            (each for each in place if "decision goes there in your own" in said(each)), None
        )

    answer = await eventually(answered, about="the answer")
    assert labels(answer) == ["Connect my Microsoft account"]
    assert LINK in said(answer)


async def test_whoever_asks_connects_by_a_button(world):
    """As soon as their request waits for it."""
    await world.type(ANN, ASK)
    shown = await world.told(ANN, "Please connect your Microsoft account")
    assert labels(shown) == ["Connect my Microsoft account"]


async def test_whoever_cancels_connects_by_a_button(world):
    """Or cancels in My Access."""
    await asked(world)
    await disconnect(world)
    await cancel(world)
    shown = await world.told(ANN, "To cancel your request")
    assert labels(shown) == ["Connect my Microsoft account"]
    assert LINK in said(shown)


@pytest.mark.parametrize(
    ("graph", "address"),
    [
        ("https://graph.microsoft.com", "https://myaccess.microsoft.com"),
        ("https://graph.microsoft.us/", "https://myaccess.microsoft.us"),
        ("https://dod-graph.microsoft.us", "https://myaccess.microsoft.us"),
        ("https://microsoftgraph.chinacloudapi.cn", None),
        ("https://graph.elsewhere.example", "https://myaccess.microsoft.com"),
    ],
)
def test_each_cloud_has_its_own(graph, address):
    """Where that is not known, there is no link."""
    assert my_access_of(graph) == address

"""Test what the operator sees: alive, ready or not and why, and the figures."""

import sqlite3
from contextlib import closing

import httpx
import pytest_asyncio

from tests.harness.world import ANN, ENTRA_ID, eventually, living


@pytest_asyncio.fixture
async def web(world):
    """The operator's own look at the bot."""
    transport = httpx.ASGITransport(app=world.bot.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
        yield http


async def problems(web):
    answer = await web.get("/readyz")
    assert answer.status_code == (503 if answer.json()["problems"] else 200)
    assert answer.json()["ready"] is not bool(answer.json()["problems"])
    return " ".join(answer.json()["problems"])


async def test_with_everything_in_place_it_is_ready(web):
    """200, and nothing to complain about."""
    await eventually(lambda: ready(web))
    assert (await web.get("/healthz")).text == "ok"


async def ready(web):
    return not await problems(web)


async def complains(web, word):
    return word in await problems(web)


async def test_it_is_not_ready_without_graph_and_is_again_with_it(world, web):
    """Microsoft is down: 503 with the reason, while the process lives; and it recovers by itself."""
    world.tenant.faults.set("unavailable", retry_after="0")

    await eventually(lambda: complains(web, "graph"))
    assert (await web.get("/healthz")).status_code == 200

    world.tenant.faults.clear()
    await eventually(lambda: ready(web))


async def test_it_is_not_ready_without_slack(world, web):
    """A token that was revoked shows as soon as a call has met it."""
    world.slack.is_token_revoked = True

    await world.slack.open_home(user=ANN)

    await eventually(lambda: complains(web, "slack"))


async def test_it_is_not_ready_without_its_database(world, web):
    """While somebody else holds the database, that is what /readyz says."""
    file = world.bot.settings.database_url.get_secret_value().removeprefix("sqlite:///")
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            assert "database" in await problems(web)
            # Whatever only reads waits for no lock.
            assert (await web.get("/metrics")).status_code == 200
            assert (await web.get("/healthz")).status_code == 200
        finally:
            other.execute("ROLLBACK")


async def test_the_figures_count_what_happened(world, web):
    """Prometheus reads requests by state, and how the jobs are doing."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card("U0BO")

    figures = (await web.get("/metrics")).text

    assert 'latchkey_requests{state="delivered"} 1.0' in figures
    assert 'latchkey_requests{state="pending"} 1.0' in figures
    assert 'latchkey_requests{state="failed"} 0.0' in figures
    assert 'latchkey_job_age_seconds{name="sync"}' in figures
    assert "latchkey_oldest_due_seconds" in figures


async def test_the_operators_pages_tell_no_names(world, web):
    """Whoever reads the figures learns nobody's name, address or token."""
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    said = (await web.get("/metrics")).text + (await web.get("/readyz")).text

    for secret in (ANN, ENTRA_ID[ANN], "Ann", "contoso.example", world.slack.bot_token):
        assert secret not in said


async def test_there_is_no_door_in_socket_mode(database):
    """Without HTTP there is nothing to post to, and being connected is part of being ready."""
    async with living(database, socket_mode=True) as world:
        transport = httpx.ASGITransport(app=world.bot.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
            assert (await http.post("/slack/events", content=b"{}")).status_code == 404
            await eventually(lambda: ready(http))

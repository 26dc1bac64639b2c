"""Nothing is called approved that nobody has approved: what Entra is to decide is "sending" until it is there."""

import httpx
import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.database.audit_log import audit
from tests.flow.entra.test_entra_decides import ASK, deciding
from tests.harness.accounts import connect
from tests.harness.world import ANN, BO, eventually, said


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, GRAPH_API_VERSION=request.param) as made:
        yield made


async def moves(world):
    rows = await world.bot.store.run(audit.rows)
    return [(row["before"], row["after"]) for row in rows if row["verb"] == "move"]


async def figures(world):
    transport = httpx.ASGITransport(app=world.bot.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as web:
        return (await web.get("/metrics")).text


async def test_the_log_says_that_it_is_being_sent(world):
    """From the first row to the last, "approved" is the word of none."""
    await connect(world, ANN)
    await world.type(ANN, ASK)
    await world.card(BO)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    assert await moves(world) == [
        ("received", "sending"),
        ("sending", "submitted"),
        ("submitted", "pending"),
        ("pending", "submitted"),
        ("submitted", "delivered"),
    ]
    shown = await figures(world)
    assert 'latchkey_decision_seconds_count{outcome="approved"} 1.0' in shown


async def test_figures_and_lists_say_that_it_is_being_sent(world):
    """What waits for an account is no approved request that nobody grants, for which there is an alert."""
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    shown = await figures(world)
    assert 'latchkey_requests{state="sending"} 1.0' in shown
    assert 'latchkey_requests{state="approved"} 0.0' in shown
    assert 'latchkey_oldest_open_seconds{state="approved"} 0.0' in shown


async def test_the_command_line_says_that_it_is_being_sent(world, monkeypatch):
    """`latchkey trace` has the word of the log in its head, too."""
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    rows = await world.bot.store.run(audit.rows)
    request = next(row["request_id"] for row in rows if row["verb"] == "ask-add")
    monkeypatch.setenv("DATABASE_URL", world.bot.settings.database_url.get_secret_value())
    told = CliRunner().invoke(main, ["trace", request])
    assert told.exit_code == 0, told.output
    assert told.output.splitlines()[0].endswith(", sending.")
    assert "approved" not in told.output


async def test_what_was_sent_is_not_being_set_up(world):
    """Until it is known what Entra makes of it, nothing is said of that."""
    await connect(world, ANN)
    world.tenant.faults.set("timeout_after", count=50, only="^GET .*ssignmentRequests/")
    await world.type(ANN, ASK)
    await eventually(lambda: world.posts("userAdd"), about="it is sent")
    shown = said((await world.type(ANN, "/my-access")).message)
    assert "sent to Microsoft Entra" in shown
    assert "set up" not in shown

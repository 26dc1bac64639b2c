"""The answer to Slack: after the row, before anything remote, and always one."""

import asyncio
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bot.assignments.store import assignment_lists
from bot.configuration.settings import read_settings
from bot.requests.store import request_lists
from bot.timing import WAITS
from tests.handlers.locking import LockableBot
from tests.harness.loop import simulated
from tests.harness.simulation import simulation
from tests.harness.world import ANN, BO, CY, DANA, World

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLACK_WAITS = 3.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot(database):
    """One whose database can be locked."""
    async with simulation(database) as around:
        around.outside.tenant.world.delivery = timedelta(0)
        made = LockableBot(around, number=0)
        settings = read_settings(around.outside.environment)
        await made.start(settings, waits=WAITS, works=True)
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(bot):
    """The stand-ins around it."""
    made = World(bot.simulation.outside, bot.latchkey)
    await made.looked_at_everything()
    return made


def database_of(world):
    return world.bot.store.engine.url.database


@contextmanager
def in_time():
    """Insist that what happens here takes less time than Slack waits."""
    clock = simulated()
    started = clock.time()
    yield
    assert clock.time() - started < SLACK_WAITS


@contextmanager
def hanging(world):
    """Slack and Graph take longer over every call than Slack waits for us."""
    world.slack.faults.set("slow", pause=timedelta(seconds=4))
    world.tenant.faults.set("slow", seconds=4)
    try:
        yield
    finally:
        world.slack.faults.clear()
        world.tenant.faults.clear()


async def held_by_cy(world):
    if not (await world.bot.store.run(assignment_lists.own_page, CY)).rows:
        await world.type(CY, "/request-access marketing-campaign")
        await world.told(CY, "You now have access")
    return (await world.bot.store.run(assignment_lists.own_page, CY)).rows[0]


@pytest.mark.parametrize(
    ("user", "text"), [("U0ONE", "finance-reports because Q4"), ("U0TWO", "Finance Reports: Q4")]
)
async def test_the_request_is_on_disk_before_the_answer_leaves(world, endpoint, user, text):
    """When the first byte of the answer is sent, another connection can read the row."""
    rows_at_answer = []

    async def watched(scope, receive, send):
        async def sending(event):
            if event["type"] == "http.response.start":
                with closing(sqlite3.connect(f"file:{database_of(world)}?mode=ro", uri=True)) as db:
                    found = db.execute("SELECT count(*) FROM request WHERE holder = ?", (user,))
                    rows_at_answer.append(found.fetchone()[0])
            await send(event)

        await world.bot.asgi(scope, receive, sending)

    transport = httpx.ASGITransport(app=watched)
    async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
        await replace(endpoint, http=http).command("/request-access", text, user_id=user)

    assert rows_at_answer == [1]


async def test_no_answer_waits_for_slack_or_microsoft(world, endpoint):
    """With both of them hanging, commands, clicks and forms are answered at once."""
    held = await held_by_cy(world)
    with hanging(world), in_time():
        answers = [
            await endpoint.command("/request-access", "marketing-campaign", user_id=BO),
            await endpoint.command("/request-access"),
            await endpoint.command("/my-access", user_id=CY),
            await endpoint.command("/access-admin", "assignments", user_id=DANA),
            await endpoint.click("latchkey_let_end", held.id, user=CY),
            await endpoint.click("latchkey_extend", held.id, user=ANN),
            await endpoint.click("latchkey_approve", "0" * 36, user=BO),
            await endpoint.click("latchkey_ask", held.package_id, user=ANN),
            await endpoint.submit("latchkey_reason", "x", "because", user=BO),
        ]

    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize(
    "command", ["/request-access finance-reports because Q4", "/request-access no-such-package"]
)
async def test_a_busy_database_is_said_in_time(world, endpoint, bot, answered, command):
    """While somebody holds the database, a command is answered before Slack gives up."""
    name, _, text = command.partition(" ")
    with bot.locked():
        # The jobs meet the lock, too, and must not keep the command waiting behind them.
        world.bot.jobs.wake_all()
        await asyncio.sleep(0.01)
        with in_time():
            shown = answered(await endpoint.command(name, text, user_id="U0BUSY"))

    assert "Nothing has changed; please try again" in shown
    assert not (await world.bot.store.run(request_lists.open_for, "U0BUSY")).rows


async def test_reading_does_not_wait_for_a_writer(endpoint, bot, answered):
    """While somebody holds the database's write lock, people see what they have."""
    with bot.locked():
        shown = answered(await endpoint.command("/my-access", "", user_id="U0BUSY"))

    assert "You have no access through Latchkey" in shown


async def test_a_click_on_a_busy_database_is_answered(world, endpoint, bot):
    """A click that cannot be saved is still acknowledged, and its person is told to repeat it."""
    with bot.locked(), in_time():
        response = await endpoint.click("latchkey_approve", "0" * 36, user=BO)

    assert response.status_code == 200
    await world.whispered(BO, "C0APPROVALS", "please try again in a minute")


async def test_a_form_on_a_busy_database_stays_open(endpoint, bot):
    """What cannot be saved is said in the form, so that nobody types it twice."""
    with bot.locked():
        response = await endpoint.submit("latchkey_reason", "x", "because", user=BO)

    assert "please try again in a minute" in response.json()["errors"]["reason"]


@contextmanager
def unreadable_packages(world):
    """Packages whose rows no bot can read, however often it tries."""
    with closing(sqlite3.connect(database_of(world), isolation_level=None)) as other:
        kept = other.execute("SELECT id, can_extend FROM package").fetchall()
        version = other.execute("SELECT catalog_version FROM control").fetchall()
        other.execute("UPDATE package SET can_extend = 'this is no JSON'")
        # So that the packages are read anew.
        other.execute("UPDATE control SET catalog_version = 'another'")
        try:
            yield
        finally:
            other.executemany("UPDATE package SET can_extend = ?2 WHERE id = ?1", kept)
            other.executemany("UPDATE control SET catalog_version = ?", version)


async def test_an_unexpected_error_gets_an_incident_number(world, endpoint):
    """When our own code breaks, the person gets a sentence with a number that is in the log too."""
    with unreadable_packages(world), capture_logs() as logs:
        response = await endpoint.command("/my-access", user_id=CY)

    (incident,) = [each["incident"] for each in logs if each["event"] == "unexpected"]
    assert response.status_code == 200
    assert "Something broke on my side" in response.text
    assert incident in response.text
    assert "Traceback" not in response.text


async def test_a_menu_that_cannot_be_read_is_no_empty_menu(world, endpoint):
    """Slack says that it could not load the packages; an empty answer would say that there are none."""
    typing = {
        "type": "block_suggestion",
        "user": {"id": CY, "team_id": "T0LATCH"},
        "team": endpoint.team,
        "api_app_id": "A0LATCH",
        "action_id": "latchkey_package",
        "block_id": "package",
        "value": "finance",
        "container": {"type": "view", "view_id": "V1"},
    }
    readable = await endpoint.interact(typing)
    with unreadable_packages(world), capture_logs() as logs:
        unreadable = await endpoint.interact(typing)

    assert "Finance Reports" in readable.text
    assert unreadable.status_code == 500
    assert "listener-broke" in [each["event"] for each in logs]


async def test_an_opened_home_is_acknowledged_whatever_happens(endpoint, bot):
    """Slack switches events off for apps that fail them: a busy database is no reason to."""
    body = (
        b'{"type": "event_callback", "team_id": "T0LATCH", "api_app_id": "A0LATCH", "event_id": "Ev1", "event":'
        b'{"type": "app_home_opened", "user": "U0ANN", "channel": "D0ANN", "tab": "home"}}'
    )
    with bot.locked():
        response = await endpoint.post(
            body, endpoint.signed(body) | {"content-type": "application/json"}
        )

    assert response.status_code == 200

"""Outages: /readyz tells the truth within a minute, the admins' channel and the webhook hear once that it lasts, and once that it is over."""

import asyncio
import hashlib
import hmac
import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import httpx
import pytest_asyncio
import sqlalchemy as sa

from bot import clock
from bot.database.tables import notices
from graph.errors import AuthError
from tests.harness.camera import life
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, begun, eventually, living, said
from tests.written_logs import written_logs


@pytest_asyncio.fixture
async def web(world):
    """The operator's own look at the bot."""
    transport = httpx.ASGITransport(app=world.bot.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
        yield http


async def problems(web):
    return " ".join((await web.get("/readyz")).json()["problems"])


async def complains(web, *words):
    found = await problems(web)
    return all(word in found for word in words)


async def is_ready(web):
    return not await problems(web)


async def test_a_revoked_token_shows_although_nobody_does_anything(world, web):
    """With Slack's own code, within two minutes; and its end, too."""
    await eventually(lambda: is_ready(web))
    world.slack.is_token_revoked = True

    await eventually(lambda: complains(web, "slack:", "token_revoked"), seconds=150)

    world.slack.is_token_revoked = False
    await eventually(lambda: is_ready(web), seconds=150)


async def test_requests_that_name_our_app_with_another_secret_show(world, web):
    """Three of them, and none accepted since; the next good one ends it."""
    await eventually(lambda: is_ready(web))
    body = b'{"api_app_id": "%s"}' % world.bot.identity.app_id.encode()
    now = str(int(world.bot.health.figures.seconds()))
    headers = {"x-slack-request-timestamp": now, "x-slack-signature": "v0=0"}
    for _ in range(3):
        assert (await web.post("/slack/events", content=body, headers=headers)).status_code == 401

    assert await complains(web, "slack:", "SLACK_SIGNING_SECRET")
    figures = (await web.get("/metrics")).text
    assert 'latchkey_rejected_signatures_total{reason="wrong"} 3.0' in figures
    assert "latchkey_ready 0.0" in figures

    await world.type(ANN, "/my-access")
    assert await is_ready(web)


async def test_a_request_that_doctor_signs_ends_nothing(world, web):
    """It is signed with the secret of the settings, which is the wrong one."""
    await eventually(lambda: is_ready(web))
    app = world.bot.identity.app_id.encode()
    for _ in range(3):
        await signed(world, web, b'{"api_app_id": "%s"}' % app, b"another secret")
    assert await complains(web, "slack:", "SLACK_SIGNING_SECRET")

    answer = await signed(
        world, web, b'{"type": "url_verification", "challenge": "latchkey doctor"}'
    )

    assert answer.status_code == 200
    assert await complains(web, "slack:", "SLACK_SIGNING_SECRET")


async def signed(world, web, body, secret=None):
    at = str(int(clock.real().timestamp()))
    key = secret or world.slack.signing_secret.encode()
    digest = hmac.new(key, b"v0:" + at.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "x-slack-request-timestamp": at,
        "x-slack-signature": f"v0={digest}",
    }
    return await web.post("/slack/events", content=body, headers=headers)


async def test_a_clock_that_is_far_off_shows(world, web):
    """Slack has signed it, ten minutes ago by our clock: not the secret is wrong."""
    await eventually(lambda: is_ready(web))
    body = b'{"api_app_id": "%s"}' % world.bot.identity.app_id.encode()
    at = str(int(clock.real().timestamp()) - 600)
    digest = hmac.new(
        world.slack.signing_secret.encode(), b"v0:" + at.encode() + b":" + body, hashlib.sha256
    ).hexdigest()
    headers = {"x-slack-request-timestamp": at, "x-slack-signature": f"v0={digest}"}
    for _ in range(3):
        assert (await web.post("/slack/events", content=body, headers=headers)).status_code == 401

    assert await complains(web, "slack:", "clock")
    assert 'reason="stale"} 3.0' in (await web.get("/metrics")).text


async def test_a_clock_that_servers_disagree_with_shows(world, web):
    """By the Date of their answers."""
    await eventually(lambda: is_ready(web))
    world.bot.figures.graph.compare_clock(
        clock.real() - timedelta(minutes=4), took=timedelta(seconds=1)
    )

    assert await complains(web, "clock:", "ahead of Graph's")


class Expired:
    """A login that gives no token any more."""

    async def token(self):
        raise AuthError("Microsoft's login refuses: AADSTS7000222: expired.", code="AADSTS7000222")

    async def refresh(self, claims=None):
        return await self.token()


async def test_a_client_secret_that_has_ended_shows_at_once_and_stuck_requests_are_counted(
    world, web
):
    """With the code, in /readyz, in the log and as an age to alarm by; long before the next sync."""
    await eventually(lambda: is_ready(web))
    session = world.bot.graph.granted._session
    kept, session._tokens = session._tokens, Expired()
    with written_logs() as written:
        await world.type(ANN, "/request-access marketing-campaign")
        await eventually(lambda: complains(web, "graph:", "AADSTS7000222"), seconds=30)
        await eventually(lambda: age(web, "latchkey_oldest_retrying_seconds", 1_000))
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    failed = [line for line in lines if line["event"] == "step-failed"]
    assert {line["code"] for line in failed} == {"AADSTS7000222"}
    assert told(world, "AADSTS7000222")

    session._tokens = kept
    await world.told(ANN, "You now have access")
    await eventually(lambda: is_ready(web))
    assert not await age(web, "latchkey_oldest_retrying_seconds", 1)


async def age(web, metric, least):
    figures = (await web.get("/metrics")).text
    (line,) = [each for each in figures.splitlines() if each.startswith(f"{metric} ")]
    return float(line.split()[-1]) >= least


async def test_a_disk_without_room_shows_as_the_databases(world, web):
    """It answers, and takes nothing: within a minute, and not as Graph's fault."""
    await eventually(lambda: is_ready(web))
    store = world.bot.store
    with store.engine.connect() as db:
        pages = db.exec_driver_sql("PRAGMA page_count").scalar_one()
    limits: list[int] = []

    def limit(connection, record=None):
        connection.execute(f"PRAGMA max_page_count={limits[-1]}")

    limits.append(pages)
    for fairy in (store.engine.raw_connection(),):
        limit(fairy.driver_connection)
        fairy.close()
    try:
        for number in range(200):
            await world.type(ANN, f"/request-access marketing-campaign because {'x' * 500}{number}")
            if await complains(web, "database: the disk is full"):
                break
        found = await problems(web)
    finally:
        limits.append(1_000_000)
        for fairy in (store.engine.raw_connection(),):
            limit(fairy.driver_connection)
            fairy.close()
    assert "database: the disk is full" in found
    assert "graph:" not in found
    await eventually(lambda: is_ready(web))


async def test_the_webhook_is_told_with_the_same_id_until_it_takes_it(database):
    """At least once each; and of the end."""
    async with simulation(database) as around:
        world = await begun(around, LATCHKEY_ALARM_WEBHOOK="https://hooks.example.com/x")
        around.alarms_refused = True
        world.tenant.faults.set("unavailable", retry_after="0")
        await eventually(lambda: told(world, "has not been able to work"))
        assert around.alarms == []
        around.alarms_refused = False
        await eventually(lambda: around.alarms)
        world.tenant.faults.clear()
        await eventually(lambda: told(world, "Latchkey works again"))

        began, over = around.alarms
        assert (began["type"], over["type"]) == ("latchkey.outage.began", "latchkey.outage.over")
        assert began["id"] != over["id"]
        assert over["over_at"] > over["began_at"]


async def test_a_database_that_is_gone_is_told_by_the_replica_itself(database):
    """There is no outbox then: once, and once when it is back."""
    async with living(database, LATCHKEY_ALARM_AFTER_SECONDS="60") as world:
        await eventually(lambda: world.bot.jobs.statuses["watch"].last_success)
        file = world.bot.settings.sqlite_file
        assert file is not None
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await eventually(lambda: told(world, "cannot use its database"))
            await asyncio.sleep(61)
            other.execute("ROLLBACK")
        await eventually(lambda: told(world, "can use its database again"))

        assert len(told(world, "cannot use its database")) == 1
        assert len(told(world, "can use its database again")) == 1
        assert told(world, "has not been able to work") == []


async def test_what_outlasts_a_database_that_was_gone_is_told(database):
    """Graph does not answer either, and still does not when the database is back: both are said, once each."""
    async with living(database, LATCHKEY_ALARM_AFTER_SECONDS="60") as world:
        await eventually(lambda: world.bot.jobs.statuses["watch"].last_success)
        file = world.bot.settings.sqlite_file
        assert file is not None
        world.tenant.faults.set("unavailable", retry_after="0")
        await eventually(lambda: world.bot.figures.graph.failing_since)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await eventually(lambda: told(world, "cannot use its database"))
            other.execute("ROLLBACK")
        await eventually(lambda: told(world, "can use its database again"))
        await eventually(lambda: told(world, "has not been able to work"))
        world.tenant.faults.clear()
        await eventually(lambda: told(world, "Latchkey works again"))

        for words in ("can use its database again", "has not been able to work"):
            assert len(told(world, words)) == 1


async def test_two_replicas_tell_of_an_outage_once(database):
    """Whoever sees it first; and the end, too."""
    async with simulation(database) as around:
        world = await begun(around)
        await around.start()
        world.tenant.faults.set("unavailable", retry_after="0")
        await eventually(lambda: told(world, "has not been able to work"))
        world.tenant.faults.clear()
        await eventually(lambda: told(world, "Latchkey works again"))
        await asyncio.sleep(600)

        assert len(told(world, "has not been able to work")) == 1
        assert len(told(world, "Latchkey works again")) == 1


async def test_strangers_who_knock_make_nothing_unready(world, web):
    """Whoever does not name our app says nothing about our secret."""
    await eventually(lambda: is_ready(web))
    for _ in range(10):
        await web.post("/slack/events", content=b"{}")

    assert await is_ready(web)


def told(world, word):
    channel = world.slack.channel(APPROVALS)
    return [message for message in channel.messages if word in said(message)]


async def test_an_outage_is_told_once_and_so_is_its_end(world, web):
    """Graph is gone for longer than ten minutes."""
    await eventually(lambda: is_ready(web))
    world.tenant.faults.set("unavailable", retry_after="0")

    await eventually(lambda: told(world, "has not been able to work"))
    assert "latchkey_outage 1.0" in (await web.get("/metrics")).text
    world.tenant.faults.clear()
    await eventually(lambda: told(world, "Latchkey works again"))

    assert len(told(world, "has not been able to work")) == 1
    assert len(told(world, "Latchkey works again")) == 1
    assert "latchkey_outage 0.0" in (await web.get("/metrics")).text


async def test_an_outage_of_long_ago_is_told_by_no_later_start(database):
    """Not to the channel, whose message is recorded no more, and not to a webhook that is set since."""
    async with simulation(database) as around:
        async with life(around) as world:
            await eventually(lambda: world.bot.jobs.statuses["watch"].last_success)
            world.tenant.faults.set("unavailable", retry_after="0")
            await eventually(lambda: told(world, "has not been able to work"))
            world.tenant.faults.clear()
            await eventually(lambda: told(world, "Latchkey works again"))
            await asyncio.sleep(120)
            # As `latchkey delete-old` does after LATCHKEY_KEEP_MESSAGES_DAYS.
            alarms = sa.delete(notices).where(notices.c.kind == "alarm")
            await world.bot.store.run(lambda db: db.execute(alarms))
        world = await begun(around, LATCHKEY_ALARM_WEBHOOK="https://hooks.example.com/x")
        await asyncio.sleep(300)

        assert len(told(world, "Latchkey works again")) == 1
        assert around.alarms == []


async def test_a_restart_after_a_night_off_is_no_outage(database):
    """What a bot has not done yet in its first minute says nothing of how it is."""
    async with simulation(database) as around:
        async with life(around) as world:
            await eventually(lambda: world.bot.jobs.statuses["watch"].last_success)
            await asyncio.sleep(120)
        await asyncio.sleep(8 * 3_600)
        async with life(around) as world:
            await asyncio.sleep(600)

        assert told(world, "has not been able to work") == []
        assert told(world, "Latchkey works again") == []

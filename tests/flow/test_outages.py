"""Outages: /readyz tells the truth within a minute, the admins' channel and the webhook hear once that it lasts, and once that it is over."""

import httpx
import pytest_asyncio

from tests.harness.world import ANN, APPROVALS, eventually, said


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

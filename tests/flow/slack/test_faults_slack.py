"""Slack fails in every way it can, and everybody is told all the same, once where that can be known."""

from datetime import timedelta

import httpx
import pytest

from sandbox.slack import Message
from tests.harness.camera import life
from tests.harness.owed import at_rest, leases_pass
from tests.harness.simulation import simulation
from tests.harness.world import ANN, APPROVALS, BO, World, eventually, labels, said

MARKETING = "/request-access marketing-campaign"
PRODUCTION = "/request-access production-database because of the outage"
FINANCE = "/request-access finance-reports because I close the quarter"


@pytest.fixture
async def world(database):
    """A tenant that delivers at once, and a bot that does not wait ten seconds for Slack."""
    async with simulation(database) as around:
        outside = around.outside
        outside.tenant.world.delivery = timedelta(0)
        async with life(around) as made:
            await made.synced()
            yield made


def news(world: World) -> list[Message]:
    return [each for each in world.direct(ANN) if "You now have access" in said(each)]


async def recovered(world: World) -> None:
    """Let the leases of all that is unsure run out, and wait until nothing is owed."""
    await world.bot.store.run(leases_pass)
    world.bot.jobs.wake_all()
    await at_rest(world.bot)


async def readyz(world: World) -> httpx.Response:
    return await got(world, "/readyz")


async def got(world: World, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(world.bot.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as http:
        return await http.get(path)


@pytest.mark.parametrize(
    ("fault", "is_there"),
    [
        # Only Slack knows whether it happened.
        ("drop", False),
        ("server_error", False),
        ("timeout_after", True),
        ("drop_after", True),
        ("fatal_error", True),
    ],
)
async def test_news_whose_fate_is_unknown_is_looked_for_a_lease_later(fault, is_there, world):
    """Told once: whoever sends holds the claim until an answer could not come any more, and then looks."""
    world.slack.faults.set(fault, count=1, only="chat.postMessage")
    await world.type(ANN, MARKETING)
    await eventually(lambda: world.slack.faults.counts[fault])
    await world.synced()
    assert len(news(world)) == is_there, "before the lease has run out"
    await recovered(world)
    assert len(news(world)) == 1


async def test_a_rate_limit_is_kept_to_and_nothing_is_lost(world):
    """The next try comes after the time that Slack named, and by itself."""
    world.slack.faults.set(
        "ratelimited", count=1, only="chat.postMessage", pause=timedelta(seconds=1)
    )
    await world.type(ANN, MARKETING)
    await eventually(lambda: news(world))
    tries = [call.at for call in world.slack.calls if call.method == "chat.postMessage"]
    assert len(tries) == 2
    assert tries[1] - tries[0] >= timedelta(seconds=1)
    await at_rest(world.bot)
    assert len(news(world)) == 1


async def test_a_revoked_token_is_reported_and_everything_is_told_when_it_works_again(world):
    """/readyz says so while it lasts; the decision's card and the news wait for it."""
    await world.type(ANN, FINANCE)
    card = await world.card(BO)
    world.slack.faults.set("revoked")
    await world.press(BO, card, "Approve")
    await world.type("U0CY", MARKETING)
    await eventually(lambda: world.slack.faults.counts["revoked"])
    unready = await readyz(world)
    assert unready.status_code == 503
    assert any(each.startswith("slack:") for each in unready.json()["problems"])
    assert not world.direct(ANN)
    world.slack.faults.clear()
    await _retried(world)
    assert len(news(world)) == 1
    assert len(world.direct("U0CY")) == 1
    assert "Approve" not in labels(world.cards(BO)[-1])
    assert (await readyz(world)).status_code == 200


async def test_that_the_admins_channel_is_archived_is_said_elsewhere(world):
    """In /readyz and as a figure to alarm by; all else goes on, so it stays ready."""
    figure = "latchkey_admin_channel_refused {}"
    assert figure.format(0.0) in (await got(world, "/metrics")).text
    channel = world.slack.channel(APPROVALS)
    channel.is_archived = True
    await world.type(ANN, PRODUCTION)
    await eventually(lambda: world.bot.health.admins_refused())
    answer = await readyz(world)
    assert answer.status_code == 200
    assert answer.json()["admin_channel_refused"] == "is_archived"
    assert figure.format(1.0) in (await got(world, "/metrics")).text

    channel.is_archived = False
    await eventually(lambda: channel.messages)
    assert (await readyz(world)).json()["admin_channel_refused"] is None
    assert figure.format(0.0) in (await got(world, "/metrics")).text


async def _retried(world: World) -> None:
    """Make due what waits for its next try, and wait until nothing is owed."""

    async def told() -> bool:
        await world.bot.store.run(leases_pass)
        world.bot.jobs.wake_all()
        return bool(world.direct(ANN)) and bool(world.direct("U0CY"))

    await eventually(told)
    await at_rest(world.bot)


async def test_a_card_that_cannot_be_redrawn_now_is_redrawn_later(world):
    """A decided card does not keep its buttons because Slack was busy when it changed."""
    await world.type(ANN, FINANCE)
    card = await world.card(BO)
    world.slack.faults.set("drop", only="chat.update")
    await world.press(BO, card, "Approve")
    await eventually(lambda: world.slack.faults.counts["drop"])
    world.slack.faults.clear()
    await eventually(lambda: news(world))
    await recovered(world)
    assert "Approve" not in labels(world.cards(BO)[-1])


@pytest.mark.parametrize("fault", ["drop", "server_error", "too late"])
async def test_a_form_that_slack_does_not_open_is_said_and_opens_at_the_next_press(world, fault):
    """Nothing is decided by the press that opened none."""
    await world.type(ANN, FINANCE)
    card = await world.card(BO)
    if fault == "too late":
        # A trigger is good for three seconds.
        world.slack.faults.set("slow", count=1, only="views.open", pause=timedelta(seconds=4))
    else:
        world.slack.faults.set(fault, count=1, only="views.open")

    await world.press(BO, card, "Deny")

    await world.told(BO, "did not open the form in time")
    assert world.form(BO) is None
    assert not [each for each in world.direct(ANN) if "denied" in said(each)]
    await world.press(BO, card, "Deny")
    await eventually(lambda: world.form(BO), about="the form")

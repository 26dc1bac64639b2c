"""Events, as another program receives them: signed, in order, none lost."""

import asyncio
import itertools
import json
from datetime import timedelta

import httpx
import jsonschema
import pytest
from click.testing import CliRunner

from bot.cli.operations.webhooks import webhooks
from bot.database import tables
from bot.webhooks.schema import schema
from bot.webhooks.store import feeds
from tests.harness.doctoring import doctors_findings
from tests.harness.receiver import NAME, SETTINGS
from tests.harness.simulation import simulation
from tests.harness.world import ANN, World, begun, eventually

SCHEMA = json.loads(schema())
WHOLE_STORY = [
    "request.created",
    "request.approved",
    "request.submitted",
    "request.delivered",
]


@pytest.fixture
async def around(database):
    """Stand-ins that outlive every bot, a receiver among them."""
    async with simulation(database) as made:
        yield made


@pytest.fixture
async def told(around):
    """A world whose bot tells one endpoint."""
    return await begun(around, **SETTINGS)


@pytest.fixture
def receiver(around):
    """Return who is told."""
    return around.receiver


def about_requests(receiver):
    """The kinds of events about requests, each event once, in order."""
    return [each["type"] for each in receiver.events("request.")]


async def asked_and_delivered(world):
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")


async def heard(receiver, kind):
    """Wait until an event of that kind was taken."""
    await eventually(lambda: kind in receiver.kinds(), seconds=6 * 3_600)


async def state_of_feed(world):
    """Return how far the endpoint is."""
    (state,) = await world.bot.store.read(feeds.states, (NAME,))
    return state


async def test_each_step_is_told_in_order_and_signed(told, receiver):
    """The receiver checks every signature by itself."""
    await asked_and_delivered(told)
    await heard(receiver, "request.delivered")
    assert about_requests(receiver) == WHOLE_STORY
    assert receiver.wrong == []
    assert (await state_of_feed(told)).feed.failures == 0


async def test_events_are_as_the_schema_says_and_hold_no_words_of_people(told, receiver):
    """Neither names nor reasons; packages are named."""
    await told.type(ANN, "/request-access marketing-campaign because my sister told me")
    await heard(receiver, "request.delivered")
    for event in receiver.events():
        jsonschema.validate(event, SCHEMA)
        assert "sister" not in str(event)
        assert "Abara" not in str(event)
    created = receiver.events("request.created")[0]["data"]
    assert created["actor"] == {"kind": "person", "slack_user": ANN}
    assert created["package"]["name"] == "Marketing Campaign"


async def test_what_is_not_taken_is_told_again_under_the_same_id(told, receiver):
    """A 503, a time-out and a redirect; nothing that comes later goes before it."""
    receiver.answer(503)
    receiver.answer(302, location="https://elsewhere.test/")
    receiver.answer(401)
    await asked_and_delivered(told)
    await heard(receiver, "request.delivered")
    assert len(set(receiver.tries[:4])) == 1
    assert about_requests(receiver) == WHOLE_STORY


async def test_a_receiver_that_answers_too_late_is_told_again(told, receiver):
    """It may have taken it; the id says so."""
    receiver.keeps_waiting = 20
    await asked_and_delivered(told)
    await eventually(lambda: len(receiver.tries) > 1)
    receiver.keeps_waiting = 0
    await heard(receiver, "request.delivered")
    assert about_requests(receiver) == WHOLE_STORY


async def test_an_endpoint_that_is_gone_is_told_nothing_until_somebody_says_so(told, receiver):
    """Then it is told what it has missed."""
    receiver.answer(410)
    await asked_and_delivered(told)
    await asyncio.sleep(timedelta(hours=2).total_seconds())
    assert len(receiver.tries) == 1
    assert (await state_of_feed(told)).feed.disabled_at is not None
    assert b'latchkey_webhook_disabled{endpoint="siem"} 1.0' in await metrics(told)
    wrong = [each.sentence for each in await doctors_findings(told.bot)]
    assert any("siem has answered that it is gone" in each for each in wrong)
    await told.bot.store.run(feeds.enable, NAME)
    await heard(receiver, "request.delivered")
    assert about_requests(receiver) == WHOLE_STORY


async def metrics(world):
    """Return what Prometheus is told."""
    transport = httpx.ASGITransport(app=world.bot.asgi)
    async with httpx.AsyncClient(transport=transport, base_url="http://latchkey") as web:
        return (await web.get("/metrics")).content


async def test_an_event_that_is_refused_again_and_again_holds_up_no_other(told, receiver):
    """It is dead: counted, and told once more by a replay only."""
    receiver.refuses = lambda event: 422 if event["type"] == "request.approved" else None
    await asked_and_delivered(told)
    await heard(receiver, "request.delivered")
    assert about_requests(receiver) == [each for each in WHOLE_STORY if "approved" not in each]
    (dead,) = await told.bot.store.read(feeds.dead, (NAME,))
    assert b'latchkey_webhook_dead_events{endpoint="siem"} 1.0' in await metrics(told)
    receiver.refuses = lambda event: None
    await told.bot.store.run(
        feeds.replay, feed_id="again", endpoint=NAME, first=dead.position, last=dead.position
    )
    await heard(receiver, "request.approved")
    assert about_requests(receiver) == WHOLE_STORY
    assert await told.bot.store.read(feeds.dead, (NAME,)) == []


async def test_tries_while_an_endpoint_was_down_are_no_refusals(told, receiver):
    """It comes back after hours, and breaks at the first events: each has its twelve tries all the same."""
    receiver.answer(503, times=20)
    receiver.answer(500, times=11)
    await asked_and_delivered(told)
    await heard(receiver, "request.delivered")
    assert about_requests(receiver) == WHOLE_STORY
    assert await told.bot.store.read(feeds.dead, (NAME,)) == []


async def test_an_event_is_refused_also_where_the_endpoint_is_down_in_between(told, receiver):
    """Nothing behind it would ever be told: it is dead after twelve refusals, whatever was between them."""
    answers = itertools.cycle([500, 503])
    receiver.refuses = lambda event: next(answers) if event["type"] == "request.approved" else None
    await asked_and_delivered(told)
    await heard(receiver, "request.delivered")
    assert about_requests(receiver) == [each for each in WHOLE_STORY if "approved" not in each]
    assert len(await told.bot.store.read(feeds.dead, (NAME,))) == 1


async def test_refusals_that_a_replica_of_an_older_version_left_are_not_the_next_events(
    told, receiver
):
    """It sets back the failures with each event that is taken, and knows no refusals."""
    left = tables.webhooks.update().values(failures=0, refusals=11)
    await told.bot.store.run(lambda db: db.execute(left))
    answers = iter([500, 503])
    receiver.refuses = lambda event: next(answers, None)
    await asked_and_delivered(told)
    await heard(receiver, "request.delivered")
    assert about_requests(receiver) == WHOLE_STORY
    assert await told.bot.store.read(feeds.dead, (NAME,)) == []


async def test_nothing_is_lost_when_the_bot_dies_while_it_tells(around, receiver):
    """Before a call to the receiver, and after it, six times."""
    deaths = 0

    def die(process, what):
        nonlocal deaths
        if (
            "siem.test" in what
            and what.startswith("before" if deaths % 2 else "after")
            and deaths < 6
        ):
            deaths += 1
            process.die()

    bot = await around.start(**SETTINGS)
    world = World(around.outside, bot.latchkey)
    await world.looked_at_everything()
    await world.type(ANN, "/request-access marketing-campaign")
    around.moment = die
    for _ in range(6):
        await asyncio.wait_for(bot.fell.wait(), 3_600)
        await bot.stop()
        bot = await around.start(**SETTINGS)
    await world.told(ANN, "You now have access")
    await heard(receiver, "request.delivered")
    assert deaths == 6
    assert len(receiver.tries) > len(set(receiver.tries))
    assert about_requests(receiver) == WHOLE_STORY
    assert receiver.wrong == []


async def test_two_replicas_tell_each_event_once_and_in_order(told, receiver, around):
    """One has the feed at a time."""
    await around.start(**SETTINGS)
    await asked_and_delivered(told)
    await heard(receiver, "request.delivered")
    assert [each for each in receiver.kinds() if each.startswith("request.")] == WHOLE_STORY


async def test_the_command_line_replays_what_happened(told, receiver, around, monkeypatch):
    """The running bot tells it, under the ids of before."""
    await asked_and_delivered(told)
    await heard(receiver, "request.delivered")
    first = list(dict.fromkeys(receiver.tries))
    for name, value in {**around.outside.environment, **SETTINGS}.items():
        monkeypatch.setenv(name, value)
    ran = CliRunner().invoke(webhooks, ["replay", NAME, "--from", "1"])
    assert ran.exit_code == 0, ran.output
    assert "is told once more of rows 1 to" in ran.output
    await eventually(lambda: receiver.tries.count(first[-1]) == 2)
    assert set(first) <= set(receiver.tries)
    listed = CliRunner().invoke(webhooks, ["list"])
    assert "siem" in listed.output

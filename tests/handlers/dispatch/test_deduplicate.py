"""What comes in twice is done once: Slack's own repetitions, and whoever sends a caught request again."""

import json
from urllib.parse import urlencode

import pytest

from bot import clock
from bot.requests.store import request_lists
from handlers.dispatch.deduplicate import REMEMBERED, RecentKeys
from tests.harness.world import ANN, APPROVALS, BO, CY, DANA, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def decisions_by(world, user):
    return [verb for who, verb, _ in await world.deeds() if who == user and "-" in verb]


async def test_a_replayed_command_does_nothing(world, endpoint):
    """The very same signed bytes, sent again after the request was withdrawn, ask for nothing."""
    body = urlencode(
        endpoint.command_fields("/request-access", "finance-reports because Q4")
    ).encode()
    signed = endpoint.signed(body)
    await endpoint.post(body, signed)
    asked = (await world.bot.store.run(request_lists.open_for, ANN)).rows[0]
    await endpoint.click("latchkey_cancel", asked.id)

    again = await endpoint.post(body, signed)

    assert (again.status_code, again.content) == (200, b"")
    assert (await world.bot.store.run(request_lists.open_for, ANN)).rows == []


async def test_a_click_that_comes_twice_is_one_click(world, endpoint):
    """The same payload delivered twice is one decision on record; the person hears of it once."""
    await world.type(CY, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Cy Chen")
    waiting = (await world.bot.store.run(request_lists.open_for, CY)).rows[0]
    payload = endpoint.click_payload("latchkey_approve", waiting.ask_id, user=BO)

    answers = [await endpoint.interact(payload) for _ in range(3)]

    await world.told(CY, "You now have access")
    await world.synced()
    assert {answer.status_code for answer in answers} == {200}
    assert await decisions_by(world, BO) == ["approve-accepted"]


async def test_an_event_that_comes_again_is_acknowledged(world, endpoint):
    """Slack repeats events that it thinks were lost; each is done once, and every time a 200."""
    event = {"type": "app_home_opened", "user": ANN, "channel": "D0ANN", "tab": "home"}
    body = json.dumps(endpoint.event(event, event_id="Ev0TWICE")).encode()
    headers = endpoint.signed(body) | {"content-type": "application/json"}
    published = len([call for call in world.slack.calls if call.method == "views.publish"])

    answers = [await endpoint.post(body, headers | {"x-slack-retry-num": str(n)}) for n in range(3)]

    await eventually(lambda: world.home(ANN))
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    calls = [call for call in world.slack.calls if call.method == "views.publish"]
    assert len(calls) == published + 1


async def test_two_commands_in_a_row_are_two(endpoint, answered):
    """The same words typed twice by one person are two deeds, each with its answer."""
    assert answered(await endpoint.command("/my-access")) == answered(
        await endpoint.command("/my-access")
    )


@pytest.mark.parametrize("command", ["/my-access", "/access-admin pending", "/access-admin help"])
async def test_a_replayed_command_shows_no_list(world, endpoint, answered, command):
    """A replay of the same signed bytes shows nothing."""
    name, _, text = command.partition(" ")
    body = urlencode(endpoint.command_fields(name, text, user_id=DANA)).encode()
    signed = endpoint.signed(body)
    first = await endpoint.post(body, signed)

    again = await endpoint.post(body, signed)

    assert answered(first)
    assert (again.status_code, again.content) == (200, b"")


async def test_a_repeated_look_is_recorded_once(world, endpoint):
    """So is the refusal of somebody who is not an admin."""
    for user in (DANA, ANN):
        body = urlencode(endpoint.command_fields("/access-admin", "pending", user_id=user)).encode()
        signed = endpoint.signed(body)
        before = len(await world.deeds())

        for _ in range(3):
            await endpoint.post(body, signed)

        assert len(await world.deeds()) == before + 1


async def test_recent_keys_are_forgotten_with_their_signature(monkeypatch):
    """The memory does not grow for ever."""
    begun, recent = clock.real(), RecentKeys()
    monkeypatch.setattr(clock, "_source", lambda: begun)
    assert recent.is_new("first")
    monkeypatch.setattr(clock, "_source", lambda: begun + REMEMBERED / 2)
    assert recent.is_new("second")
    assert not recent.is_new("first")
    monkeypatch.setattr(clock, "_source", lambda: begun + REMEMBERED)

    assert recent.is_new("first")
    assert not recent.is_new("second")

"""Socket Mode, with Bolt's own handler."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack.blocks import button, buttons, modal, option, section
from tests.sandbox.slack.conftest import APP_TOKEN


@pytest.fixture
async def connected(workspace, bolt):
    """The Bolt app, connected over Socket Mode."""
    changed = asyncio.Event()
    unsubscribe = workspace.subscribe(lambda change: changed.set())
    handler = AsyncSocketModeHandler(bolt, APP_TOKEN, ping_interval=1)
    await handler.connect_async()
    while not workspace.sockets.is_connected:
        await changed.wait()
        changed.clear()
    unsubscribe()
    yield bolt
    await handler.close_async()


async def test_command_travels_as_an_envelope(workspace, connected):
    """The answer comes back as the payload of the acknowledgment."""
    seen = {}

    @connected.command("/request-access")
    async def handle(ack, body):
        seen.update(body)
        await ack("Noted.")

    outcome = await workspace.command(
        user="U0ANN", channel="C0GENERAL", command="/request-access", text="marketing"
    )

    assert (outcome.ok, outcome.text) == (True, "Noted.")
    assert seen["text"] == "marketing"
    assert workspace.deliveries[-1].transport == "socket"


async def test_options_come_back_as_the_payload(workspace, connected, client):
    """A menu with a search field asks over the socket, too, whatever the manifest says of addresses."""
    workspace.has_options_url = False

    @connected.options("find")
    async def offer(ack):
        await ack(options=[option("red")])

    menu = {"type": "external_select", "action_id": "find", "min_query_length": 0}
    posted = await client.chat_postMessage(channel="U0ANN", text="?", blocks=[buttons(menu)])
    offered = await workspace.suggest(
        user="U0ANN", channel=posted["channel"], ts=posted["ts"], action_id="find", query=""
    )
    assert [each["value"] for each in offered.options] == ["red"]
    assert workspace.deliveries[-1].transport == "socket"


async def test_clicks_views_and_events_travel_too(workspace, connected, client):
    """A click opens a modal, its submission is answered, the home event arrives."""
    seen = []

    @connected.action("approve")
    async def clicked(ack, body, client):
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(section("Sure?")))

    @connected.view("form")
    async def submitted(ack):
        await ack(response_action="update", view=modal(section("Done")))

    @connected.event("app_home_opened")
    async def home(event):
        seen.append(event["tab"])

    card = await client.chat_postMessage(
        channel="U0ANN", text="Card", blocks=[buttons(button("approve"))]
    )
    clicked_outcome = await workspace.click(
        user="U0ANN", channel=card["channel"], ts=card["ts"], action_id="approve"
    )
    view = workspace.people["U0ANN"].modals[-1]
    await workspace.submit(user="U0ANN", view_id=view.id, values={})
    home_outcome = await workspace.open_home(user="U0ANN")

    assert clicked_outcome.ok
    assert view.blocks[0]["text"]["text"] == "Done"
    assert (home_outcome.ok, seen) == (True, ["home"])


async def test_unacknowledged_envelope_is_a_timeout(workspace, connected):
    """Bolt does not acknowledge what nobody listens for."""
    workspace.patience = timedelta(seconds=0.01)
    outcome = await workspace.command(
        user="U0ANN", channel="C0GENERAL", command="/unheard", text=""
    )
    assert outcome.error == "operation_timeout"


async def test_only_the_app_token_opens_a_connection(client):
    """A bot token is refused."""
    with pytest.raises(SlackApiError, match="not_allowed_token_type"):
        await client.apps_connections_open(app_token=client.token)


async def test_hello_comes_first_and_a_ticket_is_good_once(workspace, client):
    """The bare protocol, without Bolt."""
    answer = await client.apps_connections_open(app_token=APP_TOKEN)
    async with aiohttp.ClientSession() as http:
        async with http.ws_connect(answer["url"]) as socket:
            hello = await socket.receive_json()
            assert (hello["type"], hello["num_connections"]) == ("hello", 1)
            assert hello["connection_info"] == {"app_id": "A0LATCH"}
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(answer["url"])


async def test_eleventh_connection_is_turned_away(workspace, client):
    """Ten are allowed."""
    async with aiohttp.ClientSession() as http:

        async def connect():
            answer = await client.apps_connections_open(app_token=APP_TOKEN)
            return await http.ws_connect(answer["url"])

        sockets = [*await asyncio.gather(*(connect() for _ in range(10))), await connect()]
        frames = [await socket.receive_json() for socket in sockets]
    assert [frame["type"] for frame in frames] == ["hello"] * 10 + ["disconnect"]
    assert frames[10]["reason"] == "too_many_websockets"


async def test_refresh_makes_the_app_come_back(workspace, connected):
    """After `disconnect` Bolt opens a new connection."""
    counts = []
    came_back = asyncio.Event()

    def note(change):
        counts.append(workspace.sockets.count)
        if counts[-1] == 1:
            came_back.set()

    workspace.subscribe(note)
    await workspace.sockets.refresh()
    await came_back.wait()
    assert counts[0] == 0


async def test_cut_connection_fails_the_delivery_at_once(workspace, client):
    """Nobody waits three seconds for a socket that is gone."""
    answer = await client.apps_connections_open(app_token=APP_TOKEN)
    async with aiohttp.ClientSession() as http, http.ws_connect(answer["url"]) as socket:
        await socket.receive_json()
        asking = asyncio.create_task(
            workspace.command(user="U0ANN", channel="C0GENERAL", command="/ask", text="")
        )
        envelope = await socket.receive_json()
        await socket.close()
        outcome = await asking
    assert envelope["accepts_response_payload"] is True
    assert outcome.error == "dispatch_failed"

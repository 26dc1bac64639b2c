"""Buttons and menus in messages."""

import pytest

from tests.sandbox.slack.blocks import button, buttons, option, plain, section

MENU = {
    "type": "static_select",
    "action_id": "pick",
    "placeholder": plain("Pick"),
    "options": [option("red"), option("blue")],
}


async def test_click_reaches_the_app_with_its_message(workspace, listening, client):
    """Value, container and message are those of the card."""
    seen = {}

    @listening.action("approve")
    async def handle(ack, body):
        seen.update(body)
        await ack()

    card = await client.chat_postMessage(
        channel="C0APPROVALS",
        text="Card",
        blocks=[section("Card"), buttons(button("approve", "req_1"), button("deny", "req_1"))],
        metadata={"event_type": "card", "event_payload": {"id": "req_1"}},
    )
    outcome = await workspace.click(
        user="U0BO", channel="C0APPROVALS", ts=card["ts"], action_id="approve"
    )

    assert outcome.ok
    assert seen["actions"][0]["value"] == "req_1"
    assert seen["container"]["message_ts"] == card["ts"]
    assert seen["message"]["metadata"]["event_payload"] == {"id": "req_1"}
    assert seen["user"] == {
        "id": "U0BO",
        "username": "bo",
        "name": "bo",
        "team_id": "T0LATCH",
    }


async def test_stranger_clicks_with_the_foreign_team_id(workspace, listening, client):
    """In a shared channel `user.team_id` is the other workspace, `team.id` is ours."""
    seen = {}

    @listening.action("approve")
    async def handle(ack, body):
        seen.update(body)
        await ack()

    card = await client.chat_postMessage(
        channel="C0PARTNERS", text="Card", blocks=[buttons(button("approve"))]
    )
    await workspace.click(user="U0EVE", channel="C0PARTNERS", ts=card["ts"], action_id="approve")
    assert (seen["user"]["team_id"], seen["team"]["id"]) == ("T0OTHER", "T0LATCH")


async def test_menu_sends_the_chosen_option(workspace, listening, client):
    """The whole option travels, and the message remembers it in its state."""
    seen = {}

    @listening.action("pick")
    async def handle(ack, body):
        seen.update(body)
        await ack()

    card = await client.chat_postMessage(channel="C0APPROVALS", text="Card", blocks=[buttons(MENU)])
    await workspace.click(
        user="U0BO", channel="C0APPROVALS", ts=card["ts"], action_id="pick", value="blue"
    )
    assert seen["actions"][0]["selected_option"]["text"]["text"] == "Blue"
    assert seen["state"]["values"]["choices"]["pick"]["selected_option"]["value"] == "blue"


async def test_value_tells_two_buttons_with_one_action_id_apart(workspace, listening, client):
    """A list of cards may use one action id for all its buttons."""
    values = []

    @listening.action("extend")
    async def handle(ack, action):
        values.append(action["value"])
        await ack()

    card = await client.chat_postMessage(
        channel="U0ANN",
        text="Two",
        blocks=[
            buttons(button("extend", "a"), block_id="first"),
            buttons(button("extend", "b"), block_id="second"),
        ],
    )
    await workspace.click(
        user="U0ANN", channel=card["channel"], ts=card["ts"], action_id="extend", value="b"
    )
    assert values == ["b"]


@pytest.mark.parametrize(("value", "heard"), [("a", ["a"]), ("b", ["b"]), ("c", [])])
async def test_a_press_on_what_was_drawn_before_an_edit_is_a_press(
    workspace, listening, client, value, heard
):
    """A block without an id gets another one with each edit; a button that is gone stays gone."""
    values = []

    @listening.action("extend")
    async def handle(ack, action):
        values.append(action["value"])
        await ack()

    blocks = [{"type": "actions", "elements": [button("extend", each)]} for each in "ab"]
    card = await client.chat_postMessage(channel="U0ANN", text="Two", blocks=blocks)
    seen = card["message"]["blocks"][0]["block_id"]
    await client.chat_update(channel=card["channel"], ts=card["ts"], text="Two", blocks=blocks)
    outcome = await workspace.click(
        user="U0ANN",
        channel=card["channel"],
        ts=card["ts"],
        action_id="extend",
        block_id=seen,
        value=value,
    )
    assert (values, outcome.ok) == (heard, bool(heard))


async def test_one_cannot_click_what_one_does_not_see(workspace, client):
    """Neither in a foreign channel nor in somebody else's ephemeral message."""
    card = await client.chat_postMessage(
        channel="C0APPROVALS", text="Card", blocks=[buttons(button("approve"))]
    )
    hidden = await client.chat_postEphemeral(
        channel="C0APPROVALS", user="U0BO", text="Card", blocks=[buttons(button("approve"))]
    )
    outside = await workspace.click(
        user="U0ANN", channel="C0APPROVALS", ts=card["ts"], action_id="approve"
    )
    unseen = await workspace.click(
        user="U0MIA", channel="C0APPROVALS", ts=hidden["message_ts"], action_id="approve"
    )
    assert (outside.error, unseen.error) == ("not_in_channel", "message_not_found")
    assert workspace.deliveries == []


async def test_app_that_fails_shows_an_error(workspace, listening, client):
    """An unhandled click is 404 for Bolt and an error for the person."""
    card = await client.chat_postMessage(
        channel="C0APPROVALS", text="Card", blocks=[buttons(button("approve"))]
    )
    outcome = await workspace.click(
        user="U0BO", channel="C0APPROVALS", ts=card["ts"], action_id="approve"
    )
    assert (outcome.ok, outcome.status, outcome.error) == (False, 404, "dispatch_failed")


async def test_overflow_menu_sends_its_choice_and_forgets_it(workspace, listening, client):
    """The action has the option, the state does not."""
    seen = {}

    @listening.action("more")
    async def handle(ack, body):
        seen.update(body)
        await ack()

    menu = {"type": "overflow", "action_id": "more", "options": [option("red")]}
    card = await client.chat_postMessage(channel="U0ANN", text="Card", blocks=[buttons(menu)])
    await workspace.click(
        user="U0ANN", channel=card["channel"], ts=card["ts"], action_id="more", value="red"
    )
    assert seen["actions"][0]["selected_option"]["value"] == "red"
    assert seen["state"]["values"] == {}


async def test_option_that_is_not_offered_cannot_be_chosen(workspace, client):
    """Nobody can invent a value."""
    card = await client.chat_postMessage(channel="U0ANN", text="Card", blocks=[buttons(MENU)])
    with pytest.raises(LookupError, match="does not offer 'green'"):
        await workspace.click(
            user="U0ANN", channel=card["channel"], ts=card["ts"], action_id="pick", value="green"
        )


async def test_recorded_payloads_do_not_change_afterwards(workspace, listening, client):
    """Each delivery is kept as it was sent."""
    card = await client.chat_postMessage(channel="U0ANN", text="Card", blocks=[buttons(MENU)])
    for value in ("red", "blue"):
        await workspace.click(
            user="U0ANN", channel=card["channel"], ts=card["ts"], action_id="pick", value=value
        )
    chosen = [
        each.payload["state"]["values"]["choices"]["pick"]["selected_option"]["value"]
        for each in workspace.deliveries
    ]
    assert chosen == ["red", "blue"]

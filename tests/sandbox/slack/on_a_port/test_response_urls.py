"""Response URLs as Bolt's own respond() uses them, which brings its own connection."""

from datetime import timedelta

from tests.sandbox.slack.blocks import button, buttons
from tests.sandbox.slack.test_commands import request_access


async def test_response_url_posts_and_replaces_five_times(workspace, listening):
    """Bolt's respond() works, and the sixth use is refused."""
    statuses = []

    @listening.command("/request-access")
    async def handle(ack, respond):
        await ack()
        for number in range(6):
            answer = await respond(f"Answer {number}")
            statuses.append((answer.status_code, answer.body))

    await request_access(workspace)

    assert statuses == [(200, "ok")] * 5 + [(404, "used_url")]
    assert len(workspace.channels["C0GENERAL"].seen_by("U0ANN")) == 5


async def test_response_url_expires_after_thirty_minutes(workspace, listening):
    """The sandbox clock decides."""
    answers = []

    @listening.command("/request-access")
    async def handle(ack, respond):
        await ack()
        workspace.clock.shift(timedelta(minutes=31))
        answer = await respond("Late")
        answers.append((answer.status_code, answer.body))

    await request_access(workspace)
    assert answers == [(404, "expired_url")]


async def test_click_in_ephemeral_message_carries_no_message(workspace, listening):
    """Only the container tells which message it was; the response URL can replace it."""
    seen = {}

    @listening.command("/request-access")
    async def ask(ack):
        await ack(text="Sure?", blocks=[buttons(button("yes"))])

    @listening.action("yes")
    async def handle(ack, body, respond):
        seen.update(body)
        await ack()
        await respond(text="Done.", replace_original=True, blocks=[])

    asked = await workspace.command(
        user="U0ANN", channel="C0GENERAL", command="/request-access", text=""
    )
    ts = asked.message.ts
    await workspace.click(user="U0ANN", channel="C0GENERAL", ts=ts, action_id="yes")

    assert seen["container"]["is_ephemeral"] is True
    assert "message" not in seen
    assert [each.text for each in workspace.channels["C0GENERAL"].seen_by("U0ANN")] == ["Done."]


async def test_response_url_can_delete_the_clicked_message(workspace, listening, client):
    """`delete_original` takes the card away."""

    @listening.action("approve")
    async def handle(ack, respond):
        await ack()
        await respond(delete_original=True)

    card = await client.chat_postMessage(
        channel="C0APPROVALS", text="Card", blocks=[buttons(button("approve"))]
    )
    await workspace.click(user="U0BO", channel="C0APPROVALS", ts=card["ts"], action_id="approve")
    assert workspace.channels["C0APPROVALS"].seen_by("U0BO") == []

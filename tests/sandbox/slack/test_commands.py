"""Slash commands: what the app receives and what the person sees."""

import asyncio

import pytest

from tests.sandbox.slack.blocks import section


async def request_access(workspace, *, user="U0ANN", channel="C0GENERAL", text="marketing"):
    return await workspace.command(user=user, channel=channel, command="/request-access", text=text)


async def test_signed_command_reaches_a_real_app(workspace, listening):
    """Bolt accepts the signature and reads the fields."""
    seen = {}

    @listening.command("/request-access")
    async def handle(ack, body):
        seen.update(body)
        await ack("Noted.")

    outcome = await request_access(workspace)

    assert outcome.ok
    assert outcome.status == 200
    assert (seen["user_id"], seen["channel_name"], seen["text"]) == (
        "U0ANN",
        "general",
        "marketing",
    )


async def test_wrong_secret_is_refused_by_the_app(workspace, listening):
    """The signature is a real one: another secret does not pass."""
    workspace.signing_secret = "another-secret"
    outcome = await request_access(workspace)
    assert (outcome.ok, outcome.status, outcome.error) == (False, 401, "dispatch_failed")


async def test_answer_is_seen_by_the_asking_person_only(workspace, listening):
    """An answer is ephemeral unless it says otherwise."""

    @listening.command("/request-access")
    async def handle(ack):
        await ack(text="Noted.", blocks=[section("*Noted.*")])

    await request_access(workspace)

    general = workspace.channels["C0GENERAL"]
    assert [message.text for message in general.seen_by("U0ANN")] == ["Noted."]
    assert general.seen_by("U0BO") == []


async def test_public_answer_shows_the_typed_command(workspace, listening):
    """`in_channel` shows both the command and its answer to everybody."""

    @listening.command("/request-access")
    async def handle(ack):
        await ack(text="Noted.", response_type="in_channel")

    await request_access(workspace)

    seen = workspace.channels["C0GENERAL"].seen_by("U0BO")
    assert [message.text for message in seen] == ["/request-access marketing", "Noted."]


async def test_empty_answer_shows_nothing(workspace, listening):
    """A bare ack is silent."""

    @listening.command("/request-access")
    async def handle(ack):
        await ack()

    outcome = await request_access(workspace)
    assert outcome.ok
    assert workspace.channels["C0GENERAL"].messages == []


async def test_late_answer_is_a_timeout(workspace, listening):
    """After Slack's patience the person reads operation_timeout."""

    @listening.command("/request-access")
    async def handle(ack):
        await asyncio.sleep(3.1)
        await ack()

    outcome = await request_access(workspace)

    assert (outcome.ok, outcome.error) == (False, "operation_timeout")
    assert "operation_timeout" in workspace.channels["C0GENERAL"].seen_by("U0ANN")[0].text


async def test_broken_blocks_in_the_answer_fail_the_command(workspace, listening):
    """Slack does not show an answer with invalid blocks."""

    @listening.command("/request-access")
    async def handle(ack):
        await ack(text="Noted.", blocks=[{"type": "carpet"}])

    outcome = await request_access(workspace)
    assert (outcome.ok, outcome.error) == (False, "invalid_command_response")


async def test_command_in_direct_messages_names_no_channel(workspace, listening):
    """Slack says `directmessage` instead of a name."""
    seen = {}

    @listening.command("/request-access")
    async def handle(ack, body):
        seen.update(body)
        await ack()

    await request_access(workspace, channel=workspace.dm("U0ANN").id)
    assert (seen["channel_id"], seen["channel_name"]) == ("D0ANN", "directmessage")


@pytest.mark.parametrize(
    ("user", "channel", "error"),
    [
        ("U0EVE", "C0PARTNERS", "unknown_command"),
        ("U0CY", "C0APPROVALS", "not_in_channel"),
    ],
)
async def test_command_that_the_person_cannot_type_is_not_sent(workspace, user, channel, error):
    """Strangers have no commands, and one types only in one's own channels."""
    outcome = await request_access(workspace, user=user, channel=channel)
    assert outcome.error == error
    assert workspace.deliveries == []


async def test_undeclared_command_is_not_sent(workspace):
    """Once a manifest is installed, only its commands exist."""
    workspace.install(
        {"features": {"slash_commands": [{"command": "/other", "description": "Another"}]}}
    )
    outcome = await request_access(workspace)
    assert outcome.text == "/request-access is not a valid command."


async def test_should_escape_turns_names_into_mentions(workspace, listening):
    """A command that asks for it gets ids instead of names."""
    workspace.install(
        {
            "features": {
                "slash_commands": [
                    {
                        "command": "/request-access",
                        "description": "Ask",
                        "should_escape": True,
                    }
                ]
            }
        }
    )
    seen = {}

    @listening.command("/request-access")
    async def handle(ack, body):
        seen.update(body)
        await ack()

    await request_access(workspace, text="for @cy in #general, not @nobody")
    assert seen["text"] == "for <@U0CY|cy> in <#C0GENERAL|general>, not @nobody"

"""Test what breaks off on a real connection, and what is not there at all."""

from datetime import timedelta

import aiohttp
import pytest

from tests.sandbox.slack.test_commands import request_access


@pytest.mark.parametrize(
    ("fault", "messages"), [("drop", 0), ("drop_after", 1), ("timeout_after", 1)]
)
async def test_a_cut_connection_is_seen_by_slacks_client(workspace, client, fault, messages):
    """Before the call took effect or after it, at once or after a silence."""
    workspace.faults.set(fault, pause=timedelta(milliseconds=1))
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="U0ANN", text="Hi")
    assert len(workspace.dm("U0ANN").messages) == messages


async def test_app_that_is_not_running_fails_the_command(workspace):
    """Nobody listens at the request URL."""
    workspace.request_url = "http://127.0.0.1:1/slack/events"
    outcome = await request_access(workspace)
    assert (outcome.status, outcome.error) == (None, "dispatch_failed")

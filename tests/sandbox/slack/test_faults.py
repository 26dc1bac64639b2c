"""The ways in which the stand-in fails on demand."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler

from sandbox.slack import Faults


def texts(workspace):
    """Return what Ann was told in her direct messages."""
    return [message.text for message in workspace.dm("U0ANN").seen_by("U0ANN")]


async def test_rate_limit_has_a_retry_after(workspace, client):
    """429, a header, and nothing posted."""
    workspace.faults.set("ratelimited", pause=timedelta(seconds=7), only="^chat")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="U0ANN", text="Hi")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["retry-after"] == "7"
    assert texts(workspace) == []
    assert (await client.users_info(user="U0ANN"))["ok"]


async def test_server_error_is_html(workspace, client):
    """500 with a page that is no JSON."""
    workspace.faults.set("server_error")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="U0ANN", text="Hi")
    assert caught.value.response.status_code == 500
    assert texts(workspace) == []


async def test_timeout_after_posts_and_stays_silent(workspace, client):
    """The client cannot know that the message is there."""
    posted = asyncio.Event()
    workspace.subscribe(lambda change: posted.set())
    workspace.faults.set("timeout_after")
    call = asyncio.create_task(client.chat_postMessage(channel="U0ANN", text="Hi"))
    await posted.wait()
    answered, _ = await asyncio.wait([call], timeout=4)
    call.cancel()
    assert (texts(workspace), answered) == (["Hi"], set())


async def test_silence_ends_with_a_cut_connection(workspace, client):
    """A client without time-out is not kept for ever."""
    workspace.faults.set("timeout_after", pause=timedelta(seconds=4))
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="U0ANN", text="Hi")
    assert texts(workspace) == ["Hi"]


async def test_drop_cuts_before_anything_happens(workspace, client):
    """Nothing is posted."""
    workspace.faults.set("drop")
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="U0ANN", text="Hi")
    assert texts(workspace) == []


async def test_retry_after_a_cut_posts_twice(workspace, client):
    """The default retry of slack_sdk sends a message twice that was already taken."""
    client.retry_handlers.append(AsyncConnectionErrorRetryHandler(max_retry_count=1))
    workspace.faults.set("drop_after", count=1)
    await client.chat_postMessage(channel="U0ANN", text="Hi")
    assert texts(workspace) == ["Hi", "Hi"]


async def test_fatal_error_comes_after_the_effect(workspace, client):
    """Slack says that some aspect may have succeeded."""
    workspace.faults.set("fatal_error")
    with pytest.raises(SlackApiError, match="fatal_error"):
        await client.chat_postMessage(channel="U0ANN", text="Hi")
    assert texts(workspace) == ["Hi"]


async def test_revoked_token_can_be_played(workspace, client):
    """token_revoked without uninstalling."""
    workspace.faults.set("revoked", count=1)
    with pytest.raises(SlackApiError, match="token_revoked"):
        await client.auth_test()
    assert (await client.auth_test())["ok"]


async def test_slow_answers_still_come(workspace, client):
    """The call succeeds, later."""
    workspace.faults.set("slow", pause=timedelta(seconds=4))
    assert (await client.auth_test())["ok"]
    assert workspace.faults.counts["slow"] == 1


async def test_failing_event_is_sent_again_with_retry_headers(workspace, listening):
    """Three more attempts, each with its number and the reason."""
    workspace.event_retry_pauses = (timedelta(0),) * 3
    seen = []
    done = asyncio.Event()

    @listening.middleware
    async def note(req, next):
        seen.append((req.headers.get("x-slack-retry-num"), req.body["event_id"]))
        if len(seen) == 4:
            done.set()
        await next()

    outcome = await workspace.open_home(user="U0ANN")
    await done.wait()

    assert outcome.status == 404
    assert [number for number, _ in seen] == [None, ["1"], ["2"], ["3"]]
    assert len({event_id for _, event_id in seen}) == 1


async def test_request_url_is_verified_by_its_challenge(workspace, listening):
    """Bolt gives the challenge back."""
    outcome = await workspace.verify_request_url()
    assert outcome.ok


def test_same_seed_gives_the_same_faults():
    """A failing run can be repeated."""
    runs = []
    for _ in range(2):
        faults = Faults(seed=7)
        faults.set("drop", rate=0.5)
        runs.append([bool(faults.strike("chat.postMessage")) for _ in range(20)])
    assert runs[0] == runs[1]
    assert 0 < sum(runs[0]) < 20


def test_unknown_fault_is_an_error():
    """A typo does not quietly test nothing."""
    with pytest.raises(ValueError, match="no fault is called 'dorp'"):
        Faults().set("dorp")


def test_fault_can_be_switched_off():
    """By name, and all at once."""
    faults = Faults()
    faults.set("drop")
    faults.set("slow")
    faults.set("drop", on=False)
    assert (faults.is_on("drop"), faults.is_on("slow")) == (False, True)
    faults.clear()
    assert faults.strike("chat.postMessage") == []

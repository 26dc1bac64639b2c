"""The taps hear all that leaves the bot, and the plugin is at work in every run."""

import pytest
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.calls import SlackCalls
from bot.slack.rate_limits import RateLimits
from tests.slack_limits.plugin import HeldAgainstLimits, fingerprint
from tests.slack_limits.taps import listen


def yes() -> AsyncSlackResponse:
    return AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="",
        req_args={},
        data={"ok": True},
        headers={},
        status_code=200,
    )


class Quiet(AsyncWebClient):
    """Slack says yes to everything."""

    async def chat_postMessage(self, **_):
        return yes()

    async def views_open(self, **_):
        return yes()

    async def users_info(self, **_):
        return yes()


async def test_messages_views_and_answers_are_heard():
    heard = []
    stop = listen(lambda kind, said: heard.append((kind, dict(said))))
    try:
        calls = SlackCalls(Quiet(), RateLimits())
        await calls.call("chat.postMessage", channel="C1", text="Hello")
        await calls.call("views.open", trigger_id="1", view={"type": "modal"})
        await calls.call("users.info", user="U1")
        await AsyncAck()()
        await AsyncAck()(text="Hello")
        await AsyncAck()(response_action="errors", errors={"reason": "Why?"})
    finally:
        stop()
    await AsyncAck()(text="not heard")

    assert heard == [
        ("message", {"channel": "C1", "text": "Hello"}),
        ("view", {"type": "modal"}),
        ("answer", {}),
        ("answer", {"text": "Hello"}),
        ("answer", {"response_action": "errors", "errors": {"reason": "Why?"}}),
    ]


def test_it_is_at_work(request):
    """Every test of the suite runs under it."""
    assert request.config.pluginmanager.has_plugin("slack-limits")


@pytest.mark.parametrize(
    ("said", "then", "is_new"),
    [
        pytest.param({"text": "Hello"}, {"text": "Hello"}, False, id="the same"),
        pytest.param({"value": "0" * 32}, {"value": "9f" * 16}, False, id="another id"),
        pytest.param(
            {"text": "<!date^1750000000^{date}|…>"},
            {"text": "<!date^1760000000^{date}|…>"},
            False,
            id="another moment",
        ),
        pytest.param({"page_size": 100}, {"page_size": 101}, True, id="another number"),
        pytest.param({"text": "12 people"}, {"text": "13 people"}, True, id="another text"),
        pytest.param({"value": "0" * 32}, {"value": "0" * 33}, True, id="another length"),
    ],
)
def test_what_differs_in_ids_and_moments_only_is_judged_once(said, then, is_new):
    assert (fingerprint("message", said) != fingerprint("message", then)) is is_new


@pytest.mark.parametrize(("text", "is_wrong"), [("", True), ("Hello", False)])
def test_what_was_wrong_is_judged_again(text, is_wrong):
    held = HeldAgainstLimits()
    held._is_on = True
    try:
        held.hear("message", {"text": text})
        once = len(held._found)
        held.hear("message", {"text": text})
    finally:
        held.pytest_unconfigure()

    assert bool(once) is is_wrong
    assert len(held._found) == 2 * once

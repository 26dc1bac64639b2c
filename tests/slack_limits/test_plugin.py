"""The taps hear all that leaves the bot, and the plugin is at work in every run."""

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.calls import SlackCalls
from bot.slack.rate_limits import RateLimits
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

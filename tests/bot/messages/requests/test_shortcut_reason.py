"""A message becomes the beginning of a reason, as its reader saw it."""

import pytest

from bot.messages.requests.shortcut_reason import reason_from_message

LINK = "https://contoso.slack.com/archives/C0GENERAL/p1700000000000100"


def reason(text, *, domain="contoso", channel="C0GENERAL", ts="1700000000.000100"):
    return reason_from_message(text=text, domain=domain, channel=channel, ts=ts)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see &lt;this&gt; &amp; that", "see <this> & that"),
        ("<@U0ANN|ann> and <@U0BO>", "@ann and @U0BO"),
        ("<#C0GENERAL|general> <!here> <!date^1^{date}|today>", "#general @here today"),
        ("<https://x.example|the page> <https://y.example>", "the page https://y.example"),
        ("one\n\ntwo", "one two"),
    ],
)
def test_tokens_read_as_they_were_shown(text, shown):
    """Nothing of Slack's own spelling is left."""
    assert reason(text) == f"{shown}\n{LINK}"


def test_a_long_message_leaves_room():
    """For the link, and for what somebody wants to add."""
    assert len(reason("word " * 1_000)) <= 700


@pytest.mark.parametrize(
    "broken",
    [{"domain": None}, {"domain": "evil.example/x"}, {"channel": "c<>"}, {"ts": "1"}, {"ts": None}],
)
def test_a_link_is_made_of_nothing_odd(broken):
    """Then there is the text alone."""
    assert reason("hello", **broken) == "hello"


def test_nothing_is_nothing():
    """A message of blocks has no text, and a payload may lack all."""
    assert reason_from_message(text=None, domain=None, channel=None, ts=None) is None

"""Test which addresses are taken for Slack's, and how often and how long."""

from datetime import timedelta

import pytest

from bot import clock
from bot.slack.response_urls import hosts_of, read_response_url

SLACK = hosts_of("https://slack.com/api/")
GOOD = "https://hooks.slack.com/commands/T1DC2JH3J/397700885554/96rGlfmibIGlgcZRskXaIFfN"


def good(url):
    found = read_response_url(url, hosts=SLACK)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "url",
    [
        GOOD,
        "https://hooks.slack.com/actions/T1/2/abc",
        "https://hooks.slack-gov.com/actions/T1/2/abc",
    ],
)
def test_slacks_own_addresses_are_taken(url):
    """For commands and for clicks; those of workspaces for governments, too."""
    assert good(url).use() == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        "",
        "https://hooks.slack.com",
        "https://hooks.slack.com/",
        "http://hooks.slack.com/commands/T1/2/abc",
        "https://hooks.slack.com.evil.example/commands/T1",
        "https://hooks.slack.com@evil.example/commands/T1",
        "https://evil.example/https://hooks.slack.com/commands/T1",
        "https://hooks.slack.com:8443/commands/T1",
        "https://hooks.slack.com/commands/T1?next=https://evil.example",
        "https://hooks.slack.com/commands/T1#x",
        "https://hooks.slack.com/\\evil.example/",
        "https://hooks.slack.com/commands/T1 x",
        "https://hooks.slack.com/commands/T1\r\nHost: evil.example",
        "HTTPS://HOOKS.SLACK.COM/commands/T1",
        "https://127.0.0.1/respond/abc",
        f"https://hooks.slack.com/{'a' * 600}",
    ],
)
def test_everything_else_is_not(url):
    """Nothing is ever sent to a host that the payload alone names."""
    assert read_response_url(url, hosts=SLACK) is None


def test_the_host_of_the_web_api_is_taken():
    """The sandbox's, with its scheme and port."""
    hosts = hosts_of("http://127.0.0.1:8123/api/")
    assert read_response_url("http://127.0.0.1:8123/respond/abc", hosts=hosts) is not None
    assert read_response_url("http://127.0.0.1:8124/respond/abc", hosts=hosts) is None
    assert read_response_url("https://127.0.0.1:8123/respond/abc", hosts=hosts) is None


def test_it_is_used_five_times_within_half_an_hour():
    """As Slack says; and it shows itself nowhere."""
    url = good(GOOD)
    assert [url.use() for _ in range(6)] == [GOOD] * 5 + [None]
    assert "hooks" not in repr(url) + str(url)


def test_it_is_over_after_half_an_hour():
    """By the machine's own time."""
    url = good(GOOD)
    now = clock.real()
    clock.use(lambda: now + timedelta(minutes=30))
    try:
        assert url.use() is None
    finally:
        clock.use(clock.machine_time)

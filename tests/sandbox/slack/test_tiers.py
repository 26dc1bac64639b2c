"""Slack's limits: so many calls of a method in a minute, and how long to wait when there were too many."""

from datetime import timedelta

import pytest

from sandbox.slack.errors import SlackRefusal
from sandbox.slack.methods import METHODS
from sandbox.slack.tiers import A_MINUTE, MESSAGES_A_MINUTE, POST, TIERS, Tiers


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tiers(clock):
    made = Tiers(seconds=clock)
    made.enforce()
    return made


def pass_all(tiers, method):
    for _ in range(A_MINUTE[TIERS[method]]):
        tiers.check(method)


@pytest.mark.parametrize(
    ("method", "calls"),
    [("usergroups.users.list", 20), ("users.lookupByEmail", 50), ("users.info", 100)],
)
def test_a_tier_has_so_many_calls_a_minute(tiers, method, calls):
    """As Slack promises at least."""
    for _ in range(calls):
        tiers.check(method)

    with pytest.raises(SlackRefusal) as refused:
        tiers.check(method)
    assert (refused.value.error, refused.value.status) == ("ratelimited", 429)
    assert tiers.refused == {method: 1}


def test_whoever_waits_as_told_gets_through(tiers, clock):
    """And not a second earlier."""
    pass_all(tiers, "users.info")
    with pytest.raises(SlackRefusal) as refused:
        tiers.check("users.info")
    wait = refused.value.retry_after
    assert wait is not None

    clock.now += wait.total_seconds() - 2
    with pytest.raises(SlackRefusal):
        tiers.check("users.info")
    clock.now += 2
    tiers.check("users.info")


def test_methods_do_not_count_for_each_other(tiers):
    """The limit is each method's own."""
    pass_all(tiers, "users.lookupByEmail")

    tiers.check("users.info")


def test_nothing_is_limited_until_it_is_switched_on(clock):
    """Most tests are about other things."""
    tiers = Tiers(seconds=clock)
    for _ in range(1_000):
        tiers.check("users.list")
    assert tiers.refused == {}


def test_every_method_with_a_tier_is_served():
    """And those without are of the special tier."""
    assert set(TIERS) <= set(METHODS)
    assert set(METHODS) - set(TIERS) == {
        "api.test",
        "auth.test",
        "chat.getPermalink",
        "chat.postMessage",
    }


def test_a_channel_takes_a_message_a_second(tiers, clock):
    """And the others are not concerned."""
    tiers.check(POST, place="C0ONE")
    tiers.check(POST, place="C0OTHER")
    with pytest.raises(SlackRefusal) as refused:
        tiers.check(POST, place="C0ONE")

    assert refused.value.retry_after == timedelta(seconds=2)
    clock.now += 1
    tiers.check(POST, place="C0ONE")


def test_a_workspace_takes_several_hundred_messages_a_minute(tiers, clock):
    """Whatever the channels are."""
    for number in range(MESSAGES_A_MINUTE):
        tiers.check(POST, place=f"D{number}")
    with pytest.raises(SlackRefusal):
        tiers.check(POST, place="D0LAST")

    clock.now += 60
    tiers.check(POST, place="D0LAST")

"""Tokens of whoever is no member of the workspace any more are deleted, however many are connected, and whomever Slack refuses."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot import clock
from bot.accounts.cleaning import A_TURN, EVERY, LOOK_AGAIN, NEXT_TURN, AccountCleaning
from bot.accounts.store import accounts
from bot.slack.errors import SlackRefused, SlackUnsure
from tests.bot.accounts.samples import connected

MANY = 3 * A_TURN + 1


class Members:
    """A stand-in for Slack's users: those it knows nothing of are gone, unless it says something else of them."""

    def __init__(self):
        self.asked = []
        self.errors = {}

    async def get(self, slack_user):
        self.asked.append(slack_user)
        raise self.errors.get(slack_user, SlackRefused("user_not_found"))


@pytest.fixture
def members():
    return Members()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def cleaning(store, members, pauses):
    for number in range(MANY):
        account = connected(f"U0{number:03}", clock.now() + timedelta(seconds=number))
        store.run_here(accounts.connect, account, "sealed")
    clock.set_offset(LOOK_AGAIN + timedelta(minutes=5))
    slack: Any = SimpleNamespace(users=members)
    return AccountCleaning(store=store, slack=slack, again_in=pauses.append)


def left(store):
    return store.read_here(accounts.some_after, "")


async def test_of_many_some_are_looked_at_each_minute_until_none_is_left(store, cleaning, pauses):
    """Within Slack's limits, and within the hours that are promised."""
    for _ in range(4):
        await cleaning.look()
    assert left(store) == []
    assert pauses == [NEXT_TURN] * 3


async def test_whoever_slack_refuses_keeps_nobody_waiting(store, cleaning, members):
    """They are asked for again, and those behind them at once."""
    members.errors = {f"U0{number:03}": SlackRefused("some_new_word") for number in (0, 7)}
    for _ in range(4):
        await cleaning.look()
    assert left(store) == ["U0000", "U0007"]
    members.errors.clear()
    clock.set_offset(LOOK_AGAIN + timedelta(hours=1))
    await cleaning.look()
    assert left(store) == []


@pytest.mark.parametrize("error", [SlackRefused("invalid_auth"), SlackUnsure("fatal_error")])
async def test_while_slack_says_it_of_nobody_it_is_asked_no_more_often(
    store, cleaning, members, pauses, error
):
    """The next look is the clock's."""
    members.errors = dict.fromkeys(left(store), error)
    await cleaning.look()
    assert len(left(store)) == MANY
    assert pauses == []
    members.errors.clear()
    clock.set_offset(LOOK_AGAIN + timedelta(hours=1))
    for _ in range(4):
        await cleaning.look()
    assert left(store) == []


async def test_an_account_that_is_connected_anew_meanwhile_stays(store, cleaning, members):
    """What Slack said was of the one before."""

    async def connect_anew(slack_user):
        if slack_user == "U0000":
            account = connected(slack_user)
            await store.run(accounts.connect, account, "sealed anew")
        raise SlackRefused("user_not_found")

    members.get = connect_anew
    await cleaning.look()
    assert left(store)[0] == "U0000"
    assert store.read_here(accounts.sealed_token, "U0000") == "sealed anew"


def test_nobody_waits_longer_than_is_promised():
    """Six hours, of five thousand members on one replica."""
    turns = 5_000 / A_TURN
    assert max(LOOK_AGAIN + EVERY, turns * NEXT_TURN) + EVERY <= timedelta(hours=6)

"""`latchkey webhooks` says how it is, whatever is there."""

import json

import pytest
from click.testing import CliRunner, Result

from bot import clock
from bot.__main__ import main
from bot.database import Store
from bot.database.audit_log import audit
from bot.database.tables import dead_events
from bot.webhooks.store import feeds
from tests.harness.receiver import NAME, SETTINGS


@pytest.fixture
def log(store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The bot's database, with a row of the audit log."""
    for name, value in {**SETTINGS, "DATABASE_URL": database_url}.items():
        monkeypatch.setenv(name, value)
    store.run_here(lambda db: audit.record(db, at=clock.now(), actor="U0ANN", verb="pause"))
    return store


def latchkey(*words: str) -> Result:
    return CliRunner(catch_exceptions=False).invoke(main, ["webhooks", *words])


def test_that_nobody_is_told_is_said(log: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of nothing."""
    for name in SETTINGS:
        monkeypatch.delenv(name)
    assert "names no endpoint" in latchkey("list").output


def test_nothing_is_skipped_of_an_endpoint_that_was_never_told(log: Store) -> None:
    """Whether somebody wants it told once more or not."""
    for _ in range(2):
        done = latchkey("skip", NAME, "--reason", "moved")
        assert done.exit_code == 1
        assert "has not started with siem yet" in done.stderr
        assert latchkey("replay", NAME, "--from", "1").exit_code == 0


def test_what_is_left_out_is_said(log: Store) -> None:
    """Also that nothing is."""
    log.run_here(feeds.begin, (NAME,))
    assert "nothing is left out" in latchkey("skip", NAME, "--reason", "moved").output
    # That it was skipped is a row itself.
    assert "is not told of rows 2 to 2" in latchkey("skip", NAME, "--reason", "moved").output


def test_what_it_would_not_take_is_left_out_as_well(log: Store) -> None:
    """So that nothing warns of it any more; the log says how many these were."""
    log.run_here(feeds.begin, (NAME,))
    log.run_here(
        lambda db: db.execute(
            dead_events.insert().values(endpoint=NAME, position=1, at=clock.now(), error="HTTP 422")
        )
    )
    assert "not told of 1 of the events" in latchkey("skip", NAME, "--reason", "moved").output
    assert log.read_here(feeds.count_dead, (NAME,)) == {NAME: 0}
    assert log.read_here(audit.rows)[-1]["details"]["refused"] == 1


def test_all_that_it_would_not_take_is_listed(log: Store) -> None:
    """However much: a program that has them told once more reads no other list."""
    refused = [
        {"endpoint": NAME, "position": each, "at": clock.now(), "error": "HTTP 500"}
        for each in range(1, 151)
    ]
    log.run_here(lambda db: db.execute(dead_events.insert(), refused))
    listed = json.loads(latchkey("list", "--json").output)["dead"]
    assert [each["position"] for each in listed] == [each["position"] for each in refused]


def are_disabled(log: Store) -> list[bool]:
    states = log.read_here(feeds.states, (NAME,))
    return [each.feed.disabled_at is not None for each in states]


def test_an_endpoint_that_is_gone_is_told_no_replay_either(log: Store) -> None:
    """Neither one that is under way nor one that is asked for since, until somebody enables it."""
    log.run_here(feeds.begin, (NAME,))
    assert latchkey("replay", NAME, "--from", "1").output.count("\n") == 1
    main = log.read_here(feeds.find, NAME)
    assert main is not None
    log.run_here(lambda db: feeds.disable(db, main, error="HTTP 410"))
    assert are_disabled(log) == [True] * 2
    assert (
        "begins with `latchkey webhooks enable siem`"
        in latchkey("replay", NAME, "--from", "1").output
    )
    assert are_disabled(log) == [True] * 3
    assert latchkey("enable", NAME).exit_code == 0
    assert are_disabled(log) == [False] * 3


def test_a_replay_that_is_under_way_ends(log: Store) -> None:
    """It is something that the endpoint has not been told yet, too."""
    log.run_here(feeds.begin, (NAME,))
    assert latchkey("replay", NAME, "--from", "1").exit_code == 0
    assert "(replays: 1)" in latchkey("skip", NAME, "--reason", "moved").output
    (left,) = log.read_here(feeds.states, (NAME,))
    assert not left.feed.is_replay
    assert log.read_here(audit.rows)[-1]["details"]["replays"] == 1
    assert "replays" not in latchkey("skip", NAME, "--reason", "moved").output

"""Say how far each webhook is, and tell it things once more: `latchkey webhooks`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from bot import chance, clock
from bot.cli.connection import Stop, WrongSettings
from bot.cli.database import bots_database, in_one, settings_for_database
from bot.cli.operator import Operator, at_the_command_line
from bot.cli.options import json_option
from bot.cli.tables import when
from bot.configuration.settings import Settings
from bot.database import Transaction
from bot.database.audit_log import audit
from bot.errors import ConfigurationError
from bot.webhooks.model import FeedState, Skipped
from bot.webhooks.store import feeds
from graph.values import in_zone

name_argument = click.argument("endpoint")


@click.group()
def webhooks() -> None:
    """Say how far each webhook is, tell it things once more, and let it go on."""


@webhooks.command("list", short_help="Show how far each endpoint is, and why it waits.")
@json_option
def list_(as_json: bool) -> None:
    """
    Show how far each endpoint is, why it waits, and what it would not take.

    Example: latchkey webhooks list --json
    """
    settings = settings_for_database()
    names = _names(settings)
    with bots_database(settings, to_write=False) as store:
        states = in_one(store.read_here, lambda db: feeds.states(db, names))
        dead = in_one(store.read_here, lambda db: feeds.dead(db, names))
    if as_json:
        told = [_as_json(each) for each in states]
        refused = [{"endpoint": e.endpoint, "position": e.position, "error": e.error} for e in dead]
        click.echo(json.dumps({"feeds": told, "dead": refused}, indent=2))
        return
    if not names:
        click.echo("LATCHKEY_WEBHOOKS names no endpoint: nobody else is told of events.")
    for state in states:
        click.echo(_line(state))
    for each in dead:
        click.echo(
            f"{each.endpoint} would not take the event at {each.position} ({each.error}): "
            f"latchkey webhooks replay {each.endpoint} --from {each.position} --to {each.position}"
        )
    for name in sorted({*names} - {state.feed.endpoint for state in states}):
        click.echo(f"{name}: the bot has not started with it yet.")


@webhooks.command(short_help="Have the running bot tell ENDPOINT things once more.")
@name_argument
@click.option("--from", "first", required=True, help="A row of the audit log, or a moment in UTC.")
@click.option("--to", "last", help="The same; the moment itself is left out.  [default: now]")
def replay(endpoint: str, first: str, last: str | None) -> None:
    """
    Have the running bot tell ENDPOINT once more what happened, under the same ids as before.

    \b
    Example:
      latchkey webhooks replay siem --from 2026-05-01T00:00 --to 2026-05-02T00:00
      latchkey webhooks replay siem --from 1250 --to 1260
    """
    settings = settings_for_database()
    _check(settings, endpoint)
    by = at_the_command_line(settings.operator)

    def save(db: Transaction) -> tuple[int, int, bool]:
        found = _between(db, first, last)
        if found is None:
            raise Stop("The audit log has no rows there: nothing is told again.")
        begin, end = found
        archived = audit.archived(db)
        if begin <= archived:
            raise Stop(f"Rows up to {archived} are archived: they cannot be told again.")
        is_there = feeds.replay(
            db, feed_id=chance.new_id(), endpoint=endpoint, first=begin, last=end
        )
        _record(db, by, "webhook-replay", endpoint=endpoint, first=begin, last=end)
        return begin, end, is_there

    with bots_database(settings) as store:
        begin, end, is_there = in_one(store.run_here, save)
    click.echo(f"{endpoint} is told once more of rows {begin} to {end} of the audit log.")
    if not is_there:
        click.echo(
            f"It has answered that it is gone: that begins with `latchkey webhooks enable {endpoint}`."
        )


@webhooks.command(short_help="Tell ENDPOINT again, which had answered that it is gone.")
@name_argument
def enable(endpoint: str) -> None:
    """
    Tell ENDPOINT again, which had answered that it is gone, and at once what it has missed.

    Example: latchkey webhooks enable siem
    """
    settings = settings_for_database()
    _check(settings, endpoint)
    by = at_the_command_line(settings.operator)

    def save(db: Transaction) -> None:
        feeds.enable(db, endpoint)
        _record(db, by, "webhook-enable", endpoint=endpoint)

    with bots_database(settings) as store:
        in_one(store.run_here, save)
    click.echo(f"{endpoint} is told what it has missed, and goes on.")


@webhooks.command(short_help="Tell ENDPOINT nothing of what it has missed so far.")
@name_argument
@click.option("--reason", required=True, help="Why; kept in the audit log.")
def skip(endpoint: str, reason: str) -> None:
    """
    Tell ENDPOINT nothing of what it has not been told yet or would not take, and go on with what happens from now on.

    Replays of it that are under way end.

    Example: latchkey webhooks skip siem --reason "moved to a new SIEM, which has read the export"
    """
    settings = settings_for_database()
    _check(settings, endpoint)
    by = at_the_command_line(settings.operator)

    def save(db: Transaction) -> Skipped:
        if all(each.feed.is_replay for each in feeds.states(db, (endpoint,))):
            raise Stop(f"The bot has not started with {endpoint} yet: there is nothing to skip.")
        skipped = feeds.skip(db, endpoint)
        beside = {"refused": skipped.refused, "replays": skipped.replays}
        facts = {name: count for name, count in beside.items() if count}
        places = {"first": skipped.after + 1, "last": skipped.until}
        _record(db, by, "webhook-skip", why=reason, endpoint=endpoint, **places, **facts)
        return skipped

    with bots_database(settings) as store:
        skipped = in_one(store.run_here, save)
    for sentence in _said(endpoint, skipped):
        click.echo(sentence)


def _said(endpoint: str, skipped: Skipped) -> Iterator[str]:
    if skipped.after < skipped.until:
        rows = f"{skipped.after + 1} to {skipped.until}"
        yield f"{endpoint} is not told of rows {rows} of the audit log."
    if skipped.refused:
        yield f"{endpoint} is not told of {skipped.refused} of the events before, which it would not take."
    if skipped.replays:
        yield f"{endpoint} is told no more of what it was being told once more (replays: {skipped.replays})."
    if skipped.after == skipped.until and not skipped.refused and not skipped.replays:
        yield f"{endpoint} has been told everything: nothing is left out."


def _names(settings: Settings) -> tuple[str, ...]:
    try:
        return tuple(each.name for each in settings.webhook_endpoints)
    except ConfigurationError as error:
        raise WrongSettings(*error.problems) from None


def _check(settings: Settings, endpoint: str) -> None:
    names = _names(settings)
    if endpoint not in names:
        known = ", ".join(names) or "none"
        raise Stop(f"LATCHKEY_WEBHOOKS names no endpoint {endpoint}; it has {known}.")


def _between(db: Transaction, first: str, last: str | None) -> tuple[int, int] | None:
    begin, end = _place(first, "--from"), _place(last, "--to") if last else None
    if isinstance(begin, int) != isinstance(end, int) and end is not None:
        raise Stop("Say both with rows of the audit log, or both with moments.")
    if isinstance(begin, int):
        head = feeds.head_position(db)
        until = min(end, head) if isinstance(end, int) else head
        return (begin, until) if 1 <= begin <= until else None
    return feeds.positions_between(
        db, from_at=begin, to_at=end if isinstance(end, datetime) else None
    )


def _place(text: str, option: str) -> int | datetime:
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return _utc(datetime.fromisoformat(text))
    except ValueError:
        raise WrongSettings(
            f"{option} must be the number of a row of the audit log, or a moment in UTC such as 2026-05-01T00:00."
        ) from None


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else in_zone(moment, UTC)


def _record(
    db: Transaction, by: Operator, verb: str, *, why: str | None = None, **facts: object
) -> None:
    details = {**by.facts, **facts}
    audit.record(db, at=clock.now(), actor=by.actor, verb=verb, why=why, details=details)


def _line(state: FeedState) -> str:
    feed = state.feed
    name = f"{feed.endpoint} (replay to {feed.until})" if feed.is_replay else feed.endpoint
    if state.behind == 0 or state.oldest_at is None:
        return f"{name} has been told everything."
    told = f"{name} is {state.behind} rows behind, since {when(state.oldest_at)} UTC"
    if feed.disabled_at is not None:
        return f"{told}: it answered that it is gone; `latchkey webhooks enable {feed.endpoint}` lets it go on."
    if feed.failures:
        tries = "a try" if feed.failures == 1 else f"{feed.failures} tries"
        return f"{told}: {tries} failed, the last with “{feed.error}”; the next is at {when(feed.due_at)} UTC."
    return f"{told}."


def _as_json(state: FeedState) -> dict[str, object]:
    feed = state.feed
    return {
        "endpoint": feed.endpoint,
        "replay": feed.is_replay,
        "position": feed.position,
        "behind": state.behind,
        "oldest_at": state.oldest_at.isoformat() if state.oldest_at else None,
        "failures": feed.failures,
        "error": feed.error,
        "disabled": feed.disabled_at is not None,
    }

"""Tell the story of one request: `latchkey trace`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from bot.cli.connection import Stop
from bot.cli.database import bots_database, in_one, settings_for_database
from bot.cli.options import json_option
from bot.database import stories
from bot.database.audit_log import audit
from bot.database.stories import Row, Story
from bot.packages.names import clean
from bot.requests.model import SENDING, State


@dataclass(frozen=True, kw_only=True)
class TraceEvent:
    """
    Something that happened to a request.

    Attributes:
        what: In one line.
        ids: What Microsoft or Slack finds it by, and other facts, by name.
    """

    at: datetime
    source: str
    what: str
    ids: dict[str, Any]


@click.command(short_help="Tell the story of one request, as a timeline in UTC.")
@click.argument("request_id", metavar="REQUEST")
@json_option
def trace(request_id: str, as_json: bool) -> None:
    """
    Tell all that the database knows of the request REQUEST, as a timeline in UTC.

    REQUEST is its id, as it is in the log, in the audit log and behind “latchkey” in Entra's justification.  What is in the
    log besides, such as each failed step, is found there by the same id.

    Example: latchkey trace 74f53066b6025d106b67f73210b470d5
    """
    with bots_database(settings_for_database(), to_write=False) as store:
        wanted = request_id.strip().lower()
        story = in_one(store.read_here, lambda db: stories.find(db, wanted))
    if story is None:
        raise Stop(f"There is no request {request_id}: its id has 32 hexadecimal digits.")
    events = sorted(_events(story), key=lambda event: event.at)
    if as_json:
        shown = {"request": story.request, "events": [vars(event) for event in events]}
        click.echo(json.dumps(shown, default=_plain, indent=2))
        return
    for line in _head(story.request):
        click.echo(line)
    for event in events:
        facts = "".join(f"  {name}={clean(str(value))}" for name, value in event.ids.items())
        click.echo(f"{event.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}  {event.source:<8}  {event.what}")
        if facts:
            click.echo(f"{'':21}{'':10}{facts}")


def _head(request: Row) -> Iterator[str]:
    """Yield what the request is, and how it stands."""
    who = clean(request["holder_name"] or request["holder"] or request["wanted_for"] or "somebody")
    yield f"Request {request['id']}: {request['kind']} {clean(request['package_name'])} for {who}, {_state(request)}."
    facts = {
        "Graph request": request["graph_request_id"],
        "Graph assignment": request["assignment_id"],
        "due again": _moment(request["due_at"]),
        "worked on until": _moment(request["lease_until"]),
        "failed steps": request["failures"] or None,
        "on hold since": _moment(request["held_at"]),
    }
    for name, value in facts.items():
        if value:
            yield f"  {name}: {value}"


def _state(request: Row) -> str:
    """Return the state in the word that the audit log has for it."""
    is_sent = request["state"] == State.APPROVED and (request["terms"] or {}).get("entra_decides")
    return SENDING if is_sent else str(request["state"])


def _events(story: Story) -> Iterator[TraceEvent]:
    for row in story.audit:
        change = f" {row['before'] or ''} → {row['after']}" if row["after"] else ""
        why = f": {clean(row['why'])}" if row["why"] else ""
        ids = {name: value for name, value in (row["details"] or {}).items() if value}
        yield TraceEvent(
            at=row["at"],
            source="audit",
            what=f"{row['verb']}{change} by {clean(row['actor'])}{why}",
            ids={"row": row["position"], **ids},
        )
    for row in story.decisions:
        outcome = row["outcome"] or "not judged yet"
        who = clean(row["name"] or row["slack_user"])
        why = f": {clean(row['why'])}" if row["why"] else ""
        yield TraceEvent(
            at=row["at"],
            source="click",
            what=f"{row['verb']} by {who} at step {row['stage'] + 1}: {outcome}{why}",
            ids={},
        )
    for row in story.holds:
        yield TraceEvent(
            at=row["at"], source="hold", what=f"{row['error']}: {clean(row['why'])}", ids={}
        )
        if row["done_at"]:
            # Nobody's name is there where it went on by itself.
            by = row["done_by"] or audit.LATCHKEY
            yield TraceEvent(
                at=row["done_at"], source="hold", what=f"{row['verb']} by {by}", ids={}
            )
    for row in story.notices:
        yield _notice_event(row, story.request)


def _notice_event(row: Row, request: Row) -> TraceEvent:
    """Describe a message, at the best moment that its row has."""
    state = "is not sent yet"
    if row["sent_at"]:
        state = "sent"
    elif row["dropped_why"]:
        state = f"not sent: {clean(row['dropped_why'])}"
    elif row["tried_at"]:
        state = "perhaps sent: Slack has not answered"
    ids = {"key": row["key"], "channel": row["channel"], "ts": row["ts"], "tries": row["attempts"]}
    at = row["sent_at"] or row["tried_at"] or row["claimed_until"] or request["updated_at"]
    return TraceEvent(
        at=at,
        source="message",
        what=f"{row['kind']} to {row['recipient']} {state}",
        ids={name: value for name, value in ids.items() if value},
    )


def _moment(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else None


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

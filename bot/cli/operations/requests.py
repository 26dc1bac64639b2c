"""Look at requests that do not get on, and retry or end them: `latchkey requests`."""

import json
from typing import Any, Final

import click

from bot import clock
from bot.cli.connection import Stop
from bot.cli.database import bots_database, in_one, settings_for_database
from bot.cli.operations.trace import trace
from bot.cli.operator import at_the_command_line
from bot.cli.options import json_option, yes_option
from bot.cli.tables import when
from bot.database import Transaction
from bot.database.audit_log import audit
from bot.packages.names import clean
from bot.people.model import Verb
from bot.requests.model import Hold, Request
from bot.requests.store import holds, request_lists, request_rows, requests

# What is tried so often is worth a look, as the alarm of the admins' channel has it.
TRIED_OFTEN: Final = 12
# A column that has Slack ids has the operator's name as well.
LONGEST_ACTOR: Final = 32
request_argument = click.argument("request_id", metavar="REQUEST")
because_option = click.option("--because", required=True, help="Why; kept in the audit log.")


@click.group("requests")
def requests_() -> None:
    """Look at requests that do not get on, and retry or end them; the running bot does it."""


requests_.add_command(trace, "show")


@requests_.command("stuck", short_help="List requests on hold, and those that are tried often.")
@json_option
def stuck(as_json: bool) -> None:
    """
    List the requests that wait for somebody, the longest first, and those that are tried over and over.

    Exit code 1 if there are any.

    Example: latchkey requests stuck --json
    """
    with bots_database(settings_for_database(), to_write=False) as store:
        held = in_one(store.read_here, holds.open_ones)
        tried = in_one(store.read_here, _tried_often)
    if as_json:
        told = {
            "on_hold": [_as_json(request, hold) for hold, request in held],
            "retried": [_as_json(request, None) for request in tried],
        }
        click.echo(json.dumps(told, indent=2))
    else:
        for hold, request in held:
            click.echo(f"{_line(request)}: on hold since {when(hold.at)} UTC")
            click.echo(f"    {clean(hold.error)}: {clean(hold.why)}")
        for request in tried:
            click.echo(f"{_line(request)}: tried {request.attempts + request.failures} times")
        if not held and not tried:
            click.echo("No request is stuck.")
    if held or tried:
        click.get_current_context().exit(1)


@requests_.command("retry", short_help="Let the running bot try REQUEST again, which is on hold.")
@request_argument
@because_option
def retry(request_id: str, because: str) -> None:
    """
    Let the running bot try the request REQUEST again, which is on hold because it kept failing.

    Example: latchkey requests retry 74f53066b6025d106b67f73210b470d5 --because "the policy was put right"
    """
    _end_hold(request_id, Verb.RETRY, because)
    click.echo("The bot tries it again.")


@requests_.command("fail", short_help="End REQUEST as failed, which is on hold.")
@request_argument
@because_option
@yes_option
def fail(request_id: str, because: str, yes: bool) -> None:
    """
    End the request REQUEST as failed, which is on hold because it kept failing.

    The bot looks in Entra first: what is found there after all goes on.  Whoever asked is told.

    Example: latchkey requests fail 74f53066b6025d106b67f73210b470d5 --because "asked for by mistake"
    """
    if not yes:
        click.confirm(f"End {request_id} as failed?", abort=True, err=True)
    _end_hold(request_id, Verb.GIVE_UP, because)
    click.echo("The bot looks in Entra once more, and ends it if nothing is found there.")


def _end_hold(request_id: str, wanted: Verb, because: str) -> None:
    settings = settings_for_database()
    by = at_the_command_line(settings.operator)

    def save(db: Transaction) -> None:
        hold, request = _held(db, request_id.strip().lower())
        if holds.end(db, hold, request, wanted, actor=by.actor[:LONGEST_ACTOR]) is None:
            raise Stop("It is not on hold any more: look again with `latchkey requests stuck`.")
        audit.record(
            db,
            at=clock.now(),
            actor=by.actor,
            verb="cli-retry" if wanted is Verb.RETRY else "cli-give-up",
            why=because,
            details={**by.facts},
            **request_rows.audit_ids(request),
        )

    with bots_database(settings) as store:
        in_one(store.run_here, save)


def _held(db: Transaction, request_id: str) -> tuple[Hold, Request]:
    """
    Return a request that is on hold.

    Raises:
        Stop: There is none, or it is not on hold.
    """
    for hold, request in holds.open_ones(db):
        if request.id == request_id:
            return hold, request
    found = requests.find(db, request_id)
    if found is None:
        raise Stop(f"There is no request {request_id}: its id has 32 hexadecimal digits.")
    if not found.is_open:
        raise Stop(f"It is over: {found.state}.")
    raise Stop(
        f"It is {found.shown_state} and not on hold: the bot is at it by itself. `latchkey requests show {request_id}` tells more."
    )


def _tried_often(db: Transaction) -> list[Request]:
    since = clock.now().replace(year=2000)
    return request_lists.stuck(db, attempts=TRIED_OFTEN, since=since)


def _line(request: Request) -> str:
    who = clean(request.holder_name or request.holder or request.wanted_for or "somebody")
    return f"{request.id}  {request.kind} {clean(request.package_name)} for {who}, {request.shown_state}"


def _as_json(request: Request, hold: Hold | None) -> dict[str, Any]:
    return {
        "request": request.id,
        "kind": request.kind,
        "state": request.shown_state,
        "package": request.package_name,
        "person": request.holder_name or request.holder,
        "asked_at": request.asked_at.isoformat(),
        "tries": request.attempts + request.failures,
        "held_at": hold.at.isoformat() if hold else None,
        "error": hold.error if hold else None,
        "why": hold.why if hold else None,
    }

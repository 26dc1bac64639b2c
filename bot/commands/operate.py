"""`latchkey request`, `extend` and `remove`: an administrator gives, prolongs and takes away access."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import click

from bot import clock, policy
from bot.commands import bounded, granting, lookup
from bot.commands.connection import Stop, api_option, with_graph
from bot.commands.following import until_delivered, until_ended
from bot.commands.granting import Grant
from bot.commands.lengths import LENGTH_TYPE, MOMENT_TYPE
from bot.commands.tables import to_json, when
from bot.naming import clean
from graph import Graph
from graph.errors import NotFound
from graph.models import (
    AccessPackage,
    Assignment,
    AssignmentRequest,
    Expiration,
    Schedule,
)

PATIENCE: Final = timedelta(minutes=10)

for_option = click.option(
    "--for", "length", type=LENGTH_TYPE, help="How long from now: 30d, 12h, 2w."
)
until_option = click.option(
    "--until", type=MOMENT_TYPE, help="Until when, UTC: 2026-12-31 or 2026-12-31T18:00."
)
because_option = click.option("--because", metavar="TEXT", help="Why; kept in Entra.")
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
wait_option = click.option(
    "--wait/--no-wait", default=True, help="Wait until Graph shows that it is done (10 minutes)."
)
skip_approval_option = click.option(
    "--skip-approval", is_flag=True, help="Do it although the policy wants somebody to approve."
)
json_option = click.option("--json", "as_json", is_flag=True, help="For a program.")


@click.command(short_help="Give PERSON the access package PACKAGE.")
@click.argument("package")
@click.argument("person")
@click.option("--policy", "policy_name", metavar="NAME", help="Under this policy of the package.")
@because_option
@for_option
@until_option
@skip_approval_option
@yes_option
@wait_option
@json_option
@api_option
def request(
    package: str,
    person: str,
    policy_name: str | None,
    because: str | None,
    length: timedelta | None,
    until: datetime | None,
    skip_approval: bool,
    yes: bool,
    wait: bool,
    as_json: bool,
    api: str | None,
) -> None:
    """
    Give PERSON the access package PACKAGE, as an administrator.

    PERSON is an e-mail address or an object id.  Only what the package's policies admit is given:
    to whom they would let ask, or anybody under a policy that is for administrators alone.

    \b
    Example:
      latchkey request marketing-campaign ann@contoso.com --because "Launch in May"
    """
    now = clock.now()

    async def judge(graph: Graph) -> Grant:
        return await granting.judge_grant(
            graph,
            person=await lookup.find_person(graph, person),
            package=await bounded.find_package(graph, package),
            policy_name=policy_name,
            because=because,
            ends_at=_end(length, until, now),
            now=now,
        )

    grant = with_graph(judge, api=api)
    _approved(grant, skip_approval)
    _confirm(
        f"Give {_who(grant)} access to {_name(grant.package)}",
        (
            f"under the policy “{clean(grant.policy.display_name or grant.policy.id)}”",
            f"for {policy.lasts(grant.policy.expiration)}"
            if grant.ends_at is None
            else f"until {when(grant.ends_at)} UTC",
            *(f"gives: {line}" for line in policy.contents(grant.package)),
            *_passed_by(grant),
        ),
        yes=yes,
    )

    async def give(graph: Graph) -> tuple[AssignmentRequest, Assignment | None]:
        schedule = None
        if grant.ends_at is not None:
            schedule = Schedule(start_date_time=now, expiration=Expiration.at(grant.ends_at))
        asked = await graph.assignments.request(
            request_type="adminAdd",
            target_id=grant.person.id,
            policy_id=grant.policy.id,
            package_id=grant.package.id,
            justification=because,
            schedule=schedule,
        )
        held = await until_delivered(graph, asked, patience=PATIENCE) if wait else None
        return asked, held

    asked, held = with_graph(give, api=api)
    _report(asked, held, f"{_who(grant)} has {_name(grant.package)}", as_json=as_json)


@click.command(short_help="Let PERSON keep PACKAGE longer.")
@click.argument("package")
@click.argument("person")
@because_option
@for_option
@until_option
@skip_approval_option
@yes_option
@wait_option
@json_option
@api_option
def extend(
    package: str,
    person: str,
    because: str | None,
    length: timedelta | None,
    until: datetime | None,
    skip_approval: bool,
    yes: bool,
    wait: bool,
    as_json: bool,
    api: str | None,
) -> None:
    """
    Let PERSON keep the access package PACKAGE longer, as an administrator.

    Without --for or --until: as long from now as its policy gives.  Never longer than that.

    \b
    Example:
      latchkey extend marketing-campaign ann@contoso.com --for 2w
    """
    now = clock.now()

    async def judge(graph: Graph) -> Grant:
        return await granting.judge_extension(
            graph,
            person=await lookup.find_person(graph, person),
            package=await bounded.find_package(graph, package),
            ends_at=_end(length, until, now),
            now=now,
        )

    grant = with_graph(judge, api=api)
    held = grant.held
    if held is None or grant.ends_at is None:
        raise TypeError("an extension without an assignment or an end")
    ends_at = grant.ends_at
    _approved(grant, skip_approval)
    _confirm(
        f"Let {_who(grant)} keep {_name(grant.package)} until {when(ends_at)} UTC",
        (f"now it ends {when(held.ends_at())} UTC", *_passed_by(grant)),
        yes=yes,
    )

    async def prolong(graph: Graph) -> tuple[AssignmentRequest, Assignment | None]:
        asked = await graph.assignments.request(
            request_type="adminUpdate",
            assignment_id=held.id,
            justification=because,
            schedule=Schedule(
                start_date_time=held.schedule.start_date_time if held.schedule else None,
                expiration=Expiration.at(ends_at),
            ),
        )
        if not wait:
            return asked, None
        # Entra may shorten what it is asked for; what counts is that it is later than it was.
        later = await until_delivered(
            graph, asked, patience=PATIENCE, accept=lambda now: now.ends_at() != held.ends_at()
        )
        return asked, later

    asked, later = with_graph(prolong, api=api)
    _report(asked, later, f"{_who(grant)} has {_name(grant.package)}", as_json=as_json)


@click.command(short_help="Take PACKAGE away from PERSON.")
@click.argument("package")
@click.argument("person")
@because_option
@yes_option
@wait_option
@json_option
@api_option
def remove(
    package: str,
    person: str,
    because: str | None,
    yes: bool,
    wait: bool,
    as_json: bool,
    api: str | None,
) -> None:
    """
    Take the access package PACKAGE away from PERSON, as an administrator.

    The object id of somebody who was deleted is accepted too: their access outlives them.

    \b
    Example:
      latchkey remove marketing-campaign ann@contoso.com --because "Left the team"
    """

    async def look(graph: Graph) -> tuple[AccessPackage, Assignment]:
        found = await bounded.find_package(graph, package)
        person_id = await _person_id(graph, person)
        return found, await granting.held_by(graph, person_id=person_id, package=found)

    found, held = with_graph(look, api=api)
    holder = clean((held.target and held.target.display_name) or person)
    ends_at = held.ends_at()
    _confirm(
        f"Take {_name(found)} away from {holder}",
        (f"it would end {when(ends_at)} UTC" if ends_at else "it has no end of its own",),
        yes=yes,
    )

    async def end(graph: Graph) -> tuple[AssignmentRequest, Assignment | None]:
        asked = await graph.assignments.request(
            request_type="adminRemove", assignment_id=held.id, justification=because
        )
        if not wait:
            return asked, None
        ended = await until_ended(graph, asked, assignment_id=held.id, patience=PATIENCE)
        return asked, ended or held.model_copy(update={"state": "expired"})

    asked, ended = with_graph(end, api=api)
    _report(asked, ended, f"{holder} no longer has {_name(found)}", as_json=as_json)


async def _person_id(graph: Graph, typed: str) -> str:
    if lookup.GUID.fullmatch(typed):
        try:
            return (await graph.directory.user(typed)).id
        except NotFound:
            return typed
    return (await lookup.find_person(graph, typed)).id


def _end(length: timedelta | None, until: datetime | None, now: datetime) -> datetime | None:
    if length is not None and until is not None:
        raise click.UsageError("Give --for or --until, not both.")
    return now + length if length is not None else until


def _approved(grant: Grant, skip_approval: bool) -> None:
    if grant.stages and not skip_approval:
        raise Stop(
            f"The policy “{clean(grant.policy.display_name or grant.policy.id)}” wants somebody to "
            f"approve ({grant.stages} stage{'' if grant.stages == 1 else 's'}), which an "
            "administrator's grant does not: let them ask in Slack, or add --skip-approval."
        )


def _passed_by(grant: Grant) -> list[str]:
    """What an administrator should know who skips the approval."""
    if not grant.stages:
        return []
    count = "a stage" if grant.stages == 1 else f"{grant.stages} stages"
    return [f"nobody is asked to approve, although the policy has {count} of approval"]


def _confirm(question: str, details: Sequence[str], *, yes: bool) -> None:
    click.echo(question, err=True)
    for detail in details:
        click.echo(f"  {detail}", err=True)
    if not yes:
        click.confirm("Go on?", abort=True, err=True)


def _report(
    asked: AssignmentRequest, shown: Assignment | None, sentence: str, *, as_json: bool
) -> None:
    """Say what Graph shows; *shown* is None when nobody waited, and then nothing is claimed."""
    ends_at = shown.ends_at() if shown and not shown.is_expired else None
    if as_json:
        assignment = shown or asked.assignment
        record: dict[str, Any] = {
            "request": asked.id,
            "done": shown is not None,
            "assignment": assignment.id if assignment else None,
            "ends": ends_at,
        }
        click.echo(to_json(record))
    elif shown is None:
        click.echo(f"Asked: request {asked.id} is under way.  `latchkey show requests` follows it.")
    else:
        click.echo(f"{sentence}{f' until {when(ends_at)} UTC' if ends_at else ''}.")


def _who(grant: Grant) -> str:
    person = grant.person
    name = clean(person.display_name or person.id)
    address = person.mail or person.user_principal_name
    return f"{name} ({clean(address)})" if address else name


def _name(package: AccessPackage) -> str:
    return clean(package.display_name or package.id)

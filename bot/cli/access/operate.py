"""Grant, extend and remove access as an administrator: `latchkey request`, `extend` and `remove`."""

from datetime import datetime, timedelta
from typing import Final

import click

from bot import clock
from bot.cli.access import granting
from bot.cli.access.answering import answer_option, answers_to
from bot.cli.access.granting import Grant
from bot.cli.access.reporting import confirm, named, report, titled
from bot.cli.access.signed_approvals import insist_on_sign_in
from bot.cli.access.trail import kept_trail
from bot.cli.connection import Stop, api_option, with_graph
from bot.cli.options import (
    because_option,
    end_asked_for,
    for_option,
    insist_on_reason,
    json_option,
    skip_approval_option,
    start_option,
    until_option,
    wait_option,
    without_audit_option,
    yes_option,
)
from bot.cli.tables import when
from bot.cli.tenant import bounded, lookup
from bot.cli.tenant.following import until_delivered, until_ended
from bot.packages import policy_terms
from bot.packages.names import clean
from bot.packages.questions import for_graph
from graph import Graph
from graph.errors import NotFound
from graph.models import (
    AccessPackage,
    AccessPackageAssignment,
    AssignmentRequest,
    Expiration,
    Schedule,
)
from graph.values import folded_id

PATIENCE: Final = timedelta(minutes=10)


@click.command()
@click.argument("package")
@click.argument("person")
@click.option("--policy", "policy_name", metavar="NAME", help="Under this policy of the package.")
@because_option
@answer_option
@start_option
@for_option
@until_option
@skip_approval_option
@without_audit_option
@yes_option
@wait_option
@json_option
@api_option
def request(
    package: str,
    person: str,
    policy_name: str | None,
    because: str | None,
    given: tuple[str, ...],
    start: datetime | None,
    length: timedelta | None,
    until: datetime | None,
    skip_approval: bool,
    without_audit: bool,
    yes: bool,
    wait: bool,
    as_json: bool,
    api: str | None,
) -> None:
    """
    Grant PERSON the access package PACKAGE, as an administrator.

    PERSON is an e-mail address or an object id.  Only what the package's policies admit is given:
    to whom they would let ask, or anybody under a policy that is for administrators alone.  What the
    policy asks is asked here, unless --answer says it or --yes allows no questions.

    \b
    Example:
      latchkey request marketing-campaign ann@contoso.com --because "Launch in May"
    """
    now = clock.now()
    if skip_approval:
        insist_on_reason(because, what="Skipping approval")
    kept = kept_trail(without_audit=without_audit)

    async def check(graph: Graph) -> Grant:
        return await granting.check_grant(
            graph,
            person=await lookup.find_person(graph, person),
            package=await bounded.find_package(graph, package),
            policy_name=policy_name,
            because=because,
            ends_at=end_asked_for(length, until, start or now),
            now=now,
            answering=lambda questions: answers_to(questions, given, may_ask=not yes),
            starts_at=start,
        )

    grant = with_graph(check, api=api)
    _check_approval(grant, skip_approval)
    insist_on_sign_in(grant)
    confirm(
        f"Give {named(grant.person)} access to {titled(grant.package)}",
        (
            f"under the policy “{clean(grant.policy.display_name or grant.policy.id)}”",
            f"for {policy_terms.lasts(grant.policy.expiration)}"
            if grant.ends_at is None
            else f"until {when(grant.ends_at)} UTC",
            *([f"from {when(grant.starts_at)} UTC on"] if grant.starts_at else []),
            *(f"gives: {line}" for line in policy_terms.contents(grant.package)),
            *_approval_warning(grant),
            *(
                f"{clean(each.question.text)}: {clean(', '.join(each.shown))}"
                for each in grant.answers
            ),
        ),
        yes=yes,
    )

    kept.intend(
        "cli-grant",
        because=because,
        facts={
            "policy": grant.policy.id,
            "approval_skipped": grant.stages > 0,
        }
        | (
            {"answers": {a.question.id: list(a.values) for a in grant.answers}}
            if grant.answers
            else {}
        ),
        package_id=grant.package.id,
        subject_entra_id=grant.person.id,
    )

    async def post(graph: Graph) -> tuple[AssignmentRequest, AccessPackageAssignment | None]:
        schedule = None
        if grant.ends_at is not None or grant.starts_at is not None:
            end = Expiration.at(grant.ends_at) if grant.ends_at else Expiration.never()
            schedule = Schedule(start_date_time=grant.starts_at or now, expiration=end)
        asked = await kept.post(
            graph,
            # By it drift knows the assignment.
            facts={"starts_at": grant.starts_at.isoformat()} if grant.starts_at else None,
            request_type="adminAdd",
            target_id=grant.person.id,
            policy_id=grant.policy.id,
            package_id=grant.package.id,
            schedule=schedule,
            answers=for_graph(grant.answers),
        )
        is_later = grant.starts_at is not None
        held = (
            await until_delivered(graph, asked, patience=PATIENCE)
            if wait and not is_later
            else None
        )
        return asked, held

    asked, held = with_graph(post, api=api)
    report(asked, held, f"{named(grant.person)} has {titled(grant.package)}", as_json=as_json)


@click.command()
@click.argument("package")
@click.argument("person")
@because_option
@for_option
@until_option
@skip_approval_option
@without_audit_option
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
    without_audit: bool,
    yes: bool,
    wait: bool,
    as_json: bool,
    api: str | None,
) -> None:
    """
    Extend the access of PERSON to the access package PACKAGE, as an administrator.

    Without --for or --until: as long from now as its policy gives.  Never longer than that.

    \b
    Example:
      latchkey extend marketing-campaign ann@contoso.com --for 2w
    """
    now = clock.now()
    if skip_approval:
        insist_on_reason(because, what="Skipping approval")
    kept = kept_trail(without_audit=without_audit)

    async def check(graph: Graph) -> Grant:
        return await granting.check_extension(
            graph,
            person=await lookup.find_person(graph, person),
            package=await bounded.find_package(graph, package),
            ends_at=end_asked_for(length, until, now),
            now=now,
        )

    grant = with_graph(check, api=api)
    held = grant.held
    if held is None or grant.ends_at is None:
        raise TypeError("an extension without an assignment or an end")
    ends_at = grant.ends_at
    _check_approval(grant, skip_approval)
    insist_on_sign_in(grant)
    confirm(
        f"Let {named(grant.person)} keep {titled(grant.package)} until {when(ends_at)} UTC",
        (f"now it ends {when(held.ends_at())} UTC", *_approval_warning(grant)),
        yes=yes,
    )

    kept.intend(
        "cli-extend",
        because=because,
        facts={"until": when(ends_at), "approval_skipped": grant.stages > 0},
        package_id=grant.package.id,
        subject_entra_id=grant.person.id,
        assignment_id=held.id,
    )

    async def post(graph: Graph) -> tuple[AssignmentRequest, AccessPackageAssignment | None]:
        asked = await kept.post(
            graph,
            request_type="adminUpdate",
            assignment_id=held.id,
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

    asked, later = with_graph(post, api=api)
    report(asked, later, f"{named(grant.person)} has {titled(grant.package)}", as_json=as_json)


@click.command()
@click.argument("package")
@click.argument("person")
@because_option
@without_audit_option
@yes_option
@wait_option
@json_option
@api_option
def remove(
    package: str,
    person: str,
    because: str | None,
    without_audit: bool,
    yes: bool,
    wait: bool,
    as_json: bool,
    api: str | None,
) -> None:
    """
    Remove the access package PACKAGE from PERSON, as an administrator.

    The object id of somebody who was deleted is accepted too: their access outlives them.

    \b
    Example:
      latchkey remove marketing-campaign ann@contoso.com --because "Left the team"
    """
    insist_on_reason(because, what="A removal")
    kept = kept_trail(without_audit=without_audit)

    async def look(graph: Graph) -> tuple[AccessPackage, AccessPackageAssignment]:
        found = await bounded.find_package(graph, package)
        person_id = await _person_id(graph, person)
        return found, await granting.find_assignment(graph, person_id=person_id, package=found)

    found, held = with_graph(look, api=api)
    holder = clean((held.target and held.target.display_name) or person)
    ends_at = held.ends_at()
    confirm(
        f"Take {titled(found)} away from {holder}",
        (f"it would end {when(ends_at)} UTC" if ends_at else "it has no end of its own",),
        yes=yes,
    )

    kept.intend(
        "cli-remove",
        because=because,
        facts={},
        package_id=found.id,
        subject_entra_id=held.target.object_id if held.target else None,
        assignment_id=held.id,
    )

    async def post(graph: Graph) -> tuple[AssignmentRequest, AccessPackageAssignment | None]:
        asked = await kept.post(graph, request_type="adminRemove", assignment_id=held.id)
        if not wait:
            return asked, None
        ended = await until_ended(graph, asked, assignment_id=held.id, patience=PATIENCE)
        await granting.check_nothing_left(graph, ended=held, package=found)
        return asked, ended or held.model_copy(update={"state": "expired"})

    asked, ended = with_graph(post, api=api)
    report(asked, ended, f"{holder} no longer has {titled(found)}", as_json=as_json)


async def _person_id(graph: Graph, typed: str) -> str:
    if lookup.GUID.fullmatch(typed):
        person_id = folded_id(typed)
        try:
            return (await graph.users.get(person_id)).id
        except NotFound:
            return person_id
    return (await lookup.find_person(graph, typed)).id


def _check_approval(grant: Grant, skip_approval: bool) -> None:
    if grant.stages and not skip_approval:
        raise Stop(
            f"The policy “{clean(grant.policy.display_name or grant.policy.id)}” wants somebody to "
            f"approve ({grant.stages} stage{'' if grant.stages == 1 else 's'}), which an "
            "administrator's grant does not: let them ask in Slack, or add --skip-approval, and --because."
        )


def _approval_warning(grant: Grant) -> list[str]:
    """Warn an administrator who skips the approval."""
    if not grant.stages:
        return []
    count = "a stage" if grant.stages == 1 else f"{grant.stages} stages"
    return [f"nobody is asked to approve, although the policy has {count} of approval"]

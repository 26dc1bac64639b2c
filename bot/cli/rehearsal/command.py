"""`latchkey rehearse`: try what docs/explanation/not-verified.md lists, in a test tenant and a test workspace."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from bot.cli.connection import Stop, failures_as_sentences, graph_settings
from bot.cli.rehearsal.by_hand import BY_HAND
from bot.cli.rehearsal.model import MARKS, Experiment, Observation
from bot.cli.rehearsal.redaction import Unfit
from bot.cli.rehearsal.report import report_of, write_privately
from bot.cli.rehearsal.run import RehearsalPlan, RehearsalResult, rehearse_all
from bot.cli.rehearsal.sign_in_page import SignInPage, served
from bot.cli.rehearsal.table import EXPERIMENTS
from bot.cli.rehearsal.terminal import Terminal, in_a_thread
from bot.packages.settings.values import AUTH_CONTEXT


@click.command()
@click.option(
    "--domain",
    metavar="NAME",
    help="For the user account that experiments make, such as contoso.onmicrosoft.com; without it nothing is made in the tenant.",
)
@click.option(
    "--catalog", default="General", show_default=True, help="The catalog to make the package in."
)
@click.option(
    "--tester",
    metavar="ID",
    help="Your own id in Slack, such as U012AB3CD, for direct messages; without it none is sent.",
)
@click.option("--only", metavar="NAMES", help="Only these experiments, with commas between them.")
@click.option("--read-only", is_flag=True, help="Make only experiments that write nothing.")
@click.option("--list", "only_list", is_flag=True, help="Show the experiments, and make none.")
@click.option(
    "--people",
    type=click.IntRange(0, 2),
    default=0,
    show_default=True,
    help="How many test people sign in: 1 asks for access, 2 also decides.",
)
@click.option(
    "--browser",
    is_flag=True,
    help="They sign in in a browser on this machine, not by a code: what a fresh sign-in proves takes that.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=8400,
    show_default=True,
    help="Of the page on this machine to which browsers come back.",
)
@click.option(
    "--auth-context", metavar="ID", help="An authentication context of the tenant's, such as c1."
)
@click.option(
    "--foreign-channel",
    metavar="ID",
    help="A Slack channel for tests that the app is not in, such as C012AB3CD.",
)
@click.option(
    "--guided",
    is_flag=True,
    help="You look and press in Slack where the command asks you to.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask before an experiment writes.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file for the report.  [default: latchkey-rehearsal-DATE.json]",
)
def rehearse(
    domain: str | None,
    catalog: str,
    tester: str | None,
    only: str | None,
    read_only: bool,
    only_list: bool,
    people: int,
    browser: bool,
    port: int,
    auth_context: str | None,
    foreign_channel: str | None,
    guided: bool,
    yes: bool,
    report: Path | None,
) -> None:
    """
    Try what Latchkey takes for granted about Entra and Slack, in a test tenant and a test workspace.

    Each experiment is about rows of docs/explanation/not-verified.md.  One that writes says what it makes, asks first, and takes it back; the
    account, the group and the package that it makes have a name that nothing else has.  The report names nobody: what was sent and
    answered is in it with numbers for ids, and without texts.  It exits with 1 if something could not be taken back.

    \b
    Examples:
      latchkey rehearse --list
      latchkey rehearse --read-only
      latchkey rehearse --domain contoso.onmicrosoft.com --tester U012AB3CD
      latchkey rehearse --domain contoso.onmicrosoft.com --people 2 --browser
      latchkey rehearse --tester U012AB3CD --guided
    """
    if auth_context is not None and not AUTH_CONTEXT.fullmatch(auth_context):
        raise click.UsageError(
            f"“{auth_context}” is no authentication context; name one as c1 to c99."
        )
    chosen = _chosen(only, read_only=read_only, guided=guided or only_list)
    if only_list:
        _show(chosen)
        return
    now = datetime.now(UTC)
    path = report or Path(f"latchkey-rehearsal-{now:%Y%m%d-%H%M}.json")
    if path.exists():
        raise Stop(f"{path} is there already: name another file with --report.")
    plan = RehearsalPlan(
        settings=graph_settings(),
        experiments=chosen,
        domain=domain,
        catalog=catalog,
        tester=tester,
        mark=secrets.token_hex(3),
        sleep=asyncio.sleep,
        at_hand=Terminal() if guided or people else None,
        people=people,
        page=SignInPage(port) if browser else None,
        serve=lambda page: served(page, port),
        auth_context=auth_context,
        foreign_channel=foreign_channel,
    )
    click.echo(
        f"This works in the tenant {plan.settings.azure_tenant_id}: let it be one for tests.",
        err=True,
    )
    if domain is not None:
        click.echo(f"Whatever is made there has “{plan.mark}” in its name.", err=True)
    with failures_as_sentences():
        result = asyncio.run(
            rehearse_all(plan, may_be_made=partial(_may_be_made, yes, people), tell=_tell)
        )
    counted = Counter(observed.outcome.value for _, observed in result.made)
    click.echo(", ".join(f"{count} {name}" for name, count in counted.items()))
    try:
        write_privately(path, _report(plan, result, now, guided=guided))
    except Unfit as unfit:
        raise Stop(f"{unfit}.") from None
    click.echo(f"The report is in {path}. Look at it before you pass it on.")
    if result.is_interrupted:
        click.echo("It was interrupted: the rest was not made.", err=True)
    if result.left:
        raise Stop(
            f"Not everything could be taken back; look for names with “{plan.mark}”.",
            *result.left,
        )
    if result.is_interrupted:
        raise click.Abort


def _report(
    plan: RehearsalPlan, result: RehearsalResult, began_at: datetime, *, guided: bool
) -> str:
    made_with = {
        "in the tenant": plan.domain is not None,
        "people who sign in": plan.people,
        "by": (plan.page.browser if plan.page else "codes") if plan.people else "nothing",
        "messages in Slack": plan.tester is not None,
        "guided": guided,
        "heard in Slack": guided and plan.settings.slack_app_token is not None,
        "interrupted": result.is_interrupted,
    }
    return report_of(
        result.made, began_at=began_at, made_with=made_with, forbidden=result.forbidden
    )


def _chosen(only: str | None, *, read_only: bool, guided: bool) -> Sequence[Experiment]:
    names = [each.strip() for each in only.split(",")] if only else []
    unknown = set(names) - {each.name for each in EXPERIMENTS}
    if unknown:
        raise click.UsageError(
            f"No experiment is called {', '.join(sorted(unknown))}; --list shows them."
        )
    return [
        each
        for each in EXPERIMENTS
        if (each.name in names if names else guided or not each.is_guided)
        and not (read_only and each.writes)
    ]


def _show(chosen: Sequence[Experiment]) -> None:
    for each in chosen:
        writes = f"  It {each.writes}." if each.writes else ""
        guided = "  You look or press." if each.is_guided else ""
        click.echo(f"{each.name} ({each.service}): {each.question}{writes}{guided}")
    click.echo(
        f"{len(BY_HAND)} rows of docs/explanation/not-verified.md are for people to try; the report says why."
    )


async def _may_be_made(yes: bool, people: int, experiment: Experiment) -> bool:
    # Where nobody signs in, it is not possible anyway.
    if yes and not (experiment.is_always_asked and people):
        return True
    question = f"{experiment.question}\n  The experiment {experiment.writes}. Make it?"
    return await in_a_thread(lambda: click.confirm(question, err=True))


def _tell(experiment: Experiment, observed: Observation) -> None:
    mark = MARKS[observed.outcome]
    click.echo(
        f"{mark} {experiment.name}: {experiment.question}\n    {observed.outcome}: {observed.said}"
    )

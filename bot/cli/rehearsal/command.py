"""`latchkey rehearse`: try what docs/explanation/not-verified.md lists, in a test tenant and a test workspace."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from bot.cli.connection import Stop, failures_as_sentences, graph_settings
from bot.cli.rehearsal.by_hand import BY_HAND
from bot.cli.rehearsal.model import MARKS, Experiment, Observation
from bot.cli.rehearsal.redaction import Unfit
from bot.cli.rehearsal.report import report_of, write_privately
from bot.cli.rehearsal.run import RehearsalPlan, rehearse_all
from bot.cli.rehearsal.table import EXPERIMENTS


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
    """
    chosen = _chosen(only, read_only=read_only)
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
    )
    click.echo(
        f"This works in the tenant {plan.settings.azure_tenant_id}: let it be one for tests.",
        err=True,
    )
    if domain is not None:
        click.echo(f"Whatever is made there has “{plan.mark}” in its name.", err=True)
    with failures_as_sentences():
        result = asyncio.run(
            rehearse_all(plan, may_be_made=lambda each: yes or _asked(each), tell=_tell)
        )
    counted = Counter(observed.outcome.value for _, observed in result.made)
    click.echo(", ".join(f"{count} {name}" for name, count in counted.items()))
    try:
        write_privately(path, report_of(result.made, began_at=now, forbidden=result.forbidden))
    except Unfit as unfit:
        raise Stop(f"{unfit}.") from None
    click.echo(f"The report is in {path}. Look at it before you pass it on.")
    if result.left:
        raise Stop(
            f"Not everything could be taken back; look for names with “{plan.mark}”.",
            *result.left,
        )


def _chosen(only: str | None, *, read_only: bool) -> Sequence[Experiment]:
    names = [each.strip() for each in only.split(",")] if only else []
    unknown = set(names) - {each.name for each in EXPERIMENTS}
    if unknown:
        raise click.UsageError(
            f"No experiment is called {', '.join(sorted(unknown))}; --list shows them."
        )
    return [
        each
        for each in EXPERIMENTS
        if (not names or each.name in names) and not (read_only and each.writes)
    ]


def _show(chosen: Sequence[Experiment]) -> None:
    for each in chosen:
        writes = f"  It {each.writes}." if each.writes else ""
        click.echo(f"{each.name} ({each.service}): {each.question}{writes}")
    click.echo(
        f"{len(BY_HAND)} rows of docs/explanation/not-verified.md are for people to try; the report says why."
    )


def _asked(experiment: Experiment) -> bool:
    return click.confirm(
        f"{experiment.question}\n  The experiment {experiment.writes}. Make it?", err=True
    )


def _tell(experiment: Experiment, observed: Observation) -> None:
    mark = MARKS[observed.outcome]
    click.echo(
        f"{mark} {experiment.name}: {experiment.question}\n    {observed.outcome}: {observed.said}"
    )

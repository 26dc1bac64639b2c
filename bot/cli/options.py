"""Define the options that `latchkey request`, `extend` and `remove` share."""

from datetime import datetime, timedelta

import click

from bot.cli.lengths import BEGINNING_TYPE, LENGTH_TYPE, MOMENT_TYPE
from graph.values import moment_after

for_option = click.option(
    "--for", "length", type=LENGTH_TYPE, help="How long from now: 30d, 12h, 2w."
)
start_option = click.option(
    "--start",
    type=BEGINNING_TYPE,
    help="From when on, UTC: 2026-12-01 (its beginning) or 2026-12-01T08:00; without: at once.",
)
until_option = click.option(
    "--until", type=MOMENT_TYPE, help="Until when, UTC: 2026-12-31 or 2026-12-31T18:00."
)
because_option = click.option(
    "--because", metavar="TEXT", help="Why; kept in Entra and in the audit log."
)
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
wait_option = click.option(
    "--wait/--no-wait", default=True, help="Wait until Graph shows that it is done (10 minutes)."
)
skip_approval_option = click.option(
    "--skip-approval",
    is_flag=True,
    help="Do it although the policy wants somebody to approve; --because says why.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="For a program.")
without_audit_option = click.option(
    "--without-audit",
    is_flag=True,
    help="Do it although the bot's database cannot be used, and so without a row in its audit log.",
)


def end_asked_for(
    length: timedelta | None, until: datetime | None, now: datetime
) -> datetime | None:
    """Return the end that --for or --until names; None if neither is given."""
    if length is not None and until is not None:
        raise click.UsageError("Give --for or --until, not both.")
    return moment_after(now, length) if length is not None else until


def insist_on_reason(because: str | None, *, what: str) -> None:
    """
    Raises:
        UsageError: *what* is only done with a reason, and there is none.
    """
    if not (because or "").strip():
        raise click.UsageError(f"{what} is only done with a reason: add --because.")

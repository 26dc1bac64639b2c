"""List the checks, and run them: each by itself, so that one that fails keeps no other from being made."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.database import Busy
from bot.doctor import (
    audit,
    clocks,
    database,
    entra,
    entra_decides,
    granting,
    links,
    packages,
    people,
    public_address,
    retention,
    settings,
    slack,
    webhooks,
)
from bot.doctor.model import Check, CheckFinding, CheckSubject, Severity, broken
from bot.slack.errors import SlackError
from graph.errors import GraphError

DATABASE: Final = frozenset({"database"})
SLACK: Final = frozenset({"slack"})
GRAPH: Final = frozenset({"graph"})
PACKAGE_SETTINGS: Final = frozenset({"package settings"})
NAMES: Final = {
    "database": "the database",
    "slack": "Slack",
    "graph": "Graph",
    "package settings": "the package settings",
}

CHECKS: Final = (
    Check(name="settings", look=settings.look),
    Check(name="credentials", look=settings.credentials),
    Check(name="database", look=database.look, needs=DATABASE),
    Check(name="database-whole", look=database.whole, needs=DATABASE),
    Check(name="database-room", look=database.room, needs=DATABASE),
    Check(name="database-role", look=database.role, needs=DATABASE, only_postgresql=True),
    Check(name="wakeups", look=database.wakeups, needs=DATABASE, only_postgresql=True),
    Check(name="installation", look=database.installation, needs=DATABASE | SLACK),
    Check(name="granting", look=granting.look, needs=DATABASE),
    Check(name="audit", look=audit.look, needs=DATABASE),
    Check(name="retention", look=retention.look, needs=DATABASE),
    Check(name="webhooks", look=webhooks.look, needs=DATABASE),
    Check(name="slack-scopes", look=slack.scopes, needs=SLACK),
    Check(name="slack-requests", look=slack.requests),
    Check(name="running", look=slack.running),
    Check(name="public-address", look=public_address.look),
    Check(name="channels", look=slack.channels, needs=SLACK),
    Check(name="graph-permissions", look=entra.permissions, needs=GRAPH),
    Check(name="graph-calls", look=entra.calls, needs=GRAPH),
    Check(name="catalogs", look=entra.catalogs, needs=GRAPH),
    Check(name="packages", look=packages.look, needs=GRAPH | PACKAGE_SETTINGS),
    Check(name="links", look=links.look, needs=GRAPH | PACKAGE_SETTINGS),
    Check(name="package-settings", look=packages.settings, needs=GRAPH | SLACK | PACKAGE_SETTINGS),
    Check(name="entra-decides", look=entra_decides.look, needs=DATABASE | GRAPH | PACKAGE_SETTINGS),
    Check(name="admins", look=people.admins, needs=SLACK | GRAPH),
    Check(name="addresses", look=people.addresses, needs=SLACK),
    Check(name="matches", look=people.matches, needs=SLACK | GRAPH),
    Check(name="clocks", look=clocks.look),
    Check(name="waits", look=settings.waits),
)
# A check that hangs must not keep the others from being made.
LONGEST: Final = 120


async def examine(subject: CheckSubject, checks: Sequence[Check] = CHECKS) -> list[CheckFinding]:
    """Make every check, in the order of the table."""
    found = [
        CheckFinding(severity=Severity.BROKEN, sentence=sentence, check=what)
        for what, sentence in subject.missing.items()
    ]
    for check in checks:
        if check.only_postgresql and subject.settings.sqlite_file is not None:
            continue
        found += [replace(each, check=check.name) for each in await _made(check, subject)]
    return found


async def _made(check: Check, subject: CheckSubject) -> list[CheckFinding]:
    lacking = sorted(check.needs & subject.missing.keys())
    if lacking:
        without = " and ".join(NAMES[each] for each in lacking)
        sentence = f"Not looked at without {without}: {check.name}."
        return [CheckFinding(severity=Severity.SKIPPED, sentence=sentence)]
    try:
        async with asyncio.timeout(LONGEST):
            found = await check.look(subject)
    except TimeoutError:
        return [broken(f"It took more than {LONGEST} s to look at {check.name}.")]
    except (GraphError, SlackError, Busy, OSError) as error:
        return [broken(f"It could not be looked at {check.name}: {error}")]
    return found if isinstance(found, list) else [found]


def exit_code(found: list[CheckFinding]) -> int:
    """Return the exit code: 1 if something is broken, 3 if something deserves a warning, otherwise 0."""
    worst = max((each.severity for each in found), default=Severity.FINE)
    return {Severity.BROKEN: 1, Severity.WARNING: 3}.get(worst, 0)

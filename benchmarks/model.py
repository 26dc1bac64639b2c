"""
What so many people need: rows, calls, messages, CPU, money, and the first limit that they hit.

``python -m benchmarks.model`` measures what one row, one request and one line of a sync cost here, checks the formula for a
sync's calls against a sync, and prints the table of docs/explanation/performance.md.  Everything else is an assumption with a name: change it, and
the table follows.
"""

import asyncio
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.entra import PAGE, Entra
from benchmarks.history import fill
from benchmarks.replicas import one_replica
from benchmarks.table import Options, Result
from benchmarks.worlds import migrated, with_driver
from bot.configuration.addresses import Addresses
from bot.database import open_store
from bot.logs import configure_logs
from bot.people.identity import People
from bot.slack.api import Slack
from bot.slack.users import USERS_PAGE
from bot.sync.everything import TenantSync
from bot.sync.members import PAGES_A_SYNC
from graph.subjects.assignments import ACCESS_STATES

PEOPLE: Final = (10_000, 100_000, 1_000_000)
DAY: Final = 86_400
HOUR: Final = 3_600
MINUTE: Final = 60
GB: Final = 1e9

# What Microsoft and Slack document; see docs/explanation/performance.md for where.
MOST_ASSIGNMENTS: Final = 100_000
MOST_REQUESTS: Final = 50_000
REQUESTS_WITHIN_DAYS: Final = 91
MOST_PACKAGES: Final = 4_000
# Resource units of the directory in 10 s, for a tenant of more than 500 people; a user read by a filter.
DIRECTORY_UNITS: Final = 8_000
UNITS_A_USER: Final = 2
# "Several hundred a minute" for a workspace.
MESSAGES_A_MINUTE: Final = 300

FILLED: Final = 20_000
SYNCED: Final = 2_000
# Another size than the one by which the formula was made.
CHECKED: Final = 1_234
CHECKED_PACKAGES: Final = 350
PACKAGES: Final = 200
CATALOGS: Final = 1
NOWHERE: Final = "http://127.0.0.1:1/"
# Not a target: what is said of larger numbers stands on it.
MODEL: Final = 14
NEAR: Final = 1.02
# Limits in the table, the scarcest first.
SHOWN: Final = 4
TABLES: Final = ("request", "decision", "notice", "audit", "assignment", "person", "contact")
SIZE: Final = sa.text("SELECT pg_total_relation_size(CAST(:table AS regclass))")


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """
    How people use it; times in seconds.

    Attributes:
        held: What one person holds at a time.
        asked: Requests a person and year, extensions and returns among them.
        decided: The share of requests that somebody decides.
        cards: Messages about one decision: the channel's card and the approvers'.
        reminders: Messages before one end.
        ends: Ends a person and year: what is held, by how long it lasts.
        audited: Audit rows a request.
        work_days, work_hours: In which all of it happens.
        peak: How many times the average the busiest minute is.
        one_day: The share of a year's ends that fall on the worst day.
        sync: From one sync to the next.
        page_seconds: How long Graph takes for a page.
        user_reads: Reads of the directory a request.
        core_hour, gigabyte_month: What a core and what a gigabyte of disk cost, in dollars.
    """

    held: float = 2
    asked: float = 4
    decided: float = 0.5
    cards: float = 2
    reminders: float = 2
    ends: float = 4
    audited: float = 6
    work_days: int = 250
    work_hours: int = 8
    peak: float = 5
    one_day: float = 0.05
    sync: float = 300
    page_seconds: float = 0.4
    user_reads: float = 2
    core_hour: float = 0.05
    gigabyte_month: float = 0.12


@dataclass(frozen=True, kw_only=True)
class Costs:
    """
    What was measured here.

    Attributes:
        row: Bytes a row with its indexes, by table, on PostgreSQL.
        request_calls: Calls of Graph a delivered request.
        request_cpu: Seconds of CPU of the bot a request, from the command to the message.
        line_cpu: Seconds of CPU a line of an unchanged sync.
    """

    row: Mapping[str, float]
    request_calls: float
    request_cpu: float
    line_cpu: float


@dataclass(frozen=True, kw_only=True)
class Need:
    """What is needed, and what there is of it; in words where it comes from and what an operator turns."""

    what: str
    needed: float
    there_is: float
    turn: str

    @property
    def share(self) -> float:
        return self.needed / self.there_is


def packages_for(people: int) -> int:
    return min(MOST_PACKAGES, max(PACKAGES, people // 100))


def calls_of_a_sync(*, assignments: float, packages: int) -> int:
    """
    Pages of packages, of their policies (one each) and of each state of assignments; resources once a catalog.

    Nearly all assignments are in one state; an empty list is a page, too.
    """
    lists = 2 * math.ceil(packages / PAGE) + CATALOGS
    return lists + math.ceil(assignments / PAGE) + len(ACCESS_STATES) - 1


@dataclass(frozen=True, kw_only=True)
class Model:
    """The table, for so many people."""

    people: int
    assumed: Assumptions
    costs: Costs

    @property
    def assignments(self) -> float:
        return self.people * self.assumed.held

    @property
    def requests(self) -> float:
        """A year."""
        return self.people * self.assumed.asked

    @property
    def busiest(self) -> float:
        """Requests a second in the busiest minute."""
        worked = self.assumed.work_days * self.assumed.work_hours * HOUR
        return self.requests / worked * self.assumed.peak

    @property
    def messages(self) -> float:
        """A year: cards, what is told in the end, reminders."""
        a_request = self.assumed.decided * self.assumed.cards + 1
        return self.requests * a_request + self.people * self.assumed.ends * self.assumed.reminders

    @property
    def rows(self) -> Mapping[str, float]:
        """New a year, by table; what is held and who is known stay as many."""
        return {
            "request": self.requests,
            "decision": self.requests * self.assumed.decided,
            "notice": self.messages,
            "audit": self.requests * self.assumed.audited,
            "assignment": self.people * self.assumed.ends,
            "person": self.people,
            "contact": self.people,
        }

    @property
    def gigabytes(self) -> float:
        """A year."""
        return sum(rows * self.costs.row[table] for table, rows in self.rows.items()) / GB

    @property
    def sync_calls(self) -> int:
        return calls_of_a_sync(assignments=self.assignments, packages=packages_for(self.people))

    @property
    def calls_an_hour(self) -> float:
        """The syncs' and, spread over the hours that people work, the requests'."""
        worked = self.assumed.work_days * self.assumed.work_hours
        asked = self.requests * self.costs.request_calls / worked
        return self.sync_calls * HOUR / self.between_syncs + asked

    @property
    def sync_cpu(self) -> float:
        return self.assignments * self.costs.line_cpu

    @property
    def sync_seconds(self) -> float:
        """Its pages are read one after the other."""
        return self.sync_calls * self.assumed.page_seconds + self.sync_cpu

    @property
    def between_syncs(self) -> float:
        """One begins when it is due and the one before is done."""
        return max(self.assumed.sync, self.sync_seconds)

    @property
    def cores(self) -> float:
        """In the busiest minute."""
        return self.busiest * self.costs.request_cpu + self.sync_cpu / self.between_syncs

    @property
    def dollars(self) -> float:
        """A month, after the first year: whole cores, and what a year has written."""
        cores = max(1, math.ceil(self.cores)) * self.assumed.core_hour * DAY * 30 / HOUR
        return cores + self.gigabytes * self.assumed.gigabyte_month

    @property
    def needs(self) -> Sequence[Need]:
        """Return what may run out, the scarcest first."""
        assumed = self.assumed
        worst_day = self.people * assumed.ends * assumed.one_day
        quarter = self.requests * REQUESTS_WITHIN_DAYS / 365
        found = [
            Need(
                what="assignments in one tenant (Entra)",
                needed=self.assignments,
                there_is=MOST_ASSIGNMENTS,
                turn="fewer and larger packages; ask Microsoft; several tenants",
            ),
            Need(
                what="requests in three months (Entra)",
                needed=quarter,
                there_is=MOST_REQUESTS,
                turn="longer access, so that less is asked for; ask Microsoft",
            ),
            Need(
                what="seconds of a sync's pages, one after the other",
                needed=self.sync_seconds,
                there_is=assumed.sync,
                turn="LATCHKEY_SYNC_SECONDS up",
            ),
            Need(
                what="pages of Slack's members, for one walk a day",
                needed=self.people / USERS_PAGE,
                there_is=PAGES_A_SYNC * DAY / self.between_syncs,
                turn="nothing: links are confirmed later than daily",
            ),
            Need(
                what="reminders on the worst day (Slack)",
                needed=worst_day,
                there_is=MESSAGES_A_MINUTE * MINUTE * assumed.work_hours,
                turn="LATCHKEY_REMINDER_DAYS with more rungs apart; periods that do not end on one day",
            ),
            Need(
                what="directory units in 10 s, in the busiest minute",
                needed=self.busiest * 10 * assumed.user_reads * UNITS_A_USER,
                there_is=DIRECTORY_UNITS,
                turn="nothing to turn: Graph says 429, and requests wait",
            ),
            Need(
                what="one core, in the busiest minute",
                needed=self.cores,
                there_is=1,
                turn="more replicas on PostgreSQL",
            ),
        ]
        return sorted(found, key=lambda need: need.share, reverse=True)


def bytes_a_row() -> Mapping[str, float]:
    """Of each table of a filled PostgreSQL, its indexes with it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        migrated("postgresql", Path(folder)) as url,
    ):
        engine = sa.create_engine(with_driver(url), poolclass=sa.NullPool)
        with engine.begin() as db:
            fill(db, FILLED, people=FILLED)
        with engine.connect() as db:
            return {
                table: db.execute(SIZE, {"table": table}).scalar_one()
                / db.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608 (our own words)
                for table in TABLES
            }


async def synced(entra: Entra) -> tuple[int, float]:
    """Calls of one unchanged sync, and its seconds of CPU."""
    graph = entra.graph()
    with (
        tempfile.TemporaryDirectory() as folder,
        migrated("sqlite", Path(folder)) as url,
    ):
        store = open_store(with_driver(url))
        # There is no Slack: holders are looked for beside the lists, and not here.
        people = People(
            slack=Slack(AsyncWebClient(base_url=NOWHERE)),
            graph=graph,
            store=store,
            addresses=Addresses(),
        )
        tenant_sync = TenantSync(store=store, graph=graph, people=people)
        try:
            await tenant_sync.run()
            calls, cpu = entra.calls, time.process_time()
            await tenant_sync.run()
            return entra.calls - calls, time.process_time() - cpu
        finally:
            store.close()


def costs() -> Costs:
    """Measure them; a minute or two."""
    _, cpu = asyncio.run(synced(Entra(assignments=SYNCED, packages=PACKAGES)))
    one = asyncio.run(one_replica())
    return Costs(
        row=bytes_a_row(),
        request_calls=one.calls_a_request,
        request_cpu=one.cpu_a_request,
        line_cpu=cpu / SYNCED,
    )


def measure(options: Options) -> list[Result]:
    """Check the model's formula for the calls of a sync against a sync of another size."""
    expected = calls_of_a_sync(assignments=CHECKED, packages=CHECKED_PACKAGES)
    calls, _ = asyncio.run(synced(Entra(assignments=CHECKED, packages=CHECKED_PACKAGES)))
    return [
        Result(
            number=MODEL,
            work=f"the model: Graph calls of a sync of {CHECKED:,} assignments, {CHECKED_PACKAGES} packages",
            target=f"within {NEAR - 1:.0%} of the formula",
            floor=f"{expected} by the formula",
            result=f"{calls}",
            ratio=calls / expected,
            met=1 / NEAR <= calls / expected <= NEAR,
        )
    ]


def table(costs: Costs, assumed: Assumptions) -> str:
    """The model in Markdown."""
    models = [Model(people=each, assumed=assumed, costs=costs) for each in PEOPLE]
    lines: list[tuple[str, Sequence[str]]] = [
        ("people", [f"{each.people:,}" for each in models]),
        ("packages", [f"{packages_for(each.people):,}" for each in models]),
        ("assignments at a time", [f"{each.assignments:,.0f}" for each in models]),
        ("requests a year", [f"{each.requests:,.0f}" for each in models]),
        ("… in the busiest minute", [f"{each.busiest * MINUTE:,.1f}" for each in models]),
        ("messages a year", [f"{each.messages:,.0f}" for each in models]),
        ("new rows a year", [f"{sum(each.rows.values()):,.0f}" for each in models]),
        ("… in GB", [f"{each.gigabytes:,.2f}" for each in models]),
        ("Graph calls a sync", [f"{each.sync_calls:,}" for each in models]),
        ("Graph calls an hour", [f"{each.calls_an_hour:,.0f}" for each in models]),
        ("CPU seconds a sync", [f"{each.sync_cpu:,.1f}" for each in models]),
        ("minutes a sync", [f"{each.sync_seconds / MINUTE:,.1f}" for each in models]),
        ("cores in the busiest minute", [f"{each.cores:,.2f}" for each in models]),
        ("dollars a month", [f"{each.dollars:,.0f}" for each in models]),
    ]
    for place in range(SHOWN):
        named = [each.needs[place] for each in models]
        head = "**scarcest** (needed / there is)" if place == 0 else "then"
        lines.append((head, [f"{need.what}: {need.share:.2f}" for need in named]))
    first = [f"{each.needs[0].turn}" for each in models]
    lines.append(("what an operator turns", first))
    (head, cells), *rest = lines
    shown = [f"| {head} | {' | '.join(cells)} |", "|---|" + "---|" * len(cells)]
    return "\n".join([*shown, *(f"| {name} | {' | '.join(row)} |" for name, row in rest)])


def main() -> None:
    configure_logs(level=50)
    measured, assumed = costs(), Assumptions()
    rows = ", ".join(f"{table} {size:,.0f}" for table, size in measured.row.items())
    print(f"Assumed: {assumed}")  # noqa: T201 (for whoever runs it)
    print(  # noqa: T201
        f"Measured: bytes a row: {rows}; {measured.request_calls:.1f} calls and "
        f"{measured.request_cpu * 1e3:.0f} ms of CPU a request; {measured.line_cpu * 1e3:.3f} ms a line of a sync"
    )
    print(table(measured, assumed))  # noqa: T201


if __name__ == "__main__":
    main()

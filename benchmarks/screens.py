"""
How long `/my-access`, the lists of `/access-admin` and App Home take with 100,000 assignments and requests: target 10.

Commands go one after the other over a kept connection, turn by turn with an empty listener of Bolt's.  App Home is
drawn after the answer to Slack; how long that takes is measured in this process, on the same database.
"""

# ruff: noqa: S608 (statements of our own words)

import asyncio
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
import sqlalchemy as sa

from benchmarks.floor import floor
from benchmarks.history import fill_open
from benchmarks.load import App, Load, commands, load, median_of
from benchmarks.stand_ins import user_id
from benchmarks.table import Database, Options, Result
from benchmarks.worlds import World, world
from bot.assignments.store import assignment_lists
from bot.database import Store, Transaction, open_store
from bot.notifications.home_view import drawn
from bot.packages.catalog import OfferedPackages
from bot.packages.model import Package
from bot.packages.settings.file import NO_FILE
from bot.packages.store import catalog
from bot.paging import ListName, Mark, Place, Start, write_place

ROWS: Final = 100_000
QUICK_ROWS: Final = 2_000
PACKAGES: Final = 1_000
QUICK_PACKAGES: Final = 200
OF_ONE_PERSON: Final = 60
HELD: Final = 1_000
COMMANDS: Final = 100
QUICK_COMMANDS: Final = 25
ROUNDS: Final = 3
TIMES: Final = 10
P99_MS: Final = 100
ADMIN: Final = "U0DANA"
APPROVER: Final = "U0BO"
PERSON: Final = "U7"
OBJECT_ID: Final = "b1000000-0000-4000-8000-000000000007"
LONG: Final = "R&D " * 60
# What is held has been for long: nobody is told of it any more, which would be measured, too.
# Half of all access is to one package, whose id is the first; one person is known by an object id.
ARRANGED: Final = (
    "UPDATE assignment SET package_id = 'package-0', package_name = 'Package 0000' WHERE id < '8' AND state = 'live'",
    f"UPDATE assignment SET holder_name = '{LONG}' WHERE id LIKE '1%' AND state = 'live'",
    f"UPDATE assignment SET entra_id = '{OBJECT_ID}' WHERE entra_id = 'entra-7'",
    f"UPDATE person SET entra_id = '{OBJECT_ID}' WHERE entra_id = 'entra-7'",
    "INSERT INTO decider (slack_user, request_id, asked_at) "
    f"SELECT '{APPROVER}', id, asked_at FROM request WHERE state = 'pending'",
    "UPDATE request SET held_at = asked_at, due_at = NULL, state = 'approved' WHERE id IN "
    f"(SELECT id FROM request WHERE state = 'pending' ORDER BY asked_at LIMIT {HELD})",
    "INSERT INTO hold (id, request_id, at, error, why) "
    "SELECT id, id, asked_at, 'GraphError', 'It failed.' FROM request WHERE held_at IS NOT NULL",
)
# Measured by itself: a page with its count takes 0.4 ms of CPU on SQLite and 1.5 ms on PostgreSQL, drawing it 0.2 ms.
WHY: Final = (
    "one transaction (three, where a person is named): of an admin's look, up to seven statements and a commit that reaches the "
    "disk before the list is shown; of one's own access, six statements that read. Next: the audit log's head in fewer "
    "statements, and the count with the page."
)
WHY_HOME: Final = "one transaction of up to nine statements, and three lists of 30 rows drawn. Next: read the lists in one statement."
_numbers: Final = itertools.count(1)


@dataclass(kw_only=True)
class Screen:
    """
    A command, or a press on Next; *says* is in its answer.

    Attributes:
        page: What the Next button carries that is pressed.
        cpu: Milliseconds of it a command, turn by turn; jobs and all.
    """

    name: str
    user: str
    command: str = "/access-admin"
    text: str = ""
    says: str = ""
    page: str | None = None
    loads: list[Load] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def sent(self, app: App, count: int) -> Iterator[Mapping[str, str]]:
        if self.page is None:
            return commands(app, [self.user] * count, command=self.command, text=self.text)
        return (_press(app, self.user, self.page) for _ in range(count))


def _press(app: App, user: str, value: str) -> dict[str, str]:
    number = next(_numbers)
    action = {
        "type": "button",
        "action_id": "latchkey_more",
        "block_id": "b",
        "text": {"type": "plain_text", "text": "Next"},
        "value": value,
        "action_ts": f"{number}.1",
    }
    payload = {
        "type": "block_actions",
        "user": {"id": user, "username": "x", "team_id": app.team_id},
        "api_app_id": app.app_id,
        "token": "not-used",
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "C0GENERAL"},
        "trigger_id": f"{number}.2",
        "team": {"id": app.team_id, "domain": "contoso"},
        "is_enterprise_install": False,
        "channel": {"id": "C0GENERAL", "name": "general"},
        "actions": [action],
    }
    return {"payload": json.dumps(payload)}


def _screens(middle: Mark) -> list[Screen]:
    after = write_place(Place(list=ListName.ASSIGNMENTS, after=middle))
    return [
        Screen(name="/my-access, 60 held", user=PERSON, command="/my-access", says="Your access:"),
        Screen(name="assignments", user=ADMIN, text="assignments", says="1 to "),
        Screen(
            name="assignments page 150", user=ADMIN, text="assignments page 150", says="1,491 to"
        ),
        Screen(
            name="assignments of a package with half of them",
            user=ADMIN,
            text="assignments Package 0000",
            says="1 to ",
        ),
        Screen(
            name="assignments of a person",
            user=ADMIN,
            text=f"assignments {OBJECT_ID}",
            says="1 to ",
        ),
        Screen(name="Next, in the middle of all assignments", user=ADMIN, page=after),
        Screen(name="pending", user=ADMIN, text="pending", says="wait for a decision"),
        Screen(name=f"held, {HELD:,}", user=ADMIN, text="held", says="are stuck"),
    ]


def measure(options: Options) -> list[Result]:
    return [
        result
        for database in options.databases
        for result in asyncio.run(_measure(database, options))
    ]


async def _measure(database: Database, options: Options) -> list[Result]:
    rows = QUICK_ROWS if options.quick else ROWS
    count = QUICK_COMMANDS if options.quick else COMMANDS
    floors: list[Load] = []
    homes: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bot = await stack.enter_async_context(world(database, folder, people=count))
        empty = await stack.enter_async_context(floor(bot.app.signing_secret, folder))
        store = open_store(bot.database)
        stack.callback(store.close)
        with bot.standing_still():
            middle = _fill(store, rows, QUICK_PACKAGES if options.quick else PACKAGES)
        screens = _screens(middle)
        for turn in range(ROUNDS + 1):
            with bot.standing_still():
                users = [user_id(number) for number in range(count)]
                least = await load(
                    empty.said.strip(), bot.app, commands(bot.app, users), connections=1
                )
                drawing = await _draw(store, count)
            with empty.standing_still():
                for screen in screens:
                    shown, cpu = await _show(bot, screen, count)
                    if turn:
                        screen.loads.append(shown)
                        screen.cpu.append(cpu)
            # The first turn warms up.
            if turn:
                floors.append(least)
                for role, taken in drawing.items():
                    homes.setdefault(role, []).extend(taken)
    least_p50 = median_of(floors, "p50")
    found = [_result(database, rows, least_p50, each) for each in screens]
    return [*found, *(_of_home(database, rows, least_p50, *each) for each in homes.items())]


async def _show(bot: World, screen: Screen, count: int) -> tuple[Load, float]:
    before = _cpu(bot)
    shown = await load(bot.address, bot.app, screen.sent(bot.app, count), connections=1)
    if shown.saying(screen.says) != count or any(each.status != 200 for each in shown.answers):
        raise RuntimeError(f"{screen.name}: {shown.answers[0]}")
    return shown, (_cpu(bot) - before) * 1e3 / count


def _cpu(bot: World) -> float:
    """Seconds that the bot has computed so far."""
    times = psutil.Process(bot.bot.pid).cpu_times()
    return float(times.user + times.system)


async def _draw(store: Store, count: int) -> dict[str, list[float]]:
    """Milliseconds until the App Home of each role is drawn."""
    offering = OfferedPackages(store, NO_FILE)
    taken: dict[str, list[float]] = {}
    for role, user, decides in (
        ("a person", PERSON, False),
        ("an approver", APPROVER, False),
        ("an admin", ADMIN, True),
    ):
        await drawn(offering, user, is_admin=decides)
        for _ in range(count):
            began = time.perf_counter()
            await drawn(offering, user, is_admin=decides)
            taken.setdefault(role, []).append((time.perf_counter() - began) * 1e3)
    return taken


def _fill(store: Store, rows: int, packages: int) -> Mark:
    """Fill a database that the bot has just begun to use; return where the middle of its assignments is."""

    def write(db: Transaction) -> Mark:
        fill_open(db, people=rows // OF_ONE_PERSON, pending=rows, current=rows)
        for statement in ARRANGED:
            db.exec_driver_sql(statement.replace("%", "%%") if _is_server(db) else statement)
        catalog.replace(db, [_package(number) for number in range(packages)])
        return assignment_lists.page(db, start=Start(skip=rows // 2)).marks[0]

    middle = store.run_patiently(write)
    # The store begins a transaction on each connection of its own, in which this cannot be done.
    engine = sa.create_engine(store.engine.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as db:
        # What the server's own autovacuum does in time.
        if _is_server(db):
            db.exec_driver_sql("VACUUM ANALYZE")
    return middle


def _is_server(db: sa.Connection) -> bool:
    return db.dialect.name == "postgresql"


def _package(number: int) -> Package:
    return Package(
        id=f"package-{number}",
        slug=f"package-{number:04}",
        name=f"Package {number:04}",
        catalog="General",
        description="What somebody needs for their work, and nothing beyond.",
        contents=("Group Marketing resources, Member",),
        lasts="30 days",
        can_extend=("policy",),
    )


def _result(database: Database, rows: int, least_p50: float, screen: Screen) -> Result:
    p50, p99 = median_of(screen.loads, "p50"), median_of(screen.loads, "p99")
    cpu = f", CPU {statistics.median(screen.cpu):.1f} ms"
    return _line(database, f"{screen.name}, {rows:,} rows", least_p50, p50, p99, cpu=cpu, why=WHY)


def _of_home(
    database: Database, rows: int, least_p50: float, role: str, taken: list[float]
) -> Result:
    p99 = statistics.quantiles(taken, n=100)[-1]
    work = f"App Home of {role} drawn, {rows:,} rows"
    return _line(database, work, least_p50, statistics.median(taken), p99, why=WHY_HOME)


def _line(
    database: Database,
    work: str,
    least_p50: float,
    p50: float,
    p99: float,
    *,
    why: str,
    cpu: str = "",
) -> Result:
    is_met = p50 <= TIMES * least_p50 and p99 < P99_MS
    return Result(
        number=10,
        work=f"{work}, {database}",
        target=f"≤ {TIMES} x the floor's p50, p99 < {P99_MS} ms",
        floor=f"p50 {least_p50:.2f} ms",
        result=f"p50 {p50:.2f}, p99 {p99:.1f} ms{cpu}",
        ratio=p50 / least_p50,
        met=is_met,
        why=why,
    )

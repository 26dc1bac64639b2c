"""
Signed payloads that are malformed, and forgeries: at the real door of the whole bot, in simulated time, on SQLite.

Whatever a payload causes must be something that the person whom Slack names in it may cause; a forgery must
cause nothing.  Every few hundred payloads the jobs judge what has been saved.

The full size, 100,000 signed payloads and 10,000 forgeries, then every field of Graph's answers spoiled in every
way (`tests.proofs.fuzz.graph`), is ``make fuzz``, or ``python -m tests.proofs.fuzz.fuzz``; ``--help`` says how to
choose another seed or less.  The suite has some of each, with a fresh seed in each run.
"""

import asyncio
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from bot.database import open_store
from bot.database.audit_log.audit import verify
from bot.database.schema import migrate
from bot.database.tables import assignments, audit, decisions, packages, requests
from bot.logs import configure_logs
from bot.people.model import Verb
from bot.requests.transactions.ask import AlreadyHeld
from tests.harness.camera import empty_sqlite
from tests.harness.loop import SimulatedLoop
from tests.harness.sql import share_compiled_statements
from tests.proofs.fuzz import graph as answers
from tests.proofs.fuzz.graph import A_MINUTE, spoil_answers
from tests.proofs.fuzz.payloads import Knock, Payloads, Target, actor_in
from tests.proofs.fuzz.world import ADMINS, DECIDERS, FORM, HOME, Gate, Marks, gate, is_rightful

WORK_EVERY = 250


@dataclass
class Figures:
    """What came of it."""

    seed: int
    signed: int = 0
    forged: int = 0
    seconds: float = 0
    answers: Counter[int] = field(default_factory=Counter)
    forged_answers: Counter[int] = field(default_factory=Counter)
    caused: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    granted: int = 0
    wrong: list[str] = field(default_factory=list)


async def work_to_find(gate: Gate) -> None:
    """Somebody has access, and somebody waits for a decision, whatever was done before."""
    harness = gate.harness
    for user, text in (
        ("U0ANN", "marketing-campaign"),
        ("U0CY", "marketing-campaign"),
        ("U0ANN", "finance-reports because of the close"),
        ("U0CY", "production-database because it is slow"),
    ):
        try:
            await harness.requests.ask(slack_user=user, text=text)
        except AlreadyHeld:
            continue
        except Exception as error:
            gate.wrong.append(f"{text}: {error}")
    for _ in range(2):
        harness.shift(A_MINUTE)
        await harness.expire_all_waits()
        await harness.work()
    await harness.tenant_sync.run()


async def targets(gate: Gate) -> Target:
    def read(db: sa.Connection) -> Target:
        open_ = db.execute(sa.select(requests.c.id, requests.c.round, requests.c.stage)).all()[-20:]
        live = assignments.c.state != "ended"
        drafts = sa.select(decisions.c.id).where(
            decisions.c.outcome.is_(None), decisions.c.due_at.is_(None)
        )
        return Target(
            asks=tuple(f"{row.id}{row.round:02x}{row.stage:02x}" for row in open_),
            requests=tuple(row.id for row in open_),
            assignments=tuple(db.execute(sa.select(assignments.c.id).where(live)).scalars()),
            drafts=tuple(db.execute(drafts).scalars()),
            packages=tuple(db.execute(sa.select(packages.c.id)).scalars()),
        )

    return await gate.harness.store.run(read)


async def knock(gate: Gate, knock: Knock, figures: Figures, *, before: Marks) -> Marks:
    """One signed payload, and everything that it caused; how far the tables are then."""
    headers = gate.signed(knock.body) | {"content-type": knock.content_type}
    status = await gate.post(knock.body, headers)
    figures.answers[status] += 1
    if status >= 500:
        figures.wrong.append(f"{status} for {knock.body[:300]!r}")
    # What is looked up after the answer to Slack is caused by this payload, too.
    await gate.harness.latchkey.background.finish()
    after = await gate.marks()
    if after == before:
        return after
    actor, team = actor_in(knock)
    for row in await gate.done_between(before, after):
        figures.caused[row["verb"]] += 1
        if row["verb"].endswith("-refused"):
            # Whoever is asked for a reason is judged meanwhile, some payloads later.
            continue
        if actor is None or team != HOME or not is_rightful(row, actor):
            figures.wrong.append(f"{row['verb']} by {row['actor']} from {knock.body[:300]!r}")
    return after


async def judge(gate: Gate, figures: Figures) -> None:
    """Let the jobs do what is due; then everything that stands must stand rightfully."""
    await gate.harness.latchkey.background.finish()
    await gate.harness.expire_all_waits()
    await gate.harness.work()

    def read(db: sa.Connection) -> list[str]:
        wrong: list[str] = []
        asker = requests.c.asked_by.label("asker")
        accepted = sa.select(decisions, requests.c.holder.label("who"), asker).join(
            requests, requests.c.id == decisions.c.request_id
        )
        for row in db.execute(accepted.where(decisions.c.outcome == "accepted")).mappings():
            rightful = row["slack_user"] in DECIDERS and row["slack_user"] not in {
                row["who"],
                row["asker"],
            }
            if not rightful or row["team"] not in {None, HOME}:
                wrong.append(f"accepted {row['verb']} by {row['slack_user']} of {row['team']}")
        sent = sa.select(requests).where(requests.c.intent_at.is_not(None))
        for row in db.execute(sent).mappings():
            counted = sa.select(sa.func.count()).where(
                decisions.c.request_id == row["id"],
                decisions.c.round == row["round"],
                decisions.c.outcome == "accepted",
                decisions.c.verb == Verb.APPROVE,
            )
            stages = len(row["terms"]["stages"]) if row["terms"] else 0
            if row["kind"] != "remove" and db.execute(counted).scalar() != stages:
                wrong.append(f"{row['kind']} was sent without its {stages} decisions")
            if row["kind"] == "remove" and row["asked_by"] not in {row["holder"], *ADMINS}:
                wrong.append(f"a removal of {row['asked_by']} was sent")
            if row["wanted_for"] and row["asked_by"] not in ADMINS:
                # No policy there lets managers ask.
                wrong.append(f"what {row['asked_by']} asked for {row['wanted_for']} was sent")
        return wrong

    figures.wrong += await gate.harness.store.run(read)
    world = gate.harness.tenant.world
    grants = [each for each in world.requests.values() if each.request_type.lower() == "adminadd"]
    figures.granted = len(grants)


async def knock_signed(gate: Gate, figures: Figures, *, count: int, chance: random.Random) -> None:
    """*count* spoiled payloads, each with Slack's own signature."""
    payloads = Payloads(chance, trigger=gate.trigger)
    for number in range(count):
        if number % WORK_EVERY == 0:
            await judge(gate, figures)
            await work_to_find(gate)
            target, marks = await targets(gate), await gate.marks()
        marks = await knock(gate, payloads.spoiled(target), figures, before=marks)
        figures.signed += 1
    await judge(gate, figures)


async def knock_forged(gate: Gate, figures: Figures, *, count: int, chance: random.Random) -> None:
    """*count* golden payloads that Slack has not signed: nothing may come of them."""
    payloads = Payloads(chance, trigger=gate.trigger)
    await work_to_find(gate)
    target = await targets(gate)
    before = await gate.marks()
    for _ in range(count):
        made = payloads.encoded(*payloads.golden(target))
        body, headers = forged(gate, made, chance)
        status = await gate.post(body, headers)
        figures.forged += 1
        figures.forged_answers[status] += 1
        if not 400 <= status < 500:
            figures.wrong.append(f"{status} for a forgery: {headers!r:.300}")
    if await gate.marks() != before:
        figures.wrong.append("a forgery left something in the tables")


def forged(gate: Gate, knock: Knock, chance: random.Random) -> tuple[bytes, Any]:
    """A body with headers that do not vouch for it."""
    body = knock.body
    stamp, signature = "x-slack-request-timestamp", "x-slack-signature"
    good = gate.signed(body) | {"content-type": knock.content_type}
    now = gate.now()
    strange = chance.choice(
        (
            "",
            "0",
            "-1",
            "1e9",
            "\uff19" * 10,
            "٣" * 10,
            "9" * 12,
            "9" * 400,
            f"+{now}",
            f"{now}.0",
            "NaN",
        )
    )
    bad_signature = chance.choice(
        (
            "",
            "v0=",
            "v0=" + "0" * 64,
            "v1=" + good[signature][3:],
            good[signature].upper(),
            good[signature][:-1],
            good[signature] + "0",
            "v0=é" + "0" * 63,
            f"v0={chance.randbytes(32).hex()}",
        )
    )
    away = chance.choice((-86_400, -400, 400, 86_400, 10**9))
    made: Any = [
        lambda: gate.signed(body, secret=chance.choice(("", "guess", gate.secret.upper()))),
        lambda: gate.signed(body, at=str(now + away)),
        lambda: good | {stamp: strange.encode()},
        lambda: good | {signature: bad_signature.encode()},
        lambda: {name: value for name, value in good.items() if name != stamp},
        lambda: {name: value for name, value in good.items() if name != signature},
        lambda: good | gate.signed(body + b"x"),
        lambda: good | {stamp: str(now - 1)},
        lambda: [*good.items(), (signature, f"v0={'0' * 64}")],
        lambda: [(signature, f"v0={'0' * 64}"), *good.items()],
        lambda: [*good.items(), (stamp, strange.encode())],
        lambda: {"x-slack-bolt-lazy-only": "1", "x-slack-bolt-lazy-function-name": "remove"},
    ]
    if chance.random() < 0.01:
        large = body + b"&x=" + b"x" * (1024 * 1024)
        return large, gate.signed(large) | {"content-type": FORM}
    if chance.random() < 0.1 and body:
        at = chance.randrange(len(body))
        return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :], good
    headers = chance.choice(made)()
    return body, headers


def describe(figures: Figures) -> None:
    lines = {
        "seed": figures.seed,
        "signed, malformed": f"{figures.signed}, answers {dict(figures.answers)}",
        "forged": f"{figures.forged}, answers {dict(figures.forged_answers)}",
        "caused, each rightfully": dict(figures.caused),
        "grants that followed": figures.granted,
        "wrong": len(figures.wrong),
        "took": f"{figures.seconds:.0f} s",
    }
    for name, value in lines.items():
        click.echo(f"{name:26} {value}")
    for each in list(dict.fromkeys(figures.wrong))[:20]:
        click.echo(f"  {each}")


async def knock_at_the_door(
    database: Path | str, *, seed: int, signed: int, forged: int
) -> Figures:
    """Knock at the door of one bot *signed* + *forged* times, in simulated time."""
    chance, figures = random.Random(seed), Figures(seed=seed)  # noqa: S311
    started = time.perf_counter()
    async with gate(database) as made:
        await knock_signed(made, figures, count=signed, chance=chance)
        await knock_forged(made, figures, count=forged, chance=chance)
        chain = await made.harness.store.run(_chain)
        figures.wrong += made.wrong + chain
    figures.seconds = time.perf_counter() - started
    return figures


def _chain(db: sa.Connection) -> list[str]:
    wrong = verify(db, b"").wrong
    count = db.execute(sa.select(sa.func.count()).select_from(audit)).scalar()
    return [f"audit, {count} rows: {wrong}"] if wrong else []


async def both(folder: Path, *, seed: int, signed: int, forged: int, graph: bool) -> list[str]:
    """Knock, then spoil Graph's answers; prints the figures, and gives what was wrong."""
    template = folder / "template.db"
    store = open_store(f"sqlite+pysqlite:///{template}")
    migrate.upgrade(store)
    store.close()
    databases = empty_sqlite(template, folder)
    figures = await knock_at_the_door(next(databases), seed=seed, signed=signed, forged=forged)
    describe(figures)
    if not graph:
        return figures.wrong
    spoiled = await spoil_answers(databases, seed=seed)
    answers.describe(spoiled)
    return figures.wrong + spoiled.wrong


@click.command()
@click.option("--seed", default=1)
@click.option("--signed", default=100_000)
@click.option("--forged", default=10_000)
@click.option("--graph/--no-graph", default=True)
def main(seed: int, signed: int, forged: int, graph: bool) -> None:
    """Knock, and spoil Graph's answers."""
    configure_logs(level=50)
    share_compiled_statements()
    memory = Path("/dev/shm")  # noqa: S108
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        asyncio.Runner(loop_factory=lambda: SimulatedLoop(seed)) as runner,
    ):
        work = both(Path(folder), seed=seed, signed=signed, forged=forged, graph=graph)
        if runner.run(work):
            raise SystemExit(1)


if __name__ == "__main__":
    main()

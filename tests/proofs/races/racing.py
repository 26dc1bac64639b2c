"""Two replicas on one PostgreSQL database, each with connections of its own, and two people at the same moment."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, Final

import aiohttp
import httpx
import sqlalchemy as sa
from slack_sdk.web.async_client import AsyncWebClient

from bot import clock, policy
from bot.errors import LatchkeyError
from bot.models import DONE, Outcome, Request, State, Verb
from bot.slack import Slack
from bot.store import Transaction, audit, decisions, open_store, request_lists, requests
from bot.store.schema import decisions as decision_table
from graph import Graph, StaticToken
from sandbox.clock import SandboxClock
from sandbox.slack import Workspace
from sandbox.tenant import Tenant, seed
from tests.harness.by_hand import BotHarness
from tests.bot.conftest import Line, assemble, listening
from tests.bot.samples import click, terms, wish

NAMES: Final = {"U0BO": "Bo Berg", "U0DANA": "Dana Diaz"}
# Nobody waits longer for the other: whoever was faster has been.
TOGETHER_SECONDS: Final = 2.0

Deed = Callable[[BotHarness, Request], Awaitable[str | None]]


@asynccontextmanager
async def two_replicas(address: str) -> AsyncIterator[tuple[BotHarness, BotHarness]]:
    """Two Latchkeys without their clocks, between one tenant and one workspace."""
    sandbox_clock = SandboxClock()
    tenant = Tenant(clock=sandbox_clock)
    tenant.seed_tutorial_world()
    workspace = Workspace(
        clock=sandbox_clock, signing_secret="s", bot_token="xoxb-1", app_token="xapp-1"
    )
    workspace.seed()
    line = Line(tenant.app)
    stores = [open_store(address) for _ in range(2)]
    async with (
        listening(workspace.app) as at,
        httpx.AsyncClient(transport=line) as http,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
    ):
        client = AsyncWebClient(
            token="xoxb-1", base_url=f"{at}/api/", session=session, retry_handlers=[]
        )
        slack = Slack(client)
        await slack.identify()
        graph = Graph(http, StaticToken(tenant.application_token()), url="https://graph.test")
        first, second = (assemble(store, slack, graph, tenant, workspace, line) for store in stores)
        for harness in (first, second):
            await harness.authority.refresh()
        yield first, second
    await workspace.aclose()
    for store in stores:
        store.close()


# -- what two people do --------------------------------------------------------------------------


def decides(user: str, verb: Verb) -> Deed:
    """Press the button, give a reason, and have it weighed here."""

    async def do(harness: BotHarness, request: Request) -> str | None:
        pressed = click(request, slack_user=user, verb=verb, reason="I have thought about it")
        await harness.store.run(
            decisions.add,
            pressed,
            holder=request.holder,
            holder_entra_id=request.entra_id,
            is_draft=False,
        )
        await harness.verdicts.weigh(pressed)
        return await harness.store.run(_answer_to, pressed.id)

    return do


def _answer_to(db: Transaction, decision_id: str) -> str | None:
    row = db.execute(sa.select(decision_table).where(decision_table.c.id == decision_id)).one()
    return None if row.outcome == Outcome.ACCEPTED else str(row.why)


async def withdraws(harness: BotHarness, request: Request) -> str | None:
    """Whoever asked presses Cancel."""
    try:
        await harness.desk.cancel(slack_user=request.asked_by, request_id=request.id)
    except LatchkeyError as error:
        return str(error)
    return None


async def lapses(harness: BotHarness, request: Request) -> str | None:
    """The clock; it is owed no answer."""
    overdue, _ = await harness.store.run(request_lists.overdue_decisions)
    moved = [
        await harness.store.run(requests.move, each, State.LAPSED)
        for each in overdue
        if each.id == request.id
    ]
    return None if any(moved) else "The clock hears nothing."


RACES: Final[dict[str, tuple[Deed, Deed]]] = {
    "approve and approve": (decides("U0BO", Verb.APPROVE), decides("U0DANA", Verb.APPROVE)),
    "approve and cancel": (decides("U0BO", Verb.APPROVE), withdraws),
    "approve and deny": (decides("U0BO", Verb.APPROVE), decides("U0DANA", Verb.DENY)),
    "approve and lapse": (decides("U0BO", Verb.APPROVE), lapses),
}


# -- the race, and what must come of it ------------------------------------------------------------


@dataclass
class Tally:
    """
    Who won how often; and how many races were decided between two statements that met.

    Attributes:
        met: Both replicas were about to write the same row when the first of them did.
    """

    first: int = 0
    second: int = 0
    met: int = 0


async def race(harnesses: tuple[BotHarness, BotHarness], name: str, *, tally: Tally) -> None:
    """
    Let two people do two things to one request at once, and look what came of it.

    Raises:
        AssertionError: More or less than one of them counted, or somebody was not told who was first.
    """
    request = await harnesses[0].store.run(_pending)
    deeds = RACES[name]
    with abreast(harnesses) as met:
        answers = await asyncio.gather(
            *(deed(harness, request) for deed, harness in zip(deeds, harnesses, strict=True))
        )
    tally.met += met()
    assert answers.count(None) == 1, f"who counted: {answers}"
    winner = answers.index(None)
    tally.first, tally.second = tally.first + (winner == 0), tally.second + (winner == 1)
    await harnesses[0].store.run(_check, request, told=answers[1 - winner] or "")


def _pending(db: Transaction) -> Request:
    """A request that waits for its only decision, and whose time for it has just run out."""
    new = wish()
    asked = requests.add(db, replace(new, package_id=f"package-{new.id}", entra_id=seed.ANN))
    assert asked is not None
    agreed = terms()
    moved = requests.move(
        db,
        asked,
        State.PENDING,
        terms=asdict(agreed),
        terms_hash=policy.hash_of(agreed),
        deciders=sorted(NAMES),
        lapses_at=clock.now() - timedelta(seconds=1),
    )
    assert moved is not None
    return moved


@contextmanager
def abreast(harnesses: tuple[BotHarness, BotHarness]) -> Iterator[Callable[[], bool]]:
    """Hold each replica before its first write to the request until the other is there, too."""
    line = threading.Barrier(len(harnesses))
    arrived: set[int] = set()
    met: list[bool] = []

    def hold(connection: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        engine = id(connection.engine)
        if not statement.startswith("UPDATE request") or engine in arrived:
            return
        arrived.add(engine)
        with suppress(threading.BrokenBarrierError):
            line.wait(TOGETHER_SECONDS)
            met.append(True)

    for harness in harnesses:
        sa.event.listen(harness.store.engine, "before_cursor_execute", hold)
    try:
        yield lambda: len(met) == len(harnesses)
    finally:
        for harness in harnesses:
            sa.event.remove(harness.store.engine, "before_cursor_execute", hold)


def _check(db: Transaction, request: Request, *, told: str) -> None:
    now = requests.get(db, request.id)
    assert now is not None
    counted = decisions.accepted_of(db, now)
    moves = [
        (row["before"], row["after"], row["actor"])
        for row in audit.rows(db, request_id=request.id)
        if row["verb"] == "move"
    ]
    # One row for the way into pending, and one out of it.
    assert moves[1:] == [(State.PENDING, now.state, _actor(now, moves[-1][2]))]
    assert now.version == len(moves)
    if now.state in {State.APPROVED, State.DENIED}:
        (by,) = counted
        assert now.state == DONE[by.verb]
        assert moves[-1][2] == by.slack_user
        assert "hears nothing" in told or f"{DONE[by.verb]} by {NAMES[by.slack_user]}" in told
    else:
        assert counted == []
        assert "withdrawn" in told or "lapsed" in told


def _actor(request: Request, actual: str) -> str:
    """Who must have made the last move."""
    known = {State.CANCELED: request.asked_by, State.LAPSED: audit.LATCHKEY}
    return known.get(request.state, actual)

"""Two open requests take the same one in Graph for theirs, at the same moment, on two replicas: one has it, the other is looked for anew."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from bot import chance
from bot.app import Latchkey
from bot.database import Transaction
from bot.requests import state_machine
from bot.requests.model import Request, State
from bot.requests.store import claims, in_graph, requests
from bot.requests.store.requests import FollowedByAnother
from sandbox.tenant import seed
from tests.bot.samples import wish
from tests.harness.camera import empty_postgresql
from tests.harness.loop import simulated as simulated_loop
from tests.harness.simulation import LIFELIKE, simulation
from tests.proofs.races.racing import Pair, abreast, by_chance, two_replicas
from tests.proofs.sizes import size

MET: Final = int(os.environ.get("RACES", "32")) // 4
SIMULATED: Final = size(50, full=250, few=25)
WAITS_SECONDS: Final = 0.3
LEASE: Final = timedelta(minutes=1)


def _approved(db: Transaction) -> Request:
    """A request that is to be sent, and in hand."""
    new = wish()
    asked = requests.add(db, replace(new, package_id=f"package-{new.id}", entra_id=seed.ANN))
    assert asked is not None
    moved = requests.move(db, asked, State.APPROVED)
    assert moved is not None
    [claimed] = claims.take(db, lease=LEASE, limit=1)
    assert claimed.id == moved.id
    return claimed


async def _race(
    bots: Pair,
    watch: Callable[[Pair], AbstractContextManager[Callable[[], bool]]],
    pauses: tuple[float, float] = (0, 0),
) -> tuple[int, bool]:
    """Which of the two was first, and whether they met."""
    graph_id = chance.new_id()
    rows = [await bots[0].store.run(_approved) for _ in bots]

    async def take(bot: Latchkey, row: Request, pause: float) -> bool:
        await asyncio.sleep(pause)
        try:
            await bot.store.run(state_machine.submit, row, graph_id)
        except FollowedByAnother:
            return False
        return True

    with watch(bots) as met:
        took = list(await asyncio.gather(*map(take, bots, rows, pauses)))
    assert sorted(took) == [False, True]
    first, second = rows[took.index(True)], rows[took.index(False)]
    now = await bots[0].store.read(requests.get, second.id)
    assert (now.state, now.graph_request_id, now.version) == (State.APPROVED, None, second.version)
    for is_over in (True, False):
        found = await bots[0].store.read(in_graph.is_anothers, second.id, graph_id, is_over=is_over)
        assert found
        assert not await bots[0].store.read(
            in_graph.is_anothers, first.id, graph_id, is_over=is_over
        )
    # Once the first is over, what still goes on in Graph may be followed by the second.
    await bots[0].store.run(_end, first)
    assert not await bots[0].store.read(in_graph.is_anothers, second.id, graph_id, is_over=False)
    assert await bots[0].store.read(in_graph.is_anothers, second.id, graph_id, is_over=True)
    await bots[1].store.run(state_machine.submit, second, graph_id)
    now = await bots[0].store.read(requests.get, second.id)
    assert (now.state, now.graph_request_id) == (State.SUBMITTED, graph_id)
    await bots[0].store.run(_end, second)
    return took.index(True), met()


def _end(db: Transaction, request: Request) -> None:
    now = requests.get(db, request.id)
    assert requests.move(db, now, State.FAILED) is not None


@pytest.mark.timeout(120 + 2 * MET)
async def test_one_of_two_has_it(postgresql):
    """On PostgreSQL, held before the write until both are there."""
    met = 0
    async with two_replicas(next(empty_postgresql(postgresql))) as bots:
        for _ in range(MET):
            met += (await _race(bots, abreast))[1]
    assert met


async def test_one_of_two_has_it_in_whatever_order_chance_has_them_act(database):
    """On SQLite in simulated time: each is first sometimes."""
    first = set()
    async with simulation(database, pauses=LIFELIKE) as around:
        bots = [(await around.start(works=False)).latchkey for _ in range(2)]
        draws = simulated_loop().chance
        for _ in range(SIMULATED):
            pauses = draws.uniform(0, WAITS_SECONDS), draws.uniform(0, WAITS_SECONDS)
            first.add((await _race((bots[0], bots[1]), by_chance, pauses))[0])
    assert first == {0, 1}

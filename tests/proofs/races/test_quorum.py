"""Several people decide a stage that several must approve, in whatever order chance has them act, on two replicas."""

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import combinations
from random import Random
from typing import Final

import pytest

from bot import clock
from bot.approvals.store import decisions
from bot.database import Transaction
from bot.database.audit_log import audit
from bot.packages import policy_terms
from bot.packages.model import Stage
from bot.people.model import Delegation, Verb
from bot.people.store import delegations
from bot.requests.model import Request, State
from bot.requests.store import requests
from sandbox.tenant import seed
from tests.bot.samples import delegation, terms, wish
from tests.harness.camera import empty_postgresql
from tests.harness.loop import simulated as simulated_loop
from tests.harness.simulation import LIFELIKE, simulation
from tests.harness.world import ANN, BO, CY, DANA, MIA
from tests.proofs.races.racing import Pair, abreast, decides, two_replicas
from tests.proofs.sizes import size

# In simulated time, of each quorum.
SIMULATED: Final = size(60, full=120, few=30)
# On PostgreSQL, of each quorum; RACES says how many in all.
MET: Final = int(os.environ.get("RACES", "32")) // 2
WAITS_SECONDS: Final = 0.3
# Bo and Mia are approvers, Cy decides for Bo, Dana is an admin: these are one voice each.  Ann has asked.
VOICES: Final = (frozenset({BO, CY}), frozenset({MIA}), frozenset({DANA}))
APPROVERS: Final = tuple({"kind": "singleuser", "user_id": each} for each in (seed.BO, seed.MIA))


@dataclass(frozen=True)
class Click:
    """Somebody presses a button on one of the replicas."""

    user: str
    verb: Verb
    replica: int
    pause: float


def _clicks(chance: Random) -> list[Click]:
    users = chance.choices((ANN, BO, CY, MIA, DANA), k=chance.randint(1, 6))
    denials = 0.3 if chance.random() < 0.4 else 0
    return [
        Click(
            user=user,
            verb=Verb.DENY if chance.random() < denials else Verb.APPROVE,
            replica=chance.randrange(2),
            pause=chance.uniform(0, WAITS_SECONDS),
        )
        for user in users
    ]


def _earlier() -> Delegation:
    """Return what lets Cy decide for Bo, made well before any click: replicas' clocks differ a little."""
    made_at = clock.now() - timedelta(hours=1)
    return delegation(delegator=BO, delegate=CY, made_by=BO, made_at=made_at)


def _pending(db: Transaction, quorum: int) -> Request:
    new = wish()
    asked = requests.add(db, replace(new, package_id=f"package-{new.id}", entra_id=seed.ANN))
    assert asked is not None
    agreed = terms(stages=(Stage(approvers=APPROVERS, quorum=quorum),))
    moved = requests.move(
        db,
        asked,
        State.PENDING,
        terms=asdict(agreed),
        terms_hash=policy_terms.hash_of(agreed),
    )
    assert moved is not None
    return moved


async def _act(bots: Pair, request: Request, clicks: Sequence[Click]) -> None:
    async def press(each: Click) -> None:
        await asyncio.sleep(each.pause)
        await decides(each.user, each.verb)(bots[each.replica], request)

    await asyncio.gather(*map(press, clicks))


def _check(db: Transaction, request: Request, clicks: Sequence[Click], quorum: int) -> State:
    now = requests.get(db, request.id)
    counted = decisions.accepted_of(db, now)
    approvals = [each for each in counted if each.verb is Verb.APPROVE]
    denials = [each for each in counted if each.verb is Verb.DENY]
    for one, other in combinations(approvals, 2):
        assert one.voices.isdisjoint(other.voices), "somebody counts twice"
    assert seed.ANN not in {voice for each in counted for voice in each.voices}
    assert [each.place for each in approvals] == list(range(1, len(approvals) + 1))
    assert len(approvals) <= quorum
    # No order of clicks by anybody grants with fewer voices than must approve.
    assert (now.state is State.APPROVED) is (len(approvals) == quorum)
    assert (now.state is State.DENIED) is (len(denials) == 1)
    assert len(denials) <= 1
    if now.state is State.PENDING:
        assert now.approvals == len(approvals)
    if all(each.verb is Verb.APPROVE for each in clicks):
        voices = sum(any(each.user in voice for each in clicks) for voice in VOICES)
        assert len(approvals) == min(voices, quorum), "a voice was lost"
    verbs = Counter(row["verb"] for row in audit.rows(db, request_id=request.id))
    assert verbs["approve-accepted"] == len(approvals)
    return now.state


@pytest.mark.parametrize("quorum", [2, 3])
async def test_no_order_of_clicks_approves_with_fewer_voices(database, quorum):
    """An approver and their delegate are one voice, one person is one however often they press, and none is lost."""
    ends: Counter[State] = Counter()
    async with simulation(database, pauses=LIFELIKE) as around:
        first, second = [(await around.start(works=False)).latchkey for _ in range(2)]
        await first.store.run(delegations.add, _earlier())
        chance = simulated_loop().chance
        for _ in range(SIMULATED):
            request, clicks = await first.store.run(_pending, quorum), _clicks(chance)
            await _act((first, second), request, clicks)
            ends[await first.store.run(_check, request, clicks, quorum)] += 1
    assert min(ends[each] for each in (State.PENDING, State.APPROVED, State.DENIED)) > 0, ends


@pytest.mark.timeout(120 + 4 * MET)
@pytest.mark.parametrize("quorum", [2, 3])
async def test_approvals_at_the_same_moment_all_count(postgresql, quorum):
    """On PostgreSQL, the first two held before their writes until both are there: whoever loses tries again."""
    met = 0
    async with two_replicas(next(empty_postgresql(postgresql))) as bots:
        await bots[0].store.run(delegations.add, _earlier())
        for number in range(MET):
            users = (BO, MIA, DANA)[:quorum] if number % 2 else (BO, CY, MIA)
            clicks = [
                Click(user=user, verb=Verb.APPROVE, replica=place % 2, pause=0)
                for place, user in enumerate(users)
            ]
            request = await bots[0].store.run(_pending, quorum)
            with abreast(bots) as have_met:
                await _act(bots, request, clicks)
            met += have_met()
            await bots[0].store.run(_check, request, clicks, quorum)
    assert met, "nobody met anybody"

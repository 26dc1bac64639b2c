"""Several people settle, at the same moment, what waits in Entra: in Slack on two replicas, and at My Access."""

import asyncio
import copy
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from bot.approvals.model import Outcome
from bot.requests.model import Request, State
from sandbox.slack import Message
from sandbox.tenant import lifecycle, seed
from sandbox.tenant.errors import Refusal
from sandbox.tenant.model import Request as EntraRequest
from tests.harness.accounts import SETTINGS, connect, registered
from tests.harness.loop import simulated as simulated_loop
from tests.harness.owed import every_request, is_draft, rows_of
from tests.harness.simulation import LIFELIKE, Simulation, simulation
from tests.harness.world import ANN, BO, GENERAL, MIA, World, eventually, labels, said

# Requests that are settled by several; each is one of the same person's, for a package of its own.
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ROUNDS: Final = min(int(os.environ.get("RACES", "32")) // 4, len(LETTERS))
WAITS_SECONDS: Final = 1.0
FORM_SECONDS: Final = 0.5
# What Entra calls what we call so.
SAME: Final = {"delivered": State.DELIVERED, "denied": State.DENIED, "canceled": State.CANCELED}
RESULTS: Final = {"approve": "Approved", "deny": "Denied"}
ENTRA: Final = {BO: seed.BO, MIA: seed.MIA}

Settle = Callable[[World, str], Awaitable[None]]


def _packages(world: Any) -> list[str]:
    """Make so many packages that Bo and Mia approve, either of them; their names."""
    names = [f"Ledger {letter}" for letter in LETTERS[:ROUNDS]]
    for number, name in enumerate(names):
        package = copy.deepcopy(world.packages[seed.FINANCE_REPORTS])
        package.id, package.display_name = f"d2000000-0000-4000-8000-{number:012d}", name
        world.packages[package.id] = package
        (policy,) = (copy.deepcopy(each) for each in world.policies_of(seed.FINANCE_REPORTS))
        policy.id, policy.package_id = package.id.replace("d2", "92", 1), package.id
        [stage] = policy.approval["stages"]
        [bo] = stage["primaryApprovers"]
        mia = world.users[seed.MIA].display_name
        stage["primaryApprovers"].append({**bo, "userId": seed.MIA, "description": mia})
        world.policies[policy.id] = policy
    return names


def _there(world: World, name: str) -> EntraRequest:
    [found] = [
        each
        for each in world.tenant.world.requests.values()
        if world.tenant.world.packages[each.package_id].display_name == name
    ]
    return found


def _card(world: World, user: str, name: str) -> Message:
    return next(each for each in world.cards(user) if name in each.text)


def presses(user: str, label: str) -> Settle:
    """Somebody presses a button of their card, and gives a reason where one is asked for."""

    async def do(world: World, name: str) -> None:
        shown = _card(world, user, name)
        if label not in labels(shown):
            return
        before = world.form(user)
        await world.press(user, shown, label)
        # Too late, they are told so, and no form opens.
        await asyncio.sleep(FORM_SECONDS)
        form = world.form(user)
        if form is not None and form is not before:
            await world.give_reason(user, f"Not for {name}")

    return do


def decides_at_my_access(user: str, *, approve: bool) -> Settle:
    """Somebody decides in the portal, unless Entra says that it is over."""

    async def do(world: World, name: str) -> None:
        there = _there(world, name)
        stage = there.current_stage
        if stage is None or there.state != "pendingApproval":
            return
        lifecycle.decide(
            world.tenant.world,
            there,
            stage.id,
            user_id=ENTRA[user],
            approve=approve,
            justification="At My Access",
        )

    return do


async def cancels_at_my_access(world: World, name: str) -> None:
    """Ann thinks better of it, in the portal."""
    there = _there(world, name)
    if there.state == "pendingApproval":
        try:
            lifecycle.cancel(world.tenant.world, there)
        except Refusal as refusal:
            raise AssertionError(f"the stand-in refuses what it shows: {refusal}") from refusal


async def cancels_in_slack(world: World, name: str) -> None:
    """The same by the button of the answer to what she typed."""
    answer = next(each for each in _answers(world) if name in each.text)
    await world.press(ANN, answer, "Cancel")


def _answers(world: World) -> list[Message]:
    """What Ann was answered in the channel where she asked."""
    place = world.slack.channel(GENERAL).seen_by(ANN)
    return [each for each in place if each.ephemeral_to == ANN and "Cancel" in labels(each)]


ALL: Final[dict[str, Settle]] = {
    "Bo approves": presses(BO, "Approve"),
    "Bo denies": presses(BO, "Deny"),
    "Mia approves": presses(MIA, "Approve"),
    "Mia approves there": decides_at_my_access(MIA, approve=True),
    "Bo denies there": decides_at_my_access(BO, approve=False),
    "Bo approves there": decides_at_my_access(BO, approve=True),
    "Ann cancels there": cancels_at_my_access,
    "Ann cancels": cancels_in_slack,
}


def _several(chance: Random) -> list[str]:
    """Two or three of them, one at least in Slack; Bo has one form open at a time."""
    in_slack = chance.choice(["Bo approves", "Bo denies", "Mia approves", "Ann cancels"])
    others = [each for each in ALL if each != in_slack]
    return [in_slack, *chance.sample(others, chance.randint(1, 2))]


async def _told(around: Simulation, world: World, names: list[str], chance: Random) -> None:
    """Let Ann ask for everything, and several people settle each."""
    for name in names:
        await world.type(ANN, f"/request-access {name.lower().replace(' ', '-')} because Q4")
    for name in names:
        for user in (BO, MIA):
            await eventually(
                lambda user=user, name=name: [c for c in world.cards(user) if name in c.text],
                about=f"a card for {name}",
            )
    for name in names:

        async def act(each: str, name: str = name) -> None:
            await asyncio.sleep(chance.uniform(0, WAITS_SECONDS))
            await ALL[each](world, name)

        await asyncio.gather(*(act(each) for each in _several(chance)))
    await asyncio.sleep(timedelta(minutes=10).total_seconds())


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_slack_says_what_entra_has_made_of_it(version, simulated, database, tmp_path):
    """Each request is made once, ends here as there, and is told once; who counts here is who counts there."""
    file = Path(tmp_path) / "latchkey.yml"
    file.write_text("defaults: {decides: entra}\n", "utf-8")
    more = {"LATCHKEY_PACKAGE_SETTINGS": str(file), "GRAPH_API_VERSION": version}
    async with simulation(database, pauses=LIFELIKE) as around:
        registered(around.outside)
        around.outside.environment |= {**SETTINGS, **more}
        names = _packages(around.outside.tenant.world)
        first = await around.start()
        await around.start()
        world = World(around.outside, first.latchkey)
        await world.synced()
        for user in (ANN, BO, MIA):
            await connect(world, user)
        await _told(around, world, names, simulated_loop().chance)
        ours = {each.package_name: each for each in await world.bot.store.read(every_request)}
        clicks = await world.bot.store.read(rows_of, "decision")
        ends = Counter(_checked(world, ours[name], clicks) for name in names)
    assert len(ends) > 1, ends


def _checked(world: World, ours: Request, clicks: list[dict[str, Any]]) -> str:
    """Return what became of one request; everything about it is the same here and there."""
    name = ours.package_name
    there = _there(world, name)
    assert there.request_type == "userAdd"
    assert ours.state is SAME[there.state], (name, ours.state, there.state)
    [stage] = there.stages
    mine = [each for each in clicks if each["request_id"] == ours.id and not is_draft(each)]
    assert all(each["outcome"] for each in mine), "a click that nobody answered"
    counted = [each for each in mine if each["outcome"] == Outcome.ACCEPTED]
    assert len(counted) <= 1, "two decisions of one stage"
    for each in counted:
        assert ENTRA[each["slack_user"]] == stage.reviewed_by, name
        assert RESULTS[each["verb"]] == stage.review_result, name
    outcomes = [each for each in world.direct(ANN) if name in said(each) and _is_outcome(each)]
    assert len(outcomes) == (there.state != "canceled"), [said(each) for each in outcomes]
    told = [each for each in world.direct(ANN) if f"{name}* is canceled in Microsoft" in said(each)]
    assert len(told) == (there.state == "canceled"), name
    for user in (BO, MIA):
        assert "Approve" not in labels(_card(world, user, name)), name
    return there.state


def _is_outcome(message: Message) -> bool:
    words = said(message)
    return "You now have access" in words or "denied" in words

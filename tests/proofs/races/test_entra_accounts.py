"""Accounts that are connected, and access that is given back, where Entra decides: several do it at the same moment, on two replicas."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Final

import pytest

from bot.accounts.model import NotConnected
from bot.accounts.store import accounts
from bot.requests.model import Kind, State
from sandbox.tenant import seed
from sandbox.tenant.errors import Refusal
from sandbox.tenant.requests import NewRequest, accept
from tests.harness.accounts import SETTINGS, browser_to, connect, email_of, link_of, registered
from tests.harness.loop import simulated as simulated_loop
from tests.harness.owed import every_request
from tests.harness.simulation import LIFELIKE, Simulation, simulation
from tests.harness.world import ANN, BO, DANA, GENERAL, World, buttons, eventually, said
from tests.proofs.races.test_entra import LETTERS, ROUNDS, WAITS_SECONDS, _packages

# As many as one page of a list shows.
HELD: Final = LETTERS[:6]
SIGN_INS: Final = ROUNDS // 2
Deed = Callable[[World, str], Awaitable[None]]


@asynccontextmanager
async def two_replicas(
    database: Path, tmp_path: Path, version: str
) -> AsyncIterator[tuple[Simulation, World]]:
    """Two replicas on one database, where Entra decides about everything."""
    file = tmp_path / "latchkey.yml"
    file.write_text("defaults: {decides: entra}\n", "utf-8")
    more = {"LATCHKEY_PACKAGE_SETTINGS": str(file), "GRAPH_API_VERSION": version}
    async with simulation(database, pauses=LIFELIKE) as around:
        registered(around.outside)
        around.outside.environment |= {**SETTINGS, **more}
        _packages(around.outside.tenant.world)
        first = await around.start()
        await around.start()
        world = World(around.outside, first.latchkey)
        await world.synced()
        yield around, world


def held(world: World, name: str) -> list[str]:
    """What Ann has of a package, by the assignment's id."""
    tenant = world.tenant.world
    return [
        each.id
        for each in tenant.assignments.values()
        if each.is_live and tenant.packages[each.package_id].display_name == name
    ]


async def returns_in_slack(world: World, name: str) -> None:
    """Ann presses Return in her list."""
    shown = (await world.type(ANN, "/my-access")).message
    pressed = [
        each
        for each in buttons(shown)
        if each["text"]["text"] == "Return" and name in each.get("accessibility_label", "")
    ]
    if shown is not None and pressed:
        await world.press(ANN, shown, "Return", about=name)


async def returns_at_my_access(world: World, name: str) -> None:
    """Ann does it in the portal, unless it is gone."""
    tenant = world.tenant.world
    for assignment_id in held(world, name):
        asked = NewRequest(request_type="userRemove", assignment_id=assignment_id)
        try:
            accept(tenant, asked, user=tenant.users[seed.ANN])
        except Refusal:
            # Somebody was faster, as the portal says then.
            continue
        tenant.announce()


async def removed_by_an_admin(world: World, name: str) -> None:
    """Dana removes it."""
    slug = name.lower().replace(" ", "-")
    await world.type(DANA, f"/access-admin remove <@{ANN}> {slug} because it is over")


ALL: Final[dict[str, Deed]] = {
    "Ann returns": returns_in_slack,
    "Ann returns on the phone": returns_in_slack,
    "Ann returns there": returns_at_my_access,
    "Dana removes": removed_by_an_admin,
}


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_access_is_given_back_once(version, simulated, database, tmp_path):
    """One removal in Entra, one end here, and one message to whoever had it, whoever was first."""
    async with two_replicas(database, tmp_path, version) as (_, world):
        chance = simulated_loop().chance
        names = [f"Ledger {letter}" for letter in HELD]
        ids = {each.display_name: each.id for each in world.tenant.world.packages.values()}
        end = world.outside.clock.now() + timedelta(days=20)
        for name in names:
            world.tenant.assign(ids[name], seed.ANN, end=end)
        await world.synced()
        await connect(world, ANN)
        for name in names:
            await _given_back(world, name, chance)
        ours = await world.bot.store.read(every_request)
        assert {each.state for each in ours if each.kind is Kind.REMOVE} == {State.DELIVERED}


async def _given_back(world: World, name: str, chance: Random) -> None:
    """Let two or three do it at the same moment, and look at what is left."""

    async def act(each: str) -> None:
        await asyncio.sleep(chance.uniform(0, WAITS_SECONDS))
        await ALL[each](world, name)

    await asyncio.gather(*(act(each) for each in chance.sample(list(ALL), chance.randint(2, 3))))
    await eventually(lambda: not held(world, name), about=f"{name} is given back")
    await asyncio.sleep(timedelta(minutes=20).total_seconds())
    tenant = world.tenant.world
    removals = [
        (each.request_type, each.requestor_id, each.state)
        for each in tenant.requests.values()
        if each.request_type.endswith("Remove")
        and tenant.packages[each.package_id].display_name == name
    ]
    assert len(removals) == 1, (name, removals)
    kind, requestor, state = removals[0]
    assert state == "delivered"
    assert requestor == (seed.ANN if kind == "userRemove" else None)
    told = [said(each) for each in world.direct(ANN) if name in said(each) and _is_end(said(each))]
    assert len(told) == 1, (name, told)


def _is_end(words: str) -> bool:
    return any(each in words for each in ("you have returned", "was removed", "has ended"))


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_an_account_is_connected_once_whoever_signs_in_at_the_same_moment(
    version, simulated, database, tmp_path
):
    """In two browsers, each of which comes to either replica, while a request waits for it: sent once, told once for each sign-in that counts."""
    async with two_replicas(database, tmp_path, version) as (around, world):
        chance = simulated_loop().chance
        await connect(world, BO)
        for turn in range(1, SIGN_INS + 1):
            name = f"Ledger {LETTERS[turn]}"
            await world.type(ANN, f"/request-access {name.lower().replace(' ', '-')} because Q4")
            await world.told(ANN, "Please connect your Microsoft account", times=turn)
            links = [await link_of(world, ANN) for _ in range(2)]
            deeds = [_sign_in(around, world, link, chance) for link in links]
            if chance.random() < 1 / 2:
                deeds.append(_disconnects(world, chance))
            await asyncio.gather(*deeds)
            if await world.bot.store.read(accounts.find, ANN) is None:
                # Whoever disconnects last has the last word: what waits, waits on.
                assert await world.bot.store.read(accounts.sealed_token, ANN) is None
                with pytest.raises(NotConnected):
                    await world.bot.accounts.tokens.of(ANN).token()
                await connect(world, ANN)
            await eventually(lambda: world.cards(BO, name), about=f"a card for {name}")  # noqa: B023
            await asyncio.sleep(timedelta(minutes=20).total_seconds())
            assert await world.bot.accounts.tokens.of(ANN).token()
            assert len(world.cards(BO, name)) == 1
            await _disconnect(world)
        sent = [each.package_id for each in world.tenant.world.requests.values()]
        assert len(sent) == len(set(sent)) == SIGN_INS
        assert len(world.posts("userAdd")) == SIGN_INS


async def _sign_in(around: Simulation, world: World, link: str, chance: Random) -> None:
    """Sign in by a link, in a browser of its own."""
    browser = browser_to(around.some_bot, world.tenant.app)
    await asyncio.sleep(chance.uniform(0, WAITS_SECONDS))
    await browser.get(link)
    await browser.press("Go on to Microsoft")
    await asyncio.sleep(chance.uniform(0, WAITS_SECONDS))
    page = await browser.sign_in(email_of(ANN, world))
    assert page.heading == "Your Microsoft account is connected", page.shown


async def _disconnects(world: World, chance: Random) -> None:
    await asyncio.sleep(chance.uniform(0, 2 * WAITS_SECONDS))
    await _disconnect(world)


async def _disconnect(world: World) -> None:
    """Disconnect, and wait for the answer: it is not what is typed next that is answered so."""
    before = len(world.whispers(ANN, GENERAL))
    await world.type(ANN, "/my-access disconnect")
    await eventually(lambda: len(world.whispers(ANN, GENERAL)) > before, about="the answer")

"""One package that cannot be read is one package: it stays as it was, and everything else goes on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog

from bot import clock
from bot.assignments.store import troubles
from bot.packages.bounds import Bounds
from bot.packages.model import Package
from bot.packages.store import catalog
from bot.sync.assignments import MISSES_BEFORE_ALARM
from bot.sync.everything import TenantSync
from graph.errors import BadAnswer
from sandbox.tenant import seed
from tests.bot.sync.test_tenant_sync import give, row
from tests.harness.by_hand import BotHarness
from tests.harness.wires import Fault, GoOn

PACKAGES = "GET .*/accessPackages$"
POLICIES = "GET .*/assignmentPolicies$"
RESOURCES = "GET .*/resources$"
EVER = 10**6

Spoil = Callable[[dict[str, Any]], None]


def spoiled(spoil: Spoil) -> Fault:
    """A list of which *spoil* spoils items."""

    async def do(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        answer = await go_on()
        await answer.aread()
        body = answer.json()
        for each in body.get("value", []):
            spoil(each)
        return httpx.Response(200, json=body, request=request)

    return do


def only(item_id: str, **words: Any) -> Spoil:
    def spoil(item: dict[str, Any]) -> None:
        if item["id"] == item_id:
            item.update(words)

    return spoil


def package(**words: Any) -> Callable[[BotHarness], None]:
    def spoil(harness: BotHarness) -> None:
        fault = spoiled(only(seed.MARKETING_CAMPAIGN, **words))
        harness.line.on(PACKAGES, fault, times=EVER)

    return spoil


def policy_in_its_package(harness: BotHarness) -> None:
    def spoil(item: dict[str, Any]) -> None:
        if item["id"] == seed.MARKETING_CAMPAIGN:
            item["assignmentPolicies"][0]["expiration"] = "soon"

    harness.line.on(PACKAGES, spoiled(spoil), times=EVER)


def policy_with_its_questions(harness: BotHarness) -> None:
    policy = harness.policy_of(seed.MARKETING_CAMPAIGN)
    harness.line.on(POLICIES, spoiled(only(policy.id, questions="many")), times=EVER)


SPOILED: dict[str, Callable[[BotHarness], None]] = {
    "the package": package(isHidden="perhaps"),
    "its catalog": package(catalog="General"),
    "its policy": policy_in_its_package,
    "its policy's questions": policy_with_its_questions,
}


async def synced(harness: BotHarness) -> dict[str, Package]:
    return {each.id: each for each in await harness.store.read(catalog.list_all)}


@pytest.mark.parametrize("what", SPOILED)
async def test_a_package_that_cannot_be_read_stays_as_it_was(harness, what):
    """The others follow Graph."""
    before = await synced(harness)
    world = harness.tenant.world.packages
    SPOILED[what](harness)
    for each in (seed.MARKETING_CAMPAIGN, seed.BOARD_PAPERS):
        world[each].description = "Another description"
    with structlog.testing.capture_logs() as log:
        await harness.tenant_sync.run()

    after = await synced(harness)
    assert after[seed.MARKETING_CAMPAIGN] == before[seed.MARKETING_CAMPAIGN]
    assert after[seed.BOARD_PAPERS].description == "Another description"
    unread = [each["package"] for each in log if each["event"] == "package-not-readable"]
    assert unread == [seed.MARKETING_CAMPAIGN]


async def test_it_keeps_its_slug(harness):
    """A new one of the same name cannot take it away."""
    twin = "00000000-0000-4000-8000-000000000000"
    world = harness.tenant.world.packages
    world[twin] = replace(world[seed.MARKETING_CAMPAIGN], id=twin, role_scopes=[])
    package(isHidden="perhaps")(harness)

    await harness.tenant_sync.run()

    slugs = {each.id: each.slug for each in (await synced(harness)).values()}
    assert slugs[seed.MARKETING_CAMPAIGN] == "marketing-campaign"
    assert slugs[twin] == "marketing-campaign-2"


@pytest.mark.parametrize("what", SPOILED)
async def test_who_has_it_is_followed_all_the_same(harness, what):
    """Its assignments can be read."""
    held = await give(harness)
    SPOILED[what](harness)
    moved = clock.now() + timedelta(days=3)
    harness.tenant.move_end(held, moved)

    await harness.tenant_sync.run()

    found = await row(harness, held)
    assert (found.ends_at, found.package_name) == (moved, "Marketing Campaign")


async def test_one_that_was_never_read_is_not_offered(harness):
    """Until it can be read."""
    new = "00000000-0000-4000-8000-000000000000"
    world = harness.tenant.world.packages
    world[new] = replace(world[seed.BOARD_PAPERS], id=new, display_name="New", role_scopes=[])
    harness.line.on(PACKAGES, spoiled(only(new, isHidden="perhaps")), times=1)

    await harness.tenant_sync.run()
    assert new not in await synced(harness)

    await harness.tenant_sync.run()
    assert new in await synced(harness)


async def test_one_that_is_gone_is_forgotten(harness):
    """It is in no list any more, which is another matter."""
    package(isHidden="perhaps")(harness)
    harness.tenant.delete_package(seed.MARKETING_CAMPAIGN)

    await harness.tenant_sync.run()

    assert seed.MARKETING_CAMPAIGN not in await synced(harness)


async def test_the_admins_hear_of_it_after_three_syncs_and_when_it_has_passed(harness):
    """Once, with its name; and it is counted."""
    broken = spoiled(only(seed.MARKETING_CAMPAIGN, isHidden="perhaps"))
    harness.line.on(PACKAGES, broken, times=MISSES_BEFORE_ALARM + 1)
    for number in range(MISSES_BEFORE_ALARM + 1):
        assert await harness.store.read(troubles.count) == (
            {"package": 1} if number >= MISSES_BEFORE_ALARM else {}
        )
        await harness.tenant_sync.run()
        await harness.talk()

    shown = [str(each.blocks) for each in harness.workspace.channels["C0APPROVALS"].messages]
    (card,) = [each for each in shown if "I cannot read the access package" in each]
    assert "*Marketing Campaign*" in card
    figures = (await harness.latchkey.exposition.metrics()).decode()
    assert 'latchkey_troubles{kind="package"} 1.0' in figures

    await harness.tenant_sync.run()
    await harness.talk()
    assert await harness.store.read(troubles.count) == {}
    shown = [str(each.blocks) for each in harness.workspace.channels["C0APPROVALS"].messages]
    assert any("I can read it again" in each for each in shown)


async def test_packages_without_a_policy_wait_for_a_list_of_policies_that_can_be_read(harness):
    """Whose the one is that cannot be read, cannot be told."""
    before = await synced(harness)
    without = (seed.MARKETING_CAMPAIGN, seed.BOARD_PAPERS)

    def leave_out(item: dict[str, Any]) -> None:
        if item["id"] in without:
            item["assignmentPolicies"] = []

    harness.line.on(PACKAGES, spoiled(leave_out), times=EVER)
    other = harness.policy_of(seed.BOARD_PAPERS)
    harness.line.on(POLICIES, spoiled(only(other.id, expiration="soon")), times=1)
    for each in harness.tenant.world.packages.values():
        each.description = "Another description"

    await harness.tenant_sync.run()

    after = await synced(harness)
    changed = {key for key, each in after.items() if each.description == "Another description"}
    assert changed == set(before) - set(without)


async def test_a_resource_that_cannot_be_read_concerns_what_gives_it(harness):
    """What those packages give cannot be named; the others follow Graph."""
    world = harness.tenant.world
    (given,) = {each.resource_id for each in world.packages[seed.MARKETING_CAMPAIGN].role_scopes}
    giving = {
        each.id
        for each in world.packages.values()
        if given in {scope.resource_id for scope in each.role_scopes}
    }
    harness.line.on(RESOURCES, spoiled(only(given, attributes="none")), times=EVER)
    for each in world.packages.values():
        each.description = "Another description"

    await harness.tenant_sync.run()

    after = await synced(harness)
    changed = {key for key, each in after.items() if each.description == "Another description"}
    assert changed == set(after) - giving


async def test_packages_that_cannot_be_read_at_all_fail_the_sync(harness):
    """Then it is Graph, and not a package."""
    harness.line.on(PACKAGES, spoiled(lambda item: item.update(isHidden="perhaps")), times=EVER)

    with pytest.raises(BadAnswer):
        await harness.tenant_sync.run()


async def test_one_of_which_not_even_the_id_can_be_read_fails_the_sync(harness):
    """Otherwise it would be taken for gone."""

    def spoil(item: dict[str, Any]) -> None:
        if item["id"] == seed.MARKETING_CAMPAIGN:
            item["id"] = None

    harness.line.on(PACKAGES, spoiled(spoil), times=EVER)

    with pytest.raises(BadAnswer):
        await harness.tenant_sync.run()
    assert seed.MARKETING_CAMPAIGN in await synced(harness)


async def test_within_bounds_nobody_knows_whose_an_unread_package_is(harness):
    """So who has one that was never read is not written down."""
    world = harness.tenant.world.packages
    package(isHidden="perhaps")(harness)
    catalog_id = world[seed.MARKETING_CAMPAIGN].catalog_id
    await harness.store.run(catalog.replace, [])
    bounded = TenantSync(
        store=harness.store,
        graph=harness.graph,
        people=harness.people,
        bounds=Bounds(catalog_ids=frozenset({catalog_id})),
    )
    held = await give_quietly(harness)

    await bounded.run()
    with pytest.raises(AssertionError):
        await row(harness, held)

    await harness.tenant_sync.run()
    assert (await row(harness, held)).package_name == "Marketing Campaign"


async def give_quietly(harness: BotHarness) -> str:
    """The campaign is given in Entra, and no sync has seen it yet."""
    await harness.graph.assignment_requests.create(
        request_type="adminAdd",
        target_id=seed.ANN,
        package_id=seed.MARKETING_CAMPAIGN,
        policy_id=harness.policy_of(seed.MARKETING_CAMPAIGN).id,
    )
    harness.shift(timedelta(seconds=10))
    harness.tenant.tick()
    return next(reversed(harness.tenant.world.assignments))

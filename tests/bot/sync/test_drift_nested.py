"""The check for drift in groups that have groups within them, large ones and settled ones too."""

import random
from datetime import timedelta

import httpx
import pytest

from bot import clock
from bot.assignments.store import assignments
from bot.drift.model import DriftKind, DriftState
from bot.drift.store import mismatches
from bot.sync import group_members
from sandbox.tenant import seed
from sandbox.tenant.model import Group
from tests.bot.samples import ANN, BO, held
from tests.bot.sync.test_drift import ended, found
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering
from tests.harness.wires import GoOn

EVER = 10**6
DAY = timedelta(days=1)


def inner_group(harness: BotHarness, name: str, *members: str) -> Group:
    """A group with these members, which no package gives."""
    world = harness.tenant.world
    made = Group(
        id=world.new_id(), display_name=name, created_at=world.now(), members=list(members)
    )
    world.groups[made.id] = made
    return made


async def test_a_group_within_the_group_is_told_once_and_its_members_are_not(harness, check):
    """Bo is put into the group itself as well, and Cy has the package; when the group is taken out, it passes."""
    outer = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    innermost = inner_group(harness, "Interns", seed.MIA, BO)
    inner = inner_group(harness, "Helpers", seed.CY, innermost.id)
    outer.members += [BO, inner.id]

    await check.run()
    assert sorted(await found(harness)) == [(DriftKind.MEMBER, BO), (DriftKind.NESTED, inner.id)]
    (nested,) = [
        each
        for each in await harness.store.run(mismatches.current)
        if each.kind is DriftKind.NESTED
    ]
    assert (nested.person_name, nested.group_name) == ("Helpers", outer.display_name)
    assert nested.package_name == "Marketing Campaign"

    await harness.store.run(mismatches.settle, nested, DriftState.ADOPTED, by="U0DANA")
    await check.run()
    (again,) = [
        each for each in await harness.store.run(mismatches.current) if each.id == nested.id
    ]
    assert again.state is DriftState.ADOPTED

    outer.members.remove(inner.id)
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, BO)]


async def test_who_has_it_by_a_group_within_the_group_alone_still_has_it(harness, check):
    """Their access is over."""
    await harness.store.run(ended, clock.now() - 2 * DAY)
    inner = inner_group(harness, "Helpers", ANN)
    harness.tenant.world.groups[seed.MARKETING_RESOURCES].members.append(inner.id)

    await check.run()

    assert sorted(await found(harness)) == [
        (DriftKind.NESTED, inner.id),
        (DriftKind.STILL_MEMBER, ANN),
    ]


@pytest.mark.parametrize("seed_", range(6))
async def test_whatever_is_nested_in_whatever(harness, check, seed_):
    """Rings of groups, too: told are the groups that are directly within, and the people who are."""
    dice = random.Random(seed_)  # noqa: S311 - repeatable
    outer = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    people = [seed.ANN, seed.BO, seed.CY, seed.DANA, seed.MIA]
    inner = [inner_group(harness, f"Inner {number}") for number in range(4)]
    nodes = [outer, *inner]
    for group in nodes:
        others = [each.id for each in nodes if each is not group]
        group.members = dice.sample(people + others, dice.randrange(5))

    await check.run()

    ids = {each.id for each in inner}
    expected = {
        (DriftKind.NESTED if each in ids else DriftKind.MEMBER, each) for each in outer.members
    }
    assert set(await found(harness)) == expected


@pytest.fixture
def few(monkeypatch):
    """More than four people are more than are looked through."""
    monkeypatch.setattr(group_members, "MOST_MEMBERS", 4)


async def test_of_a_group_with_a_large_one_within_the_direct_members_are_told(harness, check, few):
    """And the large group, which is what matters most; whether somebody else is in it is not known."""
    await harness.store.run(ended, clock.now() - 2 * DAY)
    outer = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    inner = inner_group(harness, "All employees", BO, seed.CY, seed.DANA, seed.MIA, ANN)
    outer.members += [BO, ANN, inner.id]

    result = await check.run()

    assert sorted(await found(harness)) == [
        (DriftKind.MEMBER, BO),
        (DriftKind.NESTED, inner.id),
        (DriftKind.STILL_MEMBER, ANN),
    ]
    assert result["too_large_within"] == (outer.display_name,)
    assert (result["too_large"], result["unread"]) == ((), 0)

    outer.members.remove(BO)
    outer.members.remove(ANN)
    await check.run()
    assert sorted(await found(harness)) == [
        (DriftKind.NESTED, inner.id),
        # They may still be in it by the large group.
        (DriftKind.STILL_MEMBER, ANN),
    ]
    await harness.store.run(assignments.save_live, held(package_id=seed.MARKETING_CAMPAIGN))
    harness.tenant.assign(seed.MARKETING_CAMPAIGN, ANN, end=None)
    await check.run()
    assert DriftKind.STILL_MEMBER not in {kind for kind, _ in await found(harness)}


async def test_who_has_the_package_is_not_missed_in_a_group_with_a_large_one_within(
    harness, check, few
):
    """They may be in it by that; what was told of them before stays while they have the package."""
    outer = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    made = harness.tenant.assign(seed.MARKETING_CAMPAIGN, ANN, end=None)
    await check.run()
    outer.members.remove(ANN)
    harness.clock.shift(2 * DAY)
    await check.run()
    before = await found(harness)
    assert (DriftKind.NOT_MEMBER, ANN) in before

    inner = inner_group(harness, "All employees", seed.BO, seed.CY, seed.DANA, seed.MIA, ANN)
    outer.members.append(inner.id)
    await check.run()
    assert sorted(await found(harness)) == sorted([*before, (DriftKind.NESTED, inner.id)])

    harness.tenant.remove_assignment(made.id)
    await check.run()
    assert DriftKind.NOT_MEMBER not in {kind for kind, _ in await found(harness)}


async def test_a_group_with_too_many_direct_members_is_named(harness, check, few):
    """Nobody of them is told."""
    outer = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    outer.members += [seed.BO, seed.CY, seed.DANA, seed.MIA, seed.ANN]
    result = await check.run()
    assert await found(harness) == []
    assert (result["too_large"], result["too_large_within"]) == ((outer.display_name,), ())


async def test_a_group_that_has_grown_too_large_between_two_looks(harness, check, few):
    """Nothing is told that needs to know who is in the groups within it."""
    outer = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    harness.tenant.assign(seed.MARKETING_CAMPAIGN, ANN, end=None)
    await check.run()
    outer.members.remove(ANN)
    harness.clock.shift(2 * DAY)
    inner = inner_group(harness, "All employees", seed.BO)
    outer.members.append(inner.id)
    looks = []

    async def grow(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        looks.append(request)
        if len(looks) == 2:
            inner.members += [seed.CY, seed.DANA, seed.MIA, ANN]
        return await go_on()

    harness.line.on("GET .*/transitiveMembers", grow, times=EVER)
    await check.run()
    assert {kind for kind, _ in await found(harness)} - {DriftKind.UNASKED} == {DriftKind.NESTED}


SETTLED = (DriftState.ADOPTED, DriftState.IGNORED)


async def settle(harness: BotHarness, inner: Group, state: DriftState) -> None:
    """An admin says of a group within the group that it is right, or is not to be told for three days."""
    (nested,) = [
        each for each in await harness.store.run(mismatches.current) if each.entra_id == inner.id
    ]
    until = clock.now() + 3 * DAY if state is DriftState.IGNORED else None
    await harness.store.run(mismatches.settle, nested, state, by="U0DANA", until=until)


@pytest.mark.parametrize("state", SETTLED)
async def test_of_the_members_of_a_group_that_was_settled_nothing_new_is_told(
    harness, check, state
):
    """What was told before stays; and what is told again once the group is."""
    await harness.store.run(ended, clock.now() - 2 * DAY)
    outer = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    inner = inner_group(harness, "Helpers")
    outer.members.append(inner.id)
    await check.run()
    await settle(harness, inner, state)

    inner.members.append(ANN)
    await check.run()
    assert await found(harness) == [(DriftKind.NESTED, inner.id)]

    still = [(DriftKind.NESTED, inner.id), (DriftKind.STILL_MEMBER, ANN)]
    if state is DriftState.IGNORED:
        harness.clock.shift(4 * DAY)
    else:
        outer.members.append(ANN)
    await check.run()
    assert sorted(await found(harness)) == still
    outer.members = [inner.id]
    await check.run()
    assert sorted(await found(harness)) == still


@pytest.mark.parametrize("seed_", range(8))
async def test_some_groups_within_the_group_are_settled(harness, check, seed_):
    """Told is whoever is in it directly or by one that is not, whatever is nested in whatever."""
    dice = random.Random(seed_)  # noqa: S311 - repeatable
    outer = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    inner = [inner_group(harness, f"Inner {number}") for number in range(4)]
    nodes = [outer, *inner]
    nested = dice.sample(inner, 3)
    outer.members = [each.id for each in nested]
    await check.run()
    settled = dice.sample(nested, dice.randrange(4))
    for each in settled:
        await settle(harness, each, dice.choice(SETTLED))
    await harness.store.run(ended, clock.now() - 2 * DAY)
    for group in nodes:
        others = [each.id for each in inner if each is not group and each.id not in group.members]
        group.members += dice.sample([ANN, *others], dice.randrange(3))
    await check.run()

    groups = harness.tenant.world.groups
    ways = [each for each in outer.members if each not in {group.id for group in settled}]
    reached: set[str] = set()
    while ways:
        reached.add(way := ways.pop())
        ways += (
            [each for each in groups[way].members if each not in reached] if way in groups else []
        )
    told = (DriftKind.STILL_MEMBER, ANN) in await found(harness)
    assert told == (ANN in reached)


async def test_where_another_group_within_cannot_be_read_nothing_new_is_told_of_its_members(
    harness, check
):
    """All else is."""
    await harness.store.run(ended, clock.now() - 2 * DAY)
    outer = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    settled, other = inner_group(harness, "Helpers"), inner_group(harness, "Guests")
    outer.members += [settled.id, other.id]
    await check.run()
    await settle(harness, settled, DriftState.ADOPTED)
    other.members.append(ANN)
    outer.members.append(BO)
    harness.line.on(f"GET .*{other.id}/transitiveMembers", answering(403, "Forbidden"))
    await check.run()
    assert (DriftKind.MEMBER, BO) in await found(harness)
    assert (DriftKind.STILL_MEMBER, ANN) not in await found(harness)
    await check.run()
    assert (DriftKind.STILL_MEMBER, ANN) in await found(harness)

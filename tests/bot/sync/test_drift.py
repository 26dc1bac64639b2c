"""The check for drift says nothing of what could not be read, and keeps what was found."""

import random
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from bot import clock
from bot.assignments.model import EndReason
from bot.assignments.store import assignments
from bot.database import audit
from bot.drift.model import DriftKind, DriftState
from bot.drift.store import approved, mismatches
from bot.requests.model import State
from bot.requests.store import requests
from bot.retention.deletion import delete_old
from bot.retention.model import Retention
from bot.sync import group_members
from bot.sync.drift import DriftCheck
from sandbox.tenant import seed
from sandbox.tenant.model import Group
from tests.bot.samples import ANN, BO, held, wish
from tests.harness.by_hand import BotHarness
from tests.harness.faults import answering
from tests.harness.wires import GoOn

EVER = 10**6
DAY = timedelta(days=1)


@pytest.fixture
def check(harness):
    """A check whose sync runs by hand."""

    async def synced():
        return await harness.tenant_sync.run()

    return DriftCheck(store=harness.store, graph=harness.graph, synced=synced)


async def found(harness: BotHarness) -> list[tuple[DriftKind, str]]:
    return [(each.kind, each.entra_id) for each in await harness.store.run(mismatches.current)]


def shut(harness: BotHarness, package_ids: set[str]) -> None:
    """A role for some catalogs: Graph shows the assignments of one package after another, but not of these."""

    async def refuse(request: httpx.Request, go_on: GoOn) -> httpx.Response:
        asked = unquote(str(request.url))
        if "accessPackage/id" not in asked or any(each in asked for each in package_ids):
            return await answering(403, "Forbidden")(request, go_on)
        return await go_on()

    harness.line.on("GET .*/assignments$", refuse, times=EVER)


async def test_why_somebody_is_in_a_group_is_unknown_while_a_package_of_it_is(harness, check):
    """Ann has it, and we have never seen a row of it: that she had no package would not be so."""
    shut(harness, {seed.MARKETING_CAMPAIGN})
    harness.tenant.assign(seed.MARKETING_CAMPAIGN, ANN, end=None)
    assert ANN in harness.tenant.world.groups[seed.MARKETING_RESOURCES].members

    await check.run()

    assert await harness.store.run(approved.live, after="", limit=9) == []
    assert await found(harness) == []


@pytest.mark.parametrize("state", [DriftState.OPEN, DriftState.ADOPTED])
async def test_who_is_still_a_member_stays_so_when_the_row_is_deleted(harness, check, state):
    """Retention deletes why; what an admin has said of it counts on, and they are told of nothing new."""
    ended_at = clock.now() - 2 * DAY
    await harness.store.run(_ended, ended_at)
    harness.tenant.world.groups[seed.MARKETING_RESOURCES].members.append(ANN)
    await check.run()
    (before,) = await harness.store.run(mismatches.current)
    assert before.kind is DriftKind.STILL_MEMBER
    if state is DriftState.ADOPTED:
        await harness.store.run(mismatches.settle, before, state, by="U0DANA")
    deleted = await delete_old(harness.store, Retention(requests=DAY))
    assert deleted.assignments == 1

    await check.run()

    (after,) = await harness.store.run(mismatches.current)
    assert (after.id, after.kind, after.state, after.times) == (before.id, before.kind, state, 1)
    assert (after.since, after.package_name) == (before.since, before.package_name)
    assert after.seen_at > before.seen_at


@pytest.mark.parametrize(
    ("began", "written", "is_known"),
    [
        (-40, {"cli-grant": -40}, True),
        (-40, {"cli-grant": -40, "cli-extend": -10}, True),
        (-10, {"cli-grant": -40, "cli-extend": -10}, True),
        (-10, {"cli-grant": -40}, False),
        (-10, {"cli-extend": -10}, False),
    ],
)
async def test_an_operators_grant_counts_for_what_began_by_it(
    harness, check, began, written, is_known
):
    """Or by their extension of it, should Entra move its start; in days."""
    made = harness.tenant.assign(seed.MARKETING_CAMPAIGN, ANN, end=None)
    made.start = clock.now() + began * DAY
    for verb, days in written.items():
        await harness.store.run(_by_operator, verb, clock.now() + days * DAY)
    await check.run()
    assert await found(harness) == ([] if is_known else [(DriftKind.UNASKED, ANN)])


def _by_operator(db, verb, at):
    ids: dict[str, Any] = {"subject_entra_id": ANN, "package_id": seed.MARKETING_CAMPAIGN}
    audit.record(db, at=at, actor="cli:olga", verb=verb, after="submitted", **ids)


async def test_it_has_not_passed_because_they_ask_for_it(harness, check):
    """Until they have it: that they are in its group without it is still so."""
    harness.tenant.world.groups[seed.MARKETING_RESOURCES].members.append(ANN)
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, ANN)]
    asked = wish(entra_id=ANN, package_id=seed.MARKETING_CAMPAIGN)
    await harness.store.run(requests.add, asked)
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, ANN)]


def _ended(db, at):
    row = held(package_id=seed.MARKETING_CAMPAIGN, ends_at=at)
    assignments.save_live(db, row)
    assignments.end(db, row.id, why=EndReason.RAN_OUT, at=at)


async def test_what_was_found_before_stays_meanwhile(harness, check):
    """It has not passed, as far as anybody knows; once the package can be read again, all is told."""
    group = harness.tenant.world.groups[seed.MARKETING_RESOURCES]
    group.members.append(BO)
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, BO)]
    shut(harness, shut_ones := {seed.MARKETING_CAMPAIGN})
    group.members.remove(BO)
    group.members.append(ANN)
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, BO)]
    shut_ones.clear()
    await check.run()
    assert await found(harness) == [(DriftKind.MEMBER, ANN)]


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
    await harness.store.run(_ended, clock.now() - 2 * DAY)
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


@pytest.mark.parametrize(
    ("asked", "sent", "begins", "is_told"),
    [
        (timedelta(days=9), timedelta(days=2), None, True),
        # Two days before somebody approved it are not Entra's.
        (timedelta(days=9), timedelta(minutes=1), None, False),
        (timedelta(days=9), timedelta(days=8), timedelta(days=1), False),
        (timedelta(days=9), timedelta(days=8), timedelta(hours=-1), False),
        (timedelta(days=9), timedelta(days=8), timedelta(days=-3), True),
        (timedelta(days=9), None, None, True),
    ],
)
async def test_what_entra_has_long_not_finished_is_told(
    harness, check, asked, sent, begins, is_told
):
    """Long since it was sent and its access was to begin."""
    now = clock.now()
    await harness.store.run(
        requests.add,
        wish(
            entra_id=ANN,
            package_id=seed.MARKETING_CAMPAIGN,
            state=State.SUBMITTED,
            asked_at=now - asked,
            intent_at=sent and now - sent,
            starts_at=begins and now + begins,
            attempts=1,
        ),
    )
    await check.run()

    found = await harness.store.run(mismatches.current)

    assert [each.kind for each in found] == ([DriftKind.STUCK] if is_told else [])


@pytest.fixture
def few(monkeypatch):
    """More than four people are more than are looked through."""
    monkeypatch.setattr(group_members, "MOST_MEMBERS", 4)


async def test_of_a_group_with_a_large_one_within_the_direct_members_are_told(harness, check, few):
    """And the large group, which is what matters most; whether somebody else is in it is not known."""
    await harness.store.run(_ended, clock.now() - 2 * DAY)
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
    await harness.store.run(_ended, clock.now() - 2 * DAY)
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
    await harness.store.run(_ended, clock.now() - 2 * DAY)
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
    await harness.store.run(_ended, clock.now() - 2 * DAY)
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

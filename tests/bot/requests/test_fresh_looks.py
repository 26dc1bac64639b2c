"""
The second look: what changes between a request and its grant stops the grant, however much of the look is shared.

One moment (`bot.requests.shared_reads.FRESH`) is the most that anything read may be old; within it one look serves for both.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.requests.model import Request, State
from bot.requests.shared_reads import FRESH
from sandbox.tenant.model import Assignment, Package
from sandbox.tenant.model import Request as GraphRequest
from tests.harness import crowd
from tests.harness.by_hand import BotHarness
from tests.harness.faults import and_then, answering

POST = "POST .*/assignmentRequests"
# Of a crowd at one package, so many that it is asked who has the package, and not about each person.
MANY = 12
# Whom something happens to.
SHE = 3

Change = Callable[[BotHarness], None]


def package(harness: BotHarness) -> Package:
    return harness.tenant.world.packages[crowd.package_id(0)]


def given(harness: BotHarness, package_id: str) -> None:
    """She gets a package by somebody else."""
    world = harness.tenant.world
    (policy,) = world.policies_of(package_id)
    made = Assignment(
        id=world.new_id(),
        package_id=package_id,
        policy_id=policy.id,
        target_id=crowd.entra_id(SHE),
        subject_id=world.subject_id(crowd.entra_id(SHE)),
        created_at=world.now(),
        state="delivered",
        status="Delivered",
        start=world.now(),
        end=world.now() + timedelta(days=10),
    )
    world.assignments[made.id] = made


def person_is_disabled(harness: BotHarness) -> None:
    harness.tenant.disable_user(crowd.entra_id(SHE))


def person_is_deleted(harness: BotHarness) -> None:
    harness.tenant.delete_user(crowd.entra_id(SHE))


def person_is_two(harness: BotHarness) -> None:
    twin = crowd.entra_id(SHE).replace("a1", "a2", 1)
    user = harness.tenant.world.users[crowd.entra_id(SHE)]
    harness.tenant.world.users[twin] = type(user)(
        **{**vars(user), "id": twin, "user_principal_name": "twin@contoso.example"}
    )


def person_is_a_guest_in_slack(harness: BotHarness) -> None:
    harness.workspace.people[crowd.slack_id(SHE)].is_restricted = True


def person_has_it(harness: BotHarness) -> None:
    given(harness, crowd.package_id(0))


def person_has_what_excludes_it(harness: BotHarness) -> None:
    package(harness).incompatible_packages.append(crowd.package_id(1))
    given(harness, crowd.package_id(1))


def person_is_in_what_excludes_it(harness: BotHarness) -> None:
    world = harness.tenant.world
    group = next(iter(world.groups.values()))
    group.members.append(crowd.entra_id(SHE))
    package(harness).incompatible_groups.append(group.id)


def person_has_asked_in_entra(harness: BotHarness) -> None:
    world = harness.tenant.world
    (policy,) = world.policies_of(crowd.package_id(0))
    made = GraphRequest(
        id=world.new_id(),
        request_type="userAdd",
        created_at=world.now(),
        package_id=crowd.package_id(0),
        policy_id=policy.id,
        target_id=crowd.entra_id(SHE),
        requestor_id=crowd.entra_id(SHE),
        state="pendingApproval",
        status="PendingApproval",
    )
    world.requests[made.id] = made


def policy_is_for_others(harness: BotHarness) -> None:
    (policy,) = harness.tenant.world.policies_of(crowd.package_id(0))
    policy.allowed_target_scope, policy.specific_allowed_targets = "specificDirectoryUsers", []


def policy_is_unsupported(harness: BotHarness) -> None:
    (policy,) = harness.tenant.world.policies_of(crowd.package_id(0))
    policy.allowed_target_scope = "unknownFutureValue"


def policy_lets_nobody_ask(harness: BotHarness) -> None:
    (policy,) = harness.tenant.world.policies_of(crowd.package_id(0))
    policy.settings["requestorSettings"] = {"enableTargetsToSelfAddAccess": False}


def package_is_removed(harness: BotHarness) -> None:
    harness.tenant.delete_package(crowd.package_id(0))


def catalog_is_switched_off(harness: BotHarness) -> None:
    world = harness.tenant.world
    world.catalogs[package(harness).catalog_id].state = "unpublished"


HERS = [
    person_is_disabled,
    person_is_deleted,
    person_is_two,
    person_is_a_guest_in_slack,
    person_has_it,
    person_has_what_excludes_it,
    person_is_in_what_excludes_it,
    person_has_asked_in_entra,
]
# What is true of the package may be known for a moment: who asks for it, and what excludes it.
OF_THE_PACKAGE_TOO = [
    person_has_what_excludes_it,
    person_is_in_what_excludes_it,
    person_has_asked_in_entra,
]
EVERYBODYS = [
    policy_is_for_others,
    policy_is_unsupported,
    policy_lets_nobody_ask,
    package_is_removed,
    catalog_is_switched_off,
]


def named(change: Change) -> str:
    return change.__name__


@pytest.fixture
async def shop(harness):
    """Many people, and two packages that everybody may have without approval."""
    crowd.ready(harness.around.outside, people=MANY, packages=2)
    await harness.tenant_sync.run()
    return harness


async def asked(shop: BotHarness, *people: int) -> list[Request]:
    """They ask for the same package; nobody has looked at it yet."""
    wishes = [
        await shop.requests.ask(slack_user=crowd.slack_id(number), text=crowd.slug(0))
        for number in people
    ]
    return [each.request for each in wishes]


async def now(shop: BotHarness, request: Request) -> Request:
    return await shop.request(request.id)


def posted_for(shop: BotHarness, person: int) -> int:
    return sum(
        each.target_id == crowd.entra_id(person) and each.request_type == "adminAdd"
        for each in shop.tenant.world.requests.values()
    )


@pytest.mark.parametrize("change", [*HERS, *EVERYBODYS], ids=named)
async def test_what_changed_a_moment_ago_stops_a_grant_that_nobody_decides(shop, change):
    """The worker died between its judgment and the POST; whoever goes on looks for themselves."""
    (request,) = await asked(shop, SHE)
    judged = await shop.evaluator.receive(await shop.claimed(request))
    assert judged is not None
    assert judged.state is State.APPROVED
    change(shop)

    await asyncio.sleep(FRESH.total_seconds() + 1)
    await shop.expire_all_waits()
    await shop.work()

    assert (await now(shop, request)).state is State.REFUSED
    assert posted_for(shop, SHE) == 0


@pytest.mark.parametrize("change", HERS, ids=named)
async def test_what_happened_to_the_person_stops_what_is_posted_again(shop, change):
    """Graph was too busy: the look of before the POST serves no second one, not even in the same moment."""
    shop.line.on(POST, answering(429))
    (request,) = await asked(shop, SHE)
    await shop.jobs.requests.run()
    assert (await now(shop, request)).state is State.APPROVED
    change(shop)

    if change in OF_THE_PACKAGE_TOO:
        await asyncio.sleep(FRESH.total_seconds() + 1)
    await shop.expire_all_waits()
    await shop.jobs.requests.run()

    assert (await now(shop, request)).state is State.REFUSED
    assert posted_for(shop, SHE) == 0


@pytest.mark.parametrize("change", HERS, ids=named)
async def test_what_happened_to_one_of_a_crowd_stops_theirs_alone(shop, change):
    """They are looked at together; the others get what they asked for."""
    shop.line.on(POST, answering(429), times=MANY)
    requests = await asked(shop, *range(MANY))
    await shop.work()
    assert {(await now(shop, each)).state for each in requests} == {State.APPROVED}
    change(shop)

    await asyncio.sleep(FRESH.total_seconds() + 1)
    await shop.expire_all_waits()
    await shop.work()

    states = [(await now(shop, each)).state for each in requests]
    assert states.pop(SHE) is State.REFUSED
    assert set(states) == {State.SUBMITTED}
    assert posted_for(shop, SHE) == 0


@pytest.mark.parametrize("change", EVERYBODYS, ids=named)
async def test_what_happened_to_the_package_stops_a_whole_crowd(shop, change):
    """Nobody gets it by what was true before."""
    shop.line.on(POST, answering(429), times=MANY)
    requests = await asked(shop, *range(MANY))
    await shop.work()
    change(shop)

    await asyncio.sleep(FRESH.total_seconds() + 1)
    await shop.expire_all_waits()
    await shop.work()

    assert {(await now(shop, each)).state for each in requests} == {State.REFUSED}
    assert shop.posted("adminAdd") == 0


async def test_one_look_serves_for_the_judgment_and_the_grant_of_one_moment(shop):
    """Nobody decides in between, so nothing is read twice."""
    await asked(shop, SHE)
    shop.line.operations.clear()

    await shop.jobs.requests.run()

    assert shop.posted("adminAdd") == 1
    assert len(shop.line.operations) == len(set(shop.line.operations))


async def test_a_grant_that_somebody_decided_has_a_look_of_its_own(harness):
    """Also when they decide at once: what the person has is read again."""
    await asyncio.sleep(FRESH.total_seconds() + 1)
    taken = await harness.requests.ask(slack_user="U0ANN", text="finance-reports because Q4")
    await harness.work()
    before = len([each for each in harness.line.operations if "target/objectId" in each])
    await harness.approvals.decide(
        ask_id=taken.request.ask_id,
        verb="approve",
        slack_user="U0BO",
        team="T0LATCH",
        channel=None,
    )
    await harness.work()

    after = len([each for each in harness.line.operations if "target/objectId" in each])
    assert (before, after) == (1, 2)


async def test_a_slow_judgment_is_looked_at_again(shop):
    """The look is as old as its first fact, and too old for the grant if judging took so long."""

    async def dawdle() -> None:
        await asyncio.sleep(FRESH.total_seconds() + 1)

    shop.line.on("GET .*/assignmentPolicies/", and_then(dawdle))
    (request,) = await asked(shop, SHE)
    await shop.jobs.requests.run()

    assert (await now(shop, request)).state is State.SUBMITTED
    assert sum("/users?" in each for each in shop.line.operations[-30:]) >= 2

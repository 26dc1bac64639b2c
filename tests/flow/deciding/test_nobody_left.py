"""Nobody is left who could decide a request: whoever asked reads so, and the admins are told once what to do, and that it is over."""

import asyncio
import copy
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.admins_left import AdminsLeft
from bot.notifications.model import Notice
from bot.notifications.store import notices
from bot.packages.model import Stage
from bot.people.admins import GOOD_FOR_LISTS
from bot.people.model import Person
from bot.people.store import people
from bot.requests.model import Request
from sandbox.tenant import seed
from tests.bot.samples import terms, wish
from tests.harness.loop import simulated
from tests.harness.owed import every_request, rows_of
from tests.harness.world import ANN, APPROVALS, BO, DANA, MIA, eventually, living, said

ASK = "/request-access finance-reports because Q4"
NOBODY = "Too few people are left who can decide this"
SOMEBODY = "There are people again who can decide this"
ASKER_READS = (
    "waiting for somebody who can decide it (nobody can just now; the admins have been told)"
)
HOUR = timedelta(hours=1)


def approved_by(world, *entra_ids, steps=1, alternate=None):
    """Let these people decide each step of Finance Reports, and after a day an alternate."""
    [policy] = [
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == seed.FINANCE_REPORTS
    ]
    stage = policy.approval["stages"][0]
    stage["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": each} for each in entra_ids
    ]
    if alternate is not None:
        stage["isEscalationEnabled"] = True
        stage["durationBeforeEscalation"] = "P1D"
        stage["escalationApprovers"] = [
            {"@odata.type": "#microsoft.graph.singleUser", "userId": alternate}
        ]
    policy.approval["stages"] = [copy.deepcopy(stage) for _ in range(steps)]


def with_one_admin(outside):
    outside.workspace.usergroups["S0IAM"].users[:] = [DANA]


def told(world, what=f":rotating_light: {NOBODY}"):
    """Return what the admins' channel is told of it, below the card or above."""
    return [said(each) for each in world.slack.channel(APPROVALS).messages if what in said(each)]


async def bo_comes_too_late(world):
    """Let Dana ask for what she alone could decide, and name Bo in its policy once the admins are told."""
    approved_by(world, seed.DANA)
    await world.synced()
    await world.type(DANA, ASK)
    await eventually(lambda: told(world), about="the admins are told")
    approved_by(world, seed.BO)


async def mine(world, user):
    return said((await world.type(user, "/my-access")).message)


@pytest.mark.parametrize("setting", ["always", "fallback"])
async def test_the_only_admin_asks_for_what_they_alone_could_decide(database, setting):
    """The admins' channel reads it once, however long it waits, and that it is over; each time anew. A new admin then decides it, and nothing of it is said any more."""
    settings = {"LATCHKEY_ADMINS": "S0IAM", "LATCHKEY_ADMINS_DECIDE": setting}
    async with living(database, prepare=with_one_admin, **settings) as world:
        approved_by(world, seed.DANA)
        await world.synced()
        await world.type(DANA, ASK)

        await eventually(lambda: told(world), about="the admins are told")
        card = await world.card(APPROVALS)
        assert NOBODY in said(card)
        assert ASKER_READS in await mine(world, DANA)
        await asyncio.sleep(3 * HOUR.total_seconds())
        assert len(told(world)) == 1

        admins = world.slack.usergroups["S0IAM"].users
        for times in (1, 2):
            admins.append(MIA)
            await asyncio.sleep(HOUR.total_seconds() + 600)
            assert (len(told(world)), len(told(world, SOMEBODY))) == (times, times)
            assert NOBODY not in said(card)
            if times == 1:
                admins.remove(MIA)
                await asyncio.sleep(HOUR.total_seconds() + 600)
                assert (len(told(world)), len(told(world, SOMEBODY))) == (2, 1)
        assert ASKER_READS not in await mine(world, DANA)
        world.slack.channel(APPROVALS).members.add(MIA)
        await world.press(MIA, card, "Approve")
        await world.told(DANA, "You now have access")


async def test_an_alarm_that_slack_never_takes_is_not_made_anew_each_hour(database):
    """It was dropped, and would be refused again, for ever."""
    async with living(database, LATCHKEY_ADMINS=DANA) as world:
        approved_by(world, seed.DANA)
        await world.synced()
        async with world.bot.slack.limits.turn_in(APPROVALS):
            await world.type(DANA, ASK)

            async def left() -> list[Request]:
                known = await world.bot.store.run(every_request)
                return [each for each in known if each.nobody_left]

            [request] = await eventually(left, about="nobody is left")
            key = f"nudge:{request.ask_id}:nobody:{APPROVALS}"
            alarm = Notice(key=key, kind="reply", to=APPROVALS, request_id=request.id)
            await world.bot.store.run(notices.claim, [alarm], lease=HOUR)
            await world.bot.store.run(notices.drop, [key], why="invalid_blocks")
        await world.card(APPROVALS)
        await asyncio.sleep(4 * HOUR.total_seconds())

        rows = await world.bot.store.run(rows_of, "notice")
        assert [each["key"] for each in rows if ":nobody" in each["key"]] == [key]


async def test_an_approver_who_is_named_now_decides_within_the_hour(database):
    """The admins have read that they may add one to the policy."""
    async with living(database, LATCHKEY_ADMINS=DANA) as world:
        await bo_comes_too_late(world)
        await asyncio.sleep(HOUR.total_seconds() + 600)

        await world.press(BO, await world.card(BO), "Approve")
        await world.told(DANA, "You now have access")
        assert ASKER_READS not in await mine(world, DANA)


async def test_an_approver_who_is_named_now_decides_at_once_what_is_asked_for_anew(database):
    """Who does not want to wait for the hour cancels, and asks again."""
    async with living(database, LATCHKEY_ADMINS=DANA) as world:
        await bo_comes_too_late(world)
        # What is read of a policy may be five seconds old.
        await asyncio.sleep(10)

        shown = (await world.type(DANA, "/my-access")).message
        assert shown is not None
        await world.press(DANA, shown, "Cancel")
        await eventually(lambda: _is_canceled(world), about="canceled")
        await world.type(DANA, ASK)
        await world.press(BO, await world.card(BO), "Approve")
        await world.told(DANA, "You now have access")


async def _is_canceled(world):
    return await world.states() == ["add canceled"]


@pytest.mark.parametrize("setting", ["always", "fallback", "never"])
async def test_the_only_one_left_has_decided_the_step_before(database, setting):
    """Dana is the approver of both steps, and the only admin."""
    settings = {"LATCHKEY_ADMINS": DANA, "LATCHKEY_ADMINS_DECIDE": setting}
    async with living(database, **settings) as world:
        approved_by(world, seed.DANA, steps=2)
        await world.synced()
        await world.type(ANN, ASK)
        await world.press(DANA, await world.card(DANA), "Approve")

        await eventually(lambda: told(world), about="the admins are told")
        await world.told(ANN, "nobody can just now")
        assert ASKER_READS in await mine(world, ANN)
        assert len(told(world)) == 1


@pytest.mark.parametrize(
    ("admins", "approver"),
    [
        # Another admin may decide it.
        (f"{DANA},{MIA}", seed.DANA),
        # Whom the policy names may.
        (DANA, seed.BO),
    ],
)
async def test_who_is_left_is_asked_and_nobody_is_alarmed(database, admins, approver):
    """It waits as it always did."""
    async with living(database, LATCHKEY_ADMINS=admins) as world:
        approved_by(world, approver)
        await world.synced()
        await world.type(DANA, ASK)
        card = await world.card(APPROVALS)
        # A leap of the clock would leave the list of admins too old to say anything.
        await asyncio.sleep(2 * HOUR.total_seconds())

        assert told(world) == []
        assert NOBODY not in said(card)
        assert ASKER_READS not in await mine(world, DANA)


@pytest.mark.parametrize(("alternate", "is_told"), [(seed.BO, False), (seed.DANA, True)])
async def test_alternates_who_are_asked_later_are_left(database, alternate, is_told):
    """Where they are somebody who may decide it: in a day it is theirs."""
    async with living(database, LATCHKEY_ADMINS=DANA) as world:
        approved_by(world, seed.DANA, alternate=alternate)
        await world.synced()
        await world.type(DANA, ASK)
        card = await world.card(APPROVALS)
        await asyncio.sleep(2 * HOUR.total_seconds())

        assert bool(told(world)) is is_told
        assert (NOBODY in said(card)) is is_told
        assert (ASKER_READS in await mine(world, DANA)) is is_told
        if not is_told:
            await world.later(23 * HOUR)
            await world.press(BO, await world.card(BO), "Approve")
            await world.told(DANA, "You now have access")


async def test_two_accounts_of_the_only_admin_are_one(harness):
    """Who they are in Entra counts; whoever is not known there yet is counted, and judged when they click."""
    left = AdminsLeft(store=harness.store, permissions=harness.permissions)
    roster = harness.permissions.roster
    roster.members = frozenset({"U0DANA", "U0DANA2"})
    roster.members_read_at = clock.real()
    for account in roster.members:
        dana = Person(slack_user=account, slack_name="d", entra_id=seed.DANA, entra_name="Dana")
        await harness.store.run(people.bind, dana)
    of_ann = wish(entra_id=seed.ANN, terms=terms(stages=(Stage(),)))

    assert await left.count(of_ann, beside=()) == 1
    assert await left.count(of_ann, beside=(seed.DANA.upper(),)) == 0
    assert await left.count(replace(of_ann, entra_id=seed.DANA), beside=()) == 0
    roster.members |= {"U0NEW"}
    assert await left.count(of_ann, beside=(seed.DANA,)) == 1
    simulated().stand_still(GOOD_FOR_LISTS + timedelta(seconds=1))
    assert await left.count(of_ann, beside=()) is None

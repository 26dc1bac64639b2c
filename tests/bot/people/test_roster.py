"""Test how the admins are read, shared among replicas, and how long what was read of them counts."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest

from bot import clock
from bot.people.admins import GOOD_FOR_A_NO, MEMBER_FOR, Roster
from bot.slack.errors import SlackError
from sandbox.slack.seed import join_grid
from tests.harness.loop import simulated

SECOND = timedelta(seconds=1)
GROUPS, PROFILE, TOKEN = "usergroups.users.list", "users.info", "auth.test"


def calls_of(harness, method):
    return sum(call.method == method for call in harness.workspace.calls)


def roster_of(harness, *admins):
    """A replica's own, which has read nothing yet."""
    return Roster(slack=harness.slack, admins=admins)


def wait_until(moment):
    """To the moment: nothing takes time after it."""
    simulated().stand_still(moment - clock.real())


def sent(found):
    """What another replica gets of it."""
    return json.loads(json.dumps(found))


async def test_replicas_with_the_same_admins_share_a_name(harness):
    """In whatever order the setting has them; it is short."""
    name = roster_of(harness, "U0BO", "S0IAM").name

    assert roster_of(harness, "S0IAM", "U0BO").name == name
    assert roster_of(harness, "U0BO").name != name
    assert roster_of(harness, "U0BO", "S0IAM", "U0CY").name != name
    assert name.startswith("roster ")
    assert len(name) == len("roster ") + 16


async def test_before_anything_was_read_nobody_is_known_as_an_admin(harness):
    """Neither for lists nor for anything else."""
    roster = roster_of(harness, "U0BO", "S0IAM")

    assert roster.named == frozenset()
    assert not roster.was_admin("U0BO")
    assert not roster.is_fresh_for_lists()


async def test_what_one_replica_reads_another_learns(harness):
    """Who is named, who of them is a full member, and when that was read; nothing is asked again."""
    harness.workspace.people["U0MIA"].is_restricted = True
    found = await roster_of(harness, "U0MIA", "S0IAM").refresh()
    other = roster_of(harness, "U0MIA", "S0IAM")
    before = len(harness.workspace.calls)

    await other.learn(sent(found))

    assert found["named"] == ["U0DANA", "U0MIA"]
    assert other.named == {"U0DANA", "U0MIA"}
    assert other.members == {"U0DANA"}
    assert other.was_admin("U0DANA")
    assert not other.was_admin("U0MIA")
    assert other.is_fresh_for_lists()
    assert other.members_read_at == datetime.fromisoformat(found["read_at"])
    assert not await other.is_admin_now({"U0CY"})
    assert len(harness.workspace.calls) == before
    profiles = calls_of(harness, PROFILE)
    again = await other.refresh()
    assert (again["members"], again["checked"]) == (found["members"], found["checked"])
    assert calls_of(harness, PROFILE) == profiles


async def test_a_read_begins_before_it_ends(harness):
    """What changes while it is read may be missed by it."""
    before = clock.real()

    found = await roster_of(harness, "S0IAM").refresh()

    began, read = (datetime.fromisoformat(found[each]) for each in ("began_at", "read_at"))
    assert before == began < read <= clock.real()
    ((is_full, at),) = found["checked"].values()
    assert is_full is True
    assert began < datetime.fromisoformat(at) <= read


async def test_what_is_older_teaches_nothing(harness):
    """Replicas hear of each other in any order."""
    reader, other = roster_of(harness, "S0IAM"), roster_of(harness, "S0IAM")
    old = await reader.refresh()
    simulated().stand_still(SECOND)
    harness.workspace.usergroups["S0IAM"].users.append("U0MIA")
    new = await reader.refresh()

    await other.learn(sent(new))
    await other.learn(sent(old))
    assert (other.named, other.members) == ({"U0DANA", "U0MIA"},) * 2

    # As old as what is known is not older.
    await other.learn({**sent(new), "members": ["U0MIA"]})
    assert other.members == {"U0MIA"}


async def test_the_newest_read_counts_whoever_made_it(harness):
    """A check of one's own, or another replica's list."""
    roster, other = roster_of(harness, "S0IAM"), roster_of(harness, "S0IAM")
    await roster.refresh()
    group = harness.workspace.usergroups["S0IAM"]
    simulated().stand_still(GOOD_FOR_A_NO + SECOND)
    group.users.append("U0MIA")

    assert not await roster.is_admin_now({"U0CY"})
    assert roster.named == {"U0DANA", "U0MIA"}
    read = calls_of(harness, GROUPS)
    assert not await roster.is_admin_now({"U0CY"})
    assert calls_of(harness, GROUPS) == read

    simulated().stand_still(SECOND)
    group.users.append("U0CY")
    await roster.learn(await other.refresh())
    assert roster.named == {"U0DANA", "U0MIA", "U0CY"}


@pytest.mark.parametrize(("late", "reads"), [(timedelta(0), 0), (SECOND, 1)])
async def test_a_no_counts_for_a_minute_from_when_its_read_began(harness, late, reads):
    """To the second."""
    roster = roster_of(harness, "S0IAM")
    found = await roster.refresh()
    before = calls_of(harness, GROUPS)
    wait_until(datetime.fromisoformat(found["began_at"]) + timedelta(minutes=1) + late)

    assert not await roster.is_admin_now({"U0CY"})

    assert calls_of(harness, GROUPS) == before + reads


async def test_any_of_their_ids_makes_somebody_an_admin(harness):
    """In an organization people have several."""
    roster = roster_of(harness, "U0BO", "S0IAM")
    await roster.refresh()

    assert await roster.is_admin_now({"U0CY", "U0BO"})
    assert await roster.is_admin_now({"W0CY", "U0DANA"})
    assert not await roster.is_admin_now({"U0CY", "W0CY"})


@pytest.mark.parametrize(
    ("admins", "tested"), [(("U0BO",), 1), (("U0BO", "S0IAM"), 0), (("S0IAM",), 0)]
)
async def test_each_interval_slack_is_seen_to_take_the_token(harness, admins, tested):
    """By reading a group, or else by a call of its own."""
    await harness.slack.users.get("U0BO")
    roster = roster_of(harness, *admins)
    await roster.refresh()
    before = calls_of(harness, TOKEN)

    found = await roster.refresh_for_all()

    assert calls_of(harness, TOKEN) == before + tested
    assert found["named"] == sorted(roster.named)


@pytest.mark.parametrize("admins", [("U0BO",), ("S0IAM",)])
async def test_a_token_that_slack_refuses_is_seen(harness, admins):
    """Whoever the admins are."""
    roster = roster_of(harness, *admins)
    await roster.refresh()
    harness.workspace.faults.set("server_error")

    with pytest.raises(SlackError):
        await roster.refresh_for_all()


@pytest.mark.parametrize(("late", "reads"), [(timedelta(0), 0), (SECOND, 1)])
async def test_whether_somebody_is_a_member_counts_for_ten_minutes(harness, late, reads):
    """To the second, and from when it was read."""
    roster = roster_of(harness, "U0BO")
    found = await roster.refresh()
    ((_, at),) = found["checked"].values()
    before = calls_of(harness, PROFILE)
    wait_until(datetime.fromisoformat(at) + timedelta(minutes=10) + late)

    await roster.refresh()

    assert calls_of(harness, PROFILE) == before + reads
    assert timedelta(minutes=10) == MEMBER_FOR


@pytest.mark.parametrize(
    ("before", "now", "is_member"),
    [
        ({}, "error", True),
        ({"is_restricted": True}, "error", False),
        ({}, "unknown", False),
        ({"is_restricted": True}, "fine", False),
    ],
)
async def test_while_slack_stumbles_everybody_stays_what_they_were(harness, before, now, is_member):
    """Whom Slack does not know any more is no member, and is not asked about once more at once."""
    bo = harness.workspace.people["U0BO"]
    for name, value in before.items():
        setattr(bo, name, value)
    roster = roster_of(harness, "U0BO")
    await roster.refresh()
    simulated().stand_still(MEMBER_FOR + SECOND)
    if now == "error":
        harness.workspace.faults.set("server_error", only=PROFILE)
    elif now == "unknown":
        del harness.workspace.people["U0BO"]

    await roster.refresh()

    assert roster.was_admin("U0BO") is is_member
    asked = calls_of(harness, PROFILE)
    await roster.refresh()
    assert (calls_of(harness, PROFILE) == asked) is (now != "error")


async def test_whoever_asks_at_the_same_moment_shares_a_read(harness):
    """Whoever asks after it has begun has another."""
    roster = roster_of(harness, "S0IAM")
    before = calls_of(harness, GROUPS)

    answers = await asyncio.gather(*(roster.is_admin_now({"U0DANA"}) for _ in range(8)))

    assert answers == [True] * 8
    assert calls_of(harness, GROUPS) == before + 1


async def test_in_an_organization_admins_are_known_by_each_of_their_ids(harness):
    """A user group may list another one than that by which somebody acts."""
    join_grid(harness.workspace)
    harness.slack.users.work_in("T0LATCH", is_grid=True, where={})
    found = await roster_of(harness, "S0IAM").refresh()
    other = roster_of(harness, "S0IAM")

    await other.learn(sent(found))

    assert found["named"] == ["W0DANA"]
    assert other.was_admin("W0DANA")
    assert other.was_admin("U0DANA")
    assert not other.was_admin("U0BO")

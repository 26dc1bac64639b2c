"""Test how a sync learns what resources open as: few reads, none in vain, and nothing lost by a refusal."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from bot.packages.opening import OpeningKind
from bot.packages.store import catalog
from bot.sync import link_facts
from graph.errors import (
    BadAnswer,
    Forbidden,
    GraphUnavailable,
    NotFound,
    Rejected,
    Throttled,
)
from sandbox.tenant import seed
from tests.harness.by_hand import BotHarness, standing
from tests.harness.simulation import simulation


async def opens(harness: BotHarness, package_id: str) -> dict[OpeningKind, str]:
    found = await harness.store.run(catalog.find, package_id)
    assert found is not None
    return {each.kind: each.url for each in found.opens}


def reads(harness: BotHarness, noun: str, since: int = 0) -> Counter[str]:
    """Count what was read of teams or applications, by id."""
    return Counter(
        call.path.rpartition("/")[2]
        for call in harness.tenant.calls[since:]
        if call.method == "GET" and f"/{noun}/" in call.path
    )


async def test_a_sync_finds_what_a_package_opens(harness):
    """The site's own address, the application in My Apps, and the team of the group that has one."""
    finance = await opens(harness, seed.FINANCE_REPORTS)
    marketing = await opens(harness, seed.MARKETING_CAMPAIGN)

    assert finance[OpeningKind.SITE] == seed.FINANCE_SITE
    assert finance[OpeningKind.APP].startswith(
        "https://myapps.microsoft.com/signin/Contoso%20Ledger/"
    )
    assert finance[OpeningKind.APP].endswith(f"?tenantId={harness.tenant.tenant_id}")
    assert set(finance) == {OpeningKind.SITE, OpeningKind.APP}
    assert list(marketing) == [OpeningKind.TEAM]
    assert f"groupId={seed.MARKETING_RESOURCES}" in marketing[OpeningKind.TEAM]
    assert await opens(harness, seed.PRODUCTION_DATABASE) == {}


async def test_what_was_read_is_believed_for_a_day(harness):
    """Each of them is read once, and once more when the day is over; a change is seen then."""
    assert set(reads(harness, "teams").values()) == {1}
    before = len(harness.tenant.calls)
    await harness.tenant_sync.run()
    assert not reads(harness, "teams", before)
    assert not reads(harness, "servicePrincipals", before)

    group = harness.tenant.world.groups[seed.FINANCE_READERS]
    group.group_types, group.has_team = ["Unified"], True
    harness.tenant.world.groups[seed.MARKETING_RESOURCES].has_team = False
    harness.shift(timedelta(days=1, seconds=1))
    await harness.tenant_sync.run()

    assert OpeningKind.TEAM in await opens(harness, seed.FINANCE_REPORTS)
    assert await opens(harness, seed.MARKETING_CAMPAIGN) == {}
    assert set(reads(harness, "teams", before).values()) == {1}


ABOUT = {"teams": OpeningKind.TEAM, "servicePrincipals": OpeningKind.APP}
SHOWN_BY = {
    OpeningKind.TEAM: seed.MARKETING_CAMPAIGN,
    OpeningKind.APP: seed.FINANCE_REPORTS,
}


@pytest.fixture
async def poor(simulated, database):
    """A bot whose app has the three permissions that it must have, and no other."""
    async with simulation(database) as around:
        around.outside.tenant.permissions.intersection_update({"GroupMember.Read.All"})
        around.outside.tenant.permissions.update(
            {"EntitlementManagement.ReadWrite.All", "User.Read.All"}
        )
        yield await standing(around)


async def test_without_the_permissions_there_are_the_links_that_need_none(poor):
    """Both are refused, the sync goes on, and nothing is asked again before a day is over."""
    assert await opens(poor, seed.FINANCE_REPORTS) == {OpeningKind.SITE: seed.FINANCE_SITE}
    assert await opens(poor, seed.MARKETING_CAMPAIGN) == {}
    before = len(poor.tenant.calls)

    poor.shift(timedelta(hours=23))
    await poor.tenant_sync.run()

    assert not reads(poor, "teams", before)
    assert not reads(poor, "servicePrincipals", before)


async def test_a_missing_permission_costs_a_look_at_a_few(poor, monkeypatch):
    """Whatever there is to read; and each day at others, so that nothing stands before the rest for ever."""
    monkeypatch.setattr(link_facts, "FIRST_READ", 1)
    before = len(poor.tenant.calls)
    for _ in range(3):
        poor.shift(timedelta(days=1, seconds=1))
        await poor.tenant_sync.run()

    assert reads(poor, "teams", before).total() == 3
    assert len(reads(poor, "teams", before)) == 3


def groups_of(harness: BotHarness) -> list[str]:
    """Return the groups that packages give, in the order in which they are looked at."""
    resources = harness.tenant.world.resources.values()
    return sorted(each.origin_id for each in resources if each.origin_system == "AadGroup")


@pytest.mark.parametrize("place", [0, 1, 2, -1])
async def test_one_thing_that_is_refused_keeps_nothing_else_from_its_link(harness, place):
    """Another permission may protect it: that says nothing of the others, today and on each day after."""
    groups = groups_of(harness)
    harness.tenant.faults.set("forbidden", only=f"/teams/{groups[place]}")
    group = harness.tenant.world.groups[seed.FINANCE_READERS]
    group.group_types, group.has_team = ["Unified"], True
    before = len(harness.tenant.calls)
    again = await standing(harness.around)
    is_known = OpeningKind.TEAM in await opens(again, seed.FINANCE_REPORTS)
    assert is_known is (groups[place] != seed.FINANCE_READERS)
    assert reads(again, "teams", before) == Counter(groups)

    for _ in range(2):
        again.shift(timedelta(days=1, seconds=1))
        before = len(again.tenant.calls)
        await again.tenant_sync.run()
        assert reads(again, "teams", before) == Counter(groups)


@pytest.mark.parametrize("place", [0, 1, 2, -1])
async def test_what_is_throttled_is_asked_again_when_microsoft_says(harness, place):
    """As soon as Microsoft says, and the others not before the day is over."""
    groups = groups_of(harness)
    began = len(harness.tenant.calls)
    harness.tenant.faults.set("throttle", only=f"/teams/{groups[place]}", retry_after="600")
    again = await standing(harness.around)
    assert reads(again, "teams", began)[groups[place]] == 1
    again.tenant.faults.clear()
    again.shift(timedelta(seconds=599))
    before = len(again.tenant.calls)
    await again.tenant_sync.run()
    assert not reads(again, "teams", before)

    again.shift(timedelta(seconds=2))
    await again.tenant_sync.run()
    await again.tenant_sync.run()

    assert reads(again, "teams", before)[groups[place]] == 1
    assert reads(again, "teams", began) == Counter([*groups, groups[place]])


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (Throttled("Slowly."), True),
        (GraphUnavailable("Later."), True),
        (BadAnswer("No team."), False),
        (Rejected("No."), False),
        (NotFound("None."), False),
        (Forbidden("Not this one."), False),
    ],
)
async def test_only_what_had_no_answer_for_now_is_due_again(error, again):
    """Everything else has been answered for a day; and what failed comes behind what nobody has looked at."""
    asked: list[list[str]] = []

    async def read(ids):
        asked.append(list(ids))
        return {each: error if each == "a" else each for each in ids}

    cache = link_facts.LinkFactCache("team", read, lambda found: f"https://example.com/{found}")
    await cache.refresh(["a", "b"])
    await cache.refresh(["a", "b", "c"])

    assert asked == [["a", "b"], ["c", "a"] if again else ["c"]]
    assert cache.known["b"] == "https://example.com/b"


async def test_links_are_read_when_all_else_is_written(harness):
    """Somebody may wait for a package and its holders, nobody for a link; and no sync waits out a throttled one."""
    harness.tenant.faults.set("throttle", only="/(teams|servicePrincipals)/", retry_after="600")
    name = "Finance Reports, renamed"
    harness.tenant.world.packages[seed.FINANCE_REPORTS].display_name = name
    before, began = len(harness.tenant.calls), asyncio.get_running_loop().time()

    again = await standing(harness.around)

    calls = [each.path for each in again.tenant.calls[before:]]
    first = min(place for place, path in enumerate(calls) if "/teams/" in path)
    assert max(place for place, path in enumerate(calls) if "/assignments" in path) < first
    found = await again.store.run(catalog.find, seed.FINANCE_REPORTS)
    assert found is not None
    assert found.name == name
    assert asyncio.get_running_loop().time() - began < 60


@pytest.mark.parametrize("noun", ABOUT)
@pytest.mark.parametrize("fault", ["forbidden", "throttle", "unavailable", "html", "truncated"])
async def test_what_cannot_be_read_today_opens_as_it_did(harness, noun, fault):
    """Whatever the refusal; and after it everything is read as ever."""
    kind = ABOUT[noun]
    known = await opens(harness, SHOWN_BY[kind])
    assert kind in known
    harness.shift(timedelta(days=1, seconds=1))
    harness.tenant.faults.set(fault, only=f"/{noun}/")

    await harness.tenant_sync.run()
    assert await opens(harness, SHOWN_BY[kind]) == known

    harness.tenant.faults.clear()
    harness.shift(timedelta(days=1, seconds=1))
    before = len(harness.tenant.calls)
    await harness.tenant_sync.run()
    assert await opens(harness, SHOWN_BY[kind]) == known
    assert reads(harness, noun, before)


async def test_a_restarted_bot_keeps_its_links_until_it_has_read_them(harness, monkeypatch):
    """It asks for a few at a time; the others open as they did."""
    monkeypatch.setattr(link_facts, "MOST_READ", 1)
    known = await opens(harness, seed.MARKETING_CAMPAIGN)
    again = await standing(harness.around)
    before = len(again.tenant.calls)

    await again.tenant_sync.run()

    assert len(reads(again, "teams", before)) <= 1
    assert await opens(again, seed.MARKETING_CAMPAIGN) == known


async def test_everything_has_its_turn(harness, monkeypatch):
    """A few in each sync, first what was never looked at."""
    monkeypatch.setattr(link_facts, "MOST_READ", 1)
    harness.shift(timedelta(days=1, seconds=1))
    before = len(harness.tenant.calls)
    groups = groups_of(harness)

    for _ in groups:
        await harness.tenant_sync.run()

    assert reads(harness, "teams", before) == Counter(groups)


async def test_a_site_that_lies_about_its_address_opens_nothing(harness):
    """Who writes into a catalog does not write into Slack."""
    world = harness.tenant.world
    lie = "https://contoso.sharepoint.com@evil.example/sites/Finance"
    world.sites[lie] = world.sites[seed.FINANCE_SITE]
    resource = next(
        each for each in world.resources.values() if each.origin_id == seed.FINANCE_SITE
    )
    resource.origin_id = lie

    await harness.tenant_sync.run()

    assert OpeningKind.SITE not in await opens(harness, seed.FINANCE_REPORTS)

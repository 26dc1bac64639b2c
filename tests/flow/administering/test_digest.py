"""The owner of packages reads once a week who has what, what ends, and who has granted what."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.notifications.admins.digests import DueDigest
from bot.notifications.model import Notice
from bot.notifications.store import notices
from bot.packages.settings.model import WeeklyTime
from sandbox.slack import block_data
from sandbox.slack.model import Channel, UploadedFile
from tests.harness.world import ANN, APPROVALS, BO, DANA, World, eventually, living, said

OWNERS = "C0OWNERS"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Bo is in Berlin, where it is nine then; the channel reads it by UTC.
MONDAY = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
FILE = f"""\
defaults:
  digest: monday 09:00
packages:
  Finance Reports:
    owner: {BO}
  Marketing Campaign:
    owner: {BO}
    digest: tuesday 09:00
  Production Database:
    owner: {OWNERS}
"""


def with_channel(outside):
    members = {BO, DANA, outside.workspace.bot_user_id}
    outside.workspace.channels[OWNERS] = Channel(id=OWNERS, name="owners", members=members)


@pytest.fixture
def settings_file(tmp_path: Path) -> str:
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE, "utf-8")
    return str(file)


@pytest.fixture(params=["plain", "newer"])
def blocks(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def world(database, settings_file, blocks):
    """Stand-ins and bot, with two owners."""
    async with living(
        database,
        prepare=with_channel,
        LATCHKEY_PACKAGE_SETTINGS=settings_file,
        LATCHKEY_SLACK_BLOCKS=blocks,
    ) as made:
        yield made


async def until(world: World, moment: datetime) -> None:
    await world.later(moment - world.outside.clock.now())


def digests(world: World, to: str) -> list[str]:
    messages = world.slack.channel(to).messages if to.startswith("C") else world.direct(to)
    return [said(each) for each in messages if "Access digest" in each.text]


async def granted(world: World) -> None:
    """Ann gets a package of Bo's, by Bo, in the week before the digest."""
    await until(world, MONDAY - 2 * DAY)
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")


@pytest.mark.parametrize("change", ["2027-03-28", "2027-10-31"])
def test_a_week_in_which_the_clock_is_changed_is_in_one_digest_whole(change):
    """Each begins where the one before has ended, and eight weeks are eight."""
    weekly = WeeklyTime(weekday=0, at=time(9))
    berlin = ZoneInfo("Europe/Berlin")
    monday = weekly.latest(datetime.fromisoformat(f"{change}T12:00").replace(tzinfo=berlin) + DAY)
    before = weekly.latest(monday - DAY)
    due = DueDigest(owner=BO, at=monday, package_ids=frozenset())

    assert due.last(1).since.astimezone(UTC) == before.astimezone(UTC)
    assert due.last(1).until.astimezone(UTC) - before.astimezone(UTC) != 7 * DAY
    weeks = due.last(8).weeks()
    assert [each.days for each in weeks] == [7] * 8
    assert weeks[-1] == due.last(1)


async def test_an_owner_gets_the_digest_once_a_week(world):
    """At the earliest of the times of their packages, by their own clock; then a week later again."""
    await granted(world)
    await until(world, MONDAY - HOUR)
    assert digests(world, BO) == []

    await until(world, MONDAY + HOUR)

    await eventually(lambda: len(digests(world, BO)) == 1)
    (text,) = digests(world, BO)
    assert "1 person has access to the 2 packages of yours." in text
    assert "1 request was granted and 0 denied" in text
    assert "Ann Abara got *Finance Reports* on" in text
    assert "approved by Bo Berg" in text
    for hours in (1, 5, 20, 30):
        await until(world, MONDAY + hours * HOUR + HOUR)
    assert len(digests(world, BO)) == 1

    await until(world, MONDAY + 7 * DAY + HOUR)

    await eventually(lambda: len(digests(world, BO)) == 2)
    assert "0 requests were granted" in digests(world, BO)[-1]


def pictures(world: World, to: str) -> list[UploadedFile]:
    place = world.slack.channel(to) if to.startswith("C") else world.slack.dm(to)
    roots = {each.ts for each in place.messages if "Access digest" in each.text}
    return [file for each in place.messages if each.thread_ts in roots for file in each.files]


async def test_plain_digests_have_their_charts_as_a_picture_in_the_thread(world, blocks):
    """Once, with the numbers for those who do not see it; where Slack draws the charts there is none."""
    await granted(world)
    await until(world, MONDAY + HOUR)
    await eventually(lambda: len(digests(world, BO)) == 1)
    if blocks == "newer":
        await until(world, MONDAY + 5 * HOUR)
        assert pictures(world, BO) == []
        return

    await eventually(lambda: len(pictures(world, BO)) == 1)
    for hours in (2, 5, 20):
        await until(world, MONDAY + hours * HOUR)

    (picture,) = pictures(world, BO)
    assert picture.content is not None
    assert picture.content.startswith(b"\x89PNG")
    assert "Finance Reports: 1" in picture.alt_text
    assert len(digests(world, BO)) == 1


@pytest.mark.parametrize(("kept", "weeks"), [("30", 4), ("400", 8)])
async def test_the_charts_show_no_week_of_which_requests_are_deleted(
    database, settings_file, kept, weeks
):
    """It would look like one in which nobody got anything."""
    async with living(
        database,
        prepare=with_channel,
        LATCHKEY_PACKAGE_SETTINGS=settings_file,
        LATCHKEY_KEEP_REQUESTS_DAYS=kept,
        LATCHKEY_REMOVED_DAYS="30",
    ) as world:
        await granted(world)
        await until(world, MONDAY + HOUR)
        await eventually(lambda: pictures(world, BO))
        (picture,) = pictures(world, BO)
        assert picture.alt_text.count("week from") == weeks


async def test_a_picture_whose_sending_is_unclear_is_not_sent_again(world, database, blocks):
    """A file carries no key of ours by which one could look for it; the digest has its numbers."""
    await granted(world)
    store = world.bot.store
    begun = [Notice(key=f"digest-picture:{BO}:2027-W09", kind="digest-picture", to=BO)]
    await store.run(notices.claim, begun, lease=timedelta(0))
    await until(world, MONDAY + HOUR)
    await eventually(lambda: len(digests(world, BO)) == 1)
    await until(world, MONDAY + 2 * HOUR)

    assert pictures(world, BO) == []
    if blocks == "plain":
        known = await store.read(notices.find, begun[0].key)
        assert known.dropped_why == "unclear"


async def test_two_replicas_send_it_once(world, database, settings_file, blocks):
    """However often both look."""
    await granted(world)
    await until(world, MONDAY + HOUR)
    await asyncio.gather(*(world.bot.jobs.send_digests() for _ in range(8)))
    await eventually(lambda: len(digests(world, BO)) == 1)
    await until(world, MONDAY + 2 * HOUR)
    assert len(digests(world, BO)) == 1
    assert len(pictures(world, BO)) == (blocks == "plain")


@pytest.mark.misshapen("charts, in a workspace that has none")
async def test_what_slack_refuses_comes_in_plain_blocks(world, monkeypatch):
    """A workspace without the newer blocks loses nothing, and the admins hear of no defect."""
    await granted(world)
    monkeypatch.setattr(block_data, "MOST_CHARTS", 0)
    await until(world, MONDAY + HOUR)

    await eventually(lambda: len(digests(world, BO)) == 1)
    (text,) = digests(world, BO)
    assert "Ann Abara has *Finance Reports*" in text
    assert not any("did not take" in said(each) for each in world.slack.channel(APPROVALS).messages)


async def test_a_channel_that_owns_a_package_gets_it_by_utc(world):
    """And nothing in it is about the packages of others, or mentions anybody."""
    await granted(world)
    await until(world, MONDAY + timedelta(minutes=50))
    assert digests(world, OWNERS) == []

    await until(world, MONDAY + HOUR + timedelta(minutes=10))

    await eventually(lambda: len(digests(world, OWNERS)) == 1)
    (text,) = digests(world, OWNERS)
    assert "Nobody has access to the 1 package of yours." in text
    assert "Ann Abara" not in text
    assert "<@" not in text

"""Anchors are noted once a day, by one replica, and tried again where they were not taken."""

import asyncio
import errno
import os
import threading
from datetime import UTC, datetime, timedelta

import pytest

from bot.auditing import anchors
from bot.auditing.anchors import Anchors, AnchorState, NotNoted
from bot.database.audit_log import audit
from bot.timing import WAITS
from tests.bot.auditing.stories import KEY, granted, latchkey
from tests.bot.moments import at

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Shelf:
    """A place for anchors, which can be full."""

    def __init__(self):
        self.kept = []
        self.is_full = False

    async def keep(self, anchor):
        if self.is_full:
            raise NotNoted("it is full")
        self.kept.append(anchor.text)


@pytest.fixture
def shelf():
    return Shelf()


def replica(log, shelf):
    return Anchors(store=log, waits=WAITS, places={"file": shelf.keep})


async def look(anchoring, moment):
    with at(moment):
        await anchoring.look()


async def test_one_replica_notes_the_end_of_the_log_once_a_day(log, shelf):
    """Whichever looks first, and whatever was written meanwhile."""
    log.run_here(granted)
    both = [replica(log, shelf), replica(log, shelf)]
    position, chained = log.read_here(audit.head)
    for moment in (NOON, NOON + HOUR, NOON + 5 * HOUR):
        for each in both:
            await look(each, moment)
    assert shelf.kept == [f"{position}:{chained}"]

    log.run_here(granted, number=1)
    for each in both:
        await look(each, NOON + DAY)
    position, chained = log.read_here(audit.head)
    assert shelf.kept[1:] == [f"{position}:{chained}"]


async def test_a_log_in_which_nothing_happened_is_not_noted_again(log, shelf):
    """But it counts as noted: the anchor of the day before says it all."""
    log.run_here(granted)
    for day in range(3):
        await look(replica(log, shelf), NOON + day * DAY)
    assert len(shelf.kept) == 1
    assert log.read_here(anchors.state, "file").last.at == NOON + 2 * DAY


async def test_an_empty_log_has_no_anchor(log, shelf):
    """The first row gets one within the hour."""
    await look(replica(log, shelf), NOON)
    assert shelf.kept == []
    log.run_here(granted)
    await look(replica(log, shelf), NOON + HOUR)
    assert len(shelf.kept) == 1


async def test_a_place_that_takes_none_is_tried_again_and_the_reason_is_known(log, shelf):
    """The last anchor that it has stays known; the others are not kept waiting."""
    other = Shelf()
    log.run_here(granted)
    both = Anchors(store=log, waits=WAITS, places={"file": shelf.keep, "webhook": other.keep})
    await look(both, NOON)
    first = log.read_here(anchors.state, "file").last
    log.run_here(granted, number=1)
    shelf.is_full = True
    await look(both, NOON + DAY)

    assert log.read_here(anchors.state, "file") == AnchorState(last=first, error="it is full")
    assert len(other.kept) == 2
    shelf.is_full = False
    await look(both, NOON + DAY + HOUR)
    found = log.read_here(anchors.state, "file")
    assert (found.error, found.last.at) == (None, NOON + DAY + HOUR)
    assert shelf.kept[1:] == other.kept[1:]


async def test_a_file_gets_a_line_that_verify_takes(log, tmp_path):
    """Those before stay; a folder that is not there is said to be none."""
    file = tmp_path / "anchors"
    log.run_here(granted)
    keeper = Anchors(store=log, waits=WAITS, places={"file": anchors.in_file(file)})
    await look(keeper, NOON)
    log.run_here(granted, number=1)
    await look(keeper, NOON + DAY)

    lines = file.read_text().splitlines()
    assert [line.split()[0] for line in lines] == [
        "2026-05-04T12:00:00+00:00",
        "2026-05-05T12:00:00+00:00",
    ]
    for line in lines:
        said = latchkey("audit", "verify", "--anchor", line.split()[1])
        assert said.exit_code == 0, said.output
    with pytest.raises(NotNoted, match="No such file"):
        await anchors.in_file(tmp_path / "none" / "anchors")(
            log.read_here(anchors.state, "file").last
        )


ANCHOR = anchors.NotedAnchor(position=7, hash="ab" * 32, at=NOON)


def test_a_disk_that_does_not_answer_holds_nothing_up(tmp_path):
    """The loop goes on, the try ends by its limit, and no second write begins while the first one hangs."""
    file = tmp_path / "anchors"
    # Whoever opens one end of it waits for the other.
    os.mkfifo(file)

    async def tried():
        keep = anchors.in_file(file, limit=timedelta(seconds=0.05))
        turns = asyncio.create_task(counted())
        with pytest.raises(NotNoted, match="not answered within"):
            await keep(ANCHOR)
        turns.cancel()
        with pytest.raises(NotNoted, match="not answered since the last try"):
            await keep(ANCHOR)

    counts = 0

    async def counted():
        nonlocal counts
        while True:
            counts += 1
            await asyncio.sleep(0)

    asyncio.run(tried())
    release(file)
    assert counts > 1


def release(fifo):
    """Let whoever waits to open it go on, and end."""
    both_ends = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    for each in threading.enumerate():
        if each.name == "latchkey-anchor":
            each.join(5)
            assert not each.is_alive()
    os.close(both_ends)


async def test_a_line_is_written_whole_or_is_not_noted(tmp_path, monkeypatch):
    """A disk that takes a part of it gets the rest; with no room for that, it is said, and the next line is one by itself."""
    file = tmp_path / "anchors"
    keep, write, room = anchors.in_file(file), os.write, [10, 1_000]

    def by_parts(to, line):
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(to, line[: room.pop(0)])

    monkeypatch.setattr("bot.auditing.anchors.os.write", by_parts)
    await keep(ANCHOR)
    room[:] = [10]
    with pytest.raises(NotNoted, match="No space left"):
        await keep(ANCHOR)
    room[:] = [1_000]
    await keep(ANCHOR)

    line = f"2026-05-04T12:00:00+00:00 {ANCHOR.text}"
    assert file.read_text().splitlines() == [line, line[:10], line]


async def test_an_anchor_shows_a_log_that_was_written_anew(log, shelf):
    """The chain alone does not show it to whoever has the key."""
    log.run_here(granted)
    await look(replica(log, shelf), NOON)
    position, _ = shelf.kept[0].split(":")
    forged = (int(position), "0" * 64)
    assert log.read_here(audit.verify, KEY.encode(), anchor=forged).wrong is not None


def test_what_a_webhook_is_sent():
    """Facts for a program, and a sentence for a channel of Slack's."""
    anchor = anchors.NotedAnchor(position=7, hash="ab" * 32, at=NOON)
    assert anchors.body(anchor) == {
        "type": "latchkey.audit.anchor",
        "id": "anchor-7-" + "ab" * 8,
        "at": "2026-05-04T12:00:00+00:00",
        "position": 7,
        "hash": "ab" * 32,
        "anchor": "7:" + "ab" * 32,
        "text": f"The audit log of Latchkey ends with 7:{'ab' * 32}.",
    }

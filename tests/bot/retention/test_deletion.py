"""What is over for long enough is deleted, and nothing else."""

import random
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import chance, clock
from bot.approvals.store import approver_questions, decisions
from bot.approvals.transactions import take_decision
from bot.assignments.model import EndReason, TroubleKind
from bot.assignments.store import assignments, troubles
from bot.database import open_store, tables
from bot.database.audit_log import audit
from bot.database.schema import roles
from bot.database.tables import metadata
from bot.emergencies.model import Finding, ReviewFinding
from bot.emergencies.store import emergencies, findings
from bot.errors import TooLate
from bot.notifications.store import notices
from bot.people.store import delegations
from bot.requests.model import State
from bot.requests.store import holds, request_lists, requests
from bot.retention import deletion
from bot.retention.model import Deleted, Retention
from bot.retention.store import old_rows
from bot.timing import WAITS
from tests.bot.auditing.stories import KEY, granted, latchkey
from tests.bot.moments import at
from tests.bot.samples import (
    ANN,
    LEASE,
    SOME_DAY,
    approver_question,
    click,
    delegation,
    held,
    notice,
    wish,
)

DAYS = timedelta(days=1)
QUARTER = Retention(requests=90 * DAYS)
BOTH = replace(QUARTER, messages=60 * DAYS)
LATER = SOME_DAY + 100 * DAYS


def count(store, table):
    return store.run_here(
        lambda db: db.execute(sa.select(sa.func.count()).select_from(table)).scalar()
    )


def sent(db, **about):
    """A message that Slack has taken."""
    (claimed,) = notices.claim(db, [notice(**about)], lease=LEASE)
    notices.sent(db, [claimed.key], channel="C0", ts="1772366400.000100")


def closed(db, *, state=State.CANCELED, **facts):
    """A request with all that belongs to it, closed now."""
    request = wish(**facts)
    request = replace(request, package_id=request.id)
    assert requests.add(db, request)
    assert holds.put(db, request, failures=5, error="GraphError", why="It fails.")
    pending = requests.move(db, requests.get(db, request.id), State.PENDING)
    assert pending is not None
    sent(db, key=f"card:{request.id}:C0", kind="card", request_id=request.id)
    decisions_add(db, pending)
    approver_questions.add(db, approver_question(pending))
    moved = requests.move(db, pending, state, ended_at=clock.now())
    assert moved is not None
    return moved


def decisions_add(db, request, **facts):
    decisions.add(
        db, click(request, **facts), holder="U0ANN", holder_entra_id="ann", is_draft=False
    )


def had(db, name, *, ended=True, **facts):
    """Access, which ends now."""
    row = held(id=name, package_id=name, **facts)
    assignments.save_live(db, row)
    sent(db, key=f"reminder:{name}", kind="reminder", assignment_id=name)
    if ended:
        assignments.end(db, name, why=EndReason.RAN_OUT, at=clock.now())
    return row


async def delete(store, moment=LATER, retention=QUARTER):
    with at(moment):
        return await deletion.delete_old(store, retention)


async def test_a_request_goes_with_all_that_belongs_to_it(store):
    """Its decisions, questions, holds, and messages; and what is younger stays whole."""
    with at(SOME_DAY):
        store.run_here(closed)
    with at(SOME_DAY + 20 * DAYS):
        kept = store.run_here(closed)

    assert await delete(store) == Deleted(requests=1)

    assert store.run_here(requests.find, kept.id) is not None
    parts = (tables.decisions, tables.approver_questions, tables.holds, tables.notices)
    for table in (tables.requests, *parts):
        assert count(store, table) == 1, table.name
    assert await delete(store) == Deleted()


async def test_a_click_on_a_card_of_a_request_that_is_gone_is_told_so(store):
    """Slack still shows the buttons."""
    with at(SOME_DAY):
        gone = store.run_here(closed)
    await delete(store)
    with pytest.raises(TooLate, match="I do not know that request any more"):
        store.run_here(take_decision, click(gone))


def in_emergency(db):
    """Emergency access, given now, with a finding."""
    request = closed(db, state=State.CANCELED, entra_id="ann")
    emergencies.open_review(db, request, review_within=DAYS)
    said = ReviewFinding(
        id=request.id,
        request_id=request.id,
        finding=Finding.FINE,
        comment="I saw it.",
        slack_user="U0BO",
        at=clock.now(),
    )
    findings.add(db, said)
    return request, said


def review(db, request, said):
    """Close its review now."""
    assert emergencies.close(
        db,
        said,
        request,
        entra_id="bo",
        name="Bo Berg",
        as_admin=False,
        for_user=None,
        for_name=None,
    )


async def test_emergency_access_stays_until_it_has_long_been_reviewed(store):
    """With the messages that show it; then all of it goes together."""
    with at(SOME_DAY):
        request, said = store.run_here(in_emergency)
    assert await delete(store, retention=BOTH) == Deleted()

    with at(LATER):
        store.run_here(review, request, said)
    assert await delete(store, LATER + 10 * DAYS, BOTH) == Deleted()

    assert (await delete(store, LATER + 100 * DAYS, BOTH)).requests == 1
    for table in (tables.emergencies, tables.findings, tables.requests, tables.notices):
        assert count(store, table) == 0, table.name


async def test_what_is_open_stays_however_old_it_is(store):
    """With its messages, or they would be sent once more."""
    with at(SOME_DAY):
        request = store.run_here(open_one)

    assert await delete(store, SOME_DAY + 1000 * DAYS) == Deleted()
    assert store.run_here(requests.find, request.id) is not None
    assert count(store, tables.notices) == 1


def open_one(db):
    request = wish()
    assert requests.add(db, request)
    pending = requests.move(db, request, State.PENDING)
    sent(db, key=f"card:{request.id}:C0", kind="card", request_id=request.id)
    return pending


async def test_why_access_was_given_stays_as_long_as_the_access(store):
    """And its messages; all of it goes when the access has been over for long enough."""
    with at(SOME_DAY):
        store.run_here(had, "campaign", ended=False)
        store.run_here(closed, assignment_id="campaign")
    assert await delete(store) == Deleted()
    assert count(store, tables.notices) == 2

    with at(LATER):
        store.run_here(lambda db: assignments.end(db, "campaign", why=EndReason.RAN_OUT, at=LATER))
    assert await delete(store, LATER + 80 * DAYS, BOTH) == Deleted(requests=1, messages=1)
    assert await delete(store, LATER + 100 * DAYS) == Deleted(assignments=1)
    assert count(store, tables.notices) == 0


async def test_access_that_somebody_still_wants_something_of_stays(store):
    """An open request about it."""
    with at(SOME_DAY):
        store.run_here(had, "campaign")
        store.run_here(had, "returned")
        store.run_here(lambda db: requests.add(db, wish(assignment_id="campaign")))

    assert await delete(store) == Deleted(assignments=1)
    assert store.run_here(assignments.find, "campaign") is not None


async def test_a_click_of_lately_and_a_message_that_is_being_sent_keep_a_request(store):
    """Whoever has clicked, or asked something, is still answered."""
    with at(SOME_DAY):
        clicked, asked, busy, free = (store.run_here(closed) for _ in range(4))
    with at(LATER - DAYS):
        store.run_here(decisions_add, clicked)
        store.run_here(lambda db: approver_questions.add(db, approver_question(asked)))
    with at(LATER):
        store.run_here(
            lambda db: notices.claim(
                db, [notice(key="busy", request_id=busy.id)], lease=timedelta(minutes=1)
            )
        )

    assert await delete(store) == Deleted(requests=1)
    assert store.run_here(requests.find, free.id) is None


def drifted(db, *, about="group", state="open"):
    """Somebody is in a group without the package: about no access of theirs."""
    row = {
        "id": chance.new_id(),
        "kind": "member",
        "about": about,
        "entra_id": ANN,
        "mark": "",
        "package_id": "campaign",
        "package_name": "Marketing Campaign",
        "state": state,
        "found_at": clock.now(),
        "seen_at": clock.real(),
        "times": 1,
        "is_announced": True,
        "tries": 0,
    }
    db.execute(tables.drift.insert().values(**row))
    return row["id"]


async def test_a_message_that_was_never_sent_goes_as_one_that_was(store):
    """Slack did not know the person, or nobody tries it any more; what is about access that is there stays."""

    def given_up(db, key, *, why="user_not_found", **about):
        (claimed,) = notices.claim(db, [notice(key=key, **about)], lease=LEASE)
        if why is not None:
            notices.drop(db, [claimed.key], why=why)

    with at(SOME_DAY):
        store.run_here(given_up, "welcome", to="U0GONE")
        store.run_here(given_up, "alarm", to="C0ARCHIVED", why=None)
        store.run_here(had, "over")
        store.run_here(notices.supersede, [notice(key="first", assignment_id="over")])
        store.run_here(had, "campaign", ended=False)
        store.run_here(given_up, "refused", assignment_id="campaign")
        store.run_here(notices.supersede, [notice(key="second", assignment_id="campaign")])
    with at(LATER - 59 * DAYS):
        store.run_here(given_up, "lately", to="U0GONE")

    messages = replace(BOTH, requests=None)
    with at(LATER):
        assert store.run_here(deletion.kinds_overdue, messages) == ["messages"]
    # With the reminder of what is over, which was sent.
    assert await delete(store, retention=messages) == Deleted(messages=4)
    with store.engine.connect() as db:
        left = set(db.execute(sa.select(tables.notices.c.key)).scalars())
    assert left == {"reminder:campaign", "refused", "second", "lately"}
    assert await delete(store, retention=messages) == Deleted()


async def test_what_went_out_is_known_as_long_as_it_may_be_asked(store):
    """Messages about nothing go by their age; about a delegation, a trouble, drift or access, when that is over."""
    with at(SOME_DAY):
        going_on = delegation(ends_at=LATER)
        over = delegation(delegator="U0MIA")
        for each in (going_on, over):
            store.run_here(delegations.add, each)
            store.run_here(sent, key=f"delegation:{each.id}:made:U0CY", kind="delegation")
        store.run_here(had, "campaign", ended=False)
        store.run_here(
            lambda db: troubles.open_one(db, TroubleKind.UNREADABLE, "package", why="It fails.")
        )
        store.run_here(sent, key="trouble:1", kind="trouble", assignment_id="package")
        store.run_here(sent, key=f"drift:{store.run_here(drifted)}:1", kind="drift")
        passed = store.run_here(drifted, about="other", state="passed")
        store.run_here(sent, key=f"drift:{passed}:1", kind="drift")
        store.run_here(sent, key="clock:2026-03-01", kind="alarm")
    with at(LATER - 59 * DAYS):
        store.run_here(sent, key="clock:2026-04-11", kind="alarm")

    assert await delete(store, retention=replace(BOTH, requests=None)) == Deleted(messages=3)

    with store.engine.connect() as db:
        (card,) = db.execute(sa.select(tables.drift.c.id).where(tables.drift.c.state == "open"))
        left = set(db.execute(sa.select(tables.notices.c.key)).scalars())
    assert left == {
        f"delegation:{going_on.id}:made:U0CY",
        "reminder:campaign",
        f"drift:{card.id}:1",
        "trouble:1",
        "clock:2026-04-11",
    }


async def test_many_go_some_at_a_time_past_those_that_stay(store, monkeypatch):
    """In transactions that nobody waits for."""
    monkeypatch.setattr(deletion, "ROWS_A_TURN", 2)
    with at(SOME_DAY):
        store.run_here(had, "campaign", ended=False)
        for _ in range(3):
            store.run_here(closed, assignment_id="campaign")
        for _ in range(5):
            store.run_here(closed)

    assert await delete(store) == Deleted(requests=5)
    assert count(store, tables.requests) == 3


@pytest.mark.cases(2)
@pytest.mark.parametrize("seed", range(5))
async def test_whoever_counts_by_and_by_counts_what_is_there(store, seed):
    """Whatever ends and is deleted in between, in whatever order: each count is that of a replica that starts now."""
    dice = random.Random(seed)  # noqa: S311 - repeatable
    moment, ended = SOME_DAY, request_lists.NONE_ENDED
    for _ in range(25):
        moment += timedelta(days=dice.choice([0, 1, 10]), minutes=dice.choice([0, 3, 30]))
        with at(moment):
            for _ in range(dice.randrange(3)):
                store.run_here(closed, state=dice.choice([State.CANCELED, State.DENIED]))
            if dice.random() < 0.3:
                await deletion.delete_old(store, Retention(requests=timedelta(days=15)))
            if dice.random() < 0.7:
                counted, ended = await store.read(request_lists.counts, ended)
                assert +counted == (await store.read(request_lists.counts))[0]


async def test_it_is_a_row_of_the_audit_log_and_the_chain_holds(store):
    """Nothing to delete is no row; who did it, and up to when, is in it."""
    with at(SOME_DAY):
        store.run_here(closed)
    assert await delete(store, SOME_DAY + DAYS) == Deleted()
    assert store.read_here(audit.rows)[-1]["verb"] != deletion.VERB

    await delete(store)

    last = store.read_here(audit.rows)[-1]
    assert (last["actor"], last["verb"]) == ("latchkey", deletion.VERB)
    assert last["details"]["before"]["requests"] == (LATER - 90 * DAYS).isoformat()
    assert store.read_here(audit.verify, b"").wrong is None


@pytest.mark.parametrize("name", ["requests", "messages"])
async def test_each_setting_is_for_its_own_rows(store, name):
    """What has none is kept for ever."""
    with at(SOME_DAY):
        store.run_here(closed)
        store.run_here(sent, key="clock:2026-03-01", kind="alarm")

    done = await delete(store, retention=replace(Retention(), **{name: 30 * DAYS}))

    assert getattr(done, name) > 0
    assert (count(store, tables.requests) == 0) is (name == "requests")
    with store.engine.connect() as db:
        left = set(db.execute(sa.select(tables.notices.c.key)).scalars())
    assert ("clock:2026-03-01" in left) is (name == "requests")


async def test_one_replica_does_it_once_a_day(store, monkeypatch):
    """Whichever looks first."""
    done = []

    async def noted(*_):
        done.append(clock.now())
        return Deleted()

    monkeypatch.setattr(deletion, "delete_old", noted)
    both = [deletion.Daily(store=store, retention=QUARTER, waits=WAITS) for _ in range(2)]
    for hours in (0, 1, 23, 24, 25):
        with at(LATER + timedelta(hours=hours)):
            for each in both:
                await each.look()
    assert done == [LATER, LATER + DAYS]


def test_the_command_deletes_and_says_what(store, database_url, monkeypatch):
    """And refuses where everything is kept; a pack and a trace do without what is gone."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    with at(clock.real() - 100 * DAYS):
        request = store.run_here(closed)

    said = latchkey("delete-old")
    assert said.exit_code == 2
    assert "LATCHKEY_KEEP_REQUESTS_DAYS" in said.stderr

    monkeypatch.setenv("LATCHKEY_KEEP_REQUESTS_DAYS", "90")
    said = latchkey("delete-old")
    assert (said.exit_code, said.stdout) == (
        0,
        "Deleted: 1 requests, 0 rows of access that has ended, 0 records of messages.\n",
    )
    last = store.read_here(audit.rows)[-1]
    assert last["actor"].startswith("cli:")
    assert "There is no request" in latchkey("trace", request.id).stderr


def test_a_pack_tells_of_a_request_that_is_gone_what_the_log_has(
    store, database_url, monkeypatch, tmp_path
):
    """The chain still verifies."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("LATCHKEY_AUDIT_KEY", KEY)
    monkeypatch.setenv("LATCHKEY_KEEP_REQUESTS_DAYS", "90")
    address = store.engine.url.render_as_string(hide_password=False)
    with closing(open_store(address, audit_key=KEY.encode())) as log, at(clock.real() - 100 * DAYS):
        log.run_here(granted)
    assert latchkey("delete-old").exit_code == 0
    file = tmp_path / "pack.zip"

    said = latchkey("audit", "export", "--pack", file)

    assert said.exit_code == 0, said.output
    assert latchkey("audit", "verify", file).exit_code == 0
    with zipfile.ZipFile(file) as pack:
        assert pack.read("requests.jsonl") == b""
        assert b"delivered" in pack.read("audit.jsonl")


def test_whatever_refers_to_a_request_goes_with_it():
    """A table that comes later, and refers to requests, would keep them from being deleted."""
    found = {tables.requests}
    while more := {
        table
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table in found and table not in found
    }:
        found |= more
    order = [statement.table for statement in old_rows.DELETE_REQUESTS]
    assert found <= set(order)
    for table in found:
        for key in table.foreign_keys:
            assert order.index(table) < order.index(key.column.table), table.name
    assert {str(table) for table in order} <= set(roles.OF_WHAT_IS_OVER)

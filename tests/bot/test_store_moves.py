"""What is written with each move, claim and release of a request, on both databases: all of it, and nothing else."""

import pytest
import sqlalchemy as sa

from bot.models import Kind, Request, State
from bot.store import audit, homes, requests
from bot.store.schema import homes as home_table
from bot.store.schema import notices as notice_table
from tests.bot.rows import EARLIER, in_work, row_of, tamper
from tests.bot.samples import ANN, SOME_DAY, wish

MOVED = [
    (
        State.PENDING,
        {"due_at": None, "cards_due_at": SOME_DAY, "lapses_at": EARLIER, "escalates_at": EARLIER},
    ),
    (State.APPROVED, {"due_at": SOME_DAY}),
    (State.REFUSED, {"due_at": None, "ended_at": SOME_DAY, "why": "No.", "news_due_at": SOME_DAY}),
]


@pytest.mark.parametrize(("to", "left"), MOVED)
async def test_a_move_leaves_these_columns(store, now, to, left):
    """A clean start for what comes next; deadlines and cards while pending only, an end at the end only."""
    request = await in_work(store)
    before = await row_of(store, request)

    moved = await store.run(requests.move, request, to, why="No.", terms_hash="h")

    cleared = dict.fromkeys(
        ("held_at", "give_up_by", "lease_until", "cards_due_at", "lapses_at", "escalates_at")
    )
    expected = before | cleared | {"attempts": 0, "failures": 0, "version": 8, "updated_at": now}
    row = await row_of(store, request)
    assert row == expected | {"state": to, "terms_hash": "h"} | left
    assert vars(moved) == {name: row[name] for name in Request.__dataclass_fields__} | {
        "deciders": ()
    }


async def test_a_move_moves_one_request_only(store):
    """Whatever else is in the same state."""
    request, other = await in_work(store), await in_work(store, package_id="other")

    await store.run(requests.move, request, State.APPROVED)

    assert await store.run(requests.get, other.id) == other


@pytest.mark.parametrize(
    "changes",
    [{"state": State.PENDING}, {"version": 8}, {"intent_at": SOME_DAY}],
    ids=lambda each: "".join(each),
)
async def test_a_move_knows_the_row_that_it_moves(store, changes):
    """Its state, its version, and whether a post has begun, each by itself."""
    request = await in_work(store)
    await tamper(store, request, **changes)

    assert await store.run(requests.move, request, State.APPROVED) is None


async def test_a_person_moves_what_a_worker_has_claimed(store):
    """A click needs no claim."""
    request = await in_work(store)
    await tamper(store, request, generation=5)

    assert await store.run(requests.move, request, State.CANCELED) is not None


async def test_an_audit_row_says_all_of_a_move(store, now):
    """Who, when, what, why, about whom, and the terms by which."""
    request = await in_work(store, assignment_id="assignment")
    about = {
        "request_id": request.id,
        "assignment_id": "assignment",
        "package_id": "campaign",
        "subject_entra_id": ANN,
    }

    facts = {"actor": "U0BO", "actor_entra_id": "bo", "why": "Why not?"}
    changes = {"graph_request_id": "g", "terms_hash": "h"}
    await store.run(requests.move, request, State.APPROVED, **facts, **changes)

    (row,) = await store.run(audit.rows, request_id=request.id)
    told = {
        "at": now,
        "verb": "move",
        "before": "received",
        "after": "approved",
        "details": changes,
    }
    assert {name: row[name] for name in (*about, *facts, *told)} == about | facts | told


async def test_an_audit_row_says_all_of_a_wish(store):
    """At the time when it was asked."""
    request = wish(asked_at=EARLIER, asked_by="U0DANA", kind=Kind.REMOVE, justification="Left")

    await store.run(requests.add, request)

    (row,) = await store.run(audit.rows, request_id=request.id)
    told = {
        "at": EARLIER,
        "actor": "U0DANA",
        "verb": "ask-remove",
        "after": "received",
        "why": "Left",
    }
    assert {name: row[name] for name in told} == told


async def test_a_rule_moves_in_latchkeys_name(store):
    """Nobody else's."""
    request = await store.run(requests.add, wish())
    await store.run(requests.move, request, State.REFUSED)

    assert (await store.run(audit.rows, request_id=request.id))[-1]["actor"] == "latchkey"


def stale_homes(db):
    """Whose Home is owed a page."""
    query = sa.select(home_table.c.slack_user).where(home_table.c.stale)
    return sorted(db.execute(query).scalars())


def all_fresh(db, *people):
    """These have opened their Home, and see what is so."""
    for person in people:
        homes.opened(db, person)
    db.execute(home_table.update().values(stale=False))


async def test_a_move_is_seen_by_the_holder_and_by_old_and_new_deciders(store):
    """Their Homes are owed a page; nobody else's is."""
    request = await in_work(store, State.PENDING, deciders=("U0BO",))
    await store.run(all_fresh, "U0ANN", "U0BO", "U0MIA", "U0CY")

    await store.run(requests.move, request, State.PENDING, deciders=("U0MIA",))

    assert await store.run(stale_homes) == ["U0ANN", "U0BO", "U0MIA"]


async def test_a_wish_is_seen_by_the_holder(store):
    """In their Home."""
    await store.run(all_fresh, "U0ANN", "U0CY")

    await store.run(requests.add, wish())

    assert await store.run(stale_homes) == ["U0ANN"]


MESSAGES: list[tuple[str, str, dict[str, str | None]]] = [
    # key, kind, and what it is about
    ("card of it", "card", {"request_id": "it"}),
    ("alarm of it", "held", {"request_id": "it"}),
    ("news of it", "news", {"request_id": "it"}),
    ("card of another", "card", {"request_id": "another"}),
    ("reminder of its access", "reminder", {"assignment_id": "its"}),
    ("end of its access", "ended", {"assignment_id": "its"}),
    ("reminder of another access", "reminder", {"assignment_id": "anothers"}),
]


async def test_what_shows_a_request_is_owed_a_redraw(store):
    """Its cards and its alarm, and the reminders of its access, whose buttons may be of no use now."""
    request = await in_work(store, id="it", assignment_id="its")
    rows = [
        {"key": key, "kind": kind, "recipient": "U0ANN", "request_id": None, "assignment_id": None}
        | about
        for key, kind, about in MESSAGES
    ]
    await store.run(lambda db: db.execute(notice_table.insert(), rows).rowcount)

    await store.run(requests.shown, request)

    query = sa.select(notice_table.c.key).where(notice_table.c.stale)
    stale = await store.run(lambda db: set(db.execute(query).scalars()))
    assert stale == {"card of it", "alarm of it", "reminder of its access"}


async def test_an_escalation_leaves_these_columns(store, now):
    """The stand-ins are owed their cards, once; another request is as it was."""
    request = await in_work(store, State.PENDING, deciders=("U0BO",))
    other = await in_work(store, State.PENDING, package_id="other")
    before, others = await row_of(store, request), await row_of(store, other)
    await store.run(all_fresh, "U0ANN", "U0BO", "U0MIA", "U0CY")

    assert await store.run(requests.escalate, request, deciders=("U0BO", "U0MIA"))

    assert await row_of(store, request) == before | {
        "escalated": True,
        "escalates_at": None,
        "deciders": ["U0BO", "U0MIA"],
        "cards_due_at": SOME_DAY,
        "version": 8,
        "updated_at": SOME_DAY,
    }
    assert await row_of(store, other) == others
    assert await store.run(stale_homes) == ["U0ANN", "U0BO", "U0MIA"]
    (row,) = await store.run(audit.rows, request_id=request.id)
    assert (row["verb"], row["actor"], row["at"]) == ("escalate", "latchkey", SOME_DAY)


async def test_an_escalation_that_comes_too_late_changes_nothing(store, now):
    """Somebody has moved the request since it was read."""
    request = await in_work(store, State.PENDING, deciders=("U0BO",))
    await tamper(store, request, version=8)
    before = await row_of(store, request)
    await store.run(all_fresh, "U0ANN", "U0MIA")

    assert not await store.run(requests.escalate, request, deciders=("U0BO", "U0MIA"))

    assert await row_of(store, request) == before
    assert await store.run(stale_homes) == []
    assert await store.run(audit.rows, request_id=request.id) == []

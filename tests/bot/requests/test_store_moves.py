"""Moves of requests, on both databases: those that the page draws, all that each writes, and nothing else."""

from itertools import product

import pytest
import sqlalchemy as sa

from bot.database import homes
from bot.database.audit_log import audit
from bot.database.tables import homes as home_table
from bot.database.tables import notices as notice_table
from bot.database.tables import requests as request_table
from bot.requests.model import ENDED, OPEN, Request, State
from bot.requests.store import cancellations, current_stage, redraws, requests
from tests.bot.rows import EARLIER, in_work, rows_of, tamper
from tests.bot.samples import ANN, BO, SOME_DAY, wish
from tests.docs import states

# From a state to a state: how one begins is no move.
ARROWS = {(before, after) for before, after in states.ARROWS if before is not None}


def moves_made(db):
    """Of all moves from a state to a state those that are made, each of a row of its own."""
    made = set()
    for number, (before, after) in enumerate(product(State, State)):
        request = wish(state=before, package_id=f"package {number}")
        db.execute(request_table.insert().values(**vars(request)))
        try:
            moved = requests.move(db, request, after)
        except ValueError:
            assert requests.find(db, request.id) == request
        else:
            assert moved is not None
            made.add((before, moved.state))
    return made


async def test_only_the_arrows_of_the_diagram_can_be_moved_along(store):
    """Anything else is a mistake in the program, and changes nothing; what has ended does not move."""
    assert await store.run(moves_made) == ARROWS


def test_a_request_is_open_while_a_move_leads_away():
    """And has ended in every other state."""
    leading = {start for start, _ in ARROWS}

    assert set(OPEN) == leading
    assert set(ENDED) == set(State) - leading


@pytest.mark.parametrize(
    ("state", "graph_request_id", "is_free"),
    [
        (State.RECEIVED, None, True),
        (State.PENDING, None, True),
        (State.PENDING, "in Entra", False),
        (State.APPROVED, None, False),
        (State.SUBMITTED, None, False),
    ],
)
def test_what_was_sent_in_vain_can_be_withdrawn_while_it_is_judged_or_decided_once_more(
    state, graph_request_id, is_free
):
    """An emergency that was made of it as well; not while the POST may be on its way."""
    sent = wish(state=state, intent_at=SOME_DAY, graph_request_id=graph_request_id)
    assert sent.can_be_withdrawn is is_free


MOVED = [
    (
        State.PENDING,
        {
            "due_at": None,
            "cards_due_at": SOME_DAY,
            "recipients_due_at": SOME_DAY,
            "lapses_at": EARLIER,
            "escalates_at": EARLIER,
        },
    ),
    (State.APPROVED, {"due_at": SOME_DAY}),
    (State.REFUSED, {"due_at": None, "ended_at": SOME_DAY, "why": "No.", "news_due_at": SOME_DAY}),
]


@pytest.mark.parametrize(("to", "left"), MOVED)
async def test_a_move_leaves_these_columns(store, now, to, left):
    """A clean start for what comes next, deadlines and cards while pending only; and no other row is touched."""
    request = await in_work(store)
    await in_work(store, package_id="other")
    before = await rows_of(store)

    moved = await store.run(requests.move, request, to, why="No.", terms_hash="h")

    cleared = dict.fromkeys(
        (
            *("held_at", "retry_by", "give_up_by", "lease_until"),
            *("cards_due_at", "recipients_due_at", "lapses_at", "escalates_at"),
            *("needs_account_at", "not_canceled_why"),
        )
    )
    counts = {"attempts": 0, "failures": 0, "version": 8}
    changed = cleared | counts | {"state": to, "updated_at": now, "terms_hash": "h"} | left
    after = before[request.id] | changed
    assert await rows_of(store) == before | {request.id: after}
    assert vars(moved) == {name: after[name] for name in Request.__dataclass_fields__} | {
        "deciders": (),
        "decided_there": (),
    }


async def test_of_many_movers_one_wins(store, at_once):
    """Four replicas at once, from the same row."""
    request = await store.run(requests.add, wish())

    moved = at_once(requests.move, request, State.APPROVED)

    assert sum(each is not None for each in moved) == 1
    rows = await store.run(audit.rows, request_id=request.id)
    assert [row["verb"] for row in rows] == ["ask-add", "move"]


async def test_a_person_moves_what_a_worker_has_claimed(store):
    """A click needs no claim."""
    request = await in_work(store)
    await tamper(store, request, generation=5)

    assert await store.run(requests.move, request, State.CANCELED) is not None


async def test_an_audit_row_says_all_of_a_move(store, now):
    """The audit row says who, when, what, why, about whom, and by which terms; a rule moves in nobody else's name."""
    request = await in_work(store, assignment_id="assignment")
    facts = {"actor": "U0BO", "actor_entra_id": BO, "why": "Why not?"}
    changes = {"graph_request_id": "g", "terms_hash": "h"}

    asked = await store.run(requests.move, request, State.PENDING)
    await store.run(requests.move, asked, State.APPROVED, **facts, **changes)

    rows = await store.run(audit.rows, request_id=request.id)
    for row in rows:
        del row["position"], row["hash"], row["salt"], row["forgotten"]
    both = {
        "at": now,
        "verb": "move",
        "request_id": request.id,
        "assignment_id": "assignment",
        "package_id": "campaign",
        "subject_entra_id": ANN,
    }
    by_rule = {"actor": "latchkey", "actor_entra_id": None, "why": None}
    assert rows == [
        both
        | by_rule
        | {"before": "received", "after": "pending", "details": dict.fromkeys(changes)},
        both | facts | {"before": "pending", "after": "approved", "details": changes},
    ]


def ask(db, request):
    return requests.add(db, wish(package_id="another"))


def approve(db, request):
    return requests.move(db, request, State.APPROVED)


def hand_on(db, request):
    return requests.move(db, request, State.PENDING, deciders=("U0MIA",))


def escalate(db, request):
    return current_stage.escalate(db, request)


def cancel_for_leaver(db, request):
    return cancellations.want_canceled_for_leaver(db, request, by="U0DANA", why="Ann has left.")


def word(value):
    """A name for a deed, or for the columns that are changed before it."""
    return value.__name__ if callable(value) else "".join(value)


def stale_homes(db):
    """Return whose Home is owed a page."""
    query = sa.select(home_table.c.slack_user).where(home_table.c.stale)
    return sorted(db.execute(query).scalars())


def all_fresh(db):
    """Everybody has opened their Home, and sees what is so; Dana sees what an admin sees."""
    for person in ("U0ANN", "U0BO", "U0CY", "U0DANA", "U0MIA"):
        homes.mark_opened(db, person)
    homes.mark_published(db, "U0DANA", admin=True, at=SOME_DAY)
    db.execute(home_table.update().values(stale=False))


@pytest.mark.parametrize(
    ("deed", "seen_by"),
    [
        (ask, ["U0ANN", "U0DANA"]),
        (approve, ["U0ANN", "U0BO", "U0DANA"]),
        (hand_on, ["U0ANN", "U0BO", "U0DANA", "U0MIA"]),
    ],
    ids=word,
)
async def test_a_change_is_seen_by_the_holder_old_and_new_deciders_and_admins(store, deed, seen_by):
    """Their Homes are owed a page; nobody else's is."""
    request = await in_work(store, State.PENDING, deciders=("U0BO",))
    await store.run(all_fresh)

    await store.run(deed, request)

    assert await store.run(stale_homes) == seen_by


@pytest.mark.parametrize(
    ("deed", "changes"),
    [
        (approve, {"state": State.RECEIVED}),
        (approve, {"version": 8}),
        (approve, {"intent_at": SOME_DAY}),
        (escalate, {"version": 8}),
        (cancel_for_leaver, {"state": State.APPROVED}),
        (cancel_for_leaver, {"intent_at": SOME_DAY}),
    ],
    ids=word,
)
async def test_who_knows_an_old_row_changes_nothing(store, deed, changes):
    """Somebody was first: another state, another round of it, or a post that has begun, each by itself."""
    request = await in_work(store, State.PENDING, deciders=("U0BO",))
    await tamper(store, request, **changes)
    await store.run(all_fresh)
    before = await rows_of(store)

    assert not await store.run(deed, request)

    assert await rows_of(store) == before
    assert await store.run(audit.rows) == []
    assert await store.run(stale_homes) == []


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

    await store.run(redraws.mark_views_stale, request)

    query = sa.select(notice_table.c.key).where(notice_table.c.stale)
    stale = await store.run(lambda db: set(db.execute(query).scalars()))
    assert stale == {"card of it", "alarm of it", "reminder of its access"}


async def test_an_escalation_leaves_these_columns(store, now):
    """Whom to ask is looked up again, once; no other row is touched."""
    request = await in_work(store, State.PENDING, deciders=("U0BO",))
    await in_work(store, State.PENDING, package_id="other")
    before = await rows_of(store)

    assert [await store.run(escalate, request) for _ in range(2)] == [True, False]

    after = before[request.id] | {
        "escalated": True,
        "escalates_at": None,
        "recipients_due_at": now,
        "version": 8,
        "updated_at": now,
    }
    assert await rows_of(store) == before | {request.id: after}
    (row,) = await store.run(audit.rows)
    assert (row["verb"], row["actor"], row["at"]) == ("escalate", "latchkey", now)
    assert (row["request_id"], row["subject_entra_id"]) == (request.id, ANN)


def test_every_arrow_is_a_function_of_transitions():
    """Whoever wants to know what can happen to a request reads one folder."""
    movers = {
        file.relative_to(states.ROOT).parent.as_posix()
        for folder in ("bot", "handlers", "sandbox")
        for file in (states.ROOT / folder).rglob("*.py")
        if "requests.move" in file.read_text()
    }
    assert movers == {"bot/requests/state_machine"}

"""Test what admins press on a mismatch, while it passes or somebody else settles it, on both databases."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import clock
from bot.database.audit_log import audit
from bot.drift import transactions
from bot.drift.model import OF_GROUPS, DriftKind, DriftState, Found
from bot.drift.store import mismatches, wanted_answers
from bot.errors import TooLate
from bot.people.model import Verb
from bot.people.permissions import Actor
from bot.webhooks import events
from bot.webhooks.store import feeds
from tests.bot.samples import ANN, LEASE

FOUND = Found(
    kind=DriftKind.UNASKED,
    about="assignment",
    entra_id=ANN,
    package_id="campaign",
    package_name="Marketing Campaign",
    assignment_id="assignment",
)
OVER = timedelta(seconds=-1)
DANA = Actor(slack_user="U0DANA", is_admin=True)


@pytest.fixture
def mismatch(store):
    """One that is open."""
    store.run_here(mismatches.save, [FOUND], seen_at=clock.real())
    return only(store)


def only(store):
    (found,) = store.read_here(mismatches.current)
    return found


def adopt(db, mismatch, *, by="cli:olga"):
    return mismatches.settle(db, mismatch, DriftState.ADOPTED, by=by)


def press(db, mismatch, *, by="U0DANA"):
    return wanted_answers.want(db, mismatch, Verb.IGNORE, by=by, until=clock.now() + LEASE)


def left_to_do(store):
    """Return what would be claimed at once, and whenever a lease is over."""
    return [
        store.run_here(wanted_answers.claim_wanted, lease=OVER),
        store.run_here(wanted_answers.claim_wanted, lease=OVER),
    ]


@pytest.mark.parametrize("meanwhile", [mismatches.let_pass, adopt])
def test_what_is_not_open_any_more_cannot_be_pressed(store, mismatch, meanwhile):
    """Whoever has read it before: nothing is noted, and nothing is claimed for ever."""
    store.run_here(meanwhile, mismatch)
    now = store.read_here(mismatches.find, mismatch.id)
    assert store.run_here(press, mismatch) is None
    assert store.read_here(mismatches.find, mismatch.id) == now
    assert left_to_do(store) == [[], []]


@pytest.mark.parametrize("meanwhile", [mismatches.let_pass, adopt])
def test_what_was_pressed_before_that_is_not_carried_out(store, mismatch, meanwhile):
    """However far whoever carries it out has come: neither later, nor refused, nor done."""
    store.run_here(press, mismatch)
    ((claimed, _),) = store.run_here(wanted_answers.claim_wanted, lease=LEASE)
    store.run_here(meanwhile, claimed)
    now = store.read_here(mismatches.find, mismatch.id)
    assert now.wanted is None
    store.run_here(wanted_answers.reschedule, claimed, at=clock.real() - LEASE)
    store.run_here(wanted_answers.decline, claimed, "No.")
    assert not store.run_here(adopt, claimed, by="U0DANA")
    assert store.read_here(mismatches.find, mismatch.id) == now
    assert left_to_do(store) == [[], []]


def test_what_was_settled_is_not_settled_otherwise(store, mismatch):
    """Not even by who has read that it is."""
    store.run_here(adopt, mismatch)
    adopted = only(store)
    assert not store.run_here(
        mismatches.settle, adopted, DriftState.IGNORED, by="U0DANA", until=clock.now()
    )
    assert only(store) == adopted
    assert [row["verb"] for row in store.run_here(audit.rows)].count("adopt") == 1


def test_what_somebody_else_has_pressed_since_is_theirs(store, mismatch):
    """Whoever carries out the first press leaves the second alone."""
    store.run_here(press, mismatch)
    ((claimed, _),) = store.run_here(wanted_answers.claim_wanted, lease=LEASE)
    store.run_here(press, mismatch, by="U0BO")
    store.run_here(wanted_answers.reschedule, claimed, at=clock.real() + LEASE)
    store.run_here(wanted_answers.decline, claimed, "No.")
    ((left, _),) = store.run_here(wanted_answers.claim_wanted, lease=LEASE)
    assert (left.wanted, left.wanted_by, left.answer) == (Verb.IGNORE, "U0BO", None)


def test_who_presses_while_somebody_settles_it_is_told(store, mismatch):
    """On PostgreSQL both read that it is open; the second to write finds that it is not."""
    is_settled, pressed = threading.Event(), []

    def settle_slowly(db):
        adopt(db, mismatch)
        is_settled.set()
        # For so long the other one can only wait; should it come later, it reads what is so.
        pressing.join(timeout=0.5)

    def press_now():
        is_settled.wait()
        with pytest.raises(TooLate) as told:
            store.run_here(transactions.want, "U0DANA", mismatch.id, Verb.IGNORE, DANA)
        pressed.append(told.value)

    pressing = threading.Thread(target=press_now)
    pressing.start()
    store.run_here(settle_slowly)
    pressing.join()
    assert [str(each) for each in pressed] == [transactions.SETTLED]
    assert (only(store).state, only(store).wanted) == (DriftState.ADOPTED, None)


@pytest.mark.parametrize("kind", DriftKind)
def test_other_programs_are_told_of_a_person_or_of_a_group_that_is_one(store, kind):
    """In each row of the audit log and each event: what is about a group within a group has no person."""
    store.run_here(feeds.begin, ["siem"])
    is_in_group = kind in OF_GROUPS
    made = replace(FOUND, kind=kind, entra_id="them")
    if is_in_group:
        made = replace(made, about="group", group_name="Marketing")
    store.run_here(mismatches.save, [made], seen_at=clock.real())
    store.run_here(adopt, only(store))
    store.run_here(mismatches.let_pass, only(store))

    (feed,) = store.run_here(feeds.claim, ["siem"], lease=LEASE)
    rows = store.read_here(feeds.rows_after, feed, limit=9)
    assert [row["verb"] for row in rows] == [f"drift-{kind}", "adopt", "drift-passed"]
    is_nested = kind is DriftKind.NESTED
    for row in rows:
        assert row["subject_entra_id"] == (None if is_nested else "them")
        event = events.event_of(row)
        assert event is not None
        data = event.data
        assert (data.reason, data.person is None) == (kind, is_nested)
        assert (data.group and data.group.id) == ("group" if is_in_group else None)
        assert (data.group and data.group.nested_id) == ("them" if is_nested else None)

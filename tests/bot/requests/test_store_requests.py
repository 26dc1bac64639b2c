"""Requests in the store, on both databases: the same wish is open only once, and each is written down."""

from datetime import timedelta
from typing import Any

import pytest

from bot import clock
from bot.assignments.model import EndReason
from bot.assignments.store import assignments
from bot.database import Unusable
from bot.database.audit_log import audit
from bot.packages.model import Stage
from bot.requests.model import ENDED, Kind, State
from bot.requests.store import request_lists, requests
from tests.bot.rows import EARLIER, in_work
from tests.bot.samples import ANN, SOME_DAY, held, terms, wish

LATER = SOME_DAY + timedelta(minutes=1)


async def test_of_many_who_ask_at_once_one_asks(at_once):
    """Four replicas, four commands, one row; the other inserts say so."""
    asked = at_once(lambda db: requests.add(db, wish()))

    assert sum(each is not None for each in asked) == 1


async def test_the_database_itself_refuses_a_second_open_wish(store):
    """Whatever program inserts it."""
    await in_work(store, State.PENDING, entra_id=None)

    with pytest.raises(Unusable, match="contradicts another"):
        await in_work(store, State.RECEIVED, entra_id=None)


async def test_another_wish_is_another_row(store):
    """Another person, package or kind."""
    others: list[dict[str, Any]] = [
        {"holder": "U0CY", "asked_by": "U0CY"},
        {"package_id": "finance"},
        {"kind": Kind.EXTEND},
        {"kind": Kind.REMOVE},
    ]
    await store.run(requests.add, wish())

    assert [each for each in others if not await store.run(requests.add, wish(**each))] == []


async def test_a_wish_that_has_ended_can_be_made_again(store):
    """Whatever became of it."""
    request = await store.run(requests.add, wish())
    await store.run(requests.move, request, State.REFUSED)

    assert await store.run(requests.add, wish()) is not None


async def test_two_slack_accounts_of_one_person_have_one_open_wish(store):
    """As soon as both are known to be the same Entra user."""
    first = await store.run(requests.add, wish())
    second = await store.run(requests.add, wish(holder="U0TWIN", asked_by="U0TWIN"))
    await store.run(requests.move, first, State.PENDING, entra_id=ANN)

    with pytest.raises(requests.AlreadyOpen):
        await store.run(requests.move, second, State.PENDING, entra_id=ANN)

    assert await store.run(requests.find, second.id) == second


async def test_a_request_comes_back_as_it_went_in(store):
    """Terms with their stages and approvers, times in UTC, everything."""
    asked = wish(
        terms=terms(stages=(Stage(approvers=({"kind": "requestormanager", "manager_level": 2},)),)),
        deciders=("U0BO", "U0DANA"),
        justification="🦄 “quoted” <!channel>",
        lapses_at=clock.now(),
        ends_at=clock.now() + timedelta(days=30),
    )

    await store.run(requests.add, asked)

    assert await store.run(requests.find, asked.id) == asked


async def test_an_audit_row_says_all_of_a_wish(store):
    """The audit row says who, when, what, why and about whom, at the time when it was asked."""
    request = wish(
        kind=Kind.REMOVE,
        asked_by="U0DANA",
        asked_at=EARLIER,
        justification="Left",
        entra_id=ANN,
        assignment_id="assignment",
    )

    await store.run(requests.add, request)

    (row,) = await store.run(audit.rows, request_id=request.id)
    del row["position"], row["hash"], row["salt"], row["forgotten"]
    assert row == {
        "at": EARLIER,
        "actor": "U0DANA",
        "actor_entra_id": None,
        "verb": "ask-remove",
        "request_id": request.id,
        "assignment_id": "assignment",
        "package_id": "campaign",
        "subject_entra_id": ANN,
        "before": None,
        "after": "received",
        "why": "Left",
        "details": None,
    }


async def test_deadlines_are_kept(store, now):
    """At the moment itself, and not before; what has lapsed is not escalated any more."""
    deadlines = {
        "lapsed before": (EARLIER, EARLIER),
        "lapses now": (now, now),
        "lapses later, and escalates": (LATER, now),
        "escalates only": (None, EARLIER),
        "has time": (LATER, LATER),
        "has no deadline": (None, None),
    }
    for package, (lapses, escalates) in deadlines.items():
        deadline = {"lapses_at": lapses, "escalates_at": escalates}
        await in_work(store, State.PENDING, package_id=package, **deadline)
    # Nobody has to decide it: its deadlines mean nothing.
    await in_work(store, State.APPROVED)

    lapsed, escalating = await store.run(request_lists.overdue_decisions)

    assert {each.package_id for each in lapsed} == {"lapsed before", "lapses now"}
    assert {each.package_id for each in escalating} == {
        "lapses later, and escalates",
        "escalates only",
    }


async def test_the_most_overdue_comes_first(store, now):
    """So many at a time: whoever was down for days does not read all of it at once."""
    for days in (1, 3, 2):
        await in_work(store, State.PENDING, package_id=f"{days}", lapses_at=now - timedelta(days))
        escalates = {"lapses_at": None, "escalates_at": now - timedelta(days)}
        await in_work(store, State.PENDING, package_id=f"{days} days", **escalates)

    lapsed, escalating = await store.run(request_lists.overdue_decisions, limit=2)

    assert [each.package_id for each in lapsed] == ["3", "2"]
    assert [each.package_id for each in escalating] == ["3 days", "2 days"]


async def test_extensions_of_what_has_ended_come_in_portions(store):
    """None is left out for ever: each that was dealt with makes room."""
    await store.run(assignments.save_live, held(id="ended"))
    await store.run(assignments.end, "ended", why=EndReason.OUTSIDE, at=clock.now())
    for number in range(3):
        of_it = {"kind": Kind.EXTEND, "assignment_id": "ended", "package_id": f"{number}"}
        await in_work(store, State.PENDING, **of_it)

    assert len(await store.run(request_lists.pointless, limit=2)) == 2
    assert len(await store.run(request_lists.pointless)) == 3


async def test_requests_are_counted_by_state(store):
    """For the metrics."""
    ended = {"ended_at": clock.now() - timedelta(days=1)}
    for number, state in enumerate((State.RECEIVED, State.RECEIVED, State.DENIED)):
        await in_work(store, state, package_id=str(number), **(ended if state in ENDED else {}))

    counted, _ = await store.run(request_lists.counts)

    assert counted == {"received": 2, "denied": 1}


async def test_what_ended_long_ago_is_counted_once(store):
    """Later counts add what has ended since, and ask for the rest no more."""
    long_ago, just_now = clock.now() - timedelta(days=1), clock.now() - timedelta(minutes=1)
    await in_work(store, State.DELIVERED, package_id="1", ended_at=long_ago)
    counted, ended = await store.run(request_lists.counts)
    assert counted == ended.counts == {"delivered": 1}

    # Which nothing does: it shows that these rows are not counted again.
    await in_work(store, State.DELIVERED, package_id="2", ended_at=long_ago)
    await in_work(store, State.FAILED, package_id="3", ended_at=just_now)
    again, ended = await store.run(request_lists.counts, ended)

    # The last minutes are counted anew each time: somebody may be about to commit what ended in them.
    assert again == {"delivered": 1, "failed": 1}
    assert ended.counts == {"delivered": 1}

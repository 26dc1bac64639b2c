"""Requests in the store, on both databases: only the arrows of the diagram, each once, each written down."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.models import MOVES, Kind, Stage, State
from bot.store import audit, claims, request_lists, requests
from bot.store.schema import requests as table
from tests.bot.samples import ANN, BO, LEASE, terms, wish

PAST = timedelta(seconds=-1)


async def in_state(store, state, **changes):
    """A request that is in a state, however it came there."""
    request = wish(state=state, **changes)
    row = {**vars(request), "kind": request.kind}
    await store.run(lambda db: db.execute(table.insert().values(**row)).rowcount)
    found = await store.run(requests.get, request.id)
    assert found is not None
    return found


async def test_the_same_wish_is_open_only_once(store):
    """Asking twice makes one row; the second insert says so."""
    assert await store.run(requests.add, wish()) is not None
    assert await store.run(requests.add, wish()) is None


async def test_the_database_itself_refuses_a_second_open_wish(store):
    """Whatever program inserts it."""
    await in_state(store, State.PENDING)

    with pytest.raises(sa.exc.IntegrityError):
        await in_state(store, State.RECEIVED)


@pytest.mark.parametrize(
    "changes",
    [
        {"holder": "U0CY", "asked_by": "U0CY"},
        {"package_id": "finance"},
        {"kind": Kind.EXTEND},
        {"kind": Kind.REMOVE},
    ],
)
async def test_another_wish_is_another_row(store, changes):
    """Another person, package or kind."""
    await store.run(requests.add, wish())

    assert await store.run(requests.add, wish(**changes)) is not None


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

    again = await store.run(requests.get, second.id)
    assert again is not None
    assert (again.state, again.entra_id) == (State.RECEIVED, None)


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

    assert await store.run(requests.get, asked.id) == asked


@pytest.mark.parametrize("before", State)
async def test_only_the_arrows_of_the_diagram_can_be_moved_along(store, before):
    """Anything else is a mistake in the program, and changes nothing; what has ended does not move."""
    for number, after in enumerate(State):
        request = await in_state(store, before, package_id=f"package {number}")
        if after in MOVES.get(before, ()):
            moved = await store.run(requests.move, request, after)
            assert moved is not None
            assert moved.state is after
            continue
        with pytest.raises(ValueError, match="no move"):
            await store.run(requests.move, request, after)
        assert await store.run(requests.get, request.id) == request


async def test_a_move_from_an_old_state_changes_nothing(store):
    """Two who decide from the same row: the second finds it moved."""
    request = await store.run(requests.add, wish())

    won = await store.run(requests.move, request, State.CANCELED)
    lost = await store.run(requests.move, request, State.APPROVED)

    assert won is not None
    assert lost is None
    assert await store.run(requests.get, request.id) == won


async def test_a_move_from_an_old_version_changes_nothing(store):
    """The state is the same again, but it is another round."""
    request = await in_state(store, State.PENDING)
    await store.run(requests.move, request, State.PENDING, round=1)

    assert await store.run(requests.move, request, State.APPROVED) is None


async def test_of_many_movers_one_wins(store, at_once):
    """Four replicas at once, from the same row."""
    request = await store.run(requests.add, wish())

    moved = at_once(requests.move, request, State.APPROVED)

    assert len([each for each in moved if each is not None]) == 1
    rows = await store.run(audit.rows, request_id=request.id)
    assert [row["verb"] for row in rows] == ["ask-add", "move"]


async def test_of_many_who_ask_at_once_one_asks(store, at_once):
    """Four replicas, four commands, one row."""
    asked = at_once(lambda db: requests.add(db, wish()))

    assert len([each for each in asked if each is not None]) == 1


async def test_each_move_leaves_one_row(store):
    """With who, from where, to where, why, and for whom."""
    request = await store.run(requests.add, wish(justification="Q4", entra_id=ANN))
    await store.run(
        requests.move, request, State.REFUSED, actor="U0BO", actor_entra_id=BO, why="Not today."
    )

    asked, moved = await store.run(audit.rows, request_id=request.id)
    assert (asked["actor"], asked["verb"], asked["after"], asked["why"]) == (
        "U0ANN",
        "ask-add",
        "received",
        "Q4",
    )
    assert (moved["actor"], moved["actor_entra_id"]) == ("U0BO", BO)
    assert (moved["before"], moved["after"], moved["why"]) == ("received", "refused", "Not today.")
    assert (moved["package_id"], moved["subject_entra_id"]) == ("campaign", ANN)


async def test_a_move_that_does_not_happen_leaves_no_row(store):
    """The audit says what was, and nothing else."""
    request = await store.run(requests.add, wish())
    await store.run(requests.move, request, State.CANCELED)
    await store.run(requests.move, request, State.APPROVED)

    assert len(await store.run(audit.rows, request_id=request.id)) == 2


async def test_an_exception_undoes_everything(store):
    """A transaction is whole or not at all."""
    request = await store.run(requests.add, wish())

    def fail(db: sa.Connection) -> None:
        requests.move(db, request, State.CANCELED)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        await store.run(fail)
    assert await store.run(requests.get, request.id) == request
    assert len(await store.run(audit.rows, request_id=request.id)) == 1


async def test_a_move_starts_the_count_of_tries_anew(store):
    """Another step, another patience."""
    await store.run(requests.add, wish(attempts=9))
    (request,) = await store.run(claims.take, lease=LEASE, limit=10)

    moved = await store.run(requests.move, request, State.APPROVED, fence=True)

    assert (moved.attempts, moved.lease_until) == (0, None)


async def test_a_withdrawal_does_not_outrun_a_post_that_began(store):
    """Whoever read the row before the intent was written knows too little to move it."""
    await store.run(requests.add, wish(state=State.APPROVED))
    (read_before,) = await store.run(claims.take, lease=LEASE, limit=10)
    assert await store.run(claims.update, read_before, intent_at=clock.now())

    assert await store.run(requests.move, read_before, State.CANCELED) is None


@pytest.mark.parametrize(("seconds", "lapses"), [(-1, True), (0, True), (60, False)])
async def test_deadlines_are_kept(store, seconds, lapses):
    """At the moment itself, and not before."""
    request = await store.run(requests.add, wish())
    at = clock.now() + timedelta(seconds=seconds)
    await store.run(requests.move, request, State.PENDING, lapses_at=at, escalates_at=at)

    lapsed, escalating = await store.run(request_lists.overdue_decisions)

    assert bool(lapsed) is lapses
    assert escalating == []


async def test_a_stage_is_escalated_once(store):
    """Two replicas, one escalation."""
    request = await store.run(requests.add, wish())
    pending = await store.run(requests.move, request, State.PENDING, escalates_at=clock.now())

    done = [await store.run(requests.escalate, pending, deciders=("U0MIA",)) for _ in range(2)]

    assert done == [True, False]
    assert (await store.run(request_lists.overdue_decisions))[1] == []


async def test_requests_are_counted_by_state(store):
    """For the metrics."""
    await store.run(requests.add, wish())
    await store.run(requests.add, wish(package_id="2"))

    assert await store.run(request_lists.counts) == {"received": 2}

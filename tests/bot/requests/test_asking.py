"""Many people ask at the same time, in one transaction, and each gets their own answer."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot import clock
from bot.database import tables
from bot.database.audit_log import audit
from bot.database.replicas import limits
from bot.database.replicas.limits import Limit
from bot.errors import (
    FormNeeded,
    NotAllowed,
    ReasonNeeded,
    SeenBefore,
    TooLate,
    TooOften,
)
from bot.packages.store import catalog
from bot.patience import Patience
from bot.people.model import Person
from bot.people.store import people
from bot.requests.model import Kind, State
from bot.requests.store import requests
from bot.requests.transactions.ask import CatalogChanged, RequestedPackage, ask_together
from tests.bot.samples import offered, wish

CAMPAIGN = offered(id="campaign", slug="campaign", name="Campaign")
REPORTS = offered(id="reports", slug="reports", name="Reports")
PACKAGES = [CAMPAIGN, REPORTS]


@pytest.fixture
def version(store):
    """Of the catalog that has both packages."""
    store.run_here(catalog.replace, PACKAGES)
    return store.read_here(catalog.version_of)


@pytest.fixture
def wanted(version):
    """Makes what one person wants."""

    def make(user, package=CAMPAIGN, **changes):
        facts = {
            "slack_user": user,
            "package": package,
            "version": version,
            "reason": None,
            "limit": Limit(what="ask", count=10),
            "key": f"trigger:{user}:{package.id}",
            "patience": None,
        }
        return RequestedPackage(**{**facts, **changes})

    return make


@pytest.fixture
def statements(store):
    """Every statement of the store from here on."""
    seen: list[str] = []

    @sa.event.listens_for(store.engine, "before_cursor_execute", named=True)
    def listen(statement, **facts):
        seen.append(statement)

    return seen


def kinds(answers):
    return [type(answer).__name__ for answer in answers]


def test_each_has_a_request_and_a_line_in_the_log(store, wanted):
    """All of them in one transaction."""
    people = [f"U{number}" for number in range(40)]

    answers = store.run_here(ask_together, [wanted(user) for user in people])

    assert all(answer.created for answer in answers)
    assert [answer.request.holder for answer in answers] == people
    assert [row["actor"] for row in store.read_here(audit.rows)] == people
    for answer in answers:
        assert store.read_here(requests.find, answer.request.id) == answer.request
    assert store.read_here(audit.verify, b"").wrong is None


@pytest.mark.parametrize(("are_known", "most"), [(False, 12), (True, 14)])
@pytest.mark.parametrize("count", [1, 40])
def test_it_takes_as_many_statements_for_many_as_for_one(
    store, wanted, statements, count, are_known, most
):
    """Of whoever is known, what they hold and what was removed from them are looked for; and no savepoint."""
    everybody = [wanted(f"U{number}", removed_for=timedelta(days=30)) for number in range(count)]
    for each in everybody if are_known else []:
        store.run_here(
            people.bind,
            Person(
                slack_user=each.slack_user,
                slack_name="Ann",
                entra_id=f"id of {each.slack_user}",
                entra_name="Ann Abara",
            ),
        )
    statements.clear()
    # The limits of the session, on PostgreSQL.
    store.run_here(lambda db: None)
    around = len(statements)
    statements.clear()

    store.run_here(ask_together, everybody)

    assert len(statements) - around <= most
    assert not [each for each in statements if each.startswith("SAVEPOINT")]


def test_the_same_command_twice_is_one(store, wanted):
    """In one transaction, or in the next."""
    once = wanted("U0ANN")

    first, second = store.run_here(ask_together, [once, once])
    (third,) = store.run_here(ask_together, [once])

    assert first.created
    assert kinds([second, third]) == ["SeenBefore", "SeenBefore"]
    assert isinstance(second, SeenBefore)


def test_one_person_may_ask_twice_at_the_same_time(store, wanted):
    """For the same thing, which is one request, and for another."""
    answers = store.run_here(
        ask_together,
        [wanted("U0ANN"), wanted("U0ANN", key="again"), wanted("U0ANN", REPORTS)],
    )

    assert [answer.created for answer in answers] == [True, False, True]
    assert answers[0].request == answers[1].request


def test_what_was_understood_by_another_catalog_is_not_asked_for(store, wanted):
    """That it came in is noted all the same."""
    outdated = wanted("U0ANN", version="before")

    answers = store.run_here(ask_together, [outdated, wanted("U0CY")])
    again = store.run_here(ask_together, [outdated])

    assert isinstance(answers[0], CatalogChanged)
    assert kinds([*answers[1:], *again]) == ["Submitted", "SeenBefore"]


def test_a_refusal_is_of_one_person_alone(store, wanted):
    """Whoever asks beside them gets what they asked for."""
    store.run_here(limits.note_guest, "U0GUS", "Guests cannot ask.")
    used_up = Limit(what="ask", count=1)
    store.run_here(limits.take, "U0CY", used_up)
    gone = offered(id="gone", slug="gone", name="Gone", can_be_asked_for=False)
    why = offered(id="why", slug="why", name="Why", needs_reason=True)

    answers = store.run_here(
        ask_together,
        [
            wanted("U0GUS", limit=used_up),
            wanted("U0CY", limit=used_up),
            wanted("U0BO", gone, limit=used_up),
            wanted("U0MIA", why, limit=used_up),
            wanted("U0ANN", limit=used_up),
        ],
    )

    assert kinds(answers) == ["NotAllowed", "TooOften", "TooLate", "ReasonNeeded", "Submitted"]
    assert {NotAllowed, TooOften, TooLate, ReasonNeeded, FormNeeded} >= set(map(type, answers[:4]))
    with store.reading.connect() as db:
        assert db.execute(sa.select(sa.func.count()).select_from(tables.requests)).scalar() == 1


def test_a_request_that_another_replica_has_just_made_is_the_answer(store, wanted):
    """It comes between our look and our insert: the index decides."""
    other = store.run_here(requests.add, wish(holder="U0ANN", package_id="campaign"))

    assert other is not None
    assert store.run_here(requests.add_each, [wish(holder="U0ANN"), wish(holder="U0CY")]) != set()
    (answer,) = store.run_here(ask_together, [wanted("U0ANN")])
    assert answer.request.id == other.id


def test_what_is_empty_in_all_of_them_is_not_sent(store, wanted):
    """Of a new request most columns are empty, and each value of each row takes its time."""
    sent = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *args: sent.append(args[2]))
    store.run_here(ask_together, [wanted("U0ANN"), wanted("U0CY", reason="Q4")])

    inserted = {each.split()[2]: each for each in sent if each.startswith("INSERT")}
    assert "justification" in inserted["request"]
    assert "ended_at" not in inserted["request"]
    assert "package_id" in inserted["audit"]
    assert "assignment_id" not in inserted["audit"]


def test_nothing_stays_of_what_somebody_has_given_up(store, wanted):
    """Their whole transaction is undone, for whoever was in it to be tried alone."""
    late = Patience(seconds=lambda: 10.0, until=9.0)

    with pytest.raises(TooLate):
        store.run_here(ask_together, [wanted("U0ANN", patience=late), wanted("U0CY")])

    assert store.read_here(audit.rows) == []


async def test_whoever_has_given_up_fails_alone(store, wanted):
    """The others in the same transaction are served."""
    late = Patience(seconds=lambda: 10.0, until=9.0)

    alone = store.run_together(ask_together, wanted("U0ANN", patience=late))
    with pytest.raises(TooLate):
        await alone
    taken = await store.run_together(ask_together, wanted("U0CY"))

    assert taken.created
    assert clock.real() >= taken.request.asked_at


def test_what_is_known_of_whoever_asks_is_found_with_it(store, wanted):
    """An admin's removal, too, for as long as the package's settings let it count."""
    store.run_here(
        people.bind,
        Person(slack_user="U0ANN", slack_name="Ann", entra_id="ann", entra_name="Ann Abara"),
    )
    removal = wish(
        kind=Kind.REMOVE,
        state=State.DELIVERED,
        entra_id="ann",
        asked_by="U0BO",
        assignment_id="a",
        asked_at=clock.now() - timedelta(days=20),
        ended_at=clock.now() - timedelta(days=20),
    )
    store.run_here(requests.add, removal)
    a_month, a_week = timedelta(days=30), timedelta(days=7)

    answers = store.run_here(
        ask_together,
        [
            wanted("U0ANN", removed_for=a_month),
            wanted("U0ANN", REPORTS, removed_for=a_month),
            wanted("U0CY", removed_for=a_month),
        ],
    )

    assert [answer.asker.entra_id for answer in answers] == ["ann", "ann", None]
    assert [answer.asker.removal == removal for answer in answers] == [True, False, False]

    for is_counted, removed_for in ((True, a_month), (False, a_week), (False, timedelta())):
        with store.engine.begin() as db:
            db.execute(tables.requests.delete().where(tables.requests.c.kind == Kind.ADD))
        key = f"again {removed_for}"
        (again,) = store.run_here(ask_together, [wanted("U0ANN", key=key, removed_for=removed_for)])
        assert (again.asker.removal is not None) is is_counted

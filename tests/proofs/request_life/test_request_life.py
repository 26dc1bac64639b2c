"""The life of requests in any order of deeds: whatever people, workers and crashes do, the rules hold."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot import chance, clock
from bot.approvals.accepting import accept_approval, accept_denial
from bot.approvals.model import Decision, Outcome
from bot.approvals.store import decisions
from bot.assignments.model import Assignment, AssignmentState
from bot.assignments.store import assignment_lists
from bot.database import Store, Transaction, open_store, tables
from bot.database.audit_log import audit
from bot.database.replicas.limits import Limit
from bot.errors import LatchkeyError
from bot.packages import policy_terms
from bot.packages.store import catalog
from bot.people.model import Verb
from bot.people.permissions import Actor, may
from bot.requests import state_machine
from bot.requests.model import Kind, Request, State
from bot.requests.store import claims, requests
from bot.requests.transactions.ask import RequestedPackage, ask_together
from bot.requests.transactions.cancel import cancel
from bot.requests.transactions.creation import Submitted
from bot.requests.transactions.extend import extend
from bot.requests.transactions.remove import remove
from tests.bot.samples import SOME_DAY, offered, terms
from tests.harness.camera import empty_sqlite
from tests.harness.owed import every_request

PEOPLE = {"U0ANN": "ann", "U0CY": "cy", "U0BO": "bo", "U0TWIN": "ann"}
APPROVERS = frozenset({"U0BO", "U0CY"})
PACKAGES = ("campaign", "reports")
LEASE = timedelta(seconds=60)
KEY = b"of this test"
LIVES = 15
# More than anybody asks for here.
MANY = Limit(what="ask", count=100_000)
who = st.sampled_from(sorted(PEOPLE))
verbs = st.sampled_from((Verb.APPROVE, Verb.APPROVE, Verb.DENY))
# Which of those that there are.
some = st.integers(0, 11)
what = st.sampled_from(PACKAGES)


class Crash(Exception):
    """The process dies before its transaction is committed."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the database holds at one moment; *broken* says where the audit chain is."""

    requests: dict[str, Request]
    accepted: list[Any]
    audit: list[dict[str, Any]]
    broken: Any


ACCEPTED = sa.select(tables.decisions).where(tables.decisions.c.outcome == Outcome.ACCEPTED)


def see(db: Transaction) -> Seen:
    """Read it all."""
    return Seen(
        requests={each.id: each for each in every_request(db)},
        accepted=list(db.execute(ACCEPTED).mappings()),
        audit=audit.rows(db),
        broken=audit.verify(db, KEY).wrong,
    )


def ask(db: Transaction, user: str, package: str) -> Submitted:
    """Return what `/request-access` does, once it is known what was typed."""
    offered_now = catalog.find(db, package)
    assert offered_now is not None
    (answer,) = ask_together(
        db,
        [
            RequestedPackage(
                slack_user=user,
                package=offered_now,
                version=catalog.version_of(db),
                reason="May",
                limit=MANY,
                key=None,
                patience=None,
            )
        ],
    )
    if isinstance(answer, LatchkeyError):
        raise answer
    return answer


def there_is_one(*states: State) -> Any:
    """A deed about a request in one of some states, or in any."""
    return precondition(lambda life: bool(life.those(*states)))


class RequestLife(RuleBasedStateMachine):
    """Two packages, four Slack accounts of three people, and a worker that may die."""

    databases: Iterator[str]

    def __init__(self):
        super().__init__()
        # The same deeds come to the same in every run.
        chance.use(random.Random(0))  # noqa: S311
        moments = itertools.count()
        clock.use(lambda: SOME_DAY + timedelta(milliseconds=next(moments)))
        _, _, database = next(self.databases).partition(":")
        self.store: Store = open_store(f"sqlite+pysqlite:{database}", audit_key=KEY)
        packages = [offered(id=each, slug=each, name=each) for each in PACKAGES]
        self.store.run_here(catalog.replace, packages)
        self.claimed = []
        self.number = 0
        self.seen: Seen | None = None

    def teardown(self):
        self.store.close()

    def do(self, deed, *args, **facts):
        """One transaction; what people are told instead is as good as done."""
        self.seen = None
        try:
            return self.store.run_here(deed, *args, **facts)
        except (LatchkeyError, requests.AlreadyOpen):
            return None

    def look(self) -> Seen:
        """Everything that there is, read once after each deed."""
        if self.seen is None:
            self.seen = self.store.run_here(see)
        return self.seen

    def those(self, *states: State) -> list[Request]:
        return [
            each for each in self.look().requests.values() if not states or each.state in states
        ]

    def one(self, which: int, *states: State) -> Request:
        rows = self.those(*states)
        return rows[which % len(rows)]

    @initialize(stages=st.lists(st.integers(0, 2), min_size=3, max_size=3))
    def begin(self, stages):
        """Three wishes are there already: without, few lives get as far as a decision."""
        for user, package in (("U0ANN", "campaign"), ("U0CY", "campaign"), ("U0ANN", "reports")):
            self.ask(user, package)
            self.judge(0, stages.pop())

    @rule(user=who, package=what)
    def ask(self, user, package):
        self.do(ask, user, package)

    @rule(which=some, user=who)
    @there_is_one()
    def cancel(self, which, user):
        self.do(cancel, user, self.one(which).id)

    @rule(which=some, stages=st.integers(0, 2))
    @there_is_one(State.RECEIVED)
    def judge(self, which, stages):
        """A worker has read who asks, and what the policy says."""
        row = self.one(which, State.RECEIVED)
        if row.kind is Kind.REMOVE:
            self.do(requests.move, row, State.APPROVED)
            return
        stage = terms().stages[0]
        agreed = terms(stages=(stage,) * stages)
        to = State.PENDING if stages else State.APPROVED
        self.do(
            requests.move,
            row,
            to,
            entra_id=PEOPLE[str(row.holder)],
            terms=asdict(agreed),
            terms_hash=policy_terms.hash_of(agreed),
        )

    @rule(which=some, user=who, verb=verbs)
    @there_is_one(State.PENDING)
    def decide(self, which, user, verb):
        """A click on the card that is open, processed as the judge does."""
        self.click(self.one(which, State.PENDING), user, verb, old=False)

    @rule(which=some, user=who, verb=verbs, old=st.booleans())
    @there_is_one()
    def decide_late(self, which, user, verb, old):
        """A click on a card that is not open any more, perhaps of an earlier stage."""
        row = self.one(which)
        if row.stage if old else row.state is not State.PENDING:
            self.click(row, user, verb, old=old)

    def click(self, row, user, verb, *, old):
        self.number += 1
        stage = row.stage - 1 if old else row.stage
        click = Decision(
            id=f"click-{self.number}",
            request_id=row.id,
            verb=verb,
            slack_user=user,
            at=clock.now(),
            round=row.round,
            stage=stage,
            entra_id=PEOPLE[user],
        )
        self.do(
            decisions.add, click, holder=row.holder, holder_entra_id=row.entra_id, is_draft=False
        )
        if row.state is not State.PENDING or old:
            self.do(decisions.settle, click, Outcome.LATE, why="Too late.")
            return
        actor = Actor(slack_user=user, entra_id=PEOPLE[user], is_approver=user in APPROVERS)
        why = may(actor, verb, holder=row.holder, holder_entra_id=row.entra_id)
        if why:
            self.do(decisions.settle, click, Outcome.REFUSED, why=why, entra_id=PEOPLE[user])
        elif verb is Verb.DENY:
            self.do(accept_denial, click, row)
        else:
            done = row.terms is None or row.stage + 1 >= len(row.terms.stages)
            self.do(
                accept_approval,
                click,
                row,
                {"stage": row.stage + 1} | ({} if done else {"deciders": ()}),
            )

    @rule(which=some)
    @there_is_one(State.PENDING)
    def lapse(self, which):
        self.do(requests.move, self.one(which, State.PENDING), State.LAPSED)

    @rule()
    def claim(self):
        """A worker takes what is due; what it holds already is not given twice."""
        taken = self.do(claims.take, lease=LEASE, limit=5)
        # A move by somebody else ends a claim: only the row as it was is nobody else's.
        held = {(row.id, row.version) for row in self.claimed}
        assert not held & {(row.id, row.version) for row in taken}
        self.claimed += taken

    @rule()
    def release(self):
        while self.claimed:
            row = self.claimed.pop()
            self.do(claims.release, row, due_at=clock.real(), attempts=row.attempts)

    @rule()
    def worker_dies(self):
        """Its leases run out; what it still holds in its hands must not count any more."""
        past = clock.real() - LEASE
        self.do(lambda db: db.execute(tables.requests.update().values(lease_until=past)))
        self.claim_again()

    def claim_again(self):
        stale, self.claimed = self.claimed, []
        fresh = {row.id for row in self.do(claims.take, lease=LEASE, limit=50)}
        for row in stale:
            if row.id in fresh:
                kept = self.do(claims.release, row, due_at=clock.real(), attempts=0)
                assert not kept, "a lost claim still counted"
        past = clock.real() - LEASE
        self.do(
            lambda db: db.execute(tables.requests.update().values(lease_until=None, due_at=past))
        )

    @rule()
    def work(self):
        """Everything due goes one step further, as far as a worker alone may take it."""
        self.claim()
        while self.claimed:
            row = self.claimed.pop()
            if row.state is State.APPROVED:
                self.do(state_machine.submit, row, f"graph-{row.id}")
            elif row.state is State.SUBMITTED and row.kind is Kind.REMOVE:
                self.do(state_machine.end, row)
            elif row.state is State.SUBMITTED:
                self.do(state_machine.deliver, row, self.held(row))
            else:
                self.do(claims.release, row, due_at=clock.real(), attempts=0)

    def held(self, row):
        return Assignment(
            id=row.assignment_id or f"held-{row.id}",
            entra_id=row.entra_id,
            package_id=row.package_id,
            package_name=row.package_name,
            state=AssignmentState.LIVE,
            holder=row.holder,
            ends_at=clock.now() + timedelta(days=30),
        )

    @rule(which=some)
    @there_is_one(State.PENDING)
    def crash_in_a_move(self, which):
        """Nothing of a transaction that dies is there afterwards."""
        row = self.one(which, State.PENDING)

        def dying(db):
            requests.move(db, row, State.LAPSED)
            raise Crash

        with pytest.raises(Crash):
            self.store.run_here(dying)
        assert self.do(requests.find, row.id) == row

    @rule(user=who, package=what, how=st.sampled_from(("extend", "return", "remove")))
    @there_is_one(State.DELIVERED)
    def about_access(self, user, package, how):
        rows = self.do(assignment_lists.page, package_id=package).rows
        if not rows:
            return
        if how == "extend":
            self.do(extend, user, rows[0].id)
        else:
            verb = Verb.RETURN if how == "return" else Verb.REMOVE
            self.do(remove, user, rows[0].id, verb, "not needed")

    # -- what must always be so ------------------------------------------------------------

    @invariant()
    def one_open_wish_per_person_package_and_kind(self):
        for person in ("holder", "entra_id"):
            wishes = [
                (getattr(each, person), each.package_id, each.kind)
                for each in self.look().requests.values()
                if each.is_open and getattr(each, person)
            ]
            assert len(wishes) == len(set(wishes))

    @invariant()
    def one_decision_counts_per_round_and_stage_and_it_is_nobodys_own(self):
        rows = self.look().accepted
        places = [(row["request_id"], row["round"], row["stage"]) for row in rows]
        assert len(places) == len(set(places))
        for row in rows:
            asked = self.look().requests[row["request_id"]]
            assert row["slack_user"] != asked.holder
            assert row["entra_id"] != asked.entra_id
            assert row["slack_user"] in APPROVERS

    @invariant()
    def nothing_is_sent_without_its_decisions(self):
        for asked in self.look().requests.values():
            if asked.kind is Kind.REMOVE or asked.state not in {State.SUBMITTED, State.DELIVERED}:
                continue
            approved = [
                row["verb"]
                for row in self.look().accepted
                if (row["request_id"], row["round"]) == (asked.id, asked.round)
            ]
            stages = asked.terms.stages if asked.terms else ()
            assert approved == [Verb.APPROVE] * len(stages)

    @invariant()
    def each_move_has_its_row_and_the_chain_holds(self):
        seen = self.look()
        moves: dict[str, int] = {}
        last: dict[str, str] = {}
        for row in seen.audit:
            if row["verb"] == "move":
                assert row["before"] == last[row["request_id"]]
                moves[row["request_id"]] = moves.get(row["request_id"], 0) + 1
            if row["verb"] == "move" or row["verb"].startswith("ask-"):
                last[row["request_id"]] = row["after"]
        for asked in seen.requests.values():
            assert asked.version == moves.get(asked.id, 0)
            assert asked.state == last[asked.id]
        assert seen.broken is None


@pytest.fixture
def databases(sqlite_template, tmp_path):
    """Empty ones; time and chance are the machine's own again afterwards."""
    yield empty_sqlite(sqlite_template, tmp_path)
    clock.use(clock.machine_time)
    chance.use(chance.secure)


# Hypothesis may take five minutes to say in few deeds what went wrong.
@pytest.mark.timeout(400)
def test_the_rules_hold_whatever_is_done_in_which_order(databases):
    """Lives of thirty deeds each, others in each run."""
    RequestLife.databases = databases
    run_state_machine_as_test(
        RequestLife,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=30,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

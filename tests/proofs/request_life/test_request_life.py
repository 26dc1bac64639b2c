"""The life of requests in any order of deeds: whatever people, workers and crashes do, the rules hold."""

import shutil
import tempfile
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot import clock, intake, outcomes, policy
from bot.authority import Actor, may
from bot.errors import LatchkeyError
from bot.models import OPEN, Assignment, AssignmentState, Decision, Kind, Outcome, State, Verb
from bot.store import Store, assignments, audit, catalog, claims, decisions, open_store, requests
from bot.store import schema as tables
from bot.verdicts import _approve, _deny
from tests.bot.samples import offered, terms

PEOPLE = {"U0ANN": "ann", "U0CY": "cy", "U0BO": "bo", "U0TWIN": "ann"}
APPROVERS = frozenset({"U0BO", "U0CY"})
PACKAGES = ("campaign", "reports")
LEASE = timedelta(seconds=60)
KEY = b"of this test"
who = st.sampled_from(sorted(PEOPLE))
what = st.sampled_from(PACKAGES)


class Crash(Exception):
    """The process dies before its transaction is committed."""


class RequestLife(RuleBasedStateMachine):
    """Two packages, four Slack accounts of three people, and a worker that may die."""

    ids: Bundle = Bundle("ids")
    template: Path

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "latchkey.db")
        self.store: Store = open_store(
            f"sqlite+pysqlite:///{self.folder / 'latchkey.db'}", audit_key=KEY
        )
        packages = [offered(id=each, slug=each, name=each) for each in PACKAGES]
        self.store.run_here(catalog.replace, packages)
        self.claimed = []
        self.number = 0

    def teardown(self):
        self.store.close()
        shutil.rmtree(self.folder)

    def do(self, deed, *args, **facts):
        """One transaction; what people are told instead is as good as done."""
        try:
            return self.store.run_here(deed, *args, **facts)
        except (LatchkeyError, requests.AlreadyOpen):
            return None

    @rule(target=ids, user=who, package=what)
    def ask(self, user, package):
        taken = self.do(intake.ask, user, f"{package} because of May", None)
        return taken.request.id if taken else ""

    @rule(request=ids, user=who)
    def cancel(self, request, user):
        self.do(intake.cancel, user, request)

    @rule(request=ids, stages=st.integers(0, 2))
    def judge(self, request, stages):
        """A worker has read who asks, and what the policy says."""
        row = self.do(requests.get, request)
        if row is None or row.state is not State.RECEIVED:
            return
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
            entra_id=PEOPLE[row.holder],
            terms=asdict(agreed),
            terms_hash=policy.hash_of(agreed),
        )

    @rule(request=ids, user=who, verb=st.sampled_from((Verb.APPROVE, Verb.DENY)), old=st.booleans())
    def decide(self, request, user, verb, old):
        """A click, perhaps on a card of an earlier stage, weighed as the judge does."""
        row = self.do(requests.get, request)
        if row is None or (old and not row.stage):
            return
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
            self.do(_deny, click, row)
        else:
            done = row.terms is None or row.stage + 1 >= len(row.terms.stages)
            self.do(
                _approve, click, row, {"stage": row.stage + 1} | ({} if done else {"deciders": ()})
            )

    @rule(request=ids)
    def lapse(self, request):
        row = self.do(requests.get, request)
        if row is not None and row.state is State.PENDING:
            self.do(requests.move, row, State.LAPSED)

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
        """Everything claimed goes one step further, as far as a worker alone may take it."""
        while self.claimed:
            row = self.claimed.pop()
            if row.state is State.APPROVED:
                self.do(outcomes.submit, row, f"graph-{row.id}")
            elif row.state is State.SUBMITTED and row.kind is Kind.REMOVE:
                self.do(outcomes.end, row)
            elif row.state is State.SUBMITTED:
                self.do(outcomes.deliver, row, self.held(row))
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

    @rule(request=ids)
    def crash_in_a_move(self, request):
        """Nothing of a transaction that dies is there afterwards."""
        row = self.do(requests.get, request)
        if row is None or row.state is not State.PENDING:
            return

        def dying(db):
            requests.move(db, row, State.LAPSED)
            raise Crash

        with pytest.raises(Crash):
            self.store.run_here(dying)
        assert self.do(requests.get, request) == row

    @rule(target=ids, user=who, package=what, how=st.sampled_from(("extend", "return", "remove")))
    def about_access(self, user, package, how):
        rows = self.do(assignments.live, package_id=package)
        if not rows:
            return ""
        if how == "extend":
            taken = self.do(intake.extend, user, rows[0].id)
        else:
            verb = Verb.RETURN if how == "return" else Verb.REMOVE
            taken = self.do(intake.remove, user, rows[0].id, verb, "not needed")
        return taken.request.id if taken else ""

    # -- what must always be so ------------------------------------------------------------

    @invariant()
    def one_open_wish_per_person_package_and_kind(self):
        r = tables.requests.c
        for person in (r.holder, r.entra_id):
            query = (
                sa.select(sa.func.count())
                .where(r.state.in_(OPEN), person.is_not(None))
                .group_by(person, r.package_id, r.kind)
                .having(sa.func.count() > 1)
            )
            assert not self.do(lambda db, query=query: db.execute(query).all())

    @invariant()
    def one_decision_counts_per_round_and_stage_and_it_is_nobodys_own(self):
        d = tables.decisions.c
        counted = sa.select(tables.decisions).where(d.outcome == Outcome.ACCEPTED)
        rows = self.do(lambda db: db.execute(counted).mappings().all())
        places = [(row["request_id"], row["round"], row["stage"]) for row in rows]
        assert len(places) == len(set(places))
        for row in rows:
            asked = self.do(requests.get, row["request_id"])
            assert row["slack_user"] != asked.holder
            assert row["entra_id"] != asked.entra_id
            assert row["slack_user"] in APPROVERS

    @invariant()
    def nothing_is_sent_without_its_decisions(self):
        for row in self.do(lambda db: db.execute(sa.select(tables.requests)).mappings().all()):
            if row["kind"] == "remove" or row["state"] not in {"submitted", "delivered"}:
                continue
            asked = self.do(requests.get, row["id"])
            approved = self.do(decisions.accepted_of, asked)
            assert len(approved) == len(asked.terms.stages)
            assert {each.verb for each in approved} <= {Verb.APPROVE}

    @invariant()
    def each_move_has_its_row_and_the_chain_holds(self):
        moves: dict[str, int] = {}
        last: dict[str, str] = {}
        for row in self.do(audit.rows):
            if row["verb"] == "move":
                assert row["before"] == last[row["request_id"]]
                moves[row["request_id"]] = moves.get(row["request_id"], 0) + 1
            if row["verb"] == "move" or row["verb"].startswith("ask-"):
                last[row["request_id"]] = row["after"]
        for row in self.do(lambda db: db.execute(sa.select(tables.requests)).mappings().all()):
            assert row["version"] == moves.get(row["id"], 0)
            assert row["state"] == last[row["id"]]
        assert self.do(audit.verify, KEY).wrong is None


def test_the_rules_hold_whatever_is_done_in_which_order(sqlite_template):
    """Lives of thirty deeds each."""
    RequestLife.template = sqlite_template
    run_state_machine_as_test(
        RequestLife,
        settings=settings(
            max_examples=10,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

"""A database with a story in it, and the command line over it."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from click.testing import CliRunner, Result

from bot import clock
from bot.__main__ import main
from bot.approvals.model import Outcome
from bot.approvals.store import decisions
from bot.database import Store, Transaction
from bot.packages import policy_terms
from bot.people.model import Person, Verb
from bot.people.store import people
from bot.requests.model import Kind, Request, State
from bot.requests.store import requests
from tests.bot.moments import at
from tests.bot.samples import ANN, BO, click, terms, wish

KEY = "kept outside the database"


def latchkey(*words: object) -> Result:
    """Return what a command says."""
    return CliRunner(catch_exceptions=False).invoke(main, [str(each) for each in words])


def granted(
    db: Transaction, /, *, name: str = "Ann Abara", number: int = 0, **by: str | None
) -> Request:
    """Ann asks, Bo approves (or whom *by* says of the click), Entra delivers."""
    for slack, entra, called in (("U0ANN", ANN, name), ("U0BO", BO, "Bo Berg")):
        people.bind(
            db, Person(slack_user=slack, slack_name=called, entra_id=entra, entra_name=called)
        )
    request = wish(
        package_id=f"campaign-{number}",
        package_name=f"Campaign {number}",
        entra_id=ANN,
        holder_name=name,
        justification="Launch in May",
    )
    requests.add(db, request)
    agreed = terms()
    hashed = policy_terms.hash_of(agreed)
    pending = requests.move(db, request, State.PENDING, terms=asdict(agreed), terms_hash=hashed)
    assert pending is not None
    decision = click(pending, reason="fine by me", **by)
    decisions.add(db, decision, holder="U0ANN", holder_entra_id=ANN, is_draft=False)
    assert decisions.settle(db, decision, Outcome.ACCEPTED, entra_id=BO, name="Bo Berg")
    approved = requests.move(db, pending, State.APPROVED, actor="U0BO", actor_entra_id=BO)
    assert approved is not None
    submitted = requests.move(db, approved, State.SUBMITTED)
    assert submitted is not None
    delivered = requests.move(db, submitted, State.DELIVERED, ended_at=clock.now())
    assert delivered is not None
    return delivered


def a_quarter(store: Store, began: datetime) -> None:
    """Three months of a small office: access that was granted, denied, removed and is still asked for."""
    packages = ("Marketing Campaign", "Finance Reports", "Production Database")
    for number in range(14):
        with at(began + timedelta(days=6 * number)):
            name = packages[number % 3 if number % 4 else 0]
            facts = {
                "package_id": name,
                "package_name": name,
                "entra_id": f"{number:08}-0000-4000-8000-000000000000",
                "holder": f"U0{number}",
                "asked_by": f"U0{number}",
                "holder_name": ("Ann Abara", "Cy Chen", "Mia Moreau")[number % 3],
                "justification": ("Launch in May", "I close the quarter", "INC-42")[number % 3],
            }
            store.run_here(_ended_by, facts, number)


def _ended_by(db: Transaction, facts: Mapping[str, Any], number: int) -> None:
    if number % 7 == 3:
        removal = wish(
            **{**facts, "kind": Kind.REMOVE, "asked_by": "U0DANA", "justification": "Moved teams"}
        )
        requests.add(db, removal)
        gone = requests.move(db, removal, State.APPROVED)
        assert gone is not None
        sent = requests.move(db, gone, State.SUBMITTED)
        assert sent is not None
        requests.move(db, sent, State.DELIVERED, ended_at=clock.now())
        return
    request = wish(**facts)
    requests.add(db, request)
    agreed = terms()
    pending = requests.move(
        db,
        request,
        State.PENDING,
        terms=asdict(agreed),
        terms_hash=policy_terms.hash_of(agreed),
    )
    assert pending is not None
    if number % 6 == 5:
        return
    is_denied = number % 5 == 4
    decision = click(pending, reason="ask again in May" if is_denied else "fine by me")
    if is_denied:
        decision = replace(decision, verb=Verb.DENY)
    whose = {"holder": request.holder, "holder_entra_id": request.entra_id}
    decisions.add(db, decision, **whose, is_draft=False)
    assert decisions.settle(db, decision, Outcome.ACCEPTED, entra_id=BO, name="Bo Berg")
    if is_denied:
        requests.move(db, pending, State.DENIED, ended_at=clock.now(), why="ask again in May")
        return
    approved = requests.move(db, pending, State.APPROVED, actor="U0BO", actor_entra_id=BO)
    assert approved is not None
    submitted = requests.move(db, approved, State.SUBMITTED)
    assert submitted is not None
    requests.move(db, submitted, State.DELIVERED, ended_at=clock.now())

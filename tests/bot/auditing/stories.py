"""A database with a story in it, and the command line over it."""

from dataclasses import asdict

from click.testing import CliRunner, Result

from bot import clock
from bot.__main__ import main
from bot.approvals.model import Outcome
from bot.approvals.store import decisions
from bot.database import Transaction
from bot.packages import policy_terms
from bot.people.model import Person
from bot.people.store import people
from bot.requests.model import Request, State
from bot.requests.store import requests
from tests.bot.samples import ANN, BO, click, terms, wish

KEY = "kept outside the database"


def latchkey(*words: object) -> Result:
    """Return what a command says."""
    return CliRunner(catch_exceptions=False).invoke(main, [str(each) for each in words])


def granted(db: Transaction, *, name: str = "Ann Abara", number: int = 0) -> Request:
    """Ann asks, Bo approves, Entra delivers."""
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
    decision = click(pending, reason="fine by me")
    decisions.add(db, decision, holder="U0ANN", holder_entra_id=ANN, is_draft=False)
    assert decisions.settle(db, decision, Outcome.ACCEPTED, entra_id=BO, name="Bo Berg")
    approved = requests.move(db, pending, State.APPROVED, actor="U0BO", actor_entra_id=BO)
    assert approved is not None
    submitted = requests.move(db, approved, State.SUBMITTED)
    assert submitted is not None
    delivered = requests.move(db, submitted, State.DELIVERED, ended_at=clock.now())
    assert delivered is not None
    return delivered

"""The review of emergency access in the database: opened once, closed once, and never by the holder."""

from datetime import timedelta

import pytest

from bot import clock
from bot.database.audit_log import audit
from bot.database.connections.faults import Unusable
from bot.emergencies.model import Finding, ReviewFinding
from bot.emergencies.store import emergencies
from bot.requests.store import requests
from tests.bot.samples import ANN, BO, wish

HOUR = timedelta(hours=1)


def given(db):
    """Emergency access of Ann's, just given."""
    request = wish(entra_id=ANN, emergency=True)
    assert requests.add(db, request)
    emergencies.open_review(db, request, review_within=HOUR)
    return request


def close(db, request, *, slack_user="U0BO", entra_id=BO, finding=Finding.FINE):
    said = ReviewFinding(
        id="said",
        request_id=request.id,
        finding=finding,
        comment="I saw it.",
        slack_user=slack_user,
        at=clock.now(),
    )
    return emergencies.close(
        db,
        said,
        request,
        entra_id=entra_id,
        name="Somebody",
        as_admin=False,
        for_user=None,
        for_name=None,
    )


def test_a_review_is_opened_once(store):
    """Whoever adopts the same grant once more opens no other."""
    request = store.run_here(given)
    store.run_here(emergencies.open_review, request, review_within=10 * HOUR)
    [found] = store.read_here(emergencies.all_open)
    assert found.review_by - found.opened_at == HOUR
    verbs = [row["verb"] for row in store.read_here(audit.rows)]
    assert verbs == ["ask-emergency", "emergency"]


def test_a_review_is_closed_once(store):
    """The second comes too late, and changes nothing."""
    request = store.run_here(given)
    first = store.run_here(close, request)
    assert store.run_here(close, request, slack_user="U0DANA", finding=Finding.REMOVE) is None
    assert store.read_here(emergencies.find, request.id) == first
    assert store.read_here(emergencies.open_of, ANN, request.package_id) is None
    verbs = [row["verb"] for row in store.read_here(audit.rows)]
    assert verbs.count("review") == 1


@pytest.mark.parametrize(
    ("slack_user", "entra_id"), [("U0ANN", BO), ("U0ANN2", ANN), ("U0ANN", ANN)]
)
def test_the_database_lets_nobody_review_their_own(store, slack_user, entra_id):
    """By neither of their accounts, whatever the program believes."""
    request = store.run_here(given)
    with pytest.raises(Unusable, match="contradicts"):
        store.run_here(close, request, slack_user=slack_user, entra_id=entra_id)
    assert store.read_here(emergencies.find, request.id).is_open

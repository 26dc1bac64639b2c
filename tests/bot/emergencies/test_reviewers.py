"""Test whom an emergency's review is asked of: one of them who cannot be read keeps it from nobody else."""

from datetime import timedelta

import pytest

from bot import chance, clock
from bot.emergencies.model import Finding, ReviewFinding
from bot.emergencies.store import emergencies, findings
from bot.packages.model import EmergencyTerms, Stage
from bot.people.store import contacts, delegations
from bot.people.store.contacts import Contact
from bot.requests.store import requests
from sandbox.tenant import seed
from tests.bot.samples import delegation, terms, wish
from tests.harness.loop import simulated

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def person(entra_id):
    return {"kind": "singleuser", "user_id": entra_id}


async def verified(harness, entra_id, slack_user, *, ago):
    """Who somebody is in Slack was read there a while ago."""
    at = clock.real() - ago
    found = Contact(entra_id=entra_id, slack_user=slack_user, looked_up_at=at, verified_at=at)
    await harness.store.run(contacts.save, found)


async def asked(harness, request):
    assert await harness.jobs.reviewers.find_due() == 1
    return (await harness.store.read(emergencies.find, request.id)).reviewers


@pytest.mark.parametrize("before", [("U0CY",), ("U0CY", "U0MIA")])
async def test_one_who_cannot_be_read_keeps_no_review_from_the_others(harness, before):
    """Cy may not review it any more, Bo may now; Mia stays as she was, and is looked up again within the minute."""
    stage = Stage(approvers=(person(seed.BO), person(seed.MIA)))
    of_emergency = EmergencyTerms(seconds=3_600, review_seconds=86_400, stages=(stage,))
    request = wish(
        entra_id=seed.ANN, emergency=True, terms=terms(stages=(), emergency=of_emergency)
    )

    def given(db):
        assert requests.add(db, request)
        emergencies.open_review(db, request, review_within=timedelta(days=1))
        emergencies.settle_reviewers(db, request.id, before, again_at=clock.real())

    await harness.store.run(given)
    await verified(harness, seed.BO, "U0BO", ago=timedelta(0))
    await verified(harness, seed.MIA, "U0MIA", ago=HOUR)
    harness.workspace.faults.set("server_error", only="users.info|users.lookupByEmail")

    assert set(await asked(harness, request)) == {"U0BO", *before[1:]}

    harness.workspace.faults.clear()
    simulated().stand_still(MINUTE)
    assert set(await asked(harness, request)) == {"U0BO", "U0MIA"}


@pytest.mark.parametrize(("until", "closed_by"), [(-MINUTE, "U0CY"), (-2 * MINUTE, None)])
async def test_a_delegate_who_reviews_in_time_is_heard_later_too(harness, until, closed_by):
    """As a delegate's decision is: what they sent one and a half minutes ago counts if it did then."""
    now = clock.now()
    stage = Stage(approvers=(person(seed.BO),))
    of_emergency = EmergencyTerms(seconds=3_600, review_seconds=86_400, stages=(stage,))
    request = wish(
        entra_id=seed.ANN, emergency=True, terms=terms(stages=(), emergency=of_emergency)
    )
    said = ReviewFinding(
        id=chance.new_id(),
        request_id=request.id,
        finding=Finding.FINE,
        comment="It burned.",
        slack_user="U0CY",
        at=now - 1.5 * MINUTE,
    )

    def given(db):
        assert requests.add(db, request)
        emergencies.open_review(db, request, review_within=timedelta(days=1))
        delegations.add(db, delegation(made_at=now - HOUR, ends_at=now + until))
        findings.add(db, said)

    await harness.store.run(given)

    assert await harness.jobs.finding_processor.process_due() == 1

    assert (await harness.store.read(emergencies.find, request.id)).closed_by == closed_by

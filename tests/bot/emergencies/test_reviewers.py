"""Test whom an emergency's review is asked of: one of them who cannot be read keeps it from nobody else."""

from datetime import timedelta

import pytest

from bot import clock
from bot.emergencies.store import emergencies
from bot.packages.model import EmergencyTerms, Stage
from bot.people.store import contacts
from bot.people.store.contacts import Contact
from bot.requests.store import requests
from sandbox.tenant import seed
from tests.bot.samples import terms, wish
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

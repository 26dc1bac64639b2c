"""The rows that the figures are made of, on both databases."""

import pytest

from bot import clock
from bot.assignments.model import AssignmentState, DeliveryProgress
from bot.database.tables import assignments
from bot.reports.store import rows
from tests.bot.samples import held

IS_THERE = {
    DeliveryProgress.DELIVERING: False,
    DeliveryProgress.FAILED: False,
    DeliveryProgress.DELIVERED: True,
    DeliveryProgress.PARTIAL: True,
    DeliveryProgress.REPROCESSING: True,
}


@pytest.mark.parametrize("packages", [None, ["campaign"]], ids=["all", "some"])
def test_what_entra_has_not_delivered_is_no_access(packages, store):
    """Nobody has it: neither what is on its way nor what could not be delivered, nor what has ended."""

    def some(db):
        for progress in DeliveryProgress:
            row = held(id=progress, progress=progress, package_id="campaign")
            db.execute(assignments.insert().values(**vars(row) | {"seen_at": clock.real()}))
        over = held(id="over", state=AssignmentState.ENDED)
        db.execute(assignments.insert().values(**vars(over) | {"seen_at": clock.real()}))

    store.run_here(some)
    found = {each.id for each in store.read_here(rows.current_access, packages)}
    assert found == {each for each, is_there in IS_THERE.items() if is_there}

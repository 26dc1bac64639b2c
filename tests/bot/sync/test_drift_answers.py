"""What admins have pressed on a card of drift is carried out once, or not at all."""

from datetime import timedelta

import pytest

from bot import clock
from bot.drift.model import DriftKind, DriftState, Found
from bot.drift.store import mismatches, wanted_answers
from bot.people.model import Verb
from bot.sync.drift_answers import DriftAnswers
from tests.bot.samples import ANN

FOUND = Found(
    kind=DriftKind.UNASKED,
    about="assignment",
    entra_id=ANN,
    package_id="campaign",
    package_name="Marketing Campaign",
    assignment_id="assignment",
)


@pytest.mark.parametrize("state", [DriftState.PASSED, DriftState.ADOPTED])
@pytest.mark.parametrize("presser", ["U0DANA", "U0MIA", None])
async def test_nothing_is_carried_out_for_ever(harness, state, presser):
    """What is owed of a mismatch that is not open any more is owed no longer, whoever has pressed."""
    store = harness.store
    await store.run(mismatches.save, [FOUND], seen_at=clock.real())
    (mismatch,) = await store.run(mismatches.current)
    await store.run(wanted_answers.want, mismatch, Verb.IGNORE, by="U0DANA")

    def change(db):
        # As another replica leaves it that has read it before.
        db.execute(
            mismatches.UPDATE, {"mismatch": mismatch.id, "state": state, "wanted_by": presser}
        )

    await store.run(change)
    await DriftAnswers(store=store, permissions=harness.permissions).work()
    left = await store.read(mismatches.find, mismatch.id)
    assert (left.state, left.wanted, left.done_by) == (state, None, None)
    # However long ago a lease of it was over.
    assert await store.run(_all_to_do) == []


def _all_to_do(db):
    later = clock.real() + timedelta(days=1)
    return list(db.execute(wanted_answers.ANY_TO_DO, {"now": later}))

"""What admins have pressed on a card of drift is carried out once, or not at all."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import clock
from bot.drift.model import DriftKind, DriftState, Found
from bot.drift.store import mismatches, wanted_answers
from bot.people.model import Verb
from bot.sync.drift_answers import BECOMES, DriftAnswers
from sandbox.tenant import seed
from sandbox.tenant.model import Group
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
    await DriftAnswers(store=store, graph=harness.graph, permissions=harness.permissions).work()
    left = await store.read(mismatches.find, mismatch.id)
    assert (left.state, left.wanted, left.done_by) == (state, None, None)
    # However long ago a lease of it was over.
    assert await store.run(_all_to_do) == []


def _all_to_do(db):
    later = clock.real() + timedelta(days=1)
    return list(db.execute(wanted_answers.ANY_TO_DO, {"now": later}))


@pytest.mark.parametrize("verb", [Verb.ADOPT, Verb.IGNORE])
@pytest.mark.parametrize("way", ["directly", "through another", "not at all"])
async def test_a_group_within_a_group_is_settled_by_nobody_who_is_in_it(harness, verb, way):
    """It gives them access, too."""
    world, store = harness.tenant.world, harness.store
    innermost = Group(id=world.new_id(), display_name="Interns", created_at=world.now(), members=[])
    inner = Group(
        id=world.new_id(), display_name="Helpers", created_at=world.now(), members=[innermost.id]
    )
    world.groups |= {each.id: each for each in (inner, innermost)}
    if way != "not at all":
        (inner if way == "directly" else innermost).members.append(seed.DANA)
    nested = replace(
        FOUND, kind=DriftKind.NESTED, about="outer", entra_id=inner.id, assignment_id=None
    )
    await store.run(mismatches.save, [nested], seen_at=clock.real())
    (mismatch,) = await store.run(mismatches.current)
    await store.run(wanted_answers.want, mismatch, verb, by="U0DANA")

    answers = DriftAnswers(store=store, graph=harness.graph, permissions=harness.permissions)
    await answers.work()

    left = await store.read(mismatches.find, mismatch.id)
    assert left.wanted is None
    if way == "not at all":
        assert (left.state, left.answer) == (BECOMES[verb], None)
    else:
        assert left.state is DriftState.OPEN
        assert "own" in left.answer

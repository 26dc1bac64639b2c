"""The news of a delegation: what changes while they are told is told as well."""

import pytest

from bot import clock
from bot.notifications.approvals import delegation_news
from bot.packages.settings.model import NO_LIMITS
from bot.people.store import delegations
from tests.bot.samples import delegation


async def _prove(store, made):
    await store.run(
        delegations.prove,
        made,
        proof="one",
        proven_as="bo",
        proven_to="cy",
        signed_in_at=clock.now(),
        contexts=["c1"],
    )


async def _cancel(store, made):
    await store.run(delegations.cancel, made.id, by="U0BO", at=clock.now())


async def _nothing(store, made):
    """Nobody does anything."""


@pytest.mark.parametrize(
    ("meanwhile", "is_owed"), [(_prove, True), (_cancel, True), (_nothing, False)]
)
async def test_what_changes_while_they_are_told_stays_owed(store, meanwhile, is_owed):
    """Whoever has told of it as it was settles nothing of what came after."""
    made = delegation()
    await store.run(delegations.add, made)

    await meanwhile(store, made)
    await store.run(delegation_news._close, made, NO_LIMITS, None, fresh=())

    owing = await store.read(delegations.owing_news)
    assert [each.id for each in owing] == ([made.id] if is_owed else [])

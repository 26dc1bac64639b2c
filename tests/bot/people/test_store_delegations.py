"""The table of delegations, on both databases: what holds when, and what is written down."""

from datetime import timedelta

import pytest

from bot import clock
from bot.database import Busy
from bot.database.audit_log import audit
from bot.people.store import delegations
from tests.bot.samples import delegation

SECOND = timedelta(seconds=1)


async def test_it_holds_from_its_making_to_its_end(store):
    """At the first moment, and not at the last."""
    made = delegation()
    await store.run(delegations.add, made)

    for at, holds in (
        (made.made_at - SECOND, False),
        (made.made_at, True),
        (made.ends_at - SECOND, True),
        (made.ends_at, False),
    ):
        found = await store.read(delegations.to_delegate, ["U0CY"], at=at)
        assert (found == [made]) is holds is made.is_in_force(at)


async def test_it_is_found_by_any_id_of_the_delegate(store):
    """On Enterprise Grid a person has two."""
    made = delegation(delegate="W0CY")
    await store.run(delegations.add, made)

    assert await store.read(delegations.to_delegate, ["U0CY", "W0CY"], at=clock.now()) == [made]
    assert await store.read(delegations.to_delegate, ["U0BO"], at=clock.now()) == []


async def test_what_is_canceled_holds_no_more(store):
    """It can be canceled once, and both steps are in the audit log."""
    made = delegation()
    await store.run(delegations.add, made)

    canceled = await store.run(delegations.cancel, made.id, by="U0BO", at=clock.now())
    again = await store.run(delegations.cancel, made.id, by="U0DANA", at=clock.now())

    assert canceled.canceled_by == "U0BO"
    assert again is None
    assert not canceled.is_in_force(made.made_at)
    for read in (delegations.to_delegate, delegations.of_delegators):
        assert await store.read(read, ["U0BO", "U0CY"], at=clock.now()) == []
    verbs = [(row["actor"], row["verb"]) for row in await store.read(audit.rows)]
    assert verbs[-2:] == [("U0BO", "delegate"), ("U0BO", "undelegate")]


async def test_those_concerned_are_owed_the_news(store):
    """News is owed when it is made and when it is canceled, until they have been told."""
    made = delegation()
    await store.run(delegations.add, made)
    assert await store.read(delegations.owing_news) == [made]
    await store.run(delegations.schedule_news, made, news=None)
    assert await store.read(delegations.owing_news) == []

    await store.run(delegations.cancel, made.id, by="U0BO", at=clock.now())

    assert [each.id for each in await store.read(delegations.owing_news)] == [made.id]


async def test_nobody_is_their_own_delegate(store):
    """The database itself forbids it."""
    with pytest.raises(Busy, match="one of its rules"):
        await store.run(delegations.add, delegation(delegate="U0BO"))

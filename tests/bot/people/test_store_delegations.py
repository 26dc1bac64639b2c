"""The table of delegations, on both databases: what holds when, and what is written down."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

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


PROOF: dict[str, Any] = {
    "proof": "a" * 64,
    "proven_as": "bo",
    "proven_to": "cy",
    "signed_in_at": None,
    "contexts": ("c1",),
}


async def test_a_sign_in_proves_it_and_what_it_has_shown_is_kept(store):
    """A later one for the same two adds to it; one of somebody else takes its place."""
    made = delegation()
    await store.run(delegations.add, made)
    first = await store.run(delegations.prove, made, **PROOF)
    assert first is not None
    assert first.proven_contexts == ("c1",)
    # As it was read before the first.
    more = {**PROOF, "proof": "b" * 64, "proven_as": "BO", "contexts": ("c2",)}
    second = await store.run(delegations.prove, made, **more)
    assert second is not None
    assert second.proven_contexts == ("c1", "c2")
    other = {**PROOF, "proof": "c" * 64, "proven_to": "mia", "contexts": ()}
    third = await store.run(delegations.prove, second, **other)
    assert third is not None
    assert (third.proven_to, third.proven_contexts) == ("mia", ())


@pytest.mark.parametrize(
    "changes",
    [
        {"delegate": "U0MIA"},
        {"delegator": "U0DANA"},
        {"ends_at": timedelta(days=8)},
        {"ends_at": timedelta(days=6)},
        {"id": "another"},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_what_is_not_as_it_was_seen_is_not_proven(store, changes):
    """The row is another by now."""
    made = delegation()
    await store.run(delegations.add, made)
    if "ends_at" in changes:
        changes = {"ends_at": made.made_at + changes["ends_at"]}
    assert await store.run(delegations.prove, replace(made, **changes), **PROOF) is None
    found = await store.read(delegations.find, made.id)
    assert found is not None
    assert found.proof is None


async def test_what_is_over_is_not_proven(store):
    """Canceled, replaced or run out."""
    now = clock.now()
    for end in (delegations.cancel, delegations.supersede, None):
        start = now if end else now - timedelta(days=8)
        made = delegation(made_at=start, ends_at=start + timedelta(days=7))
        await store.run(delegations.add, made)
        if end is delegations.cancel:
            await store.run(delegations.cancel, made.id, by="U0BO", at=now)
        elif end is delegations.supersede:
            await store.run(delegations.supersede, made, by="U0BO", at=now)
        assert await store.run(delegations.prove, made, **PROOF) is None


async def test_no_sign_in_proves_two(store):
    """The database itself keeps each proof once."""
    first, second = delegation(), delegation(delegate="U0MIA")
    for each in (first, second):
        await store.run(delegations.add, each)
    assert await store.run(delegations.prove, first, **PROOF) is not None
    assert await store.run(delegations.prove, second, **PROOF) is None
    found = await store.read(delegations.find, second.id)
    assert found is not None
    assert found.proof is None


@pytest.mark.parametrize(
    ("contexts", "asked", "counts"),
    [
        ((), None, True),
        (("c1",), None, True),
        (("c1",), "c1", True),
        ((), "c1", False),
        (("c2",), "c1", False),
        (("c11",), "c1", False),
    ],
)
def test_a_proof_counts_for_what_it_has_shown(contexts, asked, counts):
    """And without a proof nothing does."""
    proven = delegation(proof="a" * 64, proven_contexts=contexts)
    assert proven.is_proven_for(asked) is counts
    assert not replace(proven, proof=None).is_proven_for(asked)


@pytest.mark.parametrize(
    ("delegator", "delegate", "is_so"),
    [
        ("bo", "cy", True),
        ("BO", "Cy", True),
        ("cy", "bo", False),
        ("dana", "cy", False),
        ("bo", "mia", False),
        ("bo", None, False),
    ],
)
def test_a_proof_is_of_two_people(delegator, delegate, is_so):
    """In Entra, however their ids are spelled."""
    proven = delegation(proof="a" * 64, proven_as="bo", proven_to="cy")
    assert proven.is_proven_between(delegator, delegate) is is_so
    assert not replace(proven, proven_as=None).is_proven_between(delegator, delegate)
    assert not replace(proven, proven_to=None).is_proven_between(delegator, delegate)


# -- what comes in its place -----------------------------------------------------------------------

DAY = 24 * 3600 * SECOND


async def _replace(store, old, at, **changes):
    """The same two agree on something else."""
    made = delegation(**{"made_at": at, "ends_at": old.ends_at, **changes})
    await store.run(delegations.supersede, old, by="U0BO", at=at)
    await store.run(delegations.add, made)
    return made


@pytest.mark.parametrize("longer", [0 * DAY, SECOND, 30 * DAY])
async def test_what_is_lengthened_counts_for_clicks_before(store, longer):
    """However often: what holds now stands for what held then; before the first of them nothing did."""
    first = delegation()
    await store.run(delegations.add, first)
    second = await _replace(store, first, first.made_at + DAY, ends_at=first.ends_at + longer)
    third = await _replace(
        store, second, first.made_at + 2 * DAY, ends_at=second.ends_at + 2 * longer
    )

    for at, holds in (
        (first.made_at - SECOND, []),
        (first.made_at, [third]),
        (second.made_at - SECOND, [third]),
        (second.made_at, [third]),
        (third.made_at, [third]),
        (third.ends_at - SECOND, [third]),
        (third.ends_at, []),
    ):
        assert await store.read(delegations.to_delegate, ["U0CY"], at=at) == holds, at


async def _canceled(store, made, at):
    await store.run(delegations.cancel, made.id, by="U0BO", at=at)


async def test_what_is_shortened_or_canceled_counts_for_no_click_before(store):
    """Nor what is made anew after that, however long it is to last."""
    for number, ends in enumerate(("shortened", "canceled", "shortened, then longer", "anew")):
        who = f"U0CY{number}"
        first = delegation(delegate=who)
        await store.run(delegations.add, first)
        later = first.made_at + DAY
        if ends.startswith("shortened"):
            less = first.ends_at - SECOND
            latest = await _replace(store, first, later, delegate=who, ends_at=less)
        else:
            latest = await _replace(store, first, later, delegate=who)
            await _canceled(store, latest, later + SECOND)
        if ends == "shortened, then longer":
            longer = first.ends_at + DAY
            await _replace(store, latest, later + DAY, delegate=who, ends_at=longer)
        if ends == "anew":
            await store.run(delegations.add, delegation(delegate=who, made_at=later + DAY))
        at = first.made_at + SECOND
        assert await store.read(delegations.to_delegate, [who], at=at) == [], ends


async def test_of_two_that_are_made_at_one_moment_the_last_holds(store):
    """A clock may stand still."""
    first = delegation()
    await store.run(delegations.add, first)
    at = first.made_at + DAY
    second = await _replace(store, first, at)
    third = await _replace(store, second, at)

    for moment in (first.made_at, at, at + SECOND):
        assert await store.read(delegations.to_delegate, ["U0CY"], at=moment) == [third]


async def test_what_stood_in_its_place_for_others_changes_nothing(store):
    """Neither another delegate of the same approver, nor another approver of the same delegate."""
    first = delegation()
    await store.run(delegations.add, first)
    at = first.made_at + DAY
    await store.run(delegations.supersede, first, by="U0BO", at=at)
    for other in (
        delegation(made_at=at, delegate="U0MIA"),
        delegation(made_at=at, delegator="U0DANA"),
    ):
        await store.run(delegations.add, other)

    assert await store.read(delegations.to_delegate, ["U0CY"], at=first.made_at) == []

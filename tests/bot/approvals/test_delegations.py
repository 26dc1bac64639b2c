"""Making and ending a delegation: to whom, how many, in whose place, and by whom."""

from datetime import timedelta

import pytest

from bot import clock
from bot.approvals.delegations import (
    MOST_DELEGATES,
    DelegationWords,
    cancel_delegation,
    make_delegation,
    own_delegations,
    read_words,
)
from bot.errors import LatchkeyError, NotAllowed, TooLate
from bot.people.store import delegations
from tests.bot.samples import delegation

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", None),
        ("list", None),
        ("<@U0CY> until friday", (None, "U0CY", "until friday")),
        ("<@U0CY|cy>  until friday", (None, "U0CY", "until friday")),
        ("<@W0CY> for 3 days", (None, "W0CY", "for 3 days")),
        ("<@U0BO> to <@U0CY> until friday", ("U0BO", "U0CY", "until friday")),
        ("<@U0BO|bo> to <@U0CY|cy> until friday", ("U0BO", "U0CY", "until friday")),
        ("<@U0CY> to friday", (None, "U0CY", "to friday")),
        ("<@U0CY>", (None, "U0CY", "")),
    ],
)
def test_what_is_typed_is_taken_apart(text, words):
    """The row says who lets whom decide, and until when."""
    read = read_words(text)
    assert (read and (read.delegator, read.delegate, read.until)) == words
    assert read is None or isinstance(read, DelegationWords)


@pytest.mark.parametrize("text", ["@cy until friday", "cy", "until friday", "<#C0X> until friday"])
def test_nobody_is_guessed(text):
    """A name may be somebody else's."""
    with pytest.raises(LatchkeyError, match="pick the person"):
        read_words(text)


async def test_the_same_two_have_one_at_a_time(store):
    """The later one counts, be it longer or shorter; what was said of the earlier one is owed a redraw."""
    longer = delegation()
    shorter = delegation(ends_at=clock.now() + timedelta(days=1))
    await store.run(make_delegation, longer)
    await store.run(make_delegation, shorter)

    found = await store.read(own_delegations, "U0BO")

    assert [each.id for each in found.given] == [shorter.id]
    owing = {each.id for each in await store.read(delegations.owing_news)}
    assert owing == {longer.id, shorter.id}
    assert [each.id for each in (await store.read(own_delegations, "U0CY")).received] == [
        shorter.id
    ]


async def test_so_many_decide_for_one(store):
    """One more is refused; in the place of one that is there it is none more, and what is over does not count."""
    for number in range(MOST_DELEGATES):
        await store.run(make_delegation, delegation(delegate=f"U{number}"))

    with pytest.raises(LatchkeyError, match="more than 5 delegates"):
        await store.run(make_delegation, delegation(delegate="U0MORE"))
    await store.run(make_delegation, delegation(delegate="U0"))
    given = (await store.read(own_delegations, "U0BO")).given
    await store.run(cancel_delegation, "U0BO", given[0].id, False)
    await store.run(make_delegation, delegation(delegate="U0MORE"))


@pytest.mark.parametrize(
    "changes", [{"delegate": "U0BO"}, {"ends_at": None}], ids=["to oneself", "at its end"]
)
async def test_what_makes_no_sense_is_not_made(store, changes):
    """To oneself; or over already."""
    now = clock.now()
    facts = {"made_at": now, **changes}
    if "ends_at" in changes:
        facts["ends_at"] = now

    with pytest.raises(LatchkeyError):
        await store.run(make_delegation, delegation(**facts))
    assert (await store.read(own_delegations, "U0BO")).given == ()


@pytest.mark.parametrize(
    ("user", "is_admin", "may"),
    [
        ("U0BO", False, True),
        ("U0CY", False, True),
        ("U0DANA", True, True),
        ("U0DANA", False, False),
        ("U0ANN", False, False),
        ("", False, False),
    ],
)
async def test_it_is_ended_by_those_whom_it_concerns(store, user, is_admin, may):
    """The approver, the delegate, and admins; once."""
    made = delegation()
    await store.run(make_delegation, made)

    if not may:
        with pytest.raises(NotAllowed):
            await store.run(cancel_delegation, user, made.id, is_admin)
        return
    canceled = await store.run(cancel_delegation, user, made.id, is_admin)
    assert canceled.canceled_by == user
    with pytest.raises(TooLate):
        await store.run(cancel_delegation, user, made.id, is_admin)


async def test_what_has_ended_cannot_be_ended(store):
    """Nor what was never there."""
    made = delegation(made_at=clock.now() - 2 * SECOND, ends_at=clock.now() - SECOND)
    await store.run(delegations.add, made)

    for delegation_id in (made.id, "no such thing"):
        with pytest.raises(TooLate):
            await store.run(cancel_delegation, "U0BO", delegation_id, False)

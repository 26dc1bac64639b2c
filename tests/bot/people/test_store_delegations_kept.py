"""The table of delegations: whose they are, in which order they come, what is written down, and what is owed."""

from datetime import timedelta

import pytest

from bot import clock
from bot.database.audit_log import audit
from bot.people.store import delegations
from tests.bot.moments import at
from tests.bot.samples import delegation

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def add(store, *made):
    for each in made:
        await store.run(delegations.add, each)
    return made


def named(found):
    return [each.id for each in found]


async def test_the_first_made_come_first_and_of_one_moment_by_their_ids(store):
    """For a delegate, and for those who let others decide."""
    now = clock.now()
    made = [
        delegation(id=key, delegator=giver, made_at=now - ago, ends_at=now + DAY)
        for key, giver, ago in (("c", "U0A", HOUR), ("b", "U0B", HOUR), ("a", "U0C", 0 * HOUR))
    ]
    await add(store, *made)
    givers = [each.delegator for each in made]

    assert named(await store.read(delegations.to_delegate, ["U0CY"], at=now)) == ["b", "c", "a"]
    assert named(await store.read(delegations.of_delegators, givers, at=now)) == ["b", "c", "a"]
    assert named(await store.read(delegations.of_delegators, ["U0A"], at=now)) == ["c"]


async def test_the_first_to_end_come_first(store):
    """Of all that hold, as many as are wanted."""
    now = clock.now()
    ends = (("c", HOUR), ("b", DAY), ("a", DAY))
    await add(
        store,
        *(
            delegation(id=key, delegator=f"U0{key}", made_at=now, ends_at=now + left)
            for key, left in ends
        ),
    )

    assert named(await store.read(delegations.in_force, at=now, limit=9)) == ["c", "a", "b"]
    assert named(await store.read(delegations.in_force, at=now, limit=2)) == ["c", "a"]
    assert named(await store.read(delegations.in_force, at=now + HOUR, limit=9)) == ["a", "b"]


async def test_one_is_canceled_and_no_other(store):
    """With the reason, which the audit log has, too."""
    one, other = await add(store, delegation(id="a"), delegation(id="b", delegator="U0LEE"))

    await store.run(delegations.cancel, one.id, by="U0DANA", at=clock.now(), why="on leave")

    assert await store.read(delegations.find, other.id) == other
    assert (await store.read(delegations.find, one.id)).canceled_why == "on leave"
    (row,) = [each for each in await store.read(audit.rows) if each["verb"] == "undelegate"]
    assert (row["actor"], row["why"]) == ("U0DANA", "on leave")
    details = row["details"]
    assert details["delegator"] == one.delegator
    assert details["delegate"] == one.delegate
    assert details["until"] == one.ends_at.isoformat()


async def test_what_is_replaced_says_so_and_is_to_be_redrawn(store):
    """The one in its place is the news; messages about it say what is not so any more."""
    (made,) = await add(store, delegation())
    when = clock.now()

    await store.run(delegations.supersede, made, by="U0BO", at=when)

    kept = await store.read(delegations.find, made.id)
    assert (kept.canceled_by, kept.canceled_why, kept.canceled_at) == ("U0BO", "replaced", when)
    assert await store.read(delegations.owing_news) == [kept]


@pytest.mark.parametrize(
    ("ends_in", "canceled", "is_one"),
    [
        (DAY, None, True),
        # It held at that moment still.
        (DAY, 0 * HOUR, True),
        (DAY, HOUR, True),
        (DAY, -HOUR, False),
        (0 * HOUR, None, False),
        (-HOUR, None, False),
    ],
)
async def test_who_has_let_somebody_decide_since(store, ends_in, canceled, is_one):
    """Whatever has become of it after that moment."""
    since = clock.now() - 3 * DAY
    made = delegation(made_at=since - 2 * DAY, ends_at=since + ends_in)
    await add(store, made, delegation(id="x", delegator="U0LEE", delegate="U0ANN"))
    if canceled is not None:
        await store.run(delegations.cancel, made.id, by="U0BO", at=since + canceled)

    found = await store.read(delegations.delegators_since, ["U0CY", "W0CY"], since=since)

    assert found == (["U0BO"] if is_one else [])


async def test_who_has_let_somebody_decide_twice_is_named_once(store):
    """By two delegations after each other."""
    await add(store, delegation(id="a"), delegation(id="b", delegate="W0CY"))

    found = await store.read(
        delegations.delegators_since, ["U0CY", "W0CY"], since=clock.now() - DAY
    )

    assert found == ["U0BO"]


async def test_no_more_is_read_than_for_one_person(store):
    """Whoever is given more decides for those who came first."""
    now = clock.now()
    await add(
        store,
        *(
            delegation(id=f"{number:032}", delegator=f"U{number}", made_at=now, ends_at=now + DAY)
            for number in range(501)
        ),
    )

    assert len(await store.read(delegations.to_delegate, ["U0CY"], at=now)) == 500
    since = await store.read(delegations.delegators_since, ["U0CY"], since=now)
    assert len(since) == 500
    assert len(await store.read(delegations.owing_news)) == 50


async def test_news_is_owed_from_the_very_moment_on(store):
    """Nothing waits for a later one."""
    with at(clock.real()):
        (made,) = await add(store, delegation())
        assert await store.read(delegations.owing_news) == [made]

"""Assignments in the database: whose they are, and where messages about them go."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import clock
from bot.assignments.model import EndReason
from bot.assignments.store import assignment_lists, assignments, links
from bot.people.model import Person
from bot.people.store import people
from tests.bot.samples import ANN, held

PERSON = Person(slack_user="U0ANN", slack_name="ann", entra_id=ANN, entra_name="Ann Abara")
MINUTE = timedelta(minutes=1)


async def holders(store):
    return {row.id: row.holder for row in (await store.run(assignment_lists.page)).rows}


@pytest.mark.parametrize(
    ("certain", "after"),
    [
        (["U0ANN"], {"first": "U0ANN", "second": "U0ANN", "nobody's": "U0ANN"}),
        (["U0TWIN", "U0ANN"], {"first": "U0ANN", "second": "U0TWIN", "nobody's": "U0TWIN"}),
        (["U0NEW"], {"first": "U0NEW", "second": "U0NEW", "nobody's": "U0NEW"}),
        ([], {"first": None, "second": None, "nobody's": None}),
    ],
)
async def test_messages_go_to_those_accounts_that_are_certain(store, certain, after):
    """What goes to one of them stays so, what went elsewhere does not, and nobody else's rows are touched."""
    for name, holder in {"first": "U0ANN", "second": "U0TWIN", "nobody's": None}.items():
        await store.run(assignments.save_live, held(id=name, holder=holder))
    await store.run(assignments.save_live, held(id="hers", holder="U0CY", entra_id="cy"))
    await store.run(assignments.save_live, held(id="over", holder="U0OLD"))
    await store.run(assignments.end, "over", why=EndReason.RAN_OUT, at=clock.now())

    await store.run(links.link, ANN, holders=certain)

    assert await holders(store) == {**after, "hers": "U0CY"}
    assert (await store.run(assignments.find, "over")).holder == "U0OLD"
    assert await store.run(links.slack_users_of, ANN) == sorted({*after.values()} - {None})


async def test_what_somebody_holds_goes_by_their_binding(store):
    """Not by where its messages go; and not before a second account has been told of."""
    await store.run(assignments.save_live, held(id="mine", holder=None))
    await store.run(assignments.save_live, held(id="hers", holder="U0ANN", entra_id="cy"))
    assert (await store.run(assignment_lists.own_page, "U0ANN")).rows == []

    await store.run(people.bind, PERSON)
    second = await store.run(people.bind, replace(PERSON, slack_user="U0TWIN"))

    assert [row.id for row in (await store.run(assignment_lists.own_page, "U0ANN")).rows] == [
        "mine"
    ]
    assert (second.is_announced, (await store.run(assignment_lists.own_page, "U0TWIN")).rows) == (
        False,
        [],
    )
    ((news, first),) = await store.run(people.second_accounts_due)
    assert (news.slack_user, first.slack_user) == ("U0TWIN", "U0ANN")
    await store.run(people.schedule_announcement, news, news=None)
    assert [row.id for row in (await store.run(assignment_lists.own_page, "U0TWIN")).rows] == [
        "mine"
    ]
    assert (await store.run(people.bind, replace(PERSON, slack_user="U0TWIN"))).is_announced
    assert await store.run(people.second_accounts_due) == []


async def test_another_id_of_the_same_account_is_no_second_account(store):
    """As on Enterprise Grid."""
    await store.run(people.bind, PERSON)

    same = {"U0ANN", "W0ANN"}
    bound = await store.run(people.bind, replace(PERSON, slack_user="W0ANN"), same=same)

    assert bound.is_announced
    assert await store.run(people.second_accounts_due) == []


@pytest.mark.parametrize("is_known_before", [True, False])
async def test_who_has_signed_in_has_their_access_by_each_id_of_their_account(
    store, is_known_before
):
    """Slack says both, and the sign-in was by one of them; another account of theirs has nothing."""
    same = {"U0ANN", "W0ANN"}
    await store.run(assignments.save_live, held(id="mine", holder=None))
    await store.run(people.bind, PERSON, same=same)
    other_id = replace(PERSON, slack_user="W0ANN")
    if is_known_before:
        await store.run(people.bind, other_id, same=same)
    await store.run(people.prove, "U0ANN", same=same)
    if not is_known_before:
        await store.run(people.bind, other_id, same=same)
    twin = await store.run(people.bind, replace(PERSON, slack_user="U0TWIN"))

    for each in same:
        assert (await store.run(people.find_active, each)).entra_id == ANN
        rows = (await store.run(assignment_lists.own_page, each)).rows
        assert [row.id for row in rows] == ["mine"]
    assert twin.is_proven_elsewhere
    assert await store.run(people.find_active, "U0TWIN") is None

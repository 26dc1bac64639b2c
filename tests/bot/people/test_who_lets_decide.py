"""For whom somebody decides as a delegate, and for whom they have, whichever of their accounts it was."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import clock
from bot.packages.model import Stage
from bot.people.delegates import Delegates
from bot.people.model import Person
from bot.people.store import delegations, people
from tests.bot.samples import delegation

DAY = timedelta(days=1)
BO = "0f4a6f4e-0000-4000-8000-00000000b0b0"


@pytest.fixture
def delegates(store):
    """Who is behind an account is not read here."""
    return Delegates(store=store, people=None)  # type: ignore[arg-type]


def bound(slack_user, entra_id=BO):
    return Person(slack_user=slack_user, slack_name="Bo", entra_id=entra_id, entra_name="Bo Berg")


async def add(store, **changes):
    await store.run(delegations.add, delegation(**changes))


async def test_those_who_are_asked_come_first(store, delegates):
    """Though others have been quicker; nobody is named twice."""
    now = clock.now()
    for number, giver in enumerate(("U0A", "U0B", "U0ASKED", "U0A")):
        await add(
            store,
            id=str(number),
            delegator=giver,
            made_at=now - (9 - number) * DAY,
            ends_at=now + DAY,
        )

    found = await delegates.given_to(["U0CY"], at=now, asked={"U0ASKED"})

    assert [each.delegator for each in found] == ["U0ASKED", "U0A", "U0B"]
    assert [each.id for each in found] == ["2", "0", "1"]


async def test_no_more_than_twenty_are_looked_at(store, delegates):
    """Each is a look at Slack and Entra."""
    for number in range(21):
        await add(store, id=str(number), delegator=f"U{number}")

    assert len(await delegates.given_to(["U0CY"], at=clock.now(), asked=())) == 20


@pytest.mark.parametrize(
    ("holder", "entra_id", "has"),
    [
        ("U0BO", "somebody-else", True),
        # By another account of theirs, in whatever letters.
        ("W0BO", BO.upper(), True),
        ("U0ANN", "somebody-else", False),
    ],
)
async def test_whose_access_it_is_may_let_them_decide_by_any_account(
    store, delegates, holder, entra_id, has
):
    """By the Slack account that it is for, or another one that is bound to the same Entra user."""
    await add(store, id="a", delegator="U0NOBODY")
    await add(store, id="b", delegator="U0BO")
    await store.run(people.bind, bound("U0BO"))

    found = await delegates.has_decided_for(["U0CY"], holder, entra_id, since=clock.now() - DAY)

    assert found is has


async def test_the_delegate_may_come_by_another_account(store, delegates):
    """Of the same Entra user; somebody else's counts for nothing."""
    await store.run(people.bind, bound("U0CY", "cy"))
    await store.run(people.bind, bound("U0CY2", "cy"), same={"U0CY"})
    await store.run(people.bind, bound("U0LEE", "lee"))
    await add(store, delegator="U0BO", delegate="U0CY")
    since = clock.now() - DAY

    assert await delegates.has_decided_for(["U0CY2"], "U0BO", "bo", since=since) is True
    assert await delegates.has_decided_for(["U0LEE"], "U0BO", "bo", since=since) is False


async def test_where_an_approval_takes_a_sign_in_what_is_proven_comes_first(store, delegates):
    """Before what was made first, and before whoever is asked; of one giver's, too."""
    now = clock.now()
    proven: dict[str, Any] = {"proof": "x" * 64, "proven_contexts": ("c1",)}
    given: list[tuple[str, dict[str, Any]]] = [
        ("U0A", {}),
        ("U0ASKED", {}),
        ("U0B", {"proof": "y" * 64}),
        ("U0C", proven),
    ]
    for number, (giver, facts) in enumerate(given):
        await add(
            store,
            id=str(number),
            delegator=giver,
            made_at=now - (9 - number) * DAY,
            ends_at=now + DAY,
            **facts,
        )

    async def order(stage):
        found = await delegates.given_to(["U0CY"], at=now, asked={"U0ASKED"}, stage=stage)
        return [each.delegator for each in found]

    assert await order(None) == ["U0ASKED", "U0A", "U0B", "U0C"]
    assert await order(Stage()) == ["U0ASKED", "U0A", "U0B", "U0C"]
    signed = Stage(fresh_sign_in=True)
    assert await order(signed) == ["U0B", "U0C", "U0ASKED", "U0A"]
    assert await order(replace(signed, auth_context="c1")) == ["U0C", "U0ASKED", "U0A", "U0B"]
    assert await order(replace(signed, auth_context="c2")) == ["U0ASKED", "U0A", "U0B", "U0C"]

"""For whom somebody decides: what is proven as the stage asks comes first, then who is asked, then what was made first."""

from datetime import timedelta
from typing import Any

import pytest

from bot import clock
from bot.packages.model import Stage
from bot.people.delegates import Delegates, counts_at
from bot.people.model import Delegation
from bot.people.store import delegations
from tests.bot.samples import delegation

PLAIN = Stage(approvers=())
FRESH = Stage(approvers=(), fresh_sign_in=True)
STRONGER = Stage(approvers=(), fresh_sign_in=True, auth_context="c1")
HOUR = timedelta(hours=1)


def _given(by: str, number: int, **changes: Any) -> Delegation:
    at = clock.now() - (9 - number) * HOUR
    return delegation(delegator=by, made_by=by, made_at=at, **changes)


def _proof(number: int, *contexts: str) -> dict[str, Any]:
    return {"proof": f"{number}", "proven_contexts": contexts}


@pytest.mark.parametrize(
    ("stage", "first"),
    [
        (None, ["U0MIA", "U0EVE", "U0BO", "U0DANA"]),
        (PLAIN, ["U0MIA", "U0EVE", "U0BO", "U0DANA"]),
        (FRESH, ["U0EVE", "U0BO", "U0DANA", "U0MIA"]),
        (STRONGER, ["U0DANA", "U0MIA", "U0EVE", "U0BO"]),
    ],
)
async def test_in_which_order_they_are_looked_at(store, stage, first):
    """Only so many are; nobody whom others have let decide is kept from it by that."""
    for each in (
        _given("U0BO", 1, **_proof(1)),
        _given("U0MIA", 2),
        _given("U0DANA", 3, **_proof(3, "c1")),
        _given("U0EVE", 4, **_proof(4)),
    ):
        await store.run(delegations.add, each)
    nobody: Any = None
    delegates = Delegates(store=store, people=nobody)

    found = await delegates.given_to(
        ["U0CY"], at=clock.now(), asked=["U0MIA", "U0EVE"], stage=stage
    )

    assert [each.delegator for each in found] == first


@pytest.mark.parametrize(
    ("stage", "proof", "counts"),
    [
        (None, {}, True),
        (PLAIN, {}, True),
        (FRESH, {}, False),
        (FRESH, _proof(1), True),
        (STRONGER, _proof(1), False),
        (STRONGER, _proof(1, "c2"), False),
        (STRONGER, _proof(1, "c1", "c2"), True),
    ],
)
def test_what_counts_at_a_stage(stage, proof, counts):
    """As strongly as it asks."""
    assert counts_at(delegation(**proof), stage) is counts

"""What a sign-in for a delegation is bound to."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from bot.approvals import signed_delegations
from bot.people.model import Delegation
from tests.bot.samples import delegation


def _digest(made: Delegation, entra_id: str = "cy") -> str:
    delegate: Any = SimpleNamespace(user=SimpleNamespace(id=entra_id))
    return signed_delegations._digest(made, delegate)


def test_it_is_bound_to_each_of_what_its_giver_agrees_to():
    """Who lets whom decide, as whom in Entra, and until when; each by itself, and however the id is written."""
    made = delegation()
    others = [
        _digest(replace(made, delegator="U0DANA")),
        _digest(replace(made, delegate="U0MIA")),
        _digest(made, "mia"),
        _digest(replace(made, ends_at=made.ends_at + timedelta(microseconds=1))),
    ]
    assert len({_digest(made), *others}) == 5
    assert _digest(made, "CY") == _digest(made)

"""The reminder of several accesses, when something was done about one of them."""

import pytest

from bot.assignments.model import AssignmentState
from bot.messages.assignments.reminding import expiring
from tests.bot.samples import held
from tests.harness.world import said


@pytest.mark.parametrize("state", [AssignmentState.ENDED, AssignmentState.LIVE])
def test_what_is_left_is_counted_and_named(state):
    """Of two one does: what was returned has ended, and what was extended ends later."""
    gone = held(id="gone", package_name="Payroll", state=state)
    moved = ["gone"] if state is AssignmentState.LIVE else []
    left = held(id="left", package_name="Finance Reports")

    shown = expiring([gone, left], held_under={}, busy={}, moved=moved)

    assert "1 of your access packages expires soon." in said(shown["blocks"])
    assert shown["text"] == "Ending soon: Finance Reports."

"""The sandbox clock."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.clock import SandboxClock


def test_a_shift_moves_now():
    """A week later is a week later."""
    clock = SandboxClock()
    clock.shift(timedelta(days=7))
    assert clock.now() - datetime.now(UTC) > timedelta(days=6, hours=23)


def test_time_never_goes_back():
    """Access that has ended does not come back."""
    with pytest.raises(ValueError, match="forward"):
        SandboxClock().shift(timedelta(seconds=-1))


def test_a_shift_is_announced_until_unsubscribed():
    """Whoever shows times learns that they changed."""
    clock, heard = SandboxClock(), []
    unsubscribe = clock.subscribe(lambda: heard.append(clock.offset))
    clock.shift(timedelta(days=1))
    unsubscribe()
    clock.shift(timedelta(days=1))
    assert heard == [timedelta(days=1)]

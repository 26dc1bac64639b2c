"""Test what a command says while it waits."""

import pytest

from bot.provisioning.progress import ProgressDisplay


def test_what_is_waited_for_is_said_once_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """However much is waited for at the same time, and however often it is looked for."""
    progress = ProgressDisplay()
    for seconds in (0, 1, 3):
        for name in ("one", "two"):
            progress.say(f"waiting for {name}" + (f" ({seconds} s)" if seconds else ""))
    assert capsys.readouterr().err.split("\n") == ["  waiting for one …", "  waiting for two …", ""]

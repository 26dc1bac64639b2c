"""Test what is said where the sandbox is missing, or only its libraries."""

import pytest

from bot.cli.without_sandbox import needs_sandbox


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("sandbox.run", "left out of this installation"),
        ("sandbox", "left out of this installation"),
        ("jinja2.ext", "needs jinja2, which is not installed"),
        (None, "needs a library, which is not installed"),
    ],
)
def test_what_to_do_is_said(missing, said):
    """The image has no sandbox at all; a plain wheel has its code and not its libraries."""
    stop = needs_sandbox("This command", ModuleNotFoundError(name=missing))
    assert said in str(stop)
    assert stop.exit_code == 1

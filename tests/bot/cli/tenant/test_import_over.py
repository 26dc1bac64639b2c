"""`latchkey import` over a file that Latchkey has applied: what it made there is not in the new one."""

import pytest

from bot.cli.tenant.provision import import_

MADE = "access.latchkey.json names what Latchkey has made."


@pytest.mark.parametrize("has_state", [True, False])
def test_what_a_plan_would_propose_then_is_said(latchkey, tmp_path, has_state):
    """Whoever applies it would delete what Latchkey made; where it made nothing, there is nothing to say."""
    file = tmp_path / "access.yml"
    file.write_text("catalogs: []\n")
    if has_state:
        (tmp_path / "access.latchkey.json").write_text("{}")

    refused = latchkey(import_, [str(file)])
    result = latchkey(import_, [str(file), "--force"])

    assert refused.exit_code != 0
    assert "--force writes over it" in refused.stderr
    assert result.exit_code == 0
    assert (MADE in result.stderr) == has_state
    assert "Marketing Campaign" in file.read_text()

"""`latchkey check-settings`: a file of package settings is checked before it is used."""

from pathlib import Path

from click.testing import CliRunner

from bot.__main__ import main

ROOT = Path(__file__).resolve().parents[4]


def test_a_file_without_mistakes_is_fine() -> None:
    """It says what it has read, and needs no settings."""
    answer = CliRunner().invoke(main, ["check-settings", str(ROOT / "docs" / "latchkey.yml")])
    assert (answer.exit_code, answer.stdout) == (
        0,
        "latchkey.yml is fine: it has 3 packages and 1 catalog.\n",
    )


def test_the_sandboxes_file_is_fine() -> None:
    """The tour tells people to look into it."""
    answer = CliRunner().invoke(main, ["check-settings", str(ROOT / "sandbox" / "latchkey.yml")])
    assert answer.exit_code == 0, answer.output
    assert answer.stderr == ""


def test_each_mistake_is_a_line(tmp_path: Path) -> None:
    """On standard error, with its place, and the command fails."""
    file = tmp_path / "latchkey.yml"
    file.write_text("defaults:\n  chanel: C01\n  owner: bo\n", "utf-8")
    answer = CliRunner().invoke(main, ["check-settings", str(file)])
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr.splitlines() == [
        "• latchkey.yml, line 2, column 3: “chanel” means nothing here. Did you mean “channel”?",
        "• latchkey.yml, line 3, column 3: “bo” is neither a Slack user id (U…) nor a channel id (C…); copy it from "
        "the profile or from the channel's details.",
    ]

"""Settings whose value is in a file, as containers are handed their secrets: each may be, and no file is repeated."""

from pathlib import Path

import pytest

from bot.configuration.problems import problems_for_running
from bot.configuration.settings import known_names, read_settings
from bot.errors import ConfigurationError
from tests.bot.configuration.test_settings import GOOD, run_with

CANARY = "xoxb-" + "canary"


def refused(given: dict[str, str]) -> str:
    """The sentences with which *given* is refused."""
    with pytest.raises(ConfigurationError) as error:
        read_settings(given)
    return str(error.value)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_value_in_a_file_counts_as_if_it_were_set(name, tmp_path):
    """Without the end of the line that editors leave."""
    file = tmp_path / "value"
    file.write_text(f"{GOOD[name]}\n")
    given = {**GOOD, f"{name}_FILE": str(file)}
    del given[name]

    assert read_settings(given) == read_settings(GOOD)


@pytest.mark.parametrize("name", sorted(known_names()))
def test_every_setting_may_be_in_a_file(name, tmp_path):
    """The address of the database as well as a word of the configuration."""
    assert f"{name}_FILE must be the path" in refused({f"{name}_FILE": str(tmp_path / "none")})


def test_a_twin_may_be_written_in_small_letters(tmp_path):
    """As any name."""
    (tmp_path / "value").write_text("4000")
    assert read_settings({"latchkey_port_file": str(tmp_path / "value")}).port == 4000


def test_a_value_and_its_file_together_are_refused(tmp_path):
    """Nobody would know which of them counts."""
    (tmp_path / "value").write_text(CANARY)
    said = refused({**GOOD, "SLACK_BOT_TOKEN_FILE": str(tmp_path / "value")})

    assert "SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are both set" in said
    assert CANARY not in said


@pytest.mark.parametrize(
    ("value", "twin"), [("", "file"), ("  ", "file"), ("set", ""), ("set", " ")]
)
def test_what_is_set_to_nothing_is_unset(value, twin, tmp_path):
    """Compose files and CI systems set what they do not know to nothing."""
    (tmp_path / "value").write_text("set")
    path = str(tmp_path / "value") if twin == "file" else twin
    given = {"LATCHKEY_OPERATOR": value, "LATCHKEY_OPERATOR_FILE": path}
    assert read_settings(given).operator == "set"


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_a_file_with_nothing_in_it_is_said(content, tmp_path):
    """It is a slip: whoever wants nothing leaves the variable out."""
    (tmp_path / "value").write_bytes(content)
    assert "SLACK_BOT_TOKEN_FILE names a file with nothing in it" in refused(
        {"SLACK_BOT_TOKEN_FILE": str(tmp_path / "value")}
    )


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b", b"x" * 100_000])
def test_a_file_that_is_no_text_of_one_value_is_said(content, tmp_path):
    """Not a traceback."""
    (tmp_path / "value").write_bytes(content)
    assert "SLACK_BOT_TOKEN_FILE must be the path of a text file" in refused(
        {"SLACK_BOT_TOKEN_FILE": str(tmp_path / "value")}
    )


@pytest.mark.parametrize("pasted", [CANARY, CANARY * 100, "\0" + CANARY])
def test_a_secret_where_its_path_belongs_is_not_repeated(pasted):
    """A path may be too long for the system, or hold what none may."""
    said = refused({"SLACK_BOT_TOKEN_FILE": pasted})

    assert "SLACK_BOT_TOKEN_FILE must be the path" in said
    assert "canary" not in said


def test_a_folder_is_no_file(tmp_path):
    """A volume that was mounted one step too high."""
    assert "must be the path" in refused({"SLACK_BOT_TOKEN_FILE": str(tmp_path)})


def test_a_twin_of_no_setting_is_a_slip(tmp_path):
    """The nearest setting is named."""
    said = refused({"LATCHKEY_APROVAL_FILE": str(tmp_path / "value")})
    assert (
        "LATCHKEY_APROVAL_FILE is not a setting of Latchkey; the nearest is LATCHKEY_APPROVAL"
        in said
    )


def test_what_is_in_a_file_is_judged_with_the_rest(monkeypatch, tmp_path):
    """By `latchkey run`, from the environment and from the file of settings, all of it at once."""
    (tmp_path / "token").write_text(CANARY.replace("xoxb", "xoxp"))
    Path(tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN_FILE={tmp_path / 'token'}\n")
    code, said = run_with(monkeypatch, tmp_path, LATCHKEY_ADMINS_FILE=str(tmp_path / "none"))

    assert code == 2
    assert "SLACK_BOT_TOKEN does not look like a bot token" in said
    assert "LATCHKEY_ADMINS_FILE must be the path" in said
    assert "LATCHKEY_ADMINS is empty" not in said
    assert "canary" not in said


def test_good_values_in_files_have_no_problems(tmp_path):
    """All of the secrets, as a container has them."""
    given = dict(GOOD)
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "AZURE_CLIENT_SECRET"):
        (tmp_path / name).write_text(given.pop(name))
        given[f"{name}_FILE"] = str(tmp_path / name)
    assert problems_for_running(read_settings(given)) == []

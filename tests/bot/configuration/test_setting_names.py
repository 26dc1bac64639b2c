"""Names that look like settings and are none: a slip is refused, wherever it was made."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot import clock
from bot.configuration.problems import problems_for_running
from bot.configuration.settings import read_settings
from bot.errors import ConfigurationError
from tests.bot.configuration.test_settings import GOOD, run_with

SLIPS = {
    "LATCHKEY_APROVAL": "LATCHKEY_APPROVAL",
    "LATCHKEY_EMAIL_DOMAIN": "LATCHKEY_EMAIL_DOMAINS",
    "latchkey_admin": "LATCHKEY_ADMINS",
    "LATCHKEY_REMINDERS_DAYS": "LATCHKEY_REMINDER_DAYS",
    "LATCHKEY_AUDITKEY": "LATCHKEY_AUDIT_KEY",
}


@pytest.mark.parametrize(("slip", "meant"), SLIPS.items())
def test_a_slip_is_refused_with_the_nearest_name(slip, meant):
    """“Grant without approval” is not what LATCHKEY_APROVAL=always says."""
    with pytest.raises(ConfigurationError) as refused:
        read_settings({**GOOD, slip: "always"})
    assert f"{slip.upper()} is not a setting of Latchkey; the nearest is {meant}" in str(
        refused.value
    )
    assert "always" not in str(refused.value)


def test_what_is_like_nothing_is_refused_too():
    """With where to look."""
    with pytest.raises(ConfigurationError, match=r"LATCHKEY_XYZZY is not a setting .*settings\.md"):
        read_settings({**GOOD, "LATCHKEY_XYZZY": "1"})


@pytest.mark.parametrize("command", ["run", "doctor", "migrate", "resume"])
def test_every_command_refuses_it(command, monkeypatch, tmp_path):
    """In the environment, with 2 and without a traceback, beside whatever else is wrong."""
    code, said = run_with(monkeypatch, tmp_path, command, LATCHKEY_APROVAL="always")

    assert code == 2
    assert "LATCHKEY_APROVAL is not a setting" in said


def test_a_slip_in_the_file_of_settings_is_refused(monkeypatch, tmp_path):
    """And what is right in it is not called missing."""
    lines = ("LATCHKEY_APROVAL=always", "LATCHKEY_ADMINS=U0DANA", "")
    (tmp_path / ".env").write_text("\n".join(lines))
    code, said = run_with(monkeypatch, tmp_path)

    assert code == 2
    assert "LATCHKEY_APROVAL is not a setting" in said
    assert "LATCHKEY_ADMINS is empty" not in said


def test_what_is_in_the_file_of_settings_stands_as_it_is(monkeypatch, tmp_path):
    """A password may hold what a shell would put something else in place of."""
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("LATCHKEY_OPERATOR='a${HOME}b$HOME'\n")
    assert read_settings().operator == "a${HOME}b$HOME"


def test_a_file_of_settings_that_is_no_text_is_said(monkeypatch, tmp_path):
    """Not a traceback."""
    (tmp_path / ".env").write_bytes(b"LATCHKEY_HOST=\xff\xfe\n")
    code, said = run_with(monkeypatch, tmp_path)

    assert code == 2
    assert "cannot be read as text" in said


@pytest.mark.parametrize(
    "name",
    [
        "LATCHKEY_SERVICE_HOST",
        "LATCHKEY_SERVICE_PORT",
        "LATCHKEY_SERVICE_PORT_HTTP",
        "LATCHKEY_PORT_3000_TCP",
        "LATCHKEY_PORT_3000_TCP_ADDR",
    ],
)
def test_what_kubernetes_sets_by_itself_is_no_slip(name):
    """Nobody has written it."""
    assert problems_for_running(read_settings({**GOOD, name: "10.0.0.1"})) == []


def test_what_kubernetes_sets_in_place_of_a_setting_is_explained():
    """It does so for a Service called latchkey."""
    with pytest.raises(ConfigurationError, match="enableServiceLinks"):
        read_settings({**GOOD, "LATCHKEY_PORT": "tcp://10.0.0.1:3000"})


def test_variables_of_others_are_left_alone(monkeypatch, tmp_path):
    """A shell has many."""
    Path(tmp_path / ".env").write_text("POSTGRES_PASSWORD=x\n")
    _, said = run_with(monkeypatch, tmp_path, AZURE_REGION="here", SLACK_CHANNEL="#x")
    assert "is not a setting" not in said


@pytest.mark.parametrize("name", ["ALL_PROXY", "HTTPS_PROXY", "http_proxy"])
@pytest.mark.parametrize("command", [("run",), ("show", "packages")])
def test_a_proxy_that_nobody_here_can_go_through_is_a_sentence(
    name, command, monkeypatch, tmp_path
):
    """The clients break on it; its address may hold a password."""
    secret = "socks5://user:canary@127.0.0.1:1080"  # pragma: allowlist secret
    code, said = run_with(monkeypatch, tmp_path, *command, **{name: secret})

    assert code == 2
    assert f"{name.upper()} names a proxy that is none for HTTP" in said
    assert "canary" not in said


ROTATING = {
    **GOOD,
    "SLACK_APP_TOKEN": "",
    "SLACK_SIGNING_SECRET": "new",
    "SLACK_SIGNING_SECRET_PREVIOUS": "old",
}


def test_an_old_secret_needs_an_end():
    """It is good for ever otherwise."""
    (problem,) = problems_for_running(read_settings(ROTATING))
    assert "SLACK_SIGNING_SECRET_PREVIOUS_UNTIL" in problem
    assert read_settings(ROTATING).previous_signing_secret is None


@pytest.mark.parametrize(
    ("ahead", "count"), [(timedelta(days=6), 0), (timedelta(days=8), 1), (-timedelta(days=30), 0)]
)
def test_an_old_secret_is_not_believed_for_long(ahead, count):
    """A week at most; one whose time is over stops nobody from starting."""
    until = f"{clock.real() + ahead:%Y-%m-%dT%H:%M}"
    settings = read_settings({**ROTATING, "SLACK_SIGNING_SECRET_PREVIOUS_UNTIL": until})
    assert len(problems_for_running(settings)) == count


@pytest.mark.parametrize("until", ["tomorrow", "2026-13-01"])
def test_an_end_that_is_none_is_a_sentence(until):
    """And not an end in 1970."""
    with pytest.raises(ConfigurationError, match="SLACK_SIGNING_SECRET_PREVIOUS_UNTIL"):
        read_settings({**ROTATING, "SLACK_SIGNING_SECRET_PREVIOUS_UNTIL": until})


@pytest.mark.parametrize("nothing", ["", " ", None])
@pytest.mark.parametrize("spelled", ["LATCHKEY_CATALOGS", "latchkey_catalogs"])
def test_what_the_environment_sets_to_nothing_the_file_sets(
    monkeypatch, tmp_path, nothing, spelled
):
    """A bound that a unit or a Compose file leaves empty would not count, and everything would be touched."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("LATCHKEY_CATALOGS=General\n")
    if nothing is not None:
        monkeypatch.setenv(spelled, nothing)

    assert read_settings().catalogs == ("General",)
    monkeypatch.setenv(spelled, "Finance")
    assert read_settings().catalogs == ("Finance",)


def test_the_first_line_of_a_file_from_windows_counts(monkeypatch, tmp_path):
    """Its editors begin a file with a mark, which is no part of the first name, and of no secret."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_bytes(b"\xef\xbb\xbfsecret\r\n")
    lines = f"LATCHKEY_CATALOGS=General\r\nLATCHKEY_AUDIT_KEY_FILE={tmp_path / 'key'}\r\n"
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbf" + lines.encode())

    settings = read_settings()

    assert settings.catalogs == ("General",)
    assert settings.audit_key_bytes == b"secret"

"""Settings: everything that is wrong at once, in sentences, and no secret in any of them."""

from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.configuration.problems import problems_for_running
from bot.configuration.settings import Settings, read_settings
from bot.errors import ConfigurationError

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "AZURE_TENANT_ID": "7e000000-0000-4000-8000-00000000c0a1",
    "AZURE_CLIENT_ID": "7e000000-0000-4000-8000-00000000c0a2",
    "AZURE_CLIENT_SECRET": "secret",
    "LATCHKEY_ADMINS": "U0DANA,S0IAM",
    "LATCHKEY_ADMIN_CHANNEL": "C0APPROVALS",
}


def problems(**changes: str | None) -> list[str]:
    """Return what is wrong with the good settings after some changes; None takes one away."""
    given = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    try:
        return problems_for_running(read_settings(given))
    except ConfigurationError as error:
        return list(error.problems)


def test_good_settings_have_no_problems():
    """The rule, of which the rest are exceptions."""
    assert problems() == []


def test_the_defaults_are_those_of_the_documentation():
    """Nothing set."""
    settings = read_settings({})

    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.graph_url == "https://graph.microsoft.com"
    assert settings.graph_api_version == "v1.0"
    assert settings.azure_authority_host == "https://login.microsoftonline.com"
    assert settings.sqlalchemy_url == "sqlite+pysqlite:///latchkey.db"
    assert settings.approval == "policy"
    assert settings.reminder_rungs == (timedelta(days=7), timedelta(days=1))
    assert (settings.poll_seconds, settings.sync_seconds) == (2, 300)
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)


WRONG: list[tuple[str, str | None]] = [
    ("SLACK_BOT_TOKEN", None),
    ("SLACK_BOT_TOKEN", "xapp-1"),
    ("SLACK_APP_TOKEN", "xoxb-1"),
    ("SLACK_API_URL", "http://slack.example/api/"),
    ("AZURE_TENANT_ID", None),
    ("AZURE_CLIENT_ID", None),
    ("AZURE_CLIENT_SECRET", None),
    ("AZURE_AUTHORITY_HOST", "http://login.example"),
    ("GRAPH_URL", "http://graph.example"),
    ("GRAPH_API_VERSION", "v2.0"),
    ("DATABASE_URL", "mysql://root@localhost/latchkey"),
    ("DATABASE_URL", "latchkey.db"),
    ("LATCHKEY_ADMINS", None),
    ("LATCHKEY_ADMINS", " , "),
    ("LATCHKEY_ADMINS", "dana"),
    ("LATCHKEY_ADMINS", "U0DANA @iam"),
    ("LATCHKEY_ADMINS", "C0APPROVALS"),
    ("LATCHKEY_ADMIN_CHANNEL", None),
    ("LATCHKEY_ADMIN_CHANNEL", "#access-approvals"),
    ("LATCHKEY_ADMIN_CHANNEL", "U0DANA"),
    ("LATCHKEY_APPROVAL", "never"),
    ("LATCHKEY_REMINDER_DAYS", "seven"),
    ("LATCHKEY_REMINDER_DAYS", "7,0"),
    ("LATCHKEY_REMINDER_DAYS", "366"),
    ("LATCHKEY_REMINDER_DAYS", "-1"),
    ("LATCHKEY_REMINDER_DAYS", "1.5"),
    ("LATCHKEY_REMINDER_DAYS", "4m"),
    ("LATCHKEY_REMINDER_DAYS", "2w"),
    ("LATCHKEY_REMINDER_DAYS", "h"),
    ("LATCHKEY_REMINDER_DAYS", "999999d"),
    ("LATCHKEY_POLL_SECONDS", "0"),
    ("LATCHKEY_POLL_SECONDS", "often"),
    ("LATCHKEY_POLL_SECONDS", "nan"),
    ("LATCHKEY_POLL_SECONDS", "inf"),
    ("LATCHKEY_SYNC_SECONDS", "-5"),
    ("LATCHKEY_PORT", "70000"),
    ("LATCHKEY_PORT", "http"),
    ("LATCHKEY_PUBLIC_URL", "https://latchkey.example/slack"),
    ("LATCHKEY_PUBLIC_URL", "http://latchkey.example"),
    ("LATCHKEY_PUBLIC_URL", "https://latchkey.example:port"),
    ("LATCHKEY_PUBLIC_URL", "https://latchkey.example:70000"),
    ("LATCHKEY_PUBLIC_URL", "https://:443"),
    ("LATCHKEY_PUBLIC_URL", "https://latchkey..example"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_each_thing_wrong_is_one_sentence(name, value):
    """It names the variable, and ends like a sentence."""
    (problem,) = problems(**{name: value})

    assert name in problem
    assert problem.endswith((".", ")."))


def test_http_needs_a_signing_secret():
    """Without it anybody could speak for Slack."""
    assert "SLACK_SIGNING_SECRET" in problems(SLACK_APP_TOKEN=None)[0]
    assert problems(SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="s") == []
    assert problems(SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="") != []


def test_everything_missing_is_said_at_once():
    """One line each."""
    named = " ".join(problems_for_running(read_settings({})))

    for name in GOOD:
        assert name in named


def run_with(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *command: str, **environment: str
) -> tuple[int, str]:
    monkeypatch.chdir(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(main, list(command or ["run"]))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_run_says_all_that_is_missing_and_exits_with_2(monkeypatch, tmp_path):
    """No traceback."""
    code, said = run_with(monkeypatch, tmp_path)

    assert code == 2
    assert all(name in said for name in ("SLACK_BOT_TOKEN", "AZURE_TENANT_ID", "LATCHKEY_ADMINS"))


def test_run_says_what_is_missing_beside_what_is_unreadable(monkeypatch, tmp_path):
    """Nobody likes to be told one thing after the other."""
    code, said = run_with(monkeypatch, tmp_path, LATCHKEY_PORT="http", LATCHKEY_POLL_SECONDS="x")

    assert code == 2
    for name in ("LATCHKEY_PORT", "LATCHKEY_POLL_SECONDS", "SLACK_BOT_TOKEN", "LATCHKEY_ADMINS"):
        assert name in said


SECRET = "xoxb-canary-0123456789"
NAMES = [(field.alias or name).upper() for name, field in Settings.model_fields.items()]


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_in_the_wrong_variable_is_not_repeated(name):
    """Logs are read by many."""
    assert SECRET not in " ".join(problems(**{name: SECRET}))


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "AZURE_CLIENT_SECRET", "DATABASE_URL"])
def test_settings_do_not_show_their_secrets(name):
    """Printed, or in a traceback."""
    value = f"postgresql://latchkey:{SECRET}@db/latchkey" if name == "DATABASE_URL" else SECRET

    settings = read_settings({**GOOD, name: value})

    assert SECRET not in repr(settings) + str(settings)


@pytest.mark.parametrize("name", NAMES)
def test_empty_means_unset(name):
    """Compose files set what they do not know to nothing."""
    without = {key: value for key, value in GOOD.items() if key != name}

    assert read_settings({**without, name: ""}) == read_settings(without)


def test_an_empty_variable_of_the_environment_is_unset(monkeypatch, tmp_path):
    """The same, for the real environment."""
    code, said = run_with(monkeypatch, tmp_path, LATCHKEY_PORT="", SLACK_BOT_TOKEN="")

    assert "LATCHKEY_PORT" not in said
    assert "SLACK_BOT_TOKEN is not set" in said
    assert code == 2


def test_given_settings_are_read_alone(monkeypatch):
    """A sandbox does not borrow the real bot's certificate from the shell it was started in."""
    monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", "/etc/real.pem")
    monkeypatch.setenv("LATCHKEY_APPROVAL", "always")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "real")

    settings = read_settings(GOOD)

    assert settings.azure_client_certificate_path is None
    assert settings.approval == "policy"
    assert settings.slack_signing_secret is None


def test_a_file_of_settings_is_read(monkeypatch, tmp_path):
    """.env in the working directory; the environment counts for more."""
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("LATCHKEY_PORT=4000\nLATCHKEY_HOST=0.0.0.0\n")
    monkeypatch.setenv("LATCHKEY_HOST", "127.0.0.2")

    settings = read_settings()

    assert (settings.port, settings.host) == (4000, "127.0.0.2")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///x.db", "sqlite+pysqlite:///x.db"),
        ("sqlite+aiosqlite:///x.db", "sqlite+pysqlite:///x.db"),
        ("sqlite+pysqlite:////var/x.db", "sqlite+pysqlite:////var/x.db"),
        (
            "postgresql://u:p%40@h:5/d?sslmode=require",
            "postgresql+psycopg://u:p%40@h:5/d?sslmode=require",
        ),
        ("postgresql+asyncpg://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql+psycopg2://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
    ],
)
def test_any_driver_is_replaced_by_ours(url, expected):
    """Addresses are copied from other programs."""
    assert read_settings({"DATABASE_URL": url}).sqlalchemy_url == expected


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url):
    """Every thread would have one of its own, and a restart none."""
    assert any("DATABASE_URL" in each for each in problems(DATABASE_URL=url))


@pytest.mark.parametrize("written", ["7,1", "1 7", "7, 1", " 7 ,1, 7 ", "1\n7"])
def test_reminder_days_may_be_written_in_many_ways(written):
    """Longest first, each once."""
    settings = read_settings({"LATCHKEY_REMINDER_DAYS": written})

    assert settings.reminder_rungs == (timedelta(days=7), timedelta(days=1))


@pytest.mark.parametrize(
    ("written", "rungs"),
    [
        ("7d,1d,2h,15m", [10_080, 1_440, 120, 15]),
        ("15M 2H 1D", [1_440, 120, 15]),
        ("24h,1d,1440m", [1_440]),
        ("5m", [5]),
        ("365", [525_600]),
    ],
)
def test_reminders_may_come_hours_and_minutes_before_the_end(written, rungs):
    """For access that lasts no day."""
    settings = read_settings({"LATCHKEY_REMINDER_DAYS": written})

    assert [rung / timedelta(minutes=1) for rung in settings.reminder_rungs] == rungs


def test_a_reminder_that_no_sync_would_find_in_time_is_said():
    """The sentence says which of the two to change."""
    (problem,) = problems(LATCHKEY_REMINDER_DAYS="7d,10m", LATCHKEY_SYNC_SECONDS="900")

    assert "10m" in problem
    assert "900 s" in problem
    assert problems(LATCHKEY_REMINDER_DAYS="7d,15m", LATCHKEY_SYNC_SECONDS="900") == []


@pytest.mark.parametrize("written", ["Contoso.Example", "@contoso.example", " contoso.example, "])
def test_domains_may_be_written_in_many_ways(written):
    """With their @, and with capitals."""
    assert read_settings({"LATCHKEY_EMAIL_DOMAINS": written}).email_domains == ("contoso.example",)


def test_a_credential_file_that_is_not_there_is_said(tmp_path):
    """Whichever of the two."""
    for name in ("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE"):
        (problem,) = problems(**{name: str(tmp_path / "missing")})
        assert name in problem


def test_a_key_where_a_path_belongs_is_a_sentence():
    """Somebody has pasted the whole certificate."""
    pem = "-----BEGIN PRIVATE KEY-----\n" + "A" * 5_000

    (problem,) = problems(AZURE_CLIENT_CERTIFICATE_PATH=pem)

    assert "AZURE_CLIENT_CERTIFICATE_PATH" in problem
    assert "AAAA" not in problem


def test_socket_mode_is_chosen_by_its_token():
    """And HTTP without."""
    assert read_settings(GOOD).uses_socket_mode
    assert not read_settings({**GOOD, "SLACK_APP_TOKEN": ""}).uses_socket_mode


SECRETS = sorted(
    name
    for name in Settings.model_fields
    if name.endswith(("_token", "_secret", "_secret_previous", "_key")) or name == "database_url"
)


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_not_in_what_settings_print(name):
    """Neither in their repr nor in a dump."""
    variable = Settings.model_fields[name].alias or name.upper()

    settings = read_settings({variable: "postgresql://u:canary@db/x"})

    assert "canary" in getattr(settings, name).get_secret_value()
    assert (
        "canary"
        not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    )


def test_a_blank_signing_secret_is_none():
    """Blanks would be a secret that anybody can guess."""
    blank = {**GOOD, "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "  "}

    assert read_settings(blank).slack_signing_secret is None
    assert problems_for_running(read_settings(blank)) != []
    assert (
        problems_for_running(read_settings({**blank, "SLACK_SIGNING_SECRET_PREVIOUS": "s"})) != []
    )


def test_a_removal_is_not_forgotten_while_it_counts():
    """Whoever asks again for what was removed needs an admin, and that is known from the request."""
    (said,) = problems(LATCHKEY_KEEP_REQUESTS_DAYS="60", LATCHKEY_REMOVED_DAYS="90")
    assert "Keep requests for longer" in said
    assert problems(LATCHKEY_KEEP_REQUESTS_DAYS="90", LATCHKEY_REMOVED_DAYS="90") == []


@pytest.mark.parametrize("name", ["REQUESTS", "MESSAGES", "AUDIT"])
def test_nothing_is_kept_for_less_than_a_month(name):
    """What people are still told about might be gone."""
    assert len(problems(**{f"LATCHKEY_KEEP_{name}_DAYS": "29"})) == 1
    assert problems(**{f"LATCHKEY_KEEP_{name}_DAYS": "30"}) == []


@pytest.mark.parametrize("text", [None, "packages: [", "packages: {x: {no-such-setting: 1}}"])
def test_package_settings_that_cannot_be_read_end_the_start_with_2(monkeypatch, tmp_path, text):
    """They get no better by another start, which systemd would make for ever."""
    file = tmp_path / "latchkey.yml"
    if text is not None:
        file.write_text(text)

    code, said = run_with(monkeypatch, tmp_path, **GOOD, LATCHKEY_PACKAGE_SETTINGS=str(file))

    assert code == 2
    assert "LATCHKEY_PACKAGE_SETTINGS" in said

"""Try every setting with values that are none: each is taken as it stands, or refused in a sentence; nothing ends in a traceback."""

import socket

import httpx
import pytest
import yarl
from pydantic import SecretStr

from bot.configuration.credentials import credential_ends
from bot.configuration.problems import CERTIFICATES, problems_for_running
from bot.configuration.settings import Settings, known_names, read_settings
from bot.errors import ConfigurationError
from bot.serving import web
from bot.slack.response_urls import hosts_of
from handlers.web.pages_shown import PagesShown
from tests.bot.configuration.test_settings import GOOD, problems, run_with

# The host of none of them can be read in one way only.
NO_ADDRESSES = [
    *("https://[latchkey.example.com]", "https://[graph", "https://[v1.x]", "https://[::1%eth0]"),
    *(
        "https://h.example:abc",
        "https://h.example:99999",
        "https://h.example:0",
        "https://h.example:",
    ),
    *(
        "https://h.example:\uff18\uff10",
        "https://h.example:+80",
        "https://h.example:8_0",
        "https://h:80:80",
    ),
    *("https://a..b", f"https://{'a' * 64}.example", f"https://{'a.' * 130}example"),
    *("https://", "https:/h.example", "https:h.example", "//h.example", "https:///x", "h.example"),
    *(
        "https://h\\@evil.example",
        "https://h%00.example",
        "https://\uff11\uff12\uff17.0.0.1",
        "https://xn--ü",
    ),
    *("https://\u00ad.example", "https://\u200b.example", "https://h.example\nX: y", "https://h i"),
    *("https://h\udcff.example", "https://h\0.example", "https://h\x7f.example", "ftp://h.example"),
]
# Not this machine, whatever they begin with.
ELSEWHERE = [
    *("http://127.0.0.1.evil.example", "http://localhost.evil.example", "http://localhostevil"),
    *("http://127.0.0.1@evil.example", "http://127.0.0.1:80@evil.example", "http://127.1"),
    *("http://h.example", "http://[::2]", "http://localhost\\.evil.example"),
]
NUMBERS = [
    *(
        "0",
        "-1",
        "1.5",
        "+5",
        "1_0",
        "0x10",
        "\uff11\uff12",
        "٣",
        "1e5",
        "1e400",
        "1e-9",
        "1e-320",
        "nan",
    ),
    *("inf", "-inf", "9223372036854775808", "9" * 5_000),
]
DAYS = [
    *("0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *("2026-02-30", "2026-12-24T18:00", "99999999999999", "7"),
]
WORDS = [
    *(",", ",,;", "\n", "a\nb", "a\rb", "\u2028", "a\u2028b", "\u202e", "\udcff", "a\0b", "\0"),
    *("x" * 100_000, "~", "/", "/dev/null", f"/no-such/{'x' * 300}", "=", "a=b=c", "[]", "{}"),
    *("null", "'x'", '"x"', "${X}", "%s", "common", "a/../b", "127.0.0.2", "::", "[::1]", "h:80"),
    *("0d", "999999d", "7d,nan", "a.b=c.d", "siem=https://[x", "siem=https://h:99999"),
    *("sqlite:///a?b", "postgresql://[::1/x", f"postgresql://u:p@h:{'9' * 5_000}/x"),
]
VALUES = [*NO_ADDRESSES, *ELSEWHERE, *NUMBERS, *DAYS, *WORDS]
OVER_HTTP = {
    **GOOD,
    "SLACK_SIGNING_SECRET": "s",
    "SLACK_SIGNING_SECRET_PREVIOUS": "t",
    "SLACK_SIGNING_SECRET_PREVIOUS_UNTIL": "2026-01-01T18:00",
}
ROOTS = ["GRAPH_URL", "AZURE_AUTHORITY_HOST", "LATCHKEY_PUBLIC_URL"]
ADDRESSES = [
    *ROOTS,
    *("SLACK_API_URL", "LATCHKEY_ALARM_WEBHOOK", "LATCHKEY_ANCHOR_WEBHOOK", "LATCHKEY_ON_CALL_URL"),
]


@pytest.fixture(autouse=True)
def no_certificates_of_this_machine(monkeypatch):
    """To read them takes longer than all the rest, for each value anew."""
    for name in CERTIFICATES:
        monkeypatch.delenv(name, raising=False)


def use(settings: Settings) -> None:
    """Read what the bot reads of settings that it has taken."""
    for name, value in vars(Settings).items():
        if isinstance(value, property):
            getattr(settings, name)
    credential_ends(settings)
    secrets = (settings.alarm_webhook, settings.anchor_webhook, settings.on_call_url)
    urls = [each.get_secret_value() for each in secrets if each]
    for url in (settings.graph_url, settings.azure_authority_host, *urls):
        httpx.Request("GET", url)
    assert yarl.URL(settings.slack_api_url).host
    hosts_of(settings.slack_api_url)
    if settings.public_url:
        PagesShown(settings.public_url)
    if settings.on_call_token:
        httpx.Headers({"authorization": settings.on_call_token.get_secret_value()})
    for field in Settings.model_fields:
        value = getattr(settings, field)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        assert "\0" not in text
        text.encode()


@pytest.mark.parametrize("name", sorted(known_names()))
def test_each_value_is_taken_or_refused_in_a_sentence(name):
    """It names a setting, is one line, and can be printed anywhere."""
    for value in VALUES:
        try:
            settings = read_settings({**OVER_HTTP, name: value})
            found = problems_for_running(settings)
        except ConfigurationError as refused:
            found = list(refused.problems)
            settings = None
        for said in found:
            assert said.isprintable(), (value, said)
            assert said.endswith("."), (value, said)
            assert any(each in said for each in known_names()), (value, said)
        if settings is not None and not found:
            use(settings)


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("value", [*NO_ADDRESSES, *ELSEWHERE])
def test_what_is_no_address_or_leads_elsewhere_without_tls_is_refused(name, value):
    """By the host as it is read, not by how the address begins: what is sent there is secret."""
    (said,) = problems(**{name: value})
    assert said.startswith(f"{name} ")
    assert "evil" not in said


@pytest.mark.parametrize("value", [*NO_ADDRESSES, *ELSEWHERE])
def test_no_webhook_goes_there_either(value):
    """Each has its address and its secret."""
    key = "whsec_" + "A" * 32
    found = problems(LATCHKEY_WEBHOOKS=f"siem={value}", LATCHKEY_WEBHOOK_SECRETS=f"siem={key}")
    assert found
    assert not any("evil" in each for each in found)


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "value", ["https://h.example", "https://H.example:8443/", "https://[::1]:1", "https://a_b"]
)
def test_an_address_is_taken(name, value):
    """A name, a port, and IPv6 among them."""
    assert problems(**{name: value}) == []


@pytest.mark.parametrize("name", [each for each in ADDRESSES if each not in ROOTS[:2]])
@pytest.mark.parametrize("value", ["http://localhost:1", "http://127.0.0.1", "http://[::1]:3000/"])
def test_this_machine_needs_no_tls(name, value):
    """What is posted there crosses no network."""
    assert problems(**{name: value}) == []


@pytest.mark.parametrize(
    "value",
    [
        *(each for each in NO_ADDRESSES if "\0" not in each),
        "http://h:99999",
        "http://h:\uff18\uff10",
    ],
)
def test_a_proxy_is_read_in_the_same_way(monkeypatch, value):
    """The clients raise what nobody catches on some."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    (said,) = problems()
    assert said.startswith("HTTPS_PROXY ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LATCHKEY_REMINDER_DAYS", ","),
        ("LATCHKEY_POLL_SECONDS", "1e-9"),
        ("LATCHKEY_SYNC_SECONDS", "0.5"),
        ("LATCHKEY_DRIFT_HOURS", "1e-9"),
        ("AZURE_TENANT_ID", "common"),
        ("AZURE_TENANT_ID", "a/../b"),
        ("AZURE_CLIENT_SECRET_UNTIL", "7"),
        ("SLACK_SIGNING_SECRET_PREVIOUS_UNTIL", "7"),
        ("LATCHKEY_EMAIL_DOMAINS", '"contoso.com"'),
        ("LATCHKEY_EMAIL_DOMAINS", "contoso.com,*.contoso.de"),
        ("LATCHKEY_ON_CALL_TOKEN", "tökén"),
        ("LATCHKEY_HOST", "0.0.0.0:3000"),
        ("LATCHKEY_HOST", "[::1]"),
        ("LATCHKEY_AUDIT_KEY", "k\udcff"),
        ("LATCHKEY_OPERATOR", "dana\nroot"),
    ],
)
def test_what_would_do_something_else_in_silence_is_refused(name, value):
    """No reminder, a loop without a pause, everybody's tenant, nobody's domain."""
    (said,) = problems(**{name: value})
    assert said.startswith(f"{name} ")


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "LATCHKEY_AUDIT_KEY", "GRAPH_URL"])
def test_the_line_end_of_a_value_does_not_count(name):
    """A Secret that was made of `echo` has one."""
    value = {"GRAPH_URL": "https://graph.microsoft.us"}.get(name, "xoxb-2")
    (field,) = (each for each in Settings.model_fields if name.lower().endswith(each))
    read, bare = (
        getattr(read_settings({**GOOD, name: each}), field) for each in (f"{value}\n", value)
    )
    assert read == bare


def test_a_hostile_value_ends_the_start_with_2(monkeypatch, tmp_path):
    """So that systemd does not start it again and again."""
    code, said = run_with(
        monkeypatch, tmp_path, **{**GOOD, "LATCHKEY_PUBLIC_URL": "https://[latchkey.example.com]"}
    )
    assert code == 2
    assert "LATCHKEY_PUBLIC_URL must be a root" in said


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "::"])
def test_the_bot_listens_on_ipv6(host):
    """In a cluster that has nothing else."""
    with (
        web.listening(host, 0) as listener,
        socket.create_connection(("::1", listener.getsockname()[1])),
    ):
        assert listener.family is socket.AF_INET6

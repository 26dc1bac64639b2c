"""Settings of the ways out: a cloud's addresses, the identity, proxies and certificates, and the database's pool."""

import pytest
import sqlalchemy as sa

from bot.assembly.database import opened_store
from bot.configuration.problems import problems_for_running
from bot.configuration.settings import read_settings
from bot.errors import ConfigurationError
from bot.machine import app_tokens
from graph.sign_in.auth import AppTokens, ManagedIdentityTokens
from tests.bot.configuration.test_settings import GOOD, problems

IDENTITY = "7e000000-0000-4000-8000-0000000000d1"
# A machine of Azure's: the tenant, and neither app nor secret.
MANAGED: dict[str, str | None] = {
    "LATCHKEY_MANAGED_IDENTITY": "system",
    "AZURE_CLIENT_ID": None,
    "AZURE_CLIENT_SECRET": None,
}


@pytest.mark.parametrize("name", ["GRAPH_URL", "AZURE_AUTHORITY_HOST"])
@pytest.mark.parametrize(
    "url",
    [
        "https://graph.microsoft.com/v1.0",
        "https://graph.microsoft.com/beta/",
        "https://graph.microsoft.com//",
        "https://graph.microsoft.com?x=1",
        "https://graph.microsoft.com#x",
        "https://user:canary@graph.microsoft.com",  # pragma: allowlist secret
        "https://",
    ],
)
def test_an_address_of_a_cloud_is_a_root(name, url):
    """A version in GRAPH_URL looks like a problem of signing in, otherwise."""
    (said,) = problems(**{name: url})

    assert said.startswith(f"{name} must be a root")
    assert "canary" not in said


@pytest.mark.parametrize("name", ["GRAPH_URL", "AZURE_AUTHORITY_HOST"])
@pytest.mark.parametrize("end", ["", "/"])
def test_a_root_may_end_with_a_slash(name, end):
    """Workload identity's own webhook writes one."""
    assert problems(**{name: f"https://cloud.example:8443{end}"}) == []


def test_a_managed_identity_needs_no_other_credential():
    """Nor an app registration."""
    assert problems(**MANAGED) == []
    assert problems(**{**MANAGED, "LATCHKEY_MANAGED_IDENTITY": IDENTITY}) == []


def test_a_managed_identity_needs_the_tenant():
    """Files that go with a tenant are kept apart by it."""
    (said,) = problems(**MANAGED, AZURE_TENANT_ID=None)
    assert said.startswith("AZURE_TENANT_ID is not set")


@pytest.mark.parametrize("value", ["user", "systems", "/subscriptions/x", IDENTITY[:-1]])
def test_what_names_no_identity_is_refused(value):
    """Neither the machine's own, nor a client id."""
    (said,) = problems(**{**MANAGED, "LATCHKEY_MANAGED_IDENTITY": value})
    assert said.startswith("LATCHKEY_MANAGED_IDENTITY must be")


@pytest.mark.parametrize(
    "name",
    ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE"],
)
def test_a_managed_identity_beside_another_credential_is_refused(name, tmp_path):
    """Nobody would know which of them counts."""
    (tmp_path / "file").touch()
    (said,) = problems(**{**MANAGED, name: str(tmp_path / "file")})
    assert said.startswith(f"LATCHKEY_MANAGED_IDENTITY and {name} are both set")


@pytest.mark.parametrize(
    ("value", "client_id"), [("system", None), ("System", None), (IDENTITY, IDENTITY)]
)
def test_the_identity_is_the_one_that_is_named(value, client_id):
    """For the cloud of GRAPH_URL."""
    given = {**GOOD, "LATCHKEY_MANAGED_IDENTITY": value, "GRAPH_URL": "https://graph.microsoft.us/"}
    tokens = app_tokens(read_settings(given))

    assert isinstance(tokens, ManagedIdentityTokens)
    assert (tokens._client_id, tokens._resource) == (client_id, "https://graph.microsoft.us")
    assert isinstance(app_tokens(read_settings(GOOD)), AppTokens)


@pytest.mark.parametrize(
    "value",
    [
        "proxy:3128",
        "proxy.internal",
        "http://user:can/ary@proxy:3128",  # pragma: allowlist secret
        "http://user:can@ary@proxy:3128",  # pragma: allowlist secret
        "http://user:can#ary@proxy:3128",  # pragma: allowlist secret
        "http://",
        "http://proxy:port",
        "http://proxy:3128/path",
    ],
)
def test_a_proxy_that_can_be_misread_is_refused(monkeypatch, value):
    """Slack's library takes no address without its scheme, and a password may move the borders of one."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    (said,) = problems()

    assert said.startswith("HTTPS_PROXY must be http://HOST:PORT")
    assert "ary" not in said.partition("must be")[2]


@pytest.mark.parametrize(
    "value",
    [
        "http://proxy:3128",
        "https://proxy.internal:3128/",
        "HTTP://10.0.0.1",
        "http://[::1]:3128",
        "http://user:p%40ss@proxy:3128",  # pragma: allowlist secret
        "http://user@proxy:3128",
    ],
)
def test_a_proxy_for_http_is_fine(monkeypatch, value):
    """With what it wants to know."""
    monkeypatch.setenv("HTTPS_PROXY", value)
    assert problems() == []


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\x30\x82"])
def test_a_bundle_of_certificates_that_cannot_be_read_is_said(monkeypatch, tmp_path, name, content):
    """Otherwise no connection comes about, and the reason names no file."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(name, str(file))

    (said,) = problems()
    assert said.startswith(f"{name} must be the path of a file with certificates")


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_bundle_of_certificates_is_fine(monkeypatch, certificate, name):
    """And a variable that is set to nothing is unset."""
    for value in (str(certificate.ca_file), ""):
        monkeypatch.setenv(name, value)
        assert problems_for_running(read_settings(GOOD)) == []


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE"])
def test_what_only_the_environment_sets_is_refused_in_the_file_of_settings(
    monkeypatch, tmp_path, name, certificate
):
    """It would be ignored; where the environment has it as well, that counts and the file may say what it likes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    proxy = "http://user:canary@proxy:3128"  # pragma: allowlist secret
    (tmp_path / ".env").write_text(f"{name}={proxy}\n")
    (said,) = problems()

    assert said.startswith(f"{name.upper()} is in .env, where nothing reads it")
    assert "canary" not in said
    value = str(certificate.ca_file) if name == "SSL_CERT_FILE" else "http://proxy:3128"
    monkeypatch.setenv(name, value)
    assert problems() == []


@pytest.mark.parametrize("number", [3, 8, 20])
def test_the_pool_has_as_many_connections_as_are_set(number, emptied_postgresql):
    """A server of its own may take more, a shared one fewer; two are never for jobs."""
    address = emptied_postgresql.render_as_string(hide_password=False)
    settings = read_settings(
        {**GOOD, "DATABASE_URL": address, "LATCHKEY_DATABASE_CONNECTIONS": str(number)}
    )
    store = opened_store(settings)
    try:
        assert isinstance(store.engine.pool, sa.QueuePool)
        assert store.engine.pool.size() == number
    finally:
        store.close()


@pytest.mark.parametrize("value", ["0", "2", "101", "many"])
def test_a_pool_of_another_size_is_refused(value):
    """People would wait behind the jobs."""
    with pytest.raises(ConfigurationError, match="LATCHKEY_DATABASE_CONNECTIONS cannot be used"):
        read_settings({**GOOD, "LATCHKEY_DATABASE_CONNECTIONS": value})

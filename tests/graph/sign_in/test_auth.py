"""Tokens for the app, from a login that msal really talks to."""

import asyncio
import json
from pathlib import Path

import pytest
import requests
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import load_pem_x509_certificate

from graph.clouds import CLOUDS, GLOBAL, cloud_of
from graph.errors import AuthError, LoginUnreachable
from graph.sign_in import login as login_module
from graph.sign_in.auth import (
    AppTokens,
    FederatedCredential,
    ManagedIdentityTokens,
    SecretCredential,
)
from graph.sign_in.certificates import CertificateCredential
from tests.graph.login_server import CLIENT, TENANT, LoginServer


def tokens_of(login: LoginServer, credential: object = None, **changes: object) -> AppTokens:
    facts: dict = {
        "tenant_id": TENANT,
        "client_id": CLIENT,
        "credential": credential or SecretCredential("s3cret"),
        "authority_host": login.host,
        "scope": "https://graph.test/.default",
        "ca_file": login.ca_file,
        **changes,
    }
    return AppTokens(**facts)


async def test_a_secret_gets_a_token(login):
    """The client credentials flow, with the scope of our own Graph."""
    assert await tokens_of(login).token() == "token-1"

    (form,) = login.forms
    assert form["grant_type"] == "client_credentials"
    assert form["client_id"] == CLIENT
    assert form["client_secret"] == "s3cret"
    assert form["scope"] == "https://graph.test/.default"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_the_secret_does_not_follow_a_redirect(login, status):
    """The login's answer may name another host; the credential is for the login alone."""
    login.answer = lambda form: (status, {"location": f"{login.host}/elsewhere"})

    with pytest.raises(AuthError):
        await tokens_of(login).token()

    assert not [path for path in login.paths if "elsewhere" in path]
    assert len(login.forms) == 1


async def test_nothing_is_sent_before_a_token_is_asked_for(login):
    """Composition needs no network."""
    tokens_of(login)

    assert login.paths == []


async def test_a_token_is_kept(login):
    """The second call costs nothing."""
    tokens = tokens_of(login)

    assert await tokens.token() == await tokens.token()
    assert len(login.forms) == 1


async def test_many_callers_at_once_make_one_request(login):
    """msal alone would post once for each thread."""
    tokens = tokens_of(login)

    got = await asyncio.gather(*(tokens.token() for _ in range(20)))

    assert set(got) == {"token-1"}
    assert len(login.forms) == 1


async def test_a_short_token_is_renewed(login):
    """A token that is as good as over is not shown to Graph."""
    login.answer = lambda form: (
        200,
        {"access_token": f"token-{len(login.forms)}", "token_type": "Bearer", "expires_in": 0},
    )
    tokens = tokens_of(login)

    assert [await tokens.token(), await tokens.token()] == ["token-1", "token-2"]


async def test_a_refused_token_is_replaced(login):
    """Neither our copy nor msal's cache answers after Graph said no."""
    tokens = tokens_of(login)
    await tokens.token()

    assert await tokens.refresh() == "token-2"
    assert await tokens.token() == "token-2"


async def test_many_refusals_at_once_are_one_renewal(login):
    """Twenty calls refused together share the new token."""
    tokens = tokens_of(login)
    await tokens.token()

    got = await asyncio.gather(*(tokens.refresh() for _ in range(20)))

    assert set(got) == {"token-2"}


async def test_claims_reach_the_login(login):
    """What Graph's challenge asked for is asked of the login."""
    tokens = tokens_of(login)
    await tokens.token()
    claims = {"access_token": {"nbf": {"essential": True}}}

    await tokens.refresh(json.dumps(claims))

    assert json.loads(login.forms[-1]["claims"])["access_token"] == claims["access_token"]


async def test_a_wrong_secret_is_a_sentence_with_its_code(login):
    """What people print holds the AADSTS code and no trace ids."""
    login.refuse(401, 7000215, "Invalid client secret provided.")

    with pytest.raises(AuthError) as caught:
        await tokens_of(login).token()

    assert str(caught.value) == (
        "Microsoft's login refuses: AADSTS7000215: Invalid client secret provided."
    )
    assert caught.value.code == "AADSTS7000215"
    assert caught.value.request_id == "correlation"
    assert not caught.value.may_have_happened
    assert not isinstance(caught.value, LoginUnreachable)


async def test_an_unknown_tenant_is_a_sentence(login):
    """Entra describes no tenant that it does not know."""
    with pytest.raises(AuthError, match="does not know this tenant"):
        await tokens_of(login, tenant_id="99999999-9999-9999-9999-999999999999").token()


async def test_an_unreachable_login_is_a_sentence(login):
    """No traceback of somebody else's library."""
    with pytest.raises(LoginUnreachable, match="cannot be reached") as caught:
        await tokens_of(login, authority_host="https://127.0.0.1:1").token()
    assert str(caught.value).endswith("[Errno 111] Connection refused.")
    for word in ("ConnectionPool", "Max retries", TENANT):
        assert word not in str(caught.value)


async def test_a_login_with_an_unknown_certificate_is_refused(login):
    """Tokens are never asked of somebody who only claims to be the login."""
    with pytest.raises(AuthError):
        await tokens_of(login, ca_file=None).token()

    assert login.forms == []


async def test_a_failure_does_not_stick(login):
    """After a repair the next call works; nothing half-made is kept."""
    tokens = tokens_of(login)
    login.refuse(503, 90033, "A transient error has occurred.")
    with pytest.raises(LoginUnreachable):
        await tokens.token()
    login.answer = login.grant
    fresh = tokens_of(login)

    assert (await fresh.token()).startswith("token-")


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_the_environments_certificates_are_honored(login, monkeypatch, name):
    """The standard variables are enough to trust a company's own authority."""
    monkeypatch.setenv(name, login.ca_file)

    assert await tokens_of(login, ca_file=None).token() == "token-1"


async def test_a_named_certificate_file_beats_the_environment(login, monkeypatch, tmp_path):
    """A stand-in's certificate counts even where the environment names another."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))

    assert await tokens_of(login).token() == "token-1"


@pytest.fixture(scope="module")
def leaf() -> trustme.LeafCert:
    """A certificate and its key, as Entra takes them: RSA."""
    return trustme.CA(key_type=trustme.KeyType.RSA).issue_cert(
        "latchkey.test", key_type=trustme.KeyType.RSA
    )


@pytest.fixture
def pem(leaf: trustme.LeafCert, tmp_path: Path) -> Path:
    """Both in one PEM file."""
    path = tmp_path / "app.pem"
    leaf.private_key_and_cert_chain_pem.write_to_path(str(path))
    return path


async def test_a_pem_certificate_gets_a_token(login, pem):
    """The app signs an assertion instead of sending a secret."""
    assert await tokens_of(login, CertificateCredential(pem)).token() == "token-1"

    assert login.forms[0]["client_assertion_type"].endswith("jwt-bearer")
    assert login.forms[0]["client_assertion"].count(".") == 2
    assert "client_secret" not in login.forms[0]


async def test_a_pfx_certificate_gets_a_token(login, pem):
    """The form in which Azure exports certificates, with its password."""
    text = pem.read_bytes()
    pfx = pem.with_suffix(".pfx")
    pfx.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"app",
            load_pem_private_key(text, None),  # type: ignore[arg-type]
            load_pem_x509_certificate(text),
            None,
            BestAvailableEncryption(b"pass"),
        )
    )

    assert await tokens_of(login, CertificateCredential(pfx, "pass")).token() == "token-1"


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nx\n", b"\xff\x00"])
@pytest.mark.parametrize("name", ["app.pem", "app.pfx"])
async def test_a_certificate_that_is_none_is_a_sentence(login, tmp_path, name, content):
    """A missing, empty or broken file says so, and nothing is sent."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(AuthError, match=r"app\.p"):
        await tokens_of(login, CertificateCredential(path)).token()

    assert login.forms == []


async def test_a_certificate_without_its_key_is_a_sentence(login, pem):
    """Both belong into the one file."""
    text = pem.read_text()
    pem.write_text(text[text.index("-----BEGIN CERTIFICATE") :])

    with pytest.raises(AuthError, match="private key"):
        await tokens_of(login, CertificateCredential(pem)).token()


async def test_a_key_that_entra_does_not_take_is_a_sentence(login, tmp_path):
    """Only RSA will do, which is said before anything is sent."""
    path = tmp_path / "app.pem"
    trustme.CA().issue_cert("x.test").private_key_and_cert_chain_pem.write_to_path(str(path))

    with pytest.raises(AuthError, match="RSA"):
        await tokens_of(login, CertificateCredential(path)).token()


async def test_a_federated_token_is_read_anew_each_time(login, tmp_path):
    """The platform renews the file while we run."""
    file = tmp_path / "federated"
    tokens = tokens_of(login, FederatedCredential(file))
    file.write_text("first\n")
    await tokens.token()
    file.write_text("second\n")
    await tokens.refresh()

    assert [form["client_assertion"] for form in login.forms] == ["first", "second"]


async def test_a_missing_federated_token_is_a_sentence(login, tmp_path):
    """The file's name is in it."""
    with pytest.raises(AuthError, match="nowhere"):
        await tokens_of(login, FederatedCredential(tmp_path / "nowhere")).token()


def test_secrets_never_show_in_a_repr(login):
    """Logs may print what they like."""
    assert "s3cret" not in repr(SecretCredential("s3cret")) + repr(tokens_of(login))
    assert "pass" not in repr(CertificateCredential(Path("x"), "pass"))


def test_only_microsofts_own_hosts_are_discovered():
    """Instance discovery would ask Microsoft about a host that it does not know."""
    assert login_module.discovery("login.microsoftonline.us") == {}
    assert login_module.discovery("127.0.0.1:8443") == {"instance_discovery": False}


def test_the_login_is_never_waited_for_without_end(monkeypatch):
    """msal sets no time-out of its own."""
    seen = {}

    def send(self, request, **kwargs):
        seen.update(kwargs)
        return requests.Response()

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    login_module.client().get("https://login.test/")

    assert seen["timeout"] == 20


async def test_a_machine_without_an_identity_is_a_sentence(monkeypatch):
    """Outside Azure nobody answers, which is said plainly."""

    def send(self, request, **kwargs):
        raise requests.ConnectionError("no route to the metadata service")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)

    with pytest.raises(AuthError, match="managed identity"):
        await ManagedIdentityTokens().token()


async def test_a_machine_with_an_identity_gets_a_token(monkeypatch):
    """The metadata service is asked for Graph, as the identity that was named, and past any proxy."""
    asked, proxies = [], []

    def send(self, request, **kwargs):
        asked.append(request.url)
        proxies.append(dict(kwargs["proxies"]))
        answer = requests.Response()
        answer.status_code = 200
        answer._content = json.dumps(
            {"access_token": "machine", "expires_in": "3600", "resource": "g", "token_type": "B"}
        ).encode()
        return answer

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")

    assert await ManagedIdentityTokens(client_id=CLIENT).token() == "machine"
    assert proxies == [{}]
    assert "resource=https%3A%2F%2Fgraph.microsoft.com" in asked[0]
    assert CLIENT in asked[0]


def test_each_cloud_has_its_own_scope():
    """A token of one cloud is of no use in another."""
    assert {cloud.scope for cloud in CLOUDS} == {f"{cloud.graph_url}/.default" for cloud in CLOUDS}
    assert cloud_of("https://graph.microsoft.com/") is GLOBAL
    assert cloud_of("https://127.0.0.1:8080") is None

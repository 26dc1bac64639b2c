"""Signing in, with Microsoft's own library over real TLS."""

import asyncio
from datetime import UTC, datetime, timedelta

import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sandbox.certificate import make_certificate
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant, seed
from tests.sandbox.tenant.conftest import serving

SCOPE = ["https://graph.microsoft.com/.default"]


class Served:
    """A tenant on a real port, and msal applications that sign in to it."""

    def __init__(self, tenant, url, ca_file):
        self.tenant, self.url, self.ca_file = tenant, url, ca_file

    def _session(self):
        session = requests.Session()
        session.verify = str(self.ca_file)
        session.trust_env = False
        return session

    async def sign_in(self, credential, *, client_id=None):
        """Return what msal answers, from a thread because it is synchronous."""

        def run():
            with self._session() as session:
                application = msal.ConfidentialClientApplication(
                    client_id or self.tenant.client_id,
                    authority=f"{self.url}/{self.tenant.tenant_id}",
                    client_credential=credential,
                    instance_discovery=False,
                    http_client=session,
                )
                return application.acquire_token_for_client(SCOPE)

        return await asyncio.to_thread(run)

    async def users(self, token):
        """The status of a first Graph call with *token*."""

        def run():
            headers = {"Authorization": f"Bearer {token}"}
            with self._session() as session:
                return session.get(f"{self.url}/v1.0/users", headers=headers).status_code

        return await asyncio.to_thread(run)


@pytest.fixture
async def served(tmp_path):
    certificate = make_certificate(tmp_path)
    tenant = Tenant(clock=SandboxClock())
    tenant.seed_tutorial_world()
    async with serving(
        tenant.app, ssl_certfile=str(certificate.cert_file), ssl_keyfile=str(certificate.key_file)
    ) as port:
        yield Served(tenant, f"https://127.0.0.1:{port}", certificate.ca_file)


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _certificate(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "latchkey")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


async def test_the_secret_opens_graph(served):
    """A token that msal fetched with the secret is accepted by Graph."""
    answer = await served.sign_in(served.tenant.client_secret)
    assert await served.users(answer["access_token"]) == 200


async def test_a_wrong_secret_is_AADSTS7000215(served):
    """Entra's own number for a wrong secret reaches the caller."""
    answer = await served.sign_in("wrong")
    assert answer["error"] == "invalid_client"
    assert answer["error_codes"] == [7000215]


async def test_an_unknown_application_is_AADSTS700016(served):
    """Entra's own number for an application that is not in the directory."""
    answer = await served.sign_in(served.tenant.client_secret, client_id="nobody")
    assert answer["error_codes"] == [700016]


async def test_an_unknown_tenant_is_AADSTS90002(tenant, http):
    """Another tenant's path is refused, from its metadata on."""
    response = await http.get("/elsewhere/v2.0/.well-known/openid-configuration")
    assert response.json()["error_codes"] == [90002]


async def test_a_registered_certificate_opens_graph(served, key):
    """The signature of msal's assertion is checked against the registered certificate."""
    certificate = _certificate(key)
    served.tenant.login.certificates.append(certificate)
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303
    answer = await served.sign_in({"private_key": _pem(key), "thumbprint": thumbprint})
    assert await served.users(answer["access_token"]) == 200


async def test_an_unregistered_certificate_is_AADSTS700027(served, key):
    """A good signature by a key that nobody registered does not count."""
    thumbprint = _certificate(key).fingerprint(hashes.SHA1()).hex()  # noqa: S303
    answer = await served.sign_in({"private_key": _pem(key), "thumbprint": thumbprint})
    assert answer["error_codes"] == [700027]


@pytest.mark.parametrize(("registered", "expected"), [(True, None), (False, [700213])])
async def test_a_federated_token_needs_a_matching_record(served, key, registered, expected):
    """A workload's own token is taken only from a registered issuer and subject."""
    issuer, subject = "https://cluster.example", "system:serviceaccount:latchkey:bot"
    if registered:
        served.tenant.login.federated.add((issuer, subject))
    claims = {"iss": issuer, "sub": subject, "exp": datetime.now(UTC) + timedelta(minutes=5)}
    assertion = jwt.encode(claims, _pem(key), algorithm="RS256")
    answer = await served.sign_in({"client_assertion": lambda: assertion})
    assert answer.get("error_codes") == expected


async def test_the_device_code_flow_of_msal_works(served):
    """Microsoft's library takes the identity and the token that come back."""

    def run():
        with served._session() as session:
            application = msal.PublicClientApplication(
                served.tenant.client_id,
                authority=f"{served.url}/{served.tenant.tenant_id}",
                instance_discovery=False,
                http_client=session,
            )
            scopes = ["EntitlementMgmt-SubjectAccess.ReadWrite"]
            flow = application.initiate_device_flow(scopes)
            served.tenant.login.sign_ins.confirm_device(flow["user_code"], user_id=seed.ANN)
            answer = application.acquire_token_by_device_flow(flow)
            return answer, application.get_accounts()

    answer, [account] = await asyncio.to_thread(run)
    assert account["username"] == "ann@contoso.example"
    assert answer["id_token_claims"]["oid"] == seed.ANN


async def test_a_scope_without_default_is_refused(tenant, http):
    """An application asks for all it was granted, or for nothing."""
    form = {
        "grant_type": "client_credentials",
        "client_id": tenant.client_id,
        "client_secret": tenant.client_secret,
        "scope": "https://graph.microsoft.com/User.Read",
    }
    response = await http.post(f"/{tenant.tenant_id}/oauth2/v2.0/token", data=form)
    assert response.json()["error"] == "invalid_scope"

"""Identity tokens, and the attacks on whoever believes them."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from graph.errors import AuthError
from graph.sign_in.id_tokens import IdTokens, NotBelieved
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant, seed
from tests.harness.login import LoginSession

HOST = "https://login.test"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NONCE = "a nonce"


@pytest.fixture
def tenant():
    made = Tenant(clock=SandboxClock(lambda: NOW))
    made.seed_tutorial_world()
    return made


@pytest.fixture
def session(tenant):
    return LoginSession(tenant.app)


@pytest.fixture
def ids(tenant, session):
    return IdTokens(
        tenant_id=tenant.tenant_id,
        client_id=tenant.client_id,
        authority_host=HOST,
        client=lambda: session,
    )


def claims_of(tenant, **changes):
    """The claims of a good token; None leaves one out."""
    now = int(NOW.timestamp())
    claims = {
        "aud": tenant.client_id,
        "iss": f"{HOST}/{tenant.tenant_id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "oid": seed.BO,
        "sub": "somebody",
        "tid": tenant.tenant_id,
        "nonce": NONCE,
        "auth_time": now,
        "acrs": ["c1"],
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


async def test_a_token_of_the_tenant_says_who_and_when(tenant, ids):
    """And by a digest which token it was."""
    token = tenant.login.keys.sign(claims_of(tenant))
    found = await ids.verify(token, now=NOW, nonce=NONCE)
    assert (found.object_id, found.tenant_id) == (seed.BO, tenant.tenant_id)
    assert (found.signed_in_at, found.contexts) == (NOW, {"c1"})
    assert found.digest == hashlib.sha256(token.encode()).hexdigest()


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "7e000000-0000-4000-8000-0000000000ff"},
        {"aud": ["7e000000-0000-4000-8000-00000000c0a2"]},
        {"aud": None},
        {"iss": f"{HOST}/7e000000-0000-4000-8000-0000000000ff/v2.0"},
        {"iss": None},
        {"tid": "7e000000-0000-4000-8000-0000000000ff"},
        {"tid": None},
        {"oid": None},
        {"sub": None},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(NOW.timestamp()) - 121},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"iat": int(NOW.timestamp()) + 121},
        {"iat": None},
        {"nbf": int(NOW.timestamp()) + 121},
        {"nbf": 10**400},
    ],
)
async def test_what_is_not_ours_and_of_now_is_not_believed(tenant, ids, change):
    """However well it is signed."""
    token = tenant.login.keys.sign(claims_of(tenant, **change))
    with pytest.raises(NotBelieved):
        await ids.verify(token, now=NOW, nonce=NONCE)


def part(value):
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


async def test_a_token_without_a_signature_is_not_believed(tenant, ids):
    """Whatever name it gives to having none."""
    for name in ("none", "None", "NONE", ""):
        header = {"alg": name, "typ": "JWT", "kid": tenant.login.keys.newest_id}
        token = f"{part(header)}.{part(claims_of(tenant))}."
        with pytest.raises(NotBelieved):
            await ids.verify(token, now=NOW, nonce=NONCE)


async def test_the_public_key_is_no_shared_secret(tenant, ids):
    """A token that is signed with it by HMAC is anybody's: everybody knows that key."""
    [published] = tenant.login.keys.published()["keys"]
    public = jwt.PyJWK(published).key
    for kind in (
        serialization.PublicFormat.SubjectPublicKeyInfo,
        serialization.PublicFormat.PKCS1,
    ):
        secret = public.public_bytes(serialization.Encoding.PEM, kind)
        head = f"{part({'alg': 'HS256', 'kid': published['kid']})}.{part(claims_of(tenant))}"
        signature = hmac.new(secret, head.encode(), hashlib.sha256).digest()
        with pytest.raises(NotBelieved):
            await ids.verify(f"{head}.{part(signature)}", now=NOW, nonce=NONCE)


@pytest.mark.parametrize("brings", ["kid", "jwk", "jku", "x5c"])
async def test_a_key_that_the_token_brings_is_not_used(tenant, ids, session, brings):
    """Only those that the tenant publishes are."""
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key()))
    kid = tenant.login.keys.newest_id
    header = {
        "kid": {"kid": "my-own"},
        "jwk": {"kid": kid, "jwk": public},
        "jku": {"kid": kid, "jku": "https://evil.example/keys"},
        "x5c": {"kid": kid, "x5c": ["AAAA"]},
    }[brings]
    token = jwt.encode(claims_of(tenant), own, algorithm="RS256", headers=header)
    with pytest.raises(NotBelieved):
        await ids.verify(token, now=NOW, nonce=NONCE)
    assert all("evil" not in call for call in session.calls)


@pytest.mark.parametrize("how", ["claims", "signature", "header", "nothing", "words"])
async def test_a_changed_token_is_not_believed(tenant, ids, how):
    """Not in one letter."""
    head, body, signature = tenant.login.keys.sign(claims_of(tenant)).split(".")
    token = {
        "claims": f"{head}.{part(claims_of(tenant, oid=seed.ANN))}.{signature}",
        "signature": f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "header": f"{part({'alg': 'RS256'})}.{body}.{signature}",
        "nothing": "",
        "words": "a.b.c",
    }[how]
    with pytest.raises(NotBelieved):
        await ids.verify(token, now=NOW, nonce=NONCE)


async def test_keys_are_read_again_when_there_is_a_new_one(tenant, ids, session):
    """And otherwise once a day."""
    await ids.verify(tenant.login.keys.sign(claims_of(tenant)), now=NOW, nonce=NONCE)
    read = len(session.calls)
    await ids.verify(tenant.login.keys.sign(claims_of(tenant)), now=NOW, nonce=NONCE)
    assert len(session.calls) == read
    tenant.login.keys.rotate()
    await ids.verify(tenant.login.keys.sign(claims_of(tenant)), now=NOW, nonce=NONCE)
    assert len(session.calls) == read + 2


async def test_keys_that_nobody_publishes_are_looked_for_once_a_minute(tenant, ids, session):
    """However many are named; a new one of the tenant's is found after that minute."""
    await ids.verify(tenant.login.keys.sign(claims_of(tenant)), now=NOW, nonce=NONCE)
    read = len(session.calls)
    for number in range(5):
        token = jwt.encode(claims_of(tenant), "s" * 32, "HS256", headers={"kid": f"no-{number}"})
        with pytest.raises(NotBelieved):
            await ids.verify(token, now=NOW, nonce=NONCE)
    assert len(session.calls) == read + 2
    tenant.login.keys.rotate()
    later = NOW + timedelta(minutes=1)
    await ids.verify(tenant.login.keys.sign(claims_of(tenant)), now=later, nonce=NONCE)
    assert len(session.calls) == read + 4


async def test_a_withdrawn_key_is_believed_for_a_day_at_most(tenant, ids):
    """Then the keys are read again."""
    later = NOW + timedelta(hours=24, seconds=1)
    token = tenant.login.keys.sign(claims_of(tenant, exp=int(later.timestamp()) + 60))
    await ids.verify(token, now=NOW, nonce=NONCE)
    tenant.login.keys.rotate()
    tenant.login.keys.withdraw_old()
    with pytest.raises(NotBelieved):
        await ids.verify(token, now=later, nonce=NONCE)


async def test_unreadable_keys_are_an_error_and_no_verdict(tenant):
    """It can be tried again."""

    def broken(method, path):
        raise OSError("no way there")

    session = LoginSession(tenant.app, fault=broken)
    ids = IdTokens(
        tenant_id=tenant.tenant_id,
        client_id=tenant.client_id,
        authority_host=HOST,
        client=lambda: session,
    )
    with pytest.raises(AuthError):
        await ids.verify(tenant.login.keys.sign(claims_of(tenant)), now=NOW, nonce=NONCE)

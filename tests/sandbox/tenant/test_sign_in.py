"""People signing in: on another device, and in a browser with PKCE."""

import base64
import hashlib
from urllib.parse import parse_qs, urlparse

import pytest

from sandbox.tenant import seed

REDIRECT = "http://localhost:8400/"
SCOPE = "EntitlementMgmt-SubjectAccess.ReadWrite offline_access"
VERIFIER = "a" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


@pytest.fixture
def post(tenant, http):
    """POST a form to the tenant's OAuth endpoint."""

    async def send(path, **form):
        url = f"/{tenant.tenant_id}/oauth2/v2.0/{path}"
        return (await http.post(url, data={"client_id": tenant.client_id} | form)).json()

    return send


@pytest.fixture
def code(tenant, http):
    """Sign Ann in with a browser; the value is the code that comes back."""

    async def sign_in():
        asked = {
            "client_id": tenant.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": SCOPE,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "s",
            "login_hint": "ann@contoso.example",
        }
        url = f"/{tenant.tenant_id}/oauth2/v2.0/authorize"
        response = await http.get(url, params=asked)
        return parse_qs(urlparse(response.headers["location"]).query)["code"][0]

    return sign_in


async def test_a_device_waits_until_the_person_has_signed_in(tenant, post, v1):
    """Pending first, then a token that is the person's own."""
    begun = await post("devicecode", scope=SCOPE)
    redeem = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": begun["device_code"],
    }
    assert (await post("token", **redeem))["error"] == "authorization_pending"
    tenant.login.sign_ins.confirm_device(begun["user_code"], user_id=seed.ANN)
    token = (await post("token", **redeem))["access_token"]
    me = await v1.call("GET", "/me", token=token)
    assert me.json()["id"] == seed.ANN


async def test_a_code_is_redeemed_with_its_verifier(code, post):
    """Only the requested permissions come with it."""
    answer = await post(
        "token",
        grant_type="authorization_code",
        code=await code(),
        redirect_uri=REDIRECT,
        code_verifier=VERIFIER,
    )
    assert answer["scope"] == "EntitlementMgmt-SubjectAccess.ReadWrite"


@pytest.mark.parametrize(
    ("change", "number"),
    [({"code_verifier": "b" * 43}, 501481), ({"redirect_uri": "http://evil.example/"}, 500112)],
)
async def test_a_stolen_code_is_worth_nothing(code, post, change, number):
    """Without the verifier, or for another address, the code is refused."""
    form = {
        "grant_type": "authorization_code",
        "code": await code(),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    assert (await post("token", **(form | change)))["error_codes"] == [number]


async def test_a_foreign_reply_address_is_refused(tenant, http):
    """Codes go nowhere but to this machine."""
    asked = {"client_id": tenant.client_id, "redirect_uri": "https://evil.example/"}
    response = await http.get(f"/{tenant.tenant_id}/oauth2/v2.0/authorize", params=asked)
    assert response.json()["error_codes"] == [50011]


async def test_without_a_hint_the_page_offers_everyone(tenant, http):
    """The stand-in's sign-in page is a list of people."""
    asked = {"client_id": tenant.client_id, "redirect_uri": REDIRECT}
    response = await http.get(f"/{tenant.tenant_id}/oauth2/v2.0/authorize", params=asked)
    assert "Ann Abara" in response.text


async def test_a_code_works_once(code, post):
    """The second redemption is refused."""
    form = {
        "grant_type": "authorization_code",
        "code": await code(),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    await post("token", **form)
    assert (await post("token", **form))["error_codes"] == [54005]


async def test_a_refresh_token_brings_a_new_token(code, post, tenant):
    """Until the account is disabled."""
    form = {"redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    first = await post("token", grant_type="authorization_code", code=await code(), **form)
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    assert "access_token" in await post("token", **again)
    tenant.disable_user(seed.ANN)
    assert (await post("token", **again))["error_codes"] == [50057]


async def test_an_identity_token_opens_nothing(code, post, v1):
    """Only access tokens are for Graph."""
    form = {"redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    answer = await post("token", grant_type="authorization_code", code=await code(), **form)
    assert await v1.error("GET", "/me", token=answer["id_token"]) == (
        401,
        "InvalidAuthenticationToken",
    )

"""People signing in: on another device, and in a browser with PKCE."""

import json

import jwt
import pytest

from sandbox.tenant import seed
from tests.sandbox.tenant.browsing import NATIVE, SCOPE, WEB, AtTenant

ANN, BO = "ann@contoso.example", "bo@contoso.example"
C1 = json.dumps({"id_token": {"acrs": {"essential": True, "value": "c1"}}})


@pytest.fixture
def at(tenant, http):
    """A browser and an application at the tenant; the application has one web address."""
    tenant.login.app.web_addresses.add(WEB)
    return AtTenant(tenant, http)


def claims_of(tenant, answer):
    """The claims of an identity token, by the published keys."""
    keys = jwt.PyJWKSet.from_dict(tenant.login.keys.published())
    header = jwt.get_unverified_header(answer["id_token"])
    key = next(each for each in keys.keys if each.key_id == header["kid"])
    return jwt.decode(
        answer["id_token"], key.key, algorithms=["RS256"], audience=tenant.client_id, leeway=5
    )


async def test_a_device_waits_until_the_person_has_signed_in(at, v1):
    """Pending first, then a token that is the person's own."""
    begun = await at.post("devicecode", scope=SCOPE)
    redeem = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": begun["device_code"],
    }
    assert (await at.post("token", **redeem))["error"] == "authorization_pending"
    await at.browser.get("https://graph.test/common/oauth2/deviceauth")
    await at.browser.press("Next", user_code=begun["user_code"].lower())
    page = await at.browser.sign_in(ANN)
    assert page.heading == "You can close this window"
    token = (await at.post("token", **redeem))["access_token"]
    me = await v1.call("GET", "/me", token=token)
    assert me.json()["id"] == seed.ANN


async def test_who_says_no_on_the_device_page_is_not_signed_in(at):
    """The application hears that they declined."""
    begun = await at.post("devicecode", scope=SCOPE)
    await at.browser.get("https://graph.test/common/oauth2/deviceauth")
    await at.browser.press("Next", user_code=begun["user_code"])
    await at.browser.press("Cancel")
    answer = await at.post("token", grant_type="device_code", device_code=begun["device_code"])
    assert answer["error"] == "authorization_declined"


async def test_a_device_code_needs_public_flows(at, tenant):
    """An app registration that does not allow them answers with Entra's number."""
    tenant.login.app.allows_public_flows = False
    begun = await at.post("devicecode", scope=SCOPE)
    answer = await at.post("token", grant_type="device_code", device_code=begun["device_code"])
    assert answer["error_codes"] == [7000218]


async def test_a_code_is_redeemed_with_its_verifier(at):
    """Only the requested permissions come with it."""
    answer = await at.tokens()
    assert answer["scope"] == "EntitlementMgmt-SubjectAccess.ReadWrite"


async def test_a_code_of_a_web_address_takes_the_secret(at):
    """Whoever redeems it proves that they are the application."""
    brought = await at.sign_in(redirect_uri=WEB)
    answer = await at.redeem(brought["code"], redirect_uri=WEB)
    assert answer["error_codes"] == [7000218]
    assert "access_token" in await at.tokens(redirect_uri=WEB)


async def test_a_desktop_program_presents_no_secret(at, tenant):
    """Its code is refused to whoever brings one."""
    brought = await at.sign_in()
    answer = await at.redeem(brought["code"], client_secret=tenant.client_secret)
    assert answer["error_codes"] == [700025]


@pytest.mark.parametrize(
    ("change", "number"),
    [({"code_verifier": "b" * 43}, 501481), ({"redirect_uri": "http://evil.example/"}, 500112)],
)
async def test_a_stolen_code_is_worth_nothing(at, change, number):
    """Without the verifier, or for another address, the code is refused."""
    brought = await at.sign_in()
    assert (await at.redeem(brought["code"], **change))["error_codes"] == [number]


@pytest.mark.parametrize(
    "address", ["https://evil.example/", WEB + "/", WEB.replace("https", "http"), None]
)
async def test_a_foreign_reply_address_is_refused(at, address):
    """Codes go to registered addresses, letter by letter; nothing else is told anything."""
    page = await at.open(redirect_uri=address)
    assert at.browser.stopped is None
    assert "AADSTS50011" in page.shown


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"response_type": "token"}, 900144),
        ({"scope": None}, 900144),
        ({"response_mode": "fragment"}, 90013),
        ({"prompt": "always"}, 90023),
        ({"max_age": "soon"}, 90014),
        ({"code_challenge_method": "plain"}, 501491),
        ({"code_challenge": None, "code_challenge_method": None}, 9002325),
        ({"claims": "{"}, 900235),
        ({"claims": "[]"}, 900235),
        ({"claims": '{"access_token": 1}'}, 900235),
        ({"claims": '{"id_token": {"acrs": {"value": "c1"}}}'}, 900235),
        ({"claims": C1.replace("c1", "c7")}, 50158),
    ],
)
async def test_what_is_not_understood_goes_back_as_an_error(at, change, number):
    """To the registered address, with the state, before anybody signs in."""
    await at.open(**change)
    brought = at.brought()
    assert brought["error"] == "invalid_request"
    assert f"AADSTS{number}:" in brought["error_description"]
    assert brought["state"] == "s"


async def test_without_a_hint_the_page_offers_everyone(at):
    """The first page is a list of people."""
    page = await at.open()
    assert page.heading == "Pick an account"
    assert "Ann Abara" in page.shown


async def test_a_wrong_password_signs_nobody_in(at):
    """The page says so, and stays."""
    await at.open()
    page = await at.browser.sign_in(ANN, password="wrong")
    assert "AADSTS50126" in page.shown
    assert at.browser.stopped is None


async def test_no_page_can_be_skipped(at):
    """A step that is not due yet changes nothing."""
    await at.open(login_hint=ANN)
    form = at.browser.page.forms[0]
    for step in ("second", "consent"):
        fields = {"ctx": form.fields["ctx"], "step": step, "code": "", "answer": "accept"}
        address = "https://graph.test/" + at.tenant.tenant_id + "/login"
        page = await at.browser.is_sent(address, fields, by="https://graph.test")
        assert page.heading == "Enter password"


async def test_a_hint_leads_to_the_password_and_no_further(at):
    """Who is meant is known; that it is them is not."""
    page = await at.open(login_hint=ANN)
    assert page.heading == "Enter password"


async def test_consent_is_asked_for_once(at):
    """What somebody has consented to is not asked again; what is refused goes back."""
    await at.open(redirect_uri=WEB)
    await at.browser.sign_in(ANN, consent=False)
    assert at.brought()["error"] == "access_denied"
    await at.sign_in(redirect_uri=WEB)
    pages = len(at.browser.history)
    await at.sign_in(redirect_uri=WEB)
    assert len(at.browser.history) == pages + 2


async def test_what_only_an_admin_may_consent_to_needs_one(at, tenant):
    """Nobody else is offered to accept it."""
    tenant.login.app.admin_consented.clear()
    await at.open(scope="openid EntitlementManagement.ReadWrite.All")
    page = await at.browser.sign_in(ANN)
    assert page.heading == "Need admin approval"
    await at.browser.press("Return to the application")
    assert at.brought()["error"] == "access_denied"


async def test_a_session_in_the_browser_signs_in_by_itself(at):
    """No page is shown the second time."""
    await at.sign_in()
    await at.open()
    assert "code" in at.brought()


@pytest.mark.parametrize("change", [{"prompt": "login"}, {"max_age": "0"}])
async def test_a_session_does_not_do_for_a_fresh_sign_in(at, change):
    """The password is asked for, however new the session is."""
    await at.sign_in()
    page = await at.open(login_hint=ANN, **change)
    assert page.heading == "Enter password"


async def test_an_old_session_does_not_do_for_max_age(at, machine_time):
    """After more seconds than that the password is asked for."""
    await at.sign_in()
    machine_time.forward(seconds=290)
    await at.open(max_age="300")
    assert "code" in at.brought()
    machine_time.forward(seconds=20)
    page = await at.open(max_age="300", login_hint=ANN)
    assert page.heading == "Enter password"


async def test_a_silent_sign_in_without_a_session_is_an_error(at):
    """No page is shown."""
    await at.open(prompt="none")
    assert at.brought()["error"] == "login_required"


async def test_an_authentication_context_wants_a_second_factor(at, tenant):
    """The identity token shows the context then, and otherwise none."""
    await at.open(claims=C1, redirect_uri=WEB)
    await at.browser.press(ANN)
    page = await at.browser.press("Sign in", password="sandbox")
    assert page.heading == "Enter the code from your authenticator app"
    page = await at.browser.press("Verify", code="nonsense")
    assert "not the code" in page.shown
    await at.browser.sign_in(ANN)
    answer = await at.redeem(
        at.brought()["code"], redirect_uri=WEB, client_secret=tenant.client_secret
    )
    assert claims_of(tenant, answer)["acrs"] == ["c1"]
    assert "acrs" not in claims_of(tenant, await at.tokens())


async def test_the_form_post_brings_the_code_in_a_body(at):
    """Not in an address, which ends up in logs."""
    brought = await at.sign_in(redirect_uri=WEB, response_mode="form_post")
    assert at.browser.stopped[0] == "POST"
    assert "?" not in at.browser.stopped[1]
    assert brought["state"] == "s"


async def test_an_identity_token_says_who_for_whom_and_when(at, tenant):
    """As Microsoft's reference lists the claims, with the nonce of the request."""
    claims = claims_of(tenant, await at.tokens(redirect_uri=WEB))
    assert claims["oid"] == seed.ANN
    assert claims["sub"] != seed.ANN
    assert (claims["tid"], claims["nonce"]) == (tenant.tenant_id, "n")
    assert claims["iss"] == f"https://graph.test/{tenant.tenant_id}/v2.0"


async def test_when_somebody_signed_in_is_an_optional_claim(at, tenant):
    """Where the app registration does not ask for it, it is not there."""
    assert "auth_time" in claims_of(tenant, await at.tokens())
    tenant.login.app.optional_claims.clear()
    assert "auth_time" not in claims_of(tenant, await at.tokens())


async def test_keys_are_replaced(at, tenant):
    """What the old key signed holds until that key is withdrawn."""
    old = await at.tokens()
    tenant.login.keys.rotate()
    new = await at.tokens()
    assert claims_of(tenant, old)["oid"] == claims_of(tenant, new)["oid"]
    tenant.login.keys.withdraw_old()
    assert len(tenant.login.keys.published()["keys"]) == 1
    with pytest.raises(StopIteration):
        claims_of(tenant, old)


async def test_a_code_works_once(at):
    """The second redemption is refused."""
    brought = await at.sign_in()
    await at.redeem(brought["code"])
    assert (await at.redeem(brought["code"]))["error_codes"] == [54005]


async def test_a_refresh_token_brings_a_new_token(at, tenant):
    """Until the account is disabled."""
    first = await at.tokens()
    assert "access_token" in await at.renew(first["refresh_token"])
    tenant.disable_user(seed.ANN)
    assert (await at.renew(first["refresh_token"]))["error_codes"] == [50057]


async def test_a_refresh_token_of_a_web_address_takes_the_secret(at, tenant):
    """Whoever has stolen it from a database cannot use it."""
    first = await at.tokens(redirect_uri=WEB)
    assert (await at.renew(first["refresh_token"]))["error_codes"] == [7000218]
    renewed = await at.renew(first["refresh_token"], client_secret=tenant.client_secret)
    assert "access_token" in renewed


async def test_a_refresh_token_is_revoked(at, tenant, machine_time):
    """What is signed in for afterwards works again."""
    first = await at.tokens()
    tenant.login.sign_ins.revoke(seed.ANN)
    assert (await at.renew(first["refresh_token"]))["error_codes"] == [50173]
    machine_time.forward(seconds=1)
    again = await at.tokens(prompt="login")
    assert "access_token" in await at.renew(again["refresh_token"])


async def test_a_refresh_token_ends_when_nobody_uses_it(at, machine_time):
    """After 90 days; each renewal brings a new one."""
    first = await at.tokens()
    machine_time.forward(days=89)
    second = await at.renew(first["refresh_token"])
    machine_time.forward(days=2)
    assert (await at.renew(first["refresh_token"]))["error_codes"] == [700082]
    assert "access_token" in await at.renew(second["refresh_token"])


async def test_an_old_code_is_worth_nothing(at, machine_time):
    """After ten minutes."""
    brought = await at.sign_in()
    machine_time.forward(minutes=10)
    assert (await at.redeem(brought["code"]))["error_codes"] == [70008]


async def test_a_policy_can_ask_more_at_a_renewal(at, tenant):
    """The application gets the claims to ask the person for, and any other sign-in does not do."""
    first = await at.tokens()
    tenant.login.sign_ins.challenge(seed.ANN, "c1")
    answer = await at.renew(first["refresh_token"])
    assert answer["error"] == "interaction_required"
    await at.sign_in()
    assert "error" in await at.renew(first["refresh_token"])
    await at.sign_in(claims=answer["claims"])
    assert "access_token" in await at.renew(first["refresh_token"])


async def test_an_identity_token_opens_nothing(at, v1):
    """Only access tokens are for Graph."""
    answer = await at.tokens()
    assert await v1.error("GET", "/me", token=answer["id_token"]) == (
        401,
        "InvalidAuthenticationToken",
    )


def test_the_native_address_is_not_a_web_address(tenant):
    """A program on this machine keeps no secret."""
    assert tenant.login.app.is_registered(NATIVE)
    assert not tenant.login.app.is_web(NATIVE)

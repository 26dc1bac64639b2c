"""People signing in to the app, through msal and the stand-in's pages."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from graph.sign_in.credentials import SecretCredential
from graph.sign_in.id_tokens import IdTokens, NotBelieved
from graph.sign_in.signin import SUBJECT_ACCESS
from graph.sign_in.web_signin import SignInRefused, WebSignIn, nonce_sent
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant, seed
from tests.harness.browser import Browser
from tests.harness.login import LoginSession

HOST = "https://login.test"
BACK = "https://latchkey.example/sign-in/callback"
ANN = "ann@contoso.example"


@pytest.fixture
def now():
    """The machine's time, which a test may move: a list of one moment."""
    return [datetime(2026, 3, 2, 9, 0, tzinfo=UTC)]


@pytest.fixture
def tenant(now):
    made = Tenant(clock=SandboxClock(lambda: now[0]))
    made.seed_tutorial_world()
    made.login.app.web_addresses.add(BACK)
    return made


@pytest.fixture
def web(tenant):
    return WebSignIn(
        tenant_id=tenant.tenant_id,
        client_id=tenant.client_id,
        credential=SecretCredential(tenant.client_secret),
        authority_host=HOST,
        graph_url="https://graph.test",
        client=lambda: LoginSession(tenant.app),
    )


@pytest.fixture
def ids(tenant):
    return IdTokens(
        tenant_id=tenant.tenant_id,
        client_id=tenant.client_id,
        authority_host=HOST,
        client=lambda: LoginSession(tenant.app),
    )


@pytest.fixture
def browser(tenant):
    async def send(method, url, headers, body):
        transport = httpx.ASGITransport(tenant.app)
        async with httpx.AsyncClient(transport=transport) as client:
            answer = await client.request(method, url, headers=headers, content=body)
        return answer.status_code, list(answer.headers.multi_items()), answer.content

    made = Browser(send)
    made.stops_at = BACK
    return made


async def brought(browser, flow, email=ANN, **options):
    """Sign somebody in; the form that their browser brings back."""
    await browser.get(flow["auth_uri"])
    if browser.stopped is None:
        await browser.sign_in(email, **options)
    assert browser.stopped is not None, browser.page and browser.page.shown
    method, url, body = browser.stopped
    browser.stopped = None
    assert method == "POST"
    assert not urlsplit(url).query
    return dict(parse_qsl(body.decode()))


async def test_somebody_signs_in(web, ids, browser, now):
    """The identity token is theirs and of this sign-in; the tokens are kept by nobody."""
    flow = await web.begin(redirect_uri=BACK, state="s", scopes=[SUBJECT_ACCESS])
    got = await web.finish(flow, await brought(browser, flow))
    who = await ids.verify(got.id_token, now=now[0], nonce=nonce_sent(flow))
    assert who.object_id == seed.ANN
    assert got.refresh_token
    renewed = await web.renew(got.refresh_token, scopes=[SUBJECT_ACCESS])
    assert renewed.access_token
    assert got.refresh_token not in repr(got)


async def test_another_sign_in_has_another_nonce(web, ids, browser, now):
    """The token of one does not do for the next."""
    one = await web.begin(redirect_uri=BACK, state="one")
    two = await web.begin(redirect_uri=BACK, state="two")
    got = await web.finish(one, await brought(browser, one))
    with pytest.raises(NotBelieved):
        await ids.verify(got.id_token, now=now[0], nonce=nonce_sent(two))


async def test_who_only_shows_who_they_are_gives_no_refresh_token(web, browser):
    """None is asked for."""
    flow = await web.begin(redirect_uri=BACK, state="s")
    assert "offline_access" not in flow["auth_uri"]
    assert (await web.finish(flow, await brought(browser, flow))).refresh_token is None


async def test_a_fresh_sign_in_asks_for_the_password_again(web, ids, browser, now):
    """And for what the authentication context asks for; the token shows both."""
    flow = await web.begin(redirect_uri=BACK, state="s")
    await brought(browser, flow)
    now[0] += timedelta(minutes=1)
    flow = await web.begin(redirect_uri=BACK, state="s", is_fresh=True, contexts=["c1"])
    page = await browser.get(flow["auth_uri"])
    assert page.heading == "Pick an account"
    got = await web.finish(flow, await brought(browser, flow))
    who = await ids.verify(got.id_token, now=now[0], nonce=nonce_sent(flow))
    assert (who.signed_in_at, who.contexts) == (now[0], {"c1"})


async def test_whoever_declines_is_not_signed_in(web, browser):
    """The login's word comes back."""
    flow = await web.begin(redirect_uri=BACK, state="s", scopes=[SUBJECT_ACCESS])
    with pytest.raises(SignInRefused) as refused:
        await web.finish(flow, await brought(browser, flow, consent=False))
    assert refused.value.error == "access_denied"


@pytest.mark.parametrize("error", ["interaction_required", "invalid_grant"])
async def test_a_claims_challenge_comes_with_the_refusal(web, browser, tenant, error):
    """A sign-in that passes it on is enough."""
    tenant.login.sign_ins.challenged_as = error
    flow = await web.begin(redirect_uri=BACK, state="s", scopes=[SUBJECT_ACCESS])
    got = await web.finish(flow, await brought(browser, flow))
    tenant.login.sign_ins.challenge(seed.ANN, "c1")
    with pytest.raises(SignInRefused) as refused:
        await web.renew(got.refresh_token, scopes=[SUBJECT_ACCESS])
    assert (refused.value.error, refused.value.suberror) == (error, "basic_action")
    assert not refused.value.ends_the_grant
    claims = refused.value.claims
    assert claims is not None
    assert json.loads(claims)
    flow = await web.begin(redirect_uri=BACK, state="s", scopes=[SUBJECT_ACCESS], claims=claims)
    # The old one is not asked about again for two minutes: msal answers what was refused by itself.
    got = await web.finish(flow, await brought(browser, flow))
    assert (await web.renew(got.refresh_token, scopes=[SUBJECT_ACCESS])).access_token


async def test_a_revoked_refresh_token_is_an_invalid_grant(web, browser, tenant):
    """Its owner must sign in again."""
    flow = await web.begin(redirect_uri=BACK, state="s", scopes=[SUBJECT_ACCESS])
    got = await web.finish(flow, await brought(browser, flow))
    tenant.login.sign_ins.revoke(seed.ANN)
    with pytest.raises(SignInRefused) as refused:
        await web.renew(got.refresh_token, scopes=[SUBJECT_ACCESS])
    assert refused.value.error == "invalid_grant"
    assert refused.value.ends_the_grant


async def test_a_device_code_is_asked_about_once_at_a_time(web, ids, browser, now):
    """Nobody waits in a thread."""
    flow = await web.begin_device([SUBJECT_ACCESS])
    assert await web.poll_device(flow) is None
    await browser.get(flow["verification_uri"])
    await browser.press("Next", user_code=flow["user_code"])
    await browser.sign_in(ANN)
    got = await web.poll_device(flow)
    who = await ids.verify(got.id_token, now=now[0], nonce=None)
    assert who.object_id == seed.ANN
    renewed = await web.renew(got.refresh_token, scopes=[SUBJECT_ACCESS], is_public=True)
    assert renewed.access_token

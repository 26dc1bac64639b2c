"""People who sign in, at a login that msal really talks to."""

import stat
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet

from graph.errors import AuthError
from graph.sign_in.encrypted_cache import EncryptedCache
from graph.sign_in.signin import SUBJECT_ACCESS, SignInClient
from tests.graph.login_server import CLIENT, PERSON, TENANT, LoginServer

ACCOUNT = f"{PERSON}.{TENANT}"
REDIRECT = "http://localhost:8080/signed-in"


@pytest.fixture
def cache(tmp_path):
    """An encrypted cache in a file that is not there yet."""
    return EncryptedCache(tmp_path / "tokens", key=Fernet.generate_key())


def sign_in_at(login: LoginServer, cache: EncryptedCache) -> SignInClient:
    return SignInClient(
        tenant_id=TENANT,
        client_id=CLIENT,
        cache=cache,
        authority_host=login.host,
        ca_file=login.ca_file,
    )


async def with_code(sign_in: SignInClient) -> tuple[str, list[str]]:
    shown = []

    async def show(message: str) -> None:
        shown.append(message)

    return await sign_in.by_device_code(show), shown


async def test_a_device_code_signs_a_person_in(login, cache):
    """The person is shown Microsoft's own sentence, and their tokens can be had afterwards."""
    sign_in = sign_in_at(login, cache)

    account, shown = await with_code(sign_in)

    assert account == ACCOUNT
    assert shown == ["To sign in, open the page and enter the code ABCD."]
    assert (await sign_in.tokens(account).token()).startswith("token-")


async def test_only_access_to_oneself_is_asked_for(login, cache):
    """No administrator has to agree to that."""
    await with_code(sign_in_at(login, cache))

    assert SUBJECT_ACCESS in login.forms[0]["scope"].split()


async def test_a_browser_signs_a_person_in_with_pkce(login, cache):
    """The code that comes back is of no use without the verifier that stayed here."""
    sign_in = sign_in_at(login, cache)

    flow = await sign_in.begin(redirect_uri=REDIRECT)
    asked = parse_qs(urlsplit(flow["auth_uri"]).query)
    nonce = asked["nonce"][0]
    login.answer = lambda form: login.grant(form, nonce=nonce)
    account = await sign_in.finish(flow, {"code": "code", "state": flow["state"]})

    assert asked["code_challenge_method"] == ["S256"]
    assert account == ACCOUNT
    assert login.forms[0]["code_verifier"] == flow["code_verifier"]


async def test_a_foreign_state_is_refused(login, cache):
    """An answer that does not belong to our question signs nobody in."""
    sign_in = sign_in_at(login, cache)
    flow = await sign_in.begin(redirect_uri=REDIRECT)

    with pytest.raises(AuthError):
        await sign_in.finish(flow, {"code": "code", "state": "another"})

    assert login.forms == []


async def test_a_person_stays_signed_in_over_a_restart(login, cache):
    """Tokens are kept, and renewed without the person."""
    account, _ = await with_code(sign_in_at(login, cache))
    posts = len(login.forms)

    tokens = sign_in_at(login, cache).tokens(account)

    assert (await tokens.token()).startswith("token-")
    assert len(login.forms) == posts
    assert await tokens.refresh() == f"token-{posts + 1}"
    assert login.forms[-1]["grant_type"] == "refresh_token"


async def test_the_file_tells_nothing_without_its_key(login, cache, tmp_path):
    """No token in the clear, and nobody else may read the file."""
    await with_code(sign_in_at(login, cache))

    content = (tmp_path / "tokens").read_bytes()

    assert b"token" not in content
    assert b"refresh" not in content
    assert stat.S_IMODE((tmp_path / "tokens").stat().st_mode) == 0o600


async def test_another_key_is_a_sentence(login, cache, tmp_path):
    """A lost key means a new sign-in, not a crash."""
    await with_code(sign_in_at(login, cache))
    other = EncryptedCache(tmp_path / "tokens", key=Fernet.generate_key())

    with pytest.raises(AuthError, match="another key"):
        await sign_in_at(login, other).tokens(ACCOUNT).token()


async def test_who_signed_out_must_sign_in_again(login, cache):
    """Nothing is left in the file to renew with."""
    sign_in = sign_in_at(login, cache)
    account, _ = await with_code(sign_in)

    await sign_in.sign_out(account)

    with pytest.raises(AuthError, match="sign in"):
        await sign_in_at(login, cache).tokens(account).token()


async def test_one_persons_tokens_are_not_anothers(login, cache):
    """An account that never signed in has none, whoever else did."""
    sign_in = sign_in_at(login, cache)
    await with_code(sign_in)

    with pytest.raises(AuthError):
        await sign_in.tokens("somebody.else").token()


async def test_a_sign_in_that_was_declined_is_a_sentence(login, cache):
    """With Entra's code, as for the app."""
    login.refuse(400, 70018, "The device code was declined.")

    with pytest.raises(AuthError, match="AADSTS70018"):
        await with_code(sign_in_at(login, cache))


async def test_a_cache_that_cannot_be_written_is_a_sentence(login, tmp_path):
    """A folder that is not there says so."""
    nowhere = EncryptedCache(tmp_path / "no" / "tokens", key=Fernet.generate_key())

    with pytest.raises(AuthError, match="cannot be written"):
        await with_code(sign_in_at(login, nowhere))

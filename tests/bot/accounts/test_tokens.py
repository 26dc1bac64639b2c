"""A renewal that is under way when somebody disconnects and connects anew touches nothing of what is connected then."""

from datetime import timedelta
from typing import Any

import pytest

from bot.accounts.connecting import token_bound_to
from bot.accounts.model import NotConnected
from bot.accounts.sealing import TokenKeys
from bot.accounts.store import accounts
from bot.accounts.tokens import AccountTokens
from bot.database import Store
from graph.sign_in.web_signin import SignedIn
from tests.bot.accounts.samples import connected

KEYS = TokenKeys(b"k" * 32)
BEFORE = connected("U0ANN", entra_id="before")
AFTERWARDS = connected("U0ANN", BEFORE.connected_at + timedelta(minutes=1), entra_id="afterwards")


class Login:
    """Microsoft's login: what it gives says of which token it came.  Once, something happens before it answers."""

    def __init__(self, meanwhile):
        self._meanwhile = meanwhile

    async def renew(self, refresh_token, **_):
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return SignedIn(
            access_token=f"access by {refresh_token}",
            refresh_token=f"newer than {refresh_token}",
            id_token=None,
            expires_in=3600,
        )


def tokens_by(store: Store, login: Any) -> AccountTokens:
    return AccountTokens(store=store, keys=KEYS, web=login)


def connect(db, account):
    sealed = KEYS.seal(f"token of {account.entra_id}", bound_to=token_bound_to(account))
    accounts.connect(db, account, sealed)


def disconnect(db):
    accounts.disconnect(db, "U0ANN", by="U0ANN")


def test_no_change_of_an_account_counts_for_the_one_after_it(store):
    """Each begins with the first version."""
    store.run_here(connect, BEFORE)
    store.run_here(disconnect)
    store.run_here(connect, AFTERWARDS)
    sealed = store.read_here(accounts.sealed_token, "U0ANN")

    assert not store.run_here(accounts.renewed, BEFORE, "of before")
    assert not store.run_here(accounts.resealed, BEFORE, "of before")
    assert not store.run_here(accounts.challenged, BEFORE, "of before")
    assert store.read_here(accounts.sealed_token, "U0ANN") == sealed
    assert store.read_here(accounts.find, "U0ANN") == AFTERWARDS


async def test_who_connects_another_account_meanwhile_acts_by_that(store):
    """Neither by the token of the one before, nor with it in its place."""
    store.run_here(connect, BEFORE)

    async def connect_another():
        await store.run(disconnect)
        await store.run(connect, AFTERWARDS)

    tokens = tokens_by(store, Login(connect_another))
    assert await tokens.token("U0ANN", ("A.Read",)) == "access by token of afterwards"
    sealed = store.read_here(accounts.sealed_token, "U0ANN")
    assert KEYS.open(sealed, bound_to=token_bound_to(AFTERWARDS)) == (
        "newer than token of afterwards"
    )


async def test_who_disconnects_meanwhile_acts_no_more(store):
    """What Microsoft gave for it is forgotten."""
    store.run_here(connect, BEFORE)

    async def end():
        await store.run(disconnect)

    tokens = tokens_by(store, Login(end))
    with pytest.raises(NotConnected):
        await tokens.token("U0ANN", ("A.Read",))
    assert store.read_here(accounts.sealed_token, "U0ANN") is None

"""
Hand out access tokens of people who have connected their Microsoft account, for calls in their own name.

A refresh token is read, unsealed and renewed when an access token is needed; access tokens stay in memory.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.accounts.connecting import SCOPES, check_connected, token_bound_to
from bot.accounts.model import ConnectedAccount, MustSignInAgain, NotConnected
from bot.accounts.sealing import CannotOpen, TokenKeys
from bot.accounts.store import accounts
from bot.database import Store, Transaction
from bot.database.audit_log import audit
from bot.words import N_
from graph.calls.deadlines import Seconds, machine_seconds
from graph.sign_in.tokens import MARGIN
from graph.sign_in.web_signin import SignedIn, SignInRefused, WebSignIn

log = structlog.get_logger(__name__)

# Microsoft's code where nobody has consented yet.
CONSENT_NEEDED: Final = "AADSTS65001"
# That somebody uses their account is written down so often, not at each call.
NOTED_EVERY: Final = timedelta(days=1)
WHY_ENDED: Final = N_("Microsoft does not renew it any more.")


@dataclass(frozen=True, kw_only=True)
class _Access:
    token: str = field(repr=False)
    scopes: frozenset[str]
    connected_at: datetime
    renew_at: float


class AccountTokens:
    """The access tokens of everybody who has connected an account, as far as this process has asked for them."""

    def __init__(
        self,
        *,
        store: Store,
        keys: TokenKeys | None,
        web: WebSignIn | None,
        seconds: Seconds = machine_seconds,
    ) -> None:
        """
        Args:
            seconds: The clock by which access tokens are renewed.
        """
        self._seconds = seconds
        self._store = store
        self._keys = keys
        self._web = web
        # Of each person, by what they are good for: who asks and approves takes turns with two kinds.
        self._access: dict[str, dict[frozenset[str], _Access]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def of(
        self, slack_user: str, *, scopes: Sequence[str] = SCOPES, looking: bool = False
    ) -> "PersonTokens":
        """
        Return the source of tokens of one person, for a `Graph` that acts in their name; nothing is read yet.

        Args:
            looking: Latchkey reads something by itself, which is no use that the person has of their account.
        """
        return PersonTokens(self, slack_user, tuple(scopes), looking=looking)

    async def token(
        self,
        slack_user: str,
        scopes: Sequence[str],
        *,
        renew: bool = False,
        looking: bool = False,
    ) -> str:
        """
        Return an access token that is good at this moment.

        Args:
            renew: Graph has refused the last one.
            looking: As of `of`.

        Raises:
            MustSignInAgain: Microsoft wants them to sign in again for this.
            NotConnected: They have connected no account, or it is over.
            AuthError: Microsoft's login cannot be reached.
        """
        async with self._locks.setdefault(slack_user, asyncio.Lock()):
            account = check_connected(await self._store.read(accounts.find, slack_user))
            if account.must_sign_in_again:
                # Microsoft's login would renew the token, and Graph refuse it again, for ever.
                raise MustSignInAgain
            if not looking and clock.now() - account.used_at >= NOTED_EVERY:
                await self._store.run(accounts.used, slack_user)
            known = self._good_for(account, scopes)
            if known is not None and not renew:
                return known.token
            if known is not None:
                # The others were refused by nobody.
                del self._access[slack_user][known.scopes]
            return await self._renew(account, scopes)

    def _good_for(self, account: ConnectedAccount, scopes: Sequence[str]) -> _Access | None:
        """Return a token that is good for these scopes, if there is one; what is over is forgotten."""
        known = {
            each.scopes: each
            for each in self._access.get(account.slack_user, {}).values()
            if each.connected_at == account.connected_at and self._seconds() < each.renew_at
        }
        self._access[account.slack_user] = known
        return next((each for each in known.values() if each.scopes >= set(scopes)), None)

    async def check(self, slack_user: str, *, scopes: Sequence[str]) -> None:
        """
        Ask Microsoft's login for a token of somebody's, and keep nothing of the answer: the one that is kept stays good.

        Raises:
            SignInRefused: It gives none; where nobody has consented, its code is `CONSENT_NEEDED`.
            NotConnected: They have connected no account, or what is kept of it cannot be opened.
            AuthError: Microsoft's login cannot be reached.

        Source: Microsoft, "Microsoft identity platform and OAuth 2.0 authorization code flow", "Refresh the access token".
        """
        account = check_connected(await self._store.read(accounts.find, slack_user))
        keys, web = self._keys, self._web
        if keys is None or web is None:
            raise NotConnected
        refresh_token = await self._refresh_token(account, keys)
        await web.renew(refresh_token, scopes=scopes, is_public=account.is_public)

    async def challenged(self, slack_user: str, claims: str) -> None:
        """
        Note that Graph wants more of somebody's sign-in than it has shown: the next one asks for it.

        Raises:
            MustSignInAgain: Always.
        """
        account = check_connected(await self._store.read(accounts.find, slack_user))
        self._access.pop(slack_user, None)
        await self._store.run(accounts.challenged, account, claims)
        raise MustSignInAgain

    async def _renew(self, account: ConnectedAccount, scopes: Sequence[str]) -> str:
        if self._keys is None or self._web is None:
            raise NotConnected
        refresh_token = await self._refresh_token(account, self._keys)
        try:
            got = await self._web.renew(refresh_token, scopes=scopes, is_public=account.is_public)
        except SignInRefused as refused:
            raise await self._refused(account, refused) from None
        newer = None
        if got.refresh_token is not None and got.refresh_token != refresh_token:
            newer = self._keys.seal(got.refresh_token, bound_to=token_bound_to(account))
        if not await self._store.run(accounts.renewed, account, newer):
            now = check_connected(await self._store.read(accounts.find, account.slack_user))
            if now.connected_at != account.connected_at:
                # They have disconnected meanwhile, and connected anew: perhaps another account.
                return await self._renew(now, scopes)
        self._keep(account, scopes, got)
        return got.access_token

    async def _refresh_token(self, account: ConnectedAccount, keys: TokenKeys) -> str:
        sealed = await self._store.read(accounts.sealed_token, account.slack_user)
        if sealed is None:
            raise NotConnected
        try:
            return keys.open(sealed, bound_to=token_bound_to(account))
        except CannotOpen:
            # Sealed with a key that is gone; `latchkey keys rotate` tells how many there are.
            log.error("token-not-opened")
            raise NotConnected from None

    def _keep(self, account: ConnectedAccount, scopes: Sequence[str], got: SignedIn) -> None:
        lasts = got.expires_in
        kept = _Access(
            token=got.access_token,
            scopes=frozenset(scopes),
            connected_at=account.connected_at,
            renew_at=self._seconds() + max(lasts - MARGIN.total_seconds(), lasts / 2),
        )
        self._access.setdefault(account.slack_user, {})[kept.scopes] = kept

    async def _refused(self, account: ConnectedAccount, refused: SignInRefused) -> NotConnected:
        """Delete a token that is good for nothing any more; returns what to raise."""
        self._access.pop(account.slack_user, None)
        log.info("token-not-renewed", error=refused.error, code=refused.code)
        if refused.ends_the_grant and refused.code != CONSENT_NEEDED:
            await self._store.run(_ended, account)
            return NotConnected()
        await self._store.run(accounts.challenged, account, refused.claims)
        return MustSignInAgain()


def _ended(db: Transaction, account: ConnectedAccount) -> None:
    """Disconnect what is over, unless they have connected anew meanwhile."""
    now = accounts.find(db, account.slack_user)
    if now is not None and now.connected_at == account.connected_at:
        accounts.disconnect(db, account.slack_user, by=audit.LATCHKEY, why=WHY_ENDED)


class PersonTokens:
    """A source of access tokens for Graph, of one person who has connected their account."""

    def __init__(
        self, tokens: AccountTokens, slack_user: str, scopes: tuple[str, ...], *, looking: bool
    ) -> None:
        self._tokens = tokens
        self._slack_user = slack_user
        self._scopes = scopes
        self._looking = looking

    async def token(self) -> str:
        return await self._tokens.token(self._slack_user, self._scopes, looking=self._looking)

    async def refresh(self, claims: str | None = None) -> str:
        if claims is not None:
            await self._tokens.challenged(self._slack_user, claims)
        return await self._tokens.token(
            self._slack_user, self._scopes, renew=True, looking=self._looking
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._slack_user})"

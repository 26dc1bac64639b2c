"""
Connect somebody's Microsoft account: a sign-in in their browser or by a code, and what is kept of it.

Whoever is signed in must be the Entra user whom Latchkey knows by the Slack account that began it.

Source: RFC 8628 (codes that are typed in).
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from bot import chance, clock
from bot.accounts.browser import (
    NOT_OFFERED,
    NOT_REACHED,
    NOT_SIGNED_IN,
    NOT_TAKEN,
    OVER,
    BrowserSignIns,
    Finished,
    SignInFailed,
    new_sign_in,
)
from bot.accounts.model import (
    SIGN_IN_TAKES,
    ConnectedAccount,
    NotConnected,
    Purpose,
    SignIn,
    SignInOutcome,
)
from bot.accounts.sealing import CannotOpen, TokenKeys
from bot.accounts.store import accounts, sign_ins
from bot.database import Store, Transaction
from bot.people.store import people as bindings
from graph.errors import AuthError
from graph.sign_in.signin import SUBJECT_ACCESS
from graph.sign_in.web_signin import SignInRefused, WebSignIn

log = structlog.get_logger(__name__)

# What Latchkey asks for itself: nobody but the person must consent to it.
SCOPES: Final = (SUBJECT_ACCESS,)
# What Graph wants of an approver besides; an administrator of the tenant consents to it.
APPROVER_SCOPES: Final = ("EntitlementManagement.ReadWrite.All",)
POLL_EVERY: Final = timedelta(seconds=5)
# Who asks of a code does it within this time, or somebody else does.
POLL_LEASE: Final = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class TypedCode:
    """
    A code that somebody types in at an address of Microsoft's.

    Attributes:
        takes: How long it is good for.
    """

    code: str
    url: str
    takes: timedelta


class Connecting:
    """
    Connects Microsoft accounts.

    Attributes:
        is_offered: Somebody can connect an account here.
        wake: Has the jobs look for what is due; set once there are jobs.
    """

    def __init__(
        self,
        *,
        store: Store,
        browsers: BrowserSignIns,
        keys: TokenKeys | None,
        web: WebSignIn | None,
        takes_codes: bool,
    ) -> None:
        """
        Args:
            keys: Seal the tokens; without, none is kept, and nobody can connect.
            web: None where the app itself has no credential to sign people in with.
            takes_codes: Where no browser comes back to us, people type in a code.
        """
        self._store = store
        self._browsers = browsers
        self._keys = keys
        self._web = web
        self.wake: Callable[[], None] = _wake_nobody
        self.is_offered = keys is not None and (
            browsers.is_possible or (takes_codes and web is not None)
        )

    @property
    def uses_codes(self) -> bool:
        """Tell whether people type in a code, because no browser comes back to us."""
        return not self._browsers.is_possible

    async def account(self, slack_user: str) -> ConnectedAccount | None:
        """Return what somebody has connected; nothing remote."""
        return await self._store.read(accounts.find, slack_user)

    async def scopes_for(self, slack_user: str) -> tuple[str, ...]:
        """Return the permissions that somebody's account is connected with: more for whoever decides in Entra."""
        known = await self._store.read(accounts.find, slack_user)
        before = known.scopes if known is not None else ()
        decides = await self.decides_in_entra(slack_user)
        return tuple(dict.fromkeys((*SCOPES, *before, *(APPROVER_SCOPES if decides else ()))))

    async def decides_in_entra(self, slack_user: str) -> bool:
        """Tell whether somebody is asked to decide in Entra, which takes a permission that an administrator consents to."""
        return await self._store.read(accounts.is_asked_to_decide, slack_user)

    async def link(self, slack_user: str, *, scopes: Sequence[str] | None = None) -> str:
        """
        Return a link that is good for one sign-in of this person's, for ten minutes; nothing remote.

        Args:
            scopes: The delegated permissions of Graph to ask for; those of `scopes_for` without.

        Raises:
            SignInFailed: It is not set up.
        """
        if not self.is_offered:
            raise SignInFailed(NOT_OFFERED)
        ticket = chance.new_secret()
        asked = tuple(scopes) if scopes is not None else await self.scopes_for(slack_user)
        sign_in = new_sign_in(Purpose.CONNECT, slack_user, ticket, scopes=asked)
        return await self._browsers.link(sign_in, ticket)

    async def complete(self, finished: Finished, *, is_public: bool = False) -> None:
        """
        Keep the account of somebody who has signed in to connect it.

        Raises:
            SignInFailed: There is nothing to keep.
        """
        sign_in, token = finished.sign_in, finished.signed_in.refresh_token
        if self._keys is None or token is None or sign_in.purpose is not Purpose.CONNECT:
            raise await self._browsers.failed(sign_in, NOT_TAKEN)
        now = clock.now()
        account = ConnectedAccount(
            slack_user=sign_in.slack_user,
            entra_id=finished.known.user.id,
            scopes=sign_in.scopes,
            is_public=is_public,
            connected_at=now,
            used_at=now,
        )
        sealed = self._keys.seal(token, bound_to=token_bound_to(account))
        await self._store.run(_connected, sign_in, account, sealed, same=finished.known.slack_ids)
        self.wake()

    async def begin_code(
        self, slack_user: str, *, scopes: Sequence[str] | None = None
    ) -> TypedCode:
        """
        Return a code that somebody types in at Microsoft's; whether they have is asked from time to time.

        Raises:
            SignInFailed: It is not set up, or Microsoft's login refuses it.
        """
        if not self.is_offered or self._keys is None or self._web is None:
            raise SignInFailed(NOT_OFFERED)
        known = await self._store.read(accounts.find, slack_user)
        # A code has no second link beside it: whoever has nothing yet connects first what they can consent to themselves.
        first = SCOPES if known is None else await self.scopes_for(slack_user)
        asked = tuple(scopes) if scopes is not None else first
        try:
            flow = await self._web.begin_device(asked)
        except AuthError as error:
            log.warning("sign-in-not-begun", error=str(error))
            raise SignInFailed(NOT_REACHED) from None
        sign_in = new_sign_in(
            Purpose.CONNECT,
            slack_user,
            chance.new_secret(),
            scopes=asked,
            is_device=True,
            due_at=clock.real() + POLL_EVERY,
        )
        sealed = self._keys.seal(json.dumps(flow), bound_to=sign_in.bound_to)
        await self._store.run(sign_ins.add, replace(sign_in, flow=sealed))
        return TypedCode(
            code=str(flow["user_code"]), url=str(flow["verification_uri"]), takes=SIGN_IN_TAKES
        )

    async def poll_codes(self) -> None:
        """Ask Microsoft of each code whether it was typed in."""
        for sign_in in await self._store.read(sign_ins.due):
            again = clock.real() + POLL_LEASE
            if await self._store.run(sign_ins.claim, sign_in, again=again):
                await self._poll(sign_in)

    async def _poll(self, sign_in: SignIn) -> None:
        try:
            is_over = sign_in.expires_at <= clock.now()
            if is_over or self._keys is None or self._web is None or sign_in.flow is None:
                await self._browsers.failed(sign_in, OVER)
                return
            flow = json.loads(self._keys.open(sign_in.flow, bound_to=sign_in.bound_to))
            signed_in = await self._web.poll_device(flow)
            if signed_in is None:
                again = clock.real() + POLL_EVERY
                await self._store.run(sign_ins.claim_again, sign_in, again=again)
                return
            taken = await self._store.run(sign_ins.take_device, sign_in.id)
            if taken is None:
                return
            # Codes carry no nonce: whoever has begun it is who asks, and nobody else gets the answer.
            finished = await self._browsers.verified(taken, signed_in, nonce=None)
            await self.complete(finished, is_public=True)
        except SignInRefused as refused:
            log.info("sign-in-refused", error=refused.error)
            await self._browsers.failed(sign_in, NOT_SIGNED_IN)
        except CannotOpen:
            await self._browsers.failed(sign_in, OVER)
        except SignInFailed:
            # It has been noted; if somebody else has signed in, both are told.
            self.wake()
        except AuthError as error:
            # Asked again when the lease is over.
            log.warning("sign-in-not-polled", error=str(error))

    async def disconnect(self, slack_user: str, *, by: str, why: str | None = None) -> bool:
        """Delete what is kept of somebody's Microsoft account; False if there was none."""
        return await self._store.run(accounts.disconnect, slack_user, by=by, why=why) is not None


def token_bound_to(account: ConnectedAccount) -> tuple[str, str, str]:
    """Return what a sealed token is bound to: its table, row and person."""
    return "account_token", account.slack_user, account.entra_id.casefold()


def check_connected(account: ConnectedAccount | None) -> ConnectedAccount:
    """
    Return an account that is connected.

    Raises:
        NotConnected: There is none.
    """
    if account is None:
        raise NotConnected
    return account


def _wake_nobody() -> None:
    """There are no jobs yet, or none at all."""


def _connected(
    db: Transaction,
    sign_in: SignIn,
    account: ConnectedAccount,
    sealed: str,
    *,
    same: Collection[str],
) -> None:
    accounts.connect(db, account, sealed)
    accounts.go_on(db, account.slack_user)
    bindings.prove(db, account.slack_user, same=same)
    sign_ins.end(db, sign_in, SignInOutcome.CONNECTED, has_news=True)

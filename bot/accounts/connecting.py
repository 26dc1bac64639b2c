"""
Connect somebody's Microsoft account: a link, a sign-in in their browser or by a code, and a check that it is theirs.

Whoever is signed in must be the Entra user whom Latchkey knows by the Slack account that began it.

Source: RFC 9700, "Best Current Practice for OAuth 2.0 Security"; RFC 7636 (PKCE); RFC 8628 (codes that are typed in).
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from bot import chance, clock
from bot.accounts.model import (
    SIGN_IN_TAKES,
    ConnectedAccount,
    NotConnected,
    Purpose,
    SignIn,
    SignInOutcome,
)
from bot.accounts.sealing import CannotOpen, TokenKeys, open_with, seal_with
from bot.accounts.store import accounts, sign_ins
from bot.database import Store, Transaction, audit
from bot.errors import LatchkeyError, NotAllowed
from bot.people.identity import Identity, People
from bot.people.store import people as bindings
from bot.slack.errors import SlackError
from bot.words import N_
from graph.errors import AuthError, GraphError
from graph.id_tokens import Identification, IdTokens, NotBelieved
from graph.signin import SUBJECT_ACCESS
from graph.web_signin import SignedIn, SignInRefused, WebSignIn, nonce_sent

log = structlog.get_logger(__name__)

# The address below the public one at which Microsoft gives the browser back.
CALLBACK: Final = "/sign-in/callback"
LINK: Final = "/sign-in/{ticket}"
# What Latchkey asks for itself: nobody but the person must consent to it.
SCOPES: Final = (SUBJECT_ACCESS,)
POLL_EVERY: Final = timedelta(seconds=5)
# Who asks of a code does it within this time, or somebody else does.
POLL_LEASE: Final = timedelta(seconds=30)

NOT_OFFERED: Final = N_("Microsoft accounts cannot be connected here: it is not set up.")
OVER: Final = N_(
    "This link is over, or was used already. Please ask for a new one: /my-access connect."
)
ANOTHER_BROWSER: Final = N_(
    "This sign-in was begun in another browser, so it does not count. Please begin again in this one."
)
NOT_SIGNED_IN: Final = N_("You have not signed in, so nothing has changed.")
NOT_TAKEN: Final = N_("Microsoft's answer does not prove who signed in, so nothing has changed.")
NOT_REACHED: Final = N_(
    "Microsoft's login cannot be reached just now. Nothing has changed; please try again in a minute."
)
NOT_READ: Final = N_(
    "Slack or Entra cannot be read just now. Nothing has changed; please try again in a minute."
)
NOT_YOURS: Final = N_(
    "You have signed in with a Microsoft account that is not the one of your Slack account. Nothing is connected."
)


class SignInFailed(LatchkeyError):
    """A sign-in did not come to what it was for; the sentence is for the person."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """
    A sign-in that goes on at Microsoft.

    Attributes:
        url: Where to send the browser.
        browser: The cookie that it must bring back.
    """

    url: str
    browser: str


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
        people: People,
        keys: TokenKeys | None,
        web: WebSignIn | None,
        ids: IdTokens | None,
        public_url: str | None,
        takes_codes: bool,
    ) -> None:
        """
        Args:
            keys: Seal the tokens; without, none is kept, and nobody can connect.
            web, ids: None where the app itself has no credential to sign people in with.
            public_url: The root of our HTTP endpoint as browsers reach it.
            takes_codes: Where no browser comes back to us, people type in a code.
        """
        self._store = store
        self._people = people
        self._keys = keys
        self._web = web
        self._ids = ids
        self._root = public_url.rstrip("/") if public_url else None
        self._takes_codes = takes_codes
        self.wake: Callable[[], None] = _wake_nobody
        self.is_offered = (
            keys is not None and web is not None and (self._root is not None or takes_codes)
        )

    @property
    def uses_codes(self) -> bool:
        """Tell whether people type in a code, because no browser comes back to us."""
        return self._root is None

    @property
    def redirect_uri(self) -> str:
        return f"{self._root}{CALLBACK}"

    async def account(self, slack_user: str) -> ConnectedAccount | None:
        """Return what somebody has connected; nothing remote."""
        return await self._store.read(accounts.find, slack_user)

    async def link(self, slack_user: str, *, scopes: Sequence[str] = SCOPES) -> str:
        """
        Return a link that is good for one sign-in of this person's, for ten minutes; nothing remote.

        Args:
            scopes: The delegated permissions of Graph to ask for.

        Raises:
            SignInFailed: It is not set up.
        """
        if not self.is_offered or self._root is None:
            raise SignInFailed(NOT_OFFERED)
        ticket = chance.new_secret()
        await self._store.run(
            sign_ins.add, _new(Purpose.CONNECT, slack_user, _digest(ticket), scopes)
        )
        return self._root + LINK.format(ticket=ticket)

    async def find(self, ticket: str) -> SignIn:
        """
        Return the sign-in behind a link.

        Raises:
            SignInFailed: There is none, or it is over.
        """
        found = await self._store.read(sign_ins.find_open, _digest(ticket))
        if found is None:
            raise SignInFailed(OVER)
        return found

    async def begin(self, ticket: str) -> Begun:
        """
        Begin the sign-in behind a link.

        Raises:
            SignInFailed: It is over, the person may not, or somebody cannot be reached.
        """
        sign_in = await self.find(ticket)
        web = self._signs_in()
        account = await self.account(sign_in.slack_user)
        try:
            who = await self._people.identify(sign_in.slack_user, to_prove=True)
            state, browser = chance.new_secret(), chance.new_secret()
            flow = await web.begin(
                redirect_uri=self.redirect_uri,
                state=state,
                scopes=sign_in.scopes,
                claims=account.challenge if account else None,
                hint=who.user.user_principal_name,
            )
        except NotAllowed as refused:
            raise SignInFailed(str(refused)) from None
        except AuthError as error:
            log.warning("sign-in-not-begun", error=str(error))
            raise SignInFailed(NOT_REACHED) from None
        except (SlackError, GraphError):
            raise SignInFailed(NOT_READ) from None
        sealed = seal_with(state, json.dumps(flow), bound_to=_bound(sign_in))
        if not await self._store.run(
            sign_ins.begin,
            sign_in.id,
            state=_digest(state),
            browser=_digest(browser),
            flow=sealed,
        ):
            raise SignInFailed(OVER)
        return Begun(url=flow["auth_uri"], browser=browser)

    async def finish(self, form: Mapping[str, str], *, browser: str | None) -> SignIn:
        """
        Take what a browser has brought from Microsoft, once.

        Args:
            browser: Its cookie.

        Raises:
            SignInFailed: Nothing was connected; at a mismatch, both sides are told.
        """
        state = form.get("state", "")
        sign_in = await self._store.run(sign_ins.take, _digest(state)) if state else None
        if sign_in is None or sign_in.flow is None:
            raise SignInFailed(OVER)
        if sign_in.browser is None or not _is_digest_of(browser, sign_in.browser):
            raise await self._failed(sign_in, ANOTHER_BROWSER)
        try:
            flow = json.loads(open_with(state, sign_in.flow, bound_to=_bound(sign_in)))
        except (CannotOpen, ValueError):
            raise await self._failed(sign_in, OVER) from None
        signed_in, who = await self._signed_in(sign_in, flow, form)
        await self._connect(sign_in, signed_in, who, is_public=False)
        return sign_in

    async def begin_code(self, slack_user: str, *, scopes: Sequence[str] = SCOPES) -> TypedCode:
        """
        Return a code that somebody types in at Microsoft's; whether they have is asked from time to time.

        Raises:
            SignInFailed: It is not set up, or Microsoft's login refuses it.
        """
        if not self.is_offered or not self._takes_codes or self._keys is None:
            raise SignInFailed(NOT_OFFERED)
        sign_in = _new(Purpose.CONNECT, slack_user, _digest(chance.new_secret()), scopes)
        try:
            flow = await self._signs_in().begin_device(scopes)
        except AuthError as error:
            log.warning("sign-in-not-begun", error=str(error))
            raise SignInFailed(NOT_REACHED) from None
        sealed = self._keys.seal(json.dumps(flow), bound_to=_bound(sign_in))
        begun = SignIn(
            **{
                **vars(sign_in),
                "is_device": True,
                "flow": sealed,
                "due_at": clock.real() + POLL_EVERY,
            }
        )
        await self._store.run(sign_ins.add, begun)
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
            if sign_in.expires_at <= clock.now() or self._keys is None or sign_in.flow is None:
                await self._failed(sign_in, OVER)
                return
            flow = json.loads(self._keys.open(sign_in.flow, bound_to=_bound(sign_in)))
            signed_in = await self._signs_in().poll_device(flow)
            if signed_in is None:
                again = clock.real() + POLL_EVERY
                await self._store.run(sign_ins.claim_again, sign_in, again=again)
                return
            taken = await self._store.run(sign_ins.take_device, sign_in.id)
            if taken is None:
                return
            # Codes carry no nonce: the app that has begun it is who asks, and nobody else gets the answer.
            who = await self._verified(taken, signed_in, nonce=None)
            await self._connect(taken, signed_in, who, is_public=True)
        except SignInRefused as refused:
            log.info("sign-in-refused", error=refused.error)
            await self._failed(sign_in, NOT_SIGNED_IN)
        except CannotOpen:
            await self._failed(sign_in, OVER)
        except SignInFailed:
            # It has been noted, and at a mismatch they are told.
            return
        except AuthError as error:
            # Asked again when the lease is over.
            log.warning("sign-in-not-polled", error=str(error))

    async def disconnect(self, slack_user: str, *, by: str, why: str | None = None) -> bool:
        """Delete what is kept of somebody's Microsoft account; False if there was none."""
        return await self._store.run(accounts.disconnect, slack_user, by=by, why=why) is not None

    def _signs_in(self) -> WebSignIn:
        if self._web is None:
            raise SignInFailed(NOT_OFFERED)
        return self._web

    async def _signed_in(
        self, sign_in: SignIn, flow: Mapping[str, Any], form: Mapping[str, str]
    ) -> tuple[SignedIn, Identification]:
        """Turn the code that a browser has brought into tokens, and verify whose they are."""
        try:
            signed_in = await self._signs_in().finish(flow, form)
        except SignInRefused as refused:
            log.info("sign-in-refused", error=refused.error)
            raise await self._failed(sign_in, NOT_SIGNED_IN) from None
        except AuthError as error:
            log.warning("sign-in-not-finished", error=str(error))
            raise await self._failed(sign_in, NOT_REACHED) from None
        return signed_in, await self._verified(sign_in, signed_in, nonce=nonce_sent(flow))

    async def _verified(
        self, sign_in: SignIn, signed_in: SignedIn, *, nonce: str | None
    ) -> Identification:
        if self._ids is None or signed_in.id_token is None:
            raise await self._failed(sign_in, NOT_TAKEN)
        try:
            return await self._ids.verify(signed_in.id_token, now=clock.now(), nonce=nonce)
        except NotBelieved as why:
            log.warning("id-token-not-believed", why=str(why))
            raise await self._failed(sign_in, NOT_TAKEN) from None
        except AuthError as error:
            log.warning("sign-in-not-finished", error=str(error))
            raise await self._failed(sign_in, NOT_REACHED) from None

    async def _connect(
        self, sign_in: SignIn, signed_in: SignedIn, who: Identification, *, is_public: bool
    ) -> None:
        """Keep the account if it is the one that Latchkey knows by the Slack account."""
        if self._keys is None or signed_in.refresh_token is None:
            raise await self._failed(sign_in, NOT_TAKEN)
        try:
            known = await self._people.identify(sign_in.slack_user, to_prove=True)
        except NotAllowed as refused:
            raise await self._failed(sign_in, str(refused)) from None
        except (SlackError, GraphError):
            raise await self._failed(sign_in, NOT_READ) from None
        if not _is_same(known, who):
            await self._store.run(_mismatch, sign_in, known, who)
            self.wake()
            raise SignInFailed(NOT_YOURS)
        now = clock.now()
        account = ConnectedAccount(
            slack_user=sign_in.slack_user,
            entra_id=known.user.id,
            scopes=sign_in.scopes,
            is_public=is_public,
            connected_at=now,
            used_at=now,
        )
        sealed = self._keys.seal(signed_in.refresh_token, bound_to=token_bound_to(account))
        await self._store.run(_connected, sign_in, account, sealed)
        self.wake()

    async def _failed(self, sign_in: SignIn, sentence: str) -> SignInFailed:
        """Note that nothing came of a sign-in; returns what to raise."""
        await self._store.run(sign_ins.end, sign_in, SignInOutcome.FAILED)
        return SignInFailed(sentence)


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


def _new(purpose: Purpose, slack_user: str, digest: str, scopes: Sequence[str]) -> SignIn:
    now = clock.now()
    return SignIn(
        id=digest,
        purpose=purpose,
        slack_user=slack_user,
        scopes=tuple(scopes),
        made_at=now,
        expires_at=now + SIGN_IN_TAKES,
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _is_digest_of(secret: str | None, digest: str) -> bool:
    return secret is not None and hmac.compare_digest(_digest(secret), digest)


def _bound(sign_in: SignIn) -> tuple[str, str, str, str]:
    return "sign_in", sign_in.id, sign_in.purpose, sign_in.slack_user


def _is_same(known: Identity, who: Identification) -> bool:
    return known.user.id.casefold() == who.object_id.casefold()


def _connected(db: Transaction, sign_in: SignIn, account: ConnectedAccount, sealed: str) -> None:
    accounts.connect(db, account, sealed)
    bindings.prove(db, account.slack_user)
    sign_ins.end(db, sign_in, SignInOutcome.CONNECTED, has_news=True)


def _mismatch(db: Transaction, sign_in: SignIn, known: Identity, who: Identification) -> None:
    audit.record(
        db,
        at=clock.now(),
        actor=sign_in.slack_user,
        verb="refused",
        why=NOT_YOURS,
        subject_entra_id=known.user.id,
        details={"signed_in_as": who.object_id},
    )
    sign_ins.end(db, sign_in, SignInOutcome.MISMATCH, other_entra_id=who.object_id, has_news=True)

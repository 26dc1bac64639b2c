"""
Take somebody's browser to a sign-in at Microsoft and back: a link, its beginning, and its end, which comes once.

Source: RFC 9700, "Best Current Practice for OAuth 2.0 Security"; RFC 7636 (PKCE); OpenID Connect Core 1.0.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot import chance, clock
from bot.accounts.model import SIGN_IN_TAKES, Purpose, SignIn, SignInOutcome
from bot.accounts.sealing import CannotOpen, open_with, seal_with
from bot.accounts.store import accounts, sign_ins
from bot.database import Store, Transaction
from bot.database.audit_log import audit
from bot.errors import LatchkeyError, NotAllowed
from bot.people.identity import Identity, People, SecondAccountUnannounced
from bot.slack.errors import SlackError
from bot.words import N_
from graph.errors import AuthError, GraphError
from graph.sign_in.id_tokens import Identification, IdTokens, NotBelieved
from graph.sign_in.web_signin import SignedIn, SignInRefused, WebSignIn, nonce_sent

log = structlog.get_logger(__name__)

# The address below the public one at which Microsoft gives the browser back.
CALLBACK: Final = "/sign-in/callback"
LINK: Final = "/sign-in/{ticket}"
# The header in which a page of a link that is none says which installation shows it.
INSTALLATION: Final = "latchkey-installation"

NOT_OFFERED: Final = N_("Nobody can sign in to Microsoft here: it is not set up.")
OVER: Final = N_("This link is over, or was used already. Please ask for a new one in Slack.")
REPLACED: Final = N_(
    "You have asked Latchkey for newer links since, and only the last five count, so this one is over. Nothing has changed; "
    "please go on with the newest one. If you have not asked for them, somebody else uses your Slack account: tell your "
    "identity team at once."
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
ANOTHER_ACCOUNT: Final = N_(
    "This is not the first Slack account that is known as you: the first one and the admins are being told of it. "
    "Nothing has changed; please try again in a minute."
)
NOT_YOURS: Final = N_(
    "You have signed in with a Microsoft account that is not the one of your Slack account. Nothing has changed."
)


class SignInFailed(LatchkeyError):
    """A sign-in did not come to what it was for; the sentence is for the person."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """
    A sign-in that goes on at Microsoft.

    Attributes:
        url: Where to send the browser.
        state: What the answer will name it by.
        browser: The cookie that it must bring back.
    """

    url: str
    state: str
    browser: str


@dataclass(frozen=True, kw_only=True)
class Finished:
    """
    A sign-in that has come back: by whom is verified, and that it is whoever began it.

    Attributes:
        known: Who began it, read in Slack and Entra just now; the account that was signed in to is theirs.
    """

    sign_in: SignIn
    signed_in: SignedIn
    who: Identification
    known: Identity


class BrowserSignIns:
    """Signs people in by their browsers, for whatever purpose."""

    def __init__(
        self,
        *,
        store: Store,
        people: People,
        web: WebSignIn | None,
        ids: IdTokens | None,
        public_url: str | None,
    ) -> None:
        """
        Args:
            web, ids: None where the app itself has no credential to sign people in with.
            public_url: The root of our HTTP endpoint as browsers reach it.
        """
        self._store = store
        self._people = people
        self._web = web
        self._ids = ids
        self._root = public_url.rstrip("/") if public_url else None

    @property
    def is_possible(self) -> bool:
        """Tell whether a browser can come back to us."""
        return self._root is not None and self._web is not None

    async def link(self, sign_in: SignIn, ticket: str) -> str:
        """
        Return the link to a new sign-in; nothing remote.

        Args:
            sign_in: As `new_sign_in` makes it of the ticket.

        Raises:
            SignInFailed: It is not set up.
        """
        if not self.is_possible or self._root is None:
            raise SignInFailed(NOT_OFFERED)
        await self._store.run(sign_ins.add, sign_in)
        return self._root + LINK.format(ticket=ticket)

    async def find(self, ticket: str) -> SignIn:
        """
        Return the sign-in behind a link.

        Raises:
            SignInFailed: There is none, or it is over.
        """
        found = await self._store.read(sign_ins.find_open, digest(ticket))
        if found is None:
            raise await self._over(sign_in_id=digest(ticket))
        return found

    async def _over(
        self, *, sign_in_id: str | None = None, state: str | None = None
    ) -> SignInFailed:
        """Return why a sign-in counts no more; a link that never was is over as well."""
        was_replaced = await self._store.read(
            sign_ins.was_replaced, sign_in_id=sign_in_id, state=state
        )
        return SignInFailed(REPLACED if was_replaced else OVER)

    async def begin(self, ticket: str) -> Begun:
        """
        Begin the sign-in behind a link.

        Raises:
            SignInFailed: It is over, the person may not, or somebody cannot be reached.
        """
        sign_in = await self.find(ticket)
        if self._web is None or self._root is None:
            raise SignInFailed(NOT_OFFERED)
        account = await self._store.read(accounts.find, sign_in.slack_user)
        is_fresh = sign_in.purpose.takes_fresh_sign_in
        state, browser = chance.new_secret(), chance.new_secret()
        try:
            known = await self._people.identify(sign_in.slack_user, to_prove=True)
            flow = await self._web.begin(
                redirect_uri=f"{self._root}{CALLBACK}",
                state=state,
                scopes=sign_in.scopes,
                is_fresh=is_fresh,
                contexts=[sign_in.auth_context] if sign_in.auth_context else (),
                claims=account.challenge if account and not is_fresh else None,
                hint=known.user.user_principal_name,
            )
        except NotAllowed as refused:
            raise SignInFailed(str(refused)) from None
        except AuthError as error:
            log.warning("sign-in-not-begun", error=str(error))
            raise SignInFailed(NOT_REACHED) from None
        except SecondAccountUnannounced:
            raise SignInFailed(ANOTHER_ACCOUNT) from None
        except (SlackError, GraphError):
            raise SignInFailed(NOT_READ) from None
        if not await self._store.run(
            sign_ins.begin,
            sign_in.id,
            state=digest(state),
            browser=digest(browser),
            flow=seal_with(state, json.dumps(flow), bound_to=sign_in.bound_to),
        ):
            raise await self._over(sign_in_id=sign_in.id)
        return Begun(url=flow["auth_uri"], state=state, browser=browser)

    async def finish(self, form: Mapping[str, str], *, browser: str | None) -> Finished:
        """
        Take what a browser has brought from Microsoft, once.

        Args:
            browser: Its cookie.

        Raises:
            SignInFailed: It does not count; if somebody else has signed in, both are told.
        """
        state = form.get("state", "")
        sign_in = await self._store.run(sign_ins.take, digest(state)) if state else None
        if sign_in is None or sign_in.flow is None:
            raise await self._over(state=digest(state))
        if sign_in.browser is None or not _is_digest_of(browser, sign_in.browser):
            raise await self.failed(sign_in, ANOTHER_BROWSER)
        try:
            flow = json.loads(open_with(state, sign_in.flow, bound_to=sign_in.bound_to))
        except (CannotOpen, ValueError):
            raise await self.failed(sign_in, OVER) from None
        signed_in = await self._redeemed(sign_in, flow, form)
        return await self.verified(sign_in, signed_in, nonce=nonce_sent(flow))

    async def _redeemed(
        self, sign_in: SignIn, flow: Mapping[str, Any], form: Mapping[str, str]
    ) -> SignedIn:
        """Turn the code that a browser has brought into tokens."""
        if self._web is None:
            raise await self.failed(sign_in, NOT_OFFERED)
        try:
            return await self._web.finish(flow, form)
        except SignInRefused as refused:
            log.info("sign-in-refused", error=refused.error)
            raise await self.failed(sign_in, NOT_SIGNED_IN) from None
        except AuthError as error:
            log.warning("sign-in-not-finished", error=str(error))
            raise await self.failed(sign_in, NOT_REACHED) from None

    async def verified(
        self, sign_in: SignIn, signed_in: SignedIn, *, nonce: str | None
    ) -> Finished:
        """
        Find out who has signed in, and whether that is whoever began it.

        Args:
            nonce: The one that was sent; None only for codes that are typed in, to which none can be sent.

        Raises:
            SignInFailed: It does not count; if somebody else has signed in, both are told.
        """
        if self._ids is None or signed_in.id_token is None:
            raise await self.failed(sign_in, NOT_TAKEN)
        try:
            # Microsoft's clock is a machine's, as ours is; no demonstration moves it.
            who = await self._ids.verify(signed_in.id_token, now=clock.real(), nonce=nonce)
            known = await self._people.identify(sign_in.slack_user, to_prove=True)
        except NotBelieved as why:
            log.warning("id-token-not-believed", reason=str(why))
            raise await self.failed(sign_in, NOT_TAKEN) from None
        except NotAllowed as refused:
            raise await self.failed(sign_in, str(refused)) from None
        except AuthError as error:
            log.warning("sign-in-not-finished", error=str(error))
            raise await self.failed(sign_in, NOT_REACHED) from None
        except SecondAccountUnannounced:
            raise await self.failed(sign_in, ANOTHER_ACCOUNT) from None
        except (SlackError, GraphError):
            raise await self.failed(sign_in, NOT_READ) from None
        if known.user.id.casefold() != who.object_id.casefold():
            await self._store.run(_mismatch, sign_in, known, who)
            raise SignInFailed(NOT_YOURS)
        return Finished(sign_in=sign_in, signed_in=signed_in, who=who, known=known)

    async def failed(self, sign_in: SignIn, sentence: str) -> SignInFailed:
        """Note that nothing came of a sign-in; returns what to raise."""
        await self._store.run(sign_ins.end, sign_in, SignInOutcome.FAILED)
        return SignInFailed(sentence)


def new_sign_in(purpose: Purpose, slack_user: str, ticket: str, **more: Any) -> SignIn:
    """Return a sign-in that may be begun for ten minutes by whoever has the ticket."""
    now = clock.now()
    return SignIn(
        id=digest(ticket),
        purpose=purpose,
        slack_user=slack_user,
        made_at=now,
        expires_at=now + SIGN_IN_TAKES,
        **more,
    )


def digest(secret: str) -> str:
    """Return by what a secret is known in the tables."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _is_digest_of(secret: str | None, known: str) -> bool:
    return secret is not None and hmac.compare_digest(digest(secret), known)


def _mismatch(db: Transaction, sign_in: SignIn, known: Identity, who: Identification) -> None:
    audit.record(
        db,
        at=clock.now(),
        actor=sign_in.slack_user,
        verb="refused",
        why=NOT_YOURS,
        subject_entra_id=known.user.id,
        details={"signed_in_as": who.object_id, "to": str(sign_in.purpose)},
        request_id=sign_in.ask_id[:-4] if sign_in.ask_id else None,
    )
    sign_ins.end(db, sign_in, SignInOutcome.MISMATCH, other_entra_id=who.object_id, has_news=True)

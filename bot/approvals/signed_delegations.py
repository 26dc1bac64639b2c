"""
Prove by a fresh sign-in to Microsoft that somebody lets another person decide for them, as packages ask whose approval takes one.

Whoever has stolen a Slack session of an approver, or of an admin, can let anybody decide; they cannot sign in as the approver.
The sign-in is bound to who lets whom decide, as whom the delegate is known in Entra, and until when.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot import chance, clock
from bot.accounts.browser import (
    NOT_READ,
    NOT_TAKEN,
    BrowserSignIns,
    Finished,
    SignInFailed,
    new_sign_in,
)
from bot.accounts.freshness import find_staleness
from bot.accounts.model import Purpose, SignIn, SignInOutcome
from bot.accounts.store import sign_ins
from bot.approvals.store import recipients
from bot.database import Store, Transaction
from bot.database.homes import touch_homes
from bot.errors import NotAllowed, TooLate
from bot.people.guard import Guard
from bot.people.identity import Identity, People, SecondAccountUnannounced
from bot.people.model import Delegation
from bot.people.store import delegations
from bot.slack.errors import SlackError
from bot.words import N_
from graph.errors import GraphError

# Links in one form; more authentication contexts than that are left for the next press.
MOST_LINKS: Final = 3

NOT_YOURS_TO_PROVE: Final = N_(
    "Only whoever lets somebody decide for them can sign in for it: nobody else does so in their name, admins neither."
)
NO_SUCH: Final = N_("I do not know that delegation any more.")
IS_OVER: Final = N_(
    "This has changed, or is over, so your sign-in changes nothing. Please look at `/my-access delegate` in Slack."
)
NOT_TOLD: Final = N_(
    "I cannot tell in Entra who your delegate is, so nobody can sign in for it: only full members of this workspace who "
    "are known in Entra can decide for somebody."
)
ANOTHER_ACCOUNT: Final = N_(
    "Your delegate's Slack account is not the first one that is known as them: the first one and the admins are being told "
    "of it. Nothing has changed; please try again in a minute."
)


@dataclass(frozen=True, kw_only=True)
class DelegationToProve:
    """
    A delegation that its giver is about to prove by a sign-in.

    Attributes:
        delegate: Who would decide, read in Slack and Entra just now.
        missing: The authentication contexts that packages ask for, and that it lacks after this sign-in, as far as that is known
            before it.
    """

    delegation: Delegation
    delegate: Identity
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ProofLink:
    """
    A link to a sign-in that proves a delegation.

    Attributes:
        context: The authentication context that it asks for; None: as any sign-in is.
    """

    url: str
    context: str | None


class SignedDelegations:
    """Lets people sign in for their delegations, and checks that they have."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        browsers: BrowserSignIns,
        people: People,
        contexts: Sequence[str],
        wake: Callable[[], None],
    ) -> None:
        """
        Args:
            contexts: The authentication contexts that the package settings ask of approvals.
        """
        self._store = store
        self._guard = guard
        self._browsers = browsers
        self._people = people
        self._contexts = contexts
        self._wake = wake

    async def check(self, *, slack_user: str, delegation_id: str) -> Delegation:
        """
        Return a delegation that somebody may prove; nothing remote.

        Raises:
            NotAllowed: It is not theirs.
            TooLate: It is over.
        """
        return await self._guard.run(_own_in_force, slack_user, delegation_id)

    async def links(self, delegation: Delegation) -> list[ProofLink]:
        """
        Return a link for each authentication context that it lacks a proof for, and one without while it has no proof at all.

        Raises:
            SignInFailed: It is not set up, or the delegate cannot be told.
        """
        delegate = await self._identify(delegation)
        missing: list[str | None] = list(self.find_missing(delegation)[:MOST_LINKS])
        if not delegation.is_proven_for(None):
            # Not everybody can sign in as strongly as some packages want.
            missing.append(None)
        return [
            ProofLink(url=await self._link(delegation, delegate, context), context=context)
            for context in missing
        ]

    async def _link(self, delegation: Delegation, delegate: Identity, context: str | None) -> str:
        ticket = chance.new_secret()
        sign_in = new_sign_in(
            Purpose.DELEGATE,
            delegation.delegator,
            ticket,
            delegation_id=delegation.id,
            terms_hash=_digest(delegation, delegate),
            auth_context=context,
        )
        return await self._browsers.link(sign_in, ticket)

    async def find(self, sign_in: SignIn) -> DelegationToProve:
        """
        Return what a sign-in is about to prove, if it still is what it was when the link was made.

        Raises:
            SignInFailed: It has changed, is over, or cannot be read now.
        """
        found = await self._store.read(delegations.find, sign_in.delegation_id or "")
        if (
            found is None
            or found.delegator != sign_in.slack_user
            or not found.is_in_force(clock.now())
        ):
            raise SignInFailed(IS_OVER)
        delegate = await self._identify(found)
        if _digest(found, delegate) != sign_in.terms_hash:
            raise SignInFailed(IS_OVER)
        return DelegationToProve(
            delegation=found,
            delegate=delegate,
            missing=tuple(
                each for each in self.find_missing(found) if each != sign_in.auth_context
            ),
        )

    def find_missing(self, delegation: Delegation) -> tuple[str, ...]:
        """Return the authentication contexts that packages ask for, and that no sign-in for a delegation has shown."""
        return tuple(each for each in self._contexts if not delegation.is_proven_for(each))

    async def _identify(self, delegation: Delegation) -> Identity:
        try:
            return await self._people.identify(delegation.delegate)
        except NotAllowed:
            raise SignInFailed(NOT_TOLD) from None
        except SecondAccountUnannounced:
            raise SignInFailed(ANOTHER_ACCOUNT) from None
        except (SlackError, GraphError):
            raise SignInFailed(NOT_READ) from None

    async def complete(self, finished: Finished) -> Delegation:
        """
        Let a delegation count where an approval takes a fresh sign-in; returns it.

        Raises:
            SignInFailed: The sign-in does not prove it.
        """
        sign_in = finished.sign_in
        if sign_in.purpose is not Purpose.DELEGATE:
            raise await self._browsers.failed(sign_in, NOT_TAKEN)
        why = find_staleness(finished)
        if why is not None:
            raise await self._browsers.failed(sign_in, why)
        try:
            found = await self.find(sign_in)
        except SignInFailed as failed:
            raise await self._browsers.failed(sign_in, str(failed)) from None
        proven = await self._store.run(_prove, finished, found)
        if proven is None:
            raise await self._browsers.failed(sign_in, IS_OVER)
        self._wake()
        return proven


def _digest(delegation: Delegation, delegate: Identity) -> str:
    """Return a digest of all that its giver agrees to: who lets whom decide, as whom in Entra, and until when."""
    agreed = [
        delegation.delegator,
        delegation.delegate,
        delegate.user.id.casefold(),
        delegation.ends_at.isoformat(),
    ]
    return hashlib.sha256(json.dumps(agreed).encode()).hexdigest()


def _own_in_force(db: Transaction, slack_user: str, delegation_id: str) -> Delegation:
    found = delegations.find(db, delegation_id)
    if found is None:
        raise TooLate(NO_SUCH)
    if found.delegator != slack_user:
        raise NotAllowed(NOT_YOURS_TO_PROVE)
    if not found.is_in_force(clock.now()):
        raise TooLate(N_("That is over already."))
    return found


def _prove(db: Transaction, finished: Finished, found: DelegationToProve) -> Delegation | None:
    proven = delegations.prove(
        db,
        found.delegation,
        proof=finished.who.digest,
        proven_as=finished.known.user.id,
        proven_to=found.delegate.user.id,
        signed_in_at=finished.who.signed_in_at,
        contexts=finished.who.contexts,
    )
    if proven is None:
        return None
    sign_ins.end(db, finished.sign_in, SignInOutcome.PROVEN)
    # What waits already is shown to the delegate, too.
    recipients.look_again_for(db, [proven.delegator])
    touch_homes(db, None, deciders=[proven.delegator, proven.delegate])
    return proven

"""
Let somebody decide for an approver, until an end; end that before its time; list what holds.

What it gives is judged at each decision (`bot.people.permissions`); here, only who may make and end it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot import chance, clock
from bot.accounts.browser import NOT_READ
from bot.approvals.end_dates import read_end
from bot.approvals.reach import DelegationReach
from bot.approvals.store import recipients
from bot.database import Store, Transaction
from bot.errors import LatchkeyError, NotAllowed, TooLate
from bot.messages.approvals import delegating
from bot.packages.settings.model import NO_LIMITS, DelegationLimits
from bot.patience import in_time
from bot.people.actors import Permissions
from bot.people.guard import Guard
from bot.people.identity import SecondAccountUnannounced
from bot.people.interaction_audit import record_refusal
from bot.people.model import Delegation, Person, Verb
from bot.people.permissions import Actor, may
from bot.people.store import delegations
from bot.slack.errors import SlackError
from bot.slack.zones import Zones
from bot.words import N_
from graph.errors import GraphError

# Of one approver at a time; each is somebody more who gets their cards.
MOST_DELEGATES: Final = 5
MOST_LISTED: Final = 40


# A person as Slack writes a mention in a command, if the manifest says so.
MENTION: Final = r"<@(?P<{}>[UW][A-Z0-9]+)(?:\|[^>]*)?>"
WORDS: Final = re.compile(
    rf"{MENTION.format('first')}(?:\s+to\s+{MENTION.format('second')})?\s*(?P<until>.*)", re.DOTALL
)
NAME_SOMEBODY: Final = N_(
    "I do not know whom you mean: pick the person from Slack's list while typing, as in "
    "“delegate @lee until friday”."
)
NOT_ONESELF: Final = N_(
    "Nobody makes themselves somebody’s delegate: the approver can let you decide, or another admin."
)
NOT_ANOTHER_ADMIN: Final = N_(
    "Admins do not always decide here, so no admin lets another one decide for an approver. The approver can, by "
    "/my-access delegate."
)
ALL_IN_ENTRA: Final = N_(
    "A delegate could decide nothing for you: Microsoft Entra decides about every package that you may decide about, and "
    "knows no delegates of Latchkey's. Please see in My Access whether you can let somebody approve for you there, or ask "
    "your identity team to name another approver in the policies."
)
ALL_THEIRS_IN_ENTRA: Final = N_(
    "A delegate could decide nothing for them: Microsoft Entra decides about every package that they may decide about, and "
    "knows no delegates of Latchkey's. They can see in My Access whether they can let somebody approve for them there; or "
    "name another approver in the policies."
)
ANOTHER_ACCOUNT: Final = N_(
    "One of these Slack accounts is not the first one that is known as its person: the first one and the admins are being "
    "told of it. Nothing has changed; please try again in a minute."
)


@dataclass(frozen=True, kw_only=True)
class DelegationWords:
    """
    The words that somebody has typed behind "delegate".

    Attributes:
        delegator: Who is to let somebody decide; None: whoever typed it.
        until: When it ends, in words.
    """

    delegator: str | None
    delegate: str
    until: str


def read_words(text: str) -> DelegationWords | None:
    """
    Take apart "@lee until friday", or "@bo to @lee until friday"; None where nothing is said.

    Raises:
        LatchkeyError: It names nobody whom Slack has made a mention of.
    """
    if not text.strip() or text.strip().casefold() == "list":
        return None
    found = WORDS.fullmatch(text.strip())
    if found is None:
        raise LatchkeyError(NAME_SOMEBODY)
    if found["second"] is None:
        return DelegationWords(delegator=None, delegate=found["first"], until=found["until"])
    return DelegationWords(delegator=found["first"], delegate=found["second"], until=found["until"])


@dataclass(frozen=True, kw_only=True)
class OwnDelegations:
    """The delegations of one person: those they have given, and those they have received."""

    given: tuple[Delegation, ...]
    received: tuple[Delegation, ...]


class DelegationService:
    """Every operation on delegations."""

    def __init__(
        self,
        *,
        store: Store,
        guard: Guard,
        permissions: Permissions,
        zones: Zones,
        wake: Callable[[], None],
        reach: DelegationReach,
        limits: DelegationLimits = NO_LIMITS,
    ) -> None:
        """
        Args:
            reach: Tells whether a delegate could decide anything.
            limits: What the package settings take from delegates.
        """
        self._reach = reach
        self.limits = limits
        self._store = store
        self._guard = guard
        self._permissions = permissions
        self._zones = zones
        self._wake = wake

    def read_end(self, text: str, *, slack_user: str) -> datetime:
        """
        Return until when, as *slack_user* has written it; nothing remote.

        Raises:
            LatchkeyError: It names no moment that can be taken.
        """
        return read_end(text, now=clock.now().astimezone(self._zones.known(slack_user)))

    async def delegate(self, *, delegator: str, delegate: str, ends_at: datetime) -> Delegation:
        """
        Let somebody decide for whoever asks for it; who that is, is not read, but their groups may be.

        Raises:
            NotAllowed, LatchkeyError: To themselves, to too many, or not in the future; or nothing would come of it.
        """
        if await self._reach.is_all_in_entra(delegator):
            raise LatchkeyError(ALL_IN_ENTRA)
        return await self._make(
            made_by=delegator, delegator=delegator, delegate=delegate, ends_at=ends_at
        )

    async def delegate_for(
        self, *, admin: str, delegator: str, delegate: str, until: str, key: str | None = None
    ) -> Delegation:
        """
        Let somebody decide for an approver, as an admin; who that is, is read in Slack and Entra now.

        Raises:
            NotAllowed: Not an admin; or they would decide themselves, for somebody who has not said so.
            LatchkeyError: To themselves, to too many, or not in the future; nothing would come of it; or who that is could
                not be read.
            SeenBefore: This command has come in before.
        """
        await self._guard.check_admin_once(admin, key=key)
        ends_at = self.read_end(until, slack_user=admin)
        try:
            await self._check_arranged(admin, delegator, delegate)
        except SecondAccountUnannounced:
            raise LatchkeyError(ANOTHER_ACCOUNT) from None
        except (SlackError, GraphError):
            raise LatchkeyError(NOT_READ) from None
        if await self._reach.is_all_in_entra(delegator):
            raise LatchkeyError(ALL_IN_ENTRA if delegator == admin else ALL_THEIRS_IN_ENTRA)
        return await self._make(
            made_by=admin, delegator=delegator, delegate=delegate, ends_at=ends_at
        )

    async def _check_arranged(self, admin: str, delegator: str, delegate: str) -> None:
        """
        Insist that an admin may let somebody decide for an approver, and that both can be told in Entra.

        Raises:
            NotAllowed, LatchkeyError: They may not, or one of the two cannot be told.
            SlackError, GraphError: It could not be read.
        """
        actor = await self._permissions.actor(admin)
        why = may(actor, Verb.DELEGATE, holder=delegator, holder_entra_id=None)
        if why is None and admin == delegate != delegator:
            why = NOT_ONESELF
        if why is not None:
            raise await self._not_allowed(admin, delegator, why)
        found = [
            await self._permissions.delegates.find_person(each) for each in (delegator, delegate)
        ]
        approver, other = found
        if approver is None or other is None:
            raise LatchkeyError(delegating.NOT_KNOWN)
        if _same(other, actor) and not _same(approver, actor):
            # By another Slack account of theirs.
            raise await self._not_allowed(admin, delegator, NOT_ONESELF)
        if delegator != admin and not await self._permissions.may_be_arranged_for(
            {delegate}, other.entra_id
        ):
            raise await self._not_allowed(admin, delegator, NOT_ANOTHER_ADMIN)

    async def _not_allowed(self, admin: str, delegator: str, why: str) -> NotAllowed:
        """Note a refusal, and return it."""
        await self._store.run(record_refusal, admin, delegator, why)
        return NotAllowed(why)

    async def _make(
        self, *, made_by: str, delegator: str, delegate: str, ends_at: datetime
    ) -> Delegation:
        made = Delegation(
            id=chance.new_id(),
            delegator=delegator,
            delegate=delegate,
            made_by=made_by,
            made_at=clock.now(),
            ends_at=ends_at,
        )
        await self._store.run(in_time(make_delegation), made)
        self._wake()
        return made

    async def cancel(self, *, slack_user: str, delegation_id: str) -> Delegation:
        """
        End a delegation before its time: for the approver, for the delegate, and for admins, by what was read lately.

        Raises:
            NotAllowed: It is none of theirs.
            TooLate: It is over.
        """
        is_admin = self._guard.is_admin(slack_user)
        canceled = await self._guard.run(cancel_delegation, slack_user, delegation_id, is_admin)
        self._wake()
        return canceled

    async def list_own(self, slack_user: str) -> OwnDelegations:
        """Return what somebody lets others decide now, and what others let them decide."""
        return await self._store.read(own_delegations, slack_user)

    async def list_all(self, *, slack_user: str, key: str | None = None) -> list[Delegation]:
        """
        Return what holds now, for an admin's list; the first to end first.

        Raises:
            NotAllowed: Not an admin.
            SeenBefore: This has come in before.
        """
        await self._guard.check_admin_once(slack_user, key=key)
        return await self._store.read(delegations.in_force, at=clock.now(), limit=MOST_LISTED + 1)


def _same(person: Person, actor: Actor) -> bool:
    entra_id = actor.entra_id
    return entra_id is not None and person.entra_id.casefold() == entra_id.casefold()


def make_delegation(db: Transaction, made: Delegation) -> None:
    """
    Save a delegation; what the same two had agreed on before ends with it.

    Raises:
        LatchkeyError: To themselves, to too many, or not in the future.
    """
    if made.delegate == made.delegator:
        raise LatchkeyError(N_("Nobody is their own delegate: name somebody else."))
    if made.ends_at <= made.made_at:
        raise LatchkeyError(N_("That end has passed already."))
    now = delegations.of_delegators(db, [made.delegator], at=made.made_at)
    for each in now:
        if each.delegate == made.delegate:
            delegations.supersede(db, each, by=made.made_by, at=made.made_at)
    others = {each.delegate for each in now} - {made.delegate}
    if len(others) >= MOST_DELEGATES:
        raise LatchkeyError(
            N_(
                "That would be more than {count} delegates at a time: cancel another one first."
            ).format(count=MOST_DELEGATES)
        )
    delegations.add(db, made)
    recipients.look_again_at_delegate(db, made)


def cancel_delegation(
    db: Transaction, slack_user: str, delegation_id: str, is_admin: bool
) -> Delegation:
    """
    End a delegation before its time.

    Raises:
        NotAllowed: It is none of theirs.
        TooLate: It is over.
    """
    found = delegations.find(db, delegation_id)
    if found is None:
        raise TooLate(N_("I do not know that delegation any more."))
    # Whoever is to decide for somebody need not.
    whose = slack_user if slack_user == found.delegate else found.delegator
    actor = Actor(slack_user=slack_user, is_admin=is_admin)
    why = may(actor, Verb.DELEGATE, holder=whose, holder_entra_id=None)
    if why is not None:
        raise NotAllowed(why)
    canceled = delegations.cancel(db, delegation_id, by=slack_user, at=clock.now())
    if canceled is None:
        raise TooLate(N_("That is over already."))
    recipients.look_again_at_delegate(db, canceled)
    return canceled


def own_delegations(db: Transaction, slack_user: str) -> OwnDelegations:
    """Return what somebody lets others decide now, and what others let them decide."""
    now = clock.now()
    return OwnDelegations(
        given=tuple(delegations.of_delegators(db, [slack_user], at=now)),
        received=tuple(delegations.to_delegate(db, [slack_user], at=now)),
    )

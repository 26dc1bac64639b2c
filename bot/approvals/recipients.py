"""
Find whom to send an approval card: the approvers whom the policy names, as far as they are found in Slack.

Nothing waits for it.  A request is pending, and its card in the admins' channel, before anybody is looked up;
then they are looked up one by one, and what has been found is kept: Slack takes few of these calls a minute.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bot import clock
from bot.approvals.admins_left import AdminsLeft
from bot.approvals.lookup_order import NEXT_TURN, Lookup, LookupTurn, find_turn, is_fresh
from bot.approvals.model import Decision, approvals_of, decided_before, voices_of
from bot.approvals.store import decisions, recipients
from bot.configuration.addresses import same_address
from bot.database import Store
from bot.packages.model import Stage
from bot.people.approvers import Approvers, UnresolvedApprovers
from bot.people.delegates import Delegates, counts_at
from bot.people.identity import People, SecondAccountUnannounced
from bot.people.model import Delegation, NamedAs
from bot.people.store import contacts, delegations, people
from bot.people.store.contacts import Contact
from bot.requests.model import Request
from bot.requests.retry import EXPECTED, LONGEST_WAIT_FOR_PEOPLE, TOLD_TO_WAIT, pause_after
from bot.slack.api import Slack
from bot.slack.errors import SlackBusy, SlackError, SlackRefused
from graph.errors import GraphError
from graph.models import User

log = structlog.get_logger(__name__)

# Of approvers; as many of those of the escalation are asked as well.
MOST_CARDS: Final = 20
# Of those, who is asked beside them.
MOST_DELEGATES: Final = 20
# Of a long group; who is known in Slack already comes first.
MOST_LOOKED_AT: Final = 100
# One replica at a time looks for a request's approvers.
LEASE: Final = timedelta(minutes=5)
AT_ONCE: Final = 10
# While nothing is decided: people come and go, and managers change.
LOOK_AGAIN: Final = timedelta(hours=1)


class Recipients:
    """Looks up whom to ask about pending requests."""

    def __init__(
        self,
        *,
        store: Store,
        slack: Slack,
        people: People,
        approvers: Approvers,
        delegates: Delegates,
        admins_left: AdminsLeft,
        begin_anew_if_changed: Callable[[Request], Awaitable[bool]],
    ) -> None:
        """
        Args:
            begin_anew_if_changed: Begins anew with a request whose terms are others by now; True if it has.
        """
        self._store = store
        self._slack = slack
        self._people = people
        self._approvers = approvers
        self._delegates = delegates
        self._admins_left = admins_left
        self._begin_anew_if_changed = begin_anew_if_changed
        self._permissions = admins_left.permissions
        # Delegates who were known in Slack and Entra a while ago: as whom, and when (real time).
        self._delegates_known: dict[str, tuple[str, datetime]] = {}
        # When the terms were read last of what is asked (real time), by its id.
        self._terms_read: dict[str, datetime] = {}
        # Slack has told us to wait until then (real time).
        self._not_before: datetime | None = None

    async def find_due(self) -> int:
        """Look up the recipients of the requests that are due for it; return of how many."""
        if self._not_before is not None and clock.real() < self._not_before:
            return 0
        due = await self._store.run(recipients.claim, lease=LEASE, limit=AT_ONCE)
        for place, request in enumerate(due):
            try:
                await self._find(request)
            except SlackBusy as busy:
                # What has been found is kept; the others wait as well.
                self._not_before = clock.real() + busy.retry_after
                for left in due[place:]:
                    await self._store.run(recipients.look_again, left, at=self._not_before)
                return place
            except Exception as error:
                # One that cannot be looked up stops no other.
                log.warning(
                    "recipients-not-found",
                    request=request.id,
                    error=type(error).__name__,
                    exc_info=not isinstance(error, EXPECTED),
                )
                at = clock.real() + pause_after(error, attempts=LONGEST_WAIT_FOR_PEOPLE)
                await self._store.run(recipients.look_again, request, at=at)
        return len(due)

    async def find_in_slack(
        self, users: Sequence[User], *, asked: Sequence[str]
    ) -> tuple[list[str], timedelta | None]:
        """
        Return who of *users* is found in Slack, as many as are asked by cards; and how soon to look again.

        One who cannot be read is among them if they are *asked* already, and keeps nobody else from it.

        Args:
            asked: Whom we have asked before.

        Returns:
            Them, and how long to wait before the next look, if somebody could not be read or has not had their turn.

        Raises:
            SlackBusy, Throttled, AuthError: Slack or Graph takes no more of these questions for now.
        """
        found: list[str] = []
        unread = _Unread()
        turn = await self._find_turn(users, asked)
        for lookup in turn.lookups:
            if len(found) >= MOST_CARDS:
                break
            slack_user = await self._in_slack_or_asked(lookup, asked, unread)
            if slack_user is not None and slack_user not in found:
                found.append(slack_user)
        if not turn.is_last and len(found) < MOST_CARDS:
            unread.others_wait()
        return found, unread.look_again_in

    async def _find(self, request: Request) -> None:
        if await self._is_begun_anew(request):
            # Whom to ask about the new round is due.
            return
        counted = await self._store.read(decisions.accepted_of, request)
        named = await self._named(request, counted)
        # Of the approvals that its stage needs, those that are still to come.
        missing = request.approvals_needed - len(approvals_of(counted, request.stage))
        found: list[str] = []
        unread = _Unread()
        for some in _lists(named or ()):
            if not await self._ask(request, some, found, unread):
                return
        look_again_in = self._terms_due_in(request) or LOOK_AGAIN
        delegations_given = await self._delegations(
            request,
            found,
            stage=request.current_stage,
            voices=_voices_until_now(counted, request),
            known=request.deciders,
            unread=unread,
        )
        for delegation in delegations_given:
            look_again_in = min(look_again_in, delegation.ends_at - clock.now())
            if delegation.delegate not in found:
                found.append(delegation.delegate)
                # If the request has gone on, nothing comes of it, nor of what is settled.
                await self._store.run(
                    recipients.add, request, delegation.delegate, NamedAs.DELEGATE
                )
        nobody = named is not None and len(named) < missing
        await self._store.run(
            recipients.settle,
            request,
            found,
            nobody=nobody,
            nobody_left=nobody
            and await self._is_nobody_left(request, named or (), counted, missing),
            grown=any(each not in request.deciders for each in found),
            again_at=clock.real() + min(unread.look_again_in or LOOK_AGAIN, look_again_in),
        )
        if isinstance(unread.told_to_wait, SlackBusy):
            raise unread.told_to_wait

    async def _is_begun_anew(self, request: Request) -> bool:
        """Tell whether a request that has waited for a while is decided under other terms from now on."""
        if request.is_past_deadline(clock.now()) or self._terms_due_in(request) is not None:
            # Its time for a decision is over, which no other terms bring back; or they are known.
            return False
        try:
            is_begun_anew = await self._begin_anew_if_changed(request)
        except TOLD_TO_WAIT:
            raise
        except EXPECTED as error:
            log.info("terms-not-read", request=request.id, error=type(error).__name__)
            is_begun_anew = False
        now = clock.real()
        self._terms_read = {
            ask_id: at for ask_id, at in self._terms_read.items() if now - at < LOOK_AGAIN
        } | {request.ask_id: now}
        return is_begun_anew

    def _terms_due_in(self, request: Request) -> timedelta | None:
        """Return how long the terms of a request are not read again, however often its approvers are looked up; None: no longer."""
        if request.entra_decides:
            # Entra says who decides.
            return LOOK_AGAIN
        read_at = self._terms_read.get(request.ask_id)
        if read_at is not None:
            left = read_at + LOOK_AGAIN - clock.real()
        else:
            left = (request.waits_since or request.asked_at) + LOOK_AGAIN - clock.now()
        return left if left > timedelta(0) else None

    async def _is_nobody_left(
        self,
        request: Request,
        named: Sequence[tuple[User, NamedAs]],
        counted: Sequence[Decision],
        missing: int,
    ) -> bool:
        """Tell whether too few are left who could decide it, with the admins as far as they may; as before while it is not known who they are."""
        if request.entra_decides:
            # The card says that no admin can.
            return False
        if request.escalates_at is not None:
            # The alternates will be asked, too; they may be nobody.
            later = await self._named(replace(request, escalated=True), counted)
            named = named if later is None else later
        beside = {*_voices_until_now(counted, request), *(user.id for user, _ in named)}
        admins = await self._admins_left.count(request, beside=beside)
        return request.nobody_left if admins is None else len(named) + admins < missing

    async def _ask(
        self,
        request: Request,
        named: Sequence[tuple[User, NamedAs]],
        found: list[str],
        unread: "_Unread",
    ) -> bool:
        """Ask those of *named* who are in Slack, and add them to *found*; False if the request has gone on meanwhile."""
        why = {user.id: named_as for user, named_as in named}
        room = len(found) + MOST_CARDS
        turn = await self._find_turn([user for user, _ in named], request.deciders)
        for lookup in turn.lookups:
            if len(found) >= room:
                break
            slack_user = await self._in_slack_or_asked(lookup, request.deciders, unread)
            if slack_user is None or slack_user in (request.holder, request.asked_by, *found):
                continue
            named_as = why[lookup.user.id]
            if not await self._store.run(recipients.add, request, slack_user, named_as):
                return False
            found.append(slack_user)
        if not turn.is_last and len(found) < room:
            unread.others_wait()
        return True

    async def _in_slack_or_asked(
        self, lookup: Lookup, asked: Sequence[str], unread: "_Unread"
    ) -> str | None:
        """Return who an Entra user is in Slack; where that cannot be read, as whom they are *asked* already."""
        try:
            return await self._in_slack(lookup)
        except TOLD_TO_WAIT:
            raise
        except (SlackError, GraphError) as error:
            unread.note(error)
        # A card is theirs until it is known that it is not.
        return lookup.slack_user if lookup.slack_user in asked else None

    async def find_delegations_to_review(
        self, request: Request, asked: Sequence[str], *, known: Collection[str]
    ) -> tuple[list[Delegation], timedelta | None]:
        """
        Return by what those who are asked to review an emergency let others decide for them; and how soon to look again.

        A review takes no sign-in, so that what is not proven for an approval counts for it.

        Args:
            known: Whom we have asked before.
        """
        unread = _Unread()
        found = await self._delegations(
            request, asked, stage=None, voices=frozenset(), known=known, unread=unread
        )
        again_in = [each.ends_at - clock.now() for each in found]
        if unread.look_again_in is not None:
            again_in.append(unread.look_again_in)
        return found, min(again_in, default=None)

    async def _delegations(
        self,
        request: Request,
        asked: Sequence[str],
        *,
        stage: Stage | None,
        voices: Collection[str],
        known: Collection[str],
        unread: "_Unread",
    ) -> list[Delegation]:
        """
        Return by what those who are asked let others decide for them, as far as these may decide this request.

        One who cannot be read keeps their card, if they have one, and nobody else from theirs.

        It is judged again when they click; here, whoever is known to be in vain is not asked.

        Args:
            stage: If its approval takes a fresh sign-in, so does letting somebody decide it.
            voices: Entra ids of those who have decided already, or for whom somebody has.
            known: Whom we have asked before.
        """
        if request.entra_decides:
            # Entra knows no delegates of ours.
            return []
        of_them = await self._store.read(delegations.of_delegators, asked, at=clock.now())
        given = await self._delegates.freely_given(
            [each for each in of_them if counts_at(each, stage)],
            *(request.holder, request.asked_by),
            entra_ids=(request.entra_id, request.asker_entra_id),
        )
        nobody = {*voices, request.entra_id, request.asker_entra_id}
        found = []
        for each in given[:MOST_DELEGATES]:
            if each.delegate in (request.holder, request.asked_by):
                continue
            try:
                if unread.told_to_wait is not None:
                    raise unread.told_to_wait
                entra_id = await self._delegate_in_entra(each.delegate)
                if each.is_arranged and not await self._permissions.may_be_arranged_for(
                    {each.delegate}, entra_id
                ):
                    continue
            except (SlackError, GraphError) as error:
                unread.note(error)
                if each.delegate in known:
                    found.append(each)
                continue
            if entra_id is not None and entra_id not in nobody:
                found.append(each)
        return found

    async def _delegate_in_entra(self, slack_user: str) -> str | None:
        """
        Return who a delegate is in Entra; None for a guest, and for whoever has left, who see nothing of a request.

        Raises:
            SlackError, GraphError: It could not be read, and they are not known.
        """
        now = clock.real()
        known = self._delegates_known.get(slack_user)
        if known is not None and is_fresh(known[1], now=now):
            return known[0]
        try:
            person = await self._delegates.find_person(slack_user)
        except SecondAccountUnannounced:
            # By a second account of theirs, which is still to be told of: nothing is shown there before, and nobody waits for it.
            person = None
        if person is None:
            return None
        self._delegates_known[slack_user] = (person.entra_id, now)
        return person.entra_id

    async def _named(
        self, request: Request, counted: Sequence[Decision]
    ) -> Sequence[tuple[User, NamedAs]] | None:
        """Return who may decide and has not decided yet, and why they; None if that cannot be told."""
        stage = request.current_stage
        if stage is None:
            return None
        try:
            named = await self._approvers.find_named(stage, request, most=MOST_LOOKED_AT)
        except UnresolvedApprovers:
            # It was understood when the request came in; the check before the grant will refuse it.
            return None
        decided = _voices_until_now(counted, request)
        return [each for each in named if each[0].id not in decided]

    async def _find_turn(self, users: Sequence[User], asked: Sequence[str]) -> LookupTurn:
        """Return at whom of *users* to look now, in which order, by what is known of them in Slack."""
        now = clock.real()
        ids = [user.id for user in users]
        kept = await self._store.read(contacts.find, ids)
        bound = await self._store.read(contacts.bound_slack_users, ids)
        return find_turn(users, kept=kept, bound=bound, asked=asked, now=now)

    async def _in_slack(self, lookup: Lookup) -> str | None:
        """Return who an Entra user is in Slack, and still is."""
        match lookup.contact:
            case Contact(slack_user=str(known_as)) as known:
                if await self._is_still(lookup.user, known, known_as):
                    return known_as
        profile = await self._people.slack_member_of(lookup.user)
        now = clock.real()
        contact = Contact(
            entra_id=lookup.user.id,
            slack_user=profile.id if profile else None,
            looked_up_at=now,
            verified_at=now if profile else None,
        )
        await self._store.run(contacts.save, contact)
        return contact.slack_user

    async def _is_still(self, user: User, known: Contact, slack_user: str) -> bool:
        now = clock.real()
        if known.verified_at is not None and is_fresh(known.verified_at, now=now):
            return True
        try:
            profile = await self._slack.users.get(slack_user)
        except SlackRefused:
            return False
        bound = await self._store.read(people.find, slack_user)
        if bound is not None:
            is_meant = bound.entra_id.casefold() == user.id.casefold()
        else:
            told = (user.mail, user.user_principal_name)
            is_meant = any(same_address(profile.email, each) for each in told)
        is_still = profile.not_a_member is None and is_meant
        if is_still:
            await self._store.run(contacts.save, replace(known, verified_at=now))
        return is_still


class _Unread:
    """
    Notes that somebody could not be read, or not yet, whom to look up soon again: the others are settled meanwhile.

    Attributes:
        told_to_wait: Slack or Graph takes no more of these questions for now.
        look_again_in: How soon; None if everybody was read who is to be.
    """

    def __init__(self) -> None:
        self.told_to_wait: SlackError | GraphError | None = None
        self.look_again_in: timedelta | None = None

    def note(self, error: SlackError | GraphError) -> None:
        """Note why somebody could not be read."""
        log.info("recipient-not-read", error=type(error).__name__)
        if isinstance(error, TOLD_TO_WAIT):
            self.told_to_wait = error
        pause = pause_after(error, attempts=LONGEST_WAIT_FOR_PEOPLE)
        self.look_again_in = max(pause, self.look_again_in or pause)

    def others_wait(self) -> None:
        """Note that there are more than one look searches for."""
        self.look_again_in = max(NEXT_TURN, self.look_again_in or NEXT_TURN)


def _lists(named: Sequence[tuple[User, NamedAs]]) -> list[list[tuple[User, NamedAs]]]:
    """Return the approvers, and those of the escalation: neither take the other's room."""
    approvers = [each for each in named if each[1] is not NamedAs.ESCALATION]
    of_escalation = [each for each in named if each[1] is NamedAs.ESCALATION]
    return [approvers, of_escalation]


def _voices_until_now(counted: Sequence[Decision], request: Request) -> frozenset[str]:
    """Return the Entra ids of those who have decided an earlier stage or approved this one, or for whom somebody has."""
    return decided_before(counted, request.stage) | voices_of(counted, request.stage)

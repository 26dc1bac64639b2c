"""Read afresh who acts, in Slack and in Entra: the facts that `may` judges."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bot import clock
from bot.errors import NotAllowed
from bot.packages.model import Stage
from bot.people.admins import Roster
from bot.people.approvers import Approvers, UnresolvedApprovers
from bot.people.delegates import Delegates, counts_at
from bot.people.identity import People
from bot.people.model import Person
from bot.people.permissions import Actor
from bot.requests.model import Request
from bot.words import N_

AdminsDecide = Literal["always", "fallback", "never"]


@dataclass(frozen=True, kw_only=True)
class Delegator:
    """
    An approver who lets somebody decide.

    Attributes:
        is_proven: They have signed in for that, as strongly as the stage asks, and for this very Entra user.
    """

    person: Person
    is_proven: bool


@dataclass
class Permissions:
    """Reads the facts that `may` judges."""

    people: People
    approvers: Approvers
    roster: Roster
    delegates: Delegates
    admins_decide: AdminsDecide = "always"

    async def refresh(self) -> None:
        """Read the admin user groups again, for answers that cannot wait."""
        await self.roster.refresh()

    def check_may_list(self, slack_user: str) -> None:
        """
        Let an admin see a list, by what was read lately; nothing remote.

        Raises:
            NotAllowed: Not an admin, or it was too long ago that we could tell.
        """
        if self.is_known_admin(slack_user):
            if self.roster.is_fresh_for_lists():
                return
            raise NotAllowed(
                N_("I cannot check just now who is an admin. Please try again in a minute.")
            )
        raise NotAllowed(
            N_("Only Latchkey's admins can do that. Your own access is at /my-access.")
        )

    def is_known_admin(self, slack_user: str) -> bool:
        return self.roster.was_admin(slack_user)

    @property
    def admins_known_now(self) -> frozenset[str] | None:
        """Return the admins' Slack ids; None if they were read too long ago."""
        return self.roster.members if self.roster.is_fresh_for_lists() else None

    async def actor(
        self,
        slack_user: str,
        *,
        team: str | None = None,
        home_team: str | None = None,
        request: Request | None = None,
        decided: Collection[str] = (),
        approved: Collection[str] = (),
        at: datetime | None = None,
    ) -> Actor:
        """
        Return who is doing this, read from Slack and Graph now.

        Args:
            team: The workspace the click came from, as Slack says (``user.team_id``).
            home_team: Ours.
            request: What is being decided; its stage names approvers.
            decided: Entra ids of those who have decided its earlier stages, or for whom somebody has.
            approved: Entra ids of those who have approved its stage already, or for whom somebody has.
            at: When they clicked: of a delegation that is over since then, that they clicked in time counts.

        Raises:
            SlackError, GraphError: It could not be read, so nothing can be allowed now.
        """
        if team is not None and home_team is not None and team != home_team:
            return Actor(
                slack_user=slack_user,
                not_a_person=N_(
                    "Only members of this workspace can do that; you are from another one."
                ),
            )
        try:
            found = await self.people.identify(slack_user)
        except NotAllowed as refused:
            return Actor(slack_user=slack_user, not_a_person=str(refused))
        who = Actor(
            slack_user=slack_user,
            entra_id=found.user.id,
            name=found.person.entra_name,
            slack_ids=found.slack_ids,
        )
        if request is not None and _has_asked(request, slack_user, found.user.id):
            return replace(who, has_asked=True)
        # On Enterprise Grid a user group may list another id of theirs than a click names.
        ids = found.slack_ids
        if request is None:
            return replace(who, is_admin=await self.roster.is_admin_now(ids))
        if found.user.id in decided:
            return replace(who, has_decided=True)
        who = replace(who, has_approved=found.user.id in approved)
        stage = request.current_stage
        beside = frozenset((*decided, *approved))
        if stage is not None and await self._is_named(stage, request, found.user.id):
            # The policy's own approver needs no other right, whoever else they are.
            return replace(who, is_approver=True)
        if request.entra_decides:
            return replace(who, in_entra=True, is_admin=await self.roster.is_admin_now(ids))
        then = at or clock.now()
        # Whoever has approved for somebody may still deny for them.
        voices = decided if who.has_approved else beside
        who = replace(who, takes_sign_in=stage is not None and stage.fresh_sign_in)
        delegator = await self._find_delegator(who, ids, stage, request, voices, then)
        if delegator is not None and (delegator.is_proven or not who.takes_sign_in):
            # The policy names whom they decide for, which an admin's right does not say.
            return replace(who, acts_for=delegator.person, is_proven=delegator.is_proven)
        is_admin = await self.roster.is_admin_now(ids)
        stands_in = is_admin and await self._may_stand_in(stage, request, beside)
        who = replace(who, is_admin=is_admin)
        if delegator is not None and not stands_in:
            return replace(who, acts_for=delegator.person)
        if approved and not who.has_approved and not stands_in:
            delegator = await self._find_delegator(who, ids, stage, request, decided, then)
            if delegator is not None:
                who = replace(who, acts_for=delegator.person, is_proven=delegator.is_proven)
                return replace(who, has_approved=True)
        return replace(who, stands_in=stands_in)

    async def reviewer(
        self,
        slack_user: str,
        *,
        request: Request,
        team: str | None,
        home_team: str | None,
        at: datetime | None = None,
    ) -> Actor:
        """
        Return who reviews an emergency, read from Slack and Graph now: whoever may decide any stage that was left out.

        Args:
            at: When they sent the form, as of a click in `actor`.

        Raises:
            SlackError, GraphError: It could not be read, so nothing can be allowed now.
        """
        terms = request.terms
        stages = terms.stages_left_out if terms else ()
        found = Actor(slack_user=slack_user, not_a_person=N_("This is no emergency access."))
        for number in range(len(stages)):
            if terms is None:
                break
            as_asked = replace(request, terms=replace(terms, stages=stages), stage=number)
            at_stage = await self.actor(
                slack_user, team=team, home_team=home_team, request=as_asked, at=at
            )
            if number == 0 or at_stage.is_approver or at_stage.acts_for or not found.stands_in:
                found = at_stage
            if found.is_approver or found.acts_for or found.not_a_person:
                break
        if found.entra_id is None or request.holder is None or request.entra_id is None:
            return found
        is_theirs = await self.delegates.has_decided_for(
            {slack_user, *found.slack_ids},
            request.holder,
            request.entra_id,
            since=request.asked_at,
        )
        return replace(found, has_decided_for_holder=is_theirs)

    async def _find_delegator(
        self,
        who: Actor,
        ids: Collection[str],
        stage: Stage | None,
        request: Request,
        decided: Collection[str],
        at: datetime,
    ) -> Delegator | None:
        """
        Return the first approver of *stage* who lets *who* decide; each is read in Slack and Entra now.

        Only what the policy says of the approver counts: neither what others let them decide, nor what they may as an admin.
        Where the stage takes a fresh sign-in, an approver who has signed in to let them decide comes before those who have not.
        """
        if stage is None:
            return None
        beside = (who.entra_id, request.entra_id, request.asker_entra_id, *decided)
        nobody = {each.casefold() for each in beside if each}
        unproven: Delegator | None = None
        given = await self.delegates.freely_given(
            await self.delegates.given_to(ids, at=at, asked=request.deciders, stage=stage),
            *(request.holder, request.asked_by),
            entra_ids=(who.entra_id, request.entra_id, request.asker_entra_id),
        )
        if any(each.is_arranged for each in given) and not await self.may_be_arranged_for(
            ids, who.entra_id
        ):
            given = [each for each in given if not each.is_arranged]
        for each in given:
            slack_user = each.delegator
            approver = await self.delegates.find_person(slack_user)
            if (
                approver is not None
                and approver.entra_id.casefold() not in nobody
                and slack_user != request.holder
                and not (request.is_on_behalf and slack_user == request.asked_by)
                and await self._is_named(stage, request, approver.entra_id)
            ):
                found = Delegator(
                    person=approver,
                    is_proven=each.is_proven_for(stage.auth_context)
                    and each.is_proven_between(approver.entra_id, who.entra_id),
                )
                if found.is_proven or not stage.fresh_sign_in:
                    return found
                unproven = unproven or found
                if not counts_at(each, stage):
                    # Those that are proven came before.
                    break
        return unproven

    async def may_be_arranged_for(self, slack_ids: Collection[str], entra_id: str | None) -> bool:
        """
        Tell whether an admin may let somebody decide in an approver's name: no admin, where admins do not always decide.

        Else two of them could let each other decide what neither may as an admin.
        """
        if self.admins_decide == "always":
            return True
        accounts = await self.delegates.accounts_of(entra_id) if entra_id else frozenset()
        return not await self.roster.is_admin_now({*slack_ids, *accounts})

    async def _is_named(self, stage: Stage, request: Request, entra_id: str) -> bool:
        try:
            return await self.approvers.includes(stage, request, entra_id)
        except UnresolvedApprovers:
            # Nobody is let in by guessing.
            return False

    def may_admins_decide(self, request: Request) -> bool:
        """Tell whether admins may decide a stage, by what is known here; for what they are shown, not for their right."""
        always = self._may_always_stand_in(request.current_stage, request)
        # Where fewer are named than must approve, whoever is left is asked, and the admins may not.
        is_nobodys = request.unnamed and not request.deciders
        return is_nobodys if always is None else always

    def may_admins_stand_in(self, request: Request) -> bool:
        """Tell whether the setting lets an admin decide a stage that nobody else can."""
        return self._may_always_stand_in(request.current_stage, request) is not False

    def may_admins_always_decide(self, request: Request) -> bool:
        """Tell whether admins may decide a stage, whomever the policy names for it."""
        return self._may_always_stand_in(request.current_stage, request) is True

    def _may_always_stand_in(self, stage: Stage | None, request: Request) -> bool | None:
        """Tell whether admins may decide a stage; None: only if nobody else can."""
        is_after_removal = request.terms is not None and request.terms.removal is not None
        is_admins_own = stage is not None and stage.is_admins_own
        if self.admins_decide == "always" or (is_after_removal and is_admins_own):
            # What an admin has taken away, an admin gives back.
            return True
        return False if self.admins_decide == "never" or stage is None else None

    async def _may_stand_in(
        self, stage: Stage | None, request: Request, decided: Collection[str]
    ) -> bool:
        always = self._may_always_stand_in(stage, request)
        if always is not None or stage is None:
            return always is True
        try:
            return not await self.approvers.has_any(stage, request, beside=decided)
        except UnresolvedApprovers:
            return False


def _has_asked(request: Request, slack_user: str, entra_id: str) -> bool:
    """Tell whether somebody has asked for somebody else, by either of their accounts."""
    if not request.is_on_behalf:
        return False
    asker = request.asker_entra_id
    return slack_user == request.asked_by or (
        asker is not None and entra_id.casefold() == asker.casefold()
    )

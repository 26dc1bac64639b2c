"""Decide who may do what: one default-deny rule, and the facts it is given."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

from bot import clock
from bot.errors import NotAllowed
from bot.packages.model import Stage
from bot.people.admins import Roster
from bot.people.approvers import Approvers, UnresolvedApprovers
from bot.people.delegates import Delegates
from bot.people.identity import People
from bot.people.model import Person, Verb
from bot.requests.model import Request
from bot.words import N_

# Of a request, and so of whoever asked.
ASKERS: Final = frozenset({Verb.CANCEL, Verb.REMIND})
# Of access, and so of an Entra user, whatever Slack account shows it.
HOLDERS: Final = frozenset({Verb.EXTEND, Verb.RETURN})
OWN: Final = ASKERS | HOLDERS
# Of access that somebody else has asked for: whoever would get it.
BENEFICIARIES: Final = frozenset({Verb.DECLINE})
# Of a request: whoever asked, or would get the access.
REQUESTERS: Final = frozenset({Verb.ANSWER_QUESTION})
# For somebody else, who is told and may decline.
MANAGERS_OR_ADMINS: Final = frozenset({Verb.ASK_FOR})
DECISIONS: Final = frozenset({Verb.APPROVE, Verb.DENY})
# For those who may decide; a question decides nothing.
OF_DECIDERS: Final = DECISIONS | {Verb.ASK_QUESTION}
REVIEWS: Final = frozenset({Verb.REVIEW})
# Of drift: to say that it is right.
ON_DRIFT: Final = frozenset({Verb.ADOPT, Verb.IGNORE})
ADMINS: Final = ON_DRIFT | {
    *(Verb.REMOVE, Verb.LIST, Verb.RETRY, Verb.GIVE_UP, Verb.REPROCESS, Verb.EXPORT)
}
# Of somebody's own right to decide, which an admin may pass on for them, too.
SELF_OR_ADMIN: Final = frozenset({Verb.DELEGATE})


NOT_FOR_OTHERS: Final = N_(
    "You can ask for somebody else if you are their manager in Entra and the package's "
    "policy lets managers ask, or if you are one of Latchkey's admins."
)


ONLY_NAMED: Final = N_(
    "Microsoft Entra decides this request: it takes a decision only from the approvers whom the policy names, and "
    "neither from their delegates nor from Latchkey's admins."
)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """
    A person who wants to do something, as known at this moment.

    Attributes:
        not_a_person: Why we cannot accept them as a known person, in a sentence; None if we can.
        is_admin: They are one of the configured admins.
        is_approver: Named by the policy for the stage that is being decided.
        stands_in: An admin who may decide that stage in place of its approvers, as LATCHKEY_ADMINS_DECIDE says.
        acts_for: An approver whom the policy names for that stage, and who lets them decide.
        has_decided: They have decided an earlier stage of the same request, or somebody has for them.
        has_approved: They have approved the stage that is being decided, or somebody has for them, or whom they decide
            for has: that counts once, and may still become a denial while the stage needs more approvals.
        has_asked: They have asked for the holder, or whom they decide for has.
        in_entra: Entra decides the request, and takes a decision only from whom the policy names, in their own name.
        has_decided_for_holder: The holder lets them decide, or has let them since they asked.
        is_their_manager: The direct manager of the holder, in Entra, and the package's policy lets managers ask.
        slack_ids: Every id by which Slack names them.
    """

    slack_user: str
    entra_id: str | None = None
    name: str | None = None
    not_a_person: str | None = None
    is_admin: bool = False
    is_approver: bool = False
    stands_in: bool = False
    acts_for: Person | None = None
    has_decided: bool = False
    has_approved: bool = False
    has_asked: bool = False
    is_their_manager: bool = False
    has_decided_for_holder: bool = False
    in_entra: bool = False
    slack_ids: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    @property
    def decides_as_admin(self) -> bool:
        """If they decide, then not because the policy names them."""
        return self.stands_in and not self.is_approver and self.acts_for is None


def may(actor: Actor, verb: Verb, *, holder: str | None, holder_entra_id: str | None) -> str | None:
    """
    Return why *actor* may not *verb* what concerns *holder*; None if they may.

    Everything that is not allowed here is forbidden.  The holder is whose access it is; for a cancellation and a
    reminder, whoever asked; for a delegation, whoever is to let somebody else decide; for asking for another, whoever
    would get the access.
    """
    if verb in ASKERS and actor.slack_user == holder:
        return None
    if verb in HOLDERS and actor.entra_id is not None and actor.entra_id == holder_entra_id:
        return None
    if verb in OWN:
        return N_("Only the person whose access or request it is can do that.")
    if verb in BENEFICIARIES:
        if actor.slack_user and actor.slack_user == holder:
            return None
        return N_("Only the person whom it was asked for can decline it.")
    if verb in REQUESTERS:
        if (actor.slack_user and actor.slack_user == holder) or actor.has_asked:
            return None
        return N_("Only the person whose request it is, or whom it is for, can answer that.")
    if actor.not_a_person:
        return actor.not_a_person
    if verb in MANAGERS_OR_ADMINS:
        if actor.entra_id is not None and (actor.is_admin or actor.is_their_manager):
            return None
        return NOT_FOR_OTHERS
    if verb in SELF_OR_ADMIN:
        # It gives no right that the approver does not have at the click.
        if actor.slack_user == holder or actor.is_admin:
            return None
        return N_("Only Latchkey's admins can do that for somebody else.")
    if verb in ADMINS:
        if not actor.is_admin:
            return N_("Only Latchkey's admins can do that.")
        is_own = actor.slack_user == holder or (
            actor.entra_id is not None and actor.entra_id == holder_entra_id
        )
        if verb is Verb.GIVE_UP and is_own:
            # What is given up may be the removal of their access.
            return N_("You cannot give up what is about your own access; another admin can.")
        if verb in ON_DRIFT and is_own:
            return N_(
                "You cannot adopt or ignore what is about your own access; another admin can."
            )
        return None
    if verb in REVIEWS:
        return _may_review(actor, holder=holder, holder_entra_id=holder_entra_id)
    if verb not in OF_DECIDERS:
        return N_("That is not something anybody may do.")
    if actor.slack_user == holder:
        return N_("You cannot decide your own request.")
    if actor.entra_id is None or holder_entra_id is None:
        return N_("I cannot tell who you are in Entra, so I cannot take a decision from you.")
    if actor.entra_id == holder_entra_id:
        return N_("You cannot decide your own request, from another Slack account either.")
    if actor.has_asked:
        return N_("You have asked for this yourself, for somebody else; another person decides it.")
    if actor.has_decided:
        return N_(
            "You, or your delegate for you, have decided an earlier step of this request; another "
            "person decides this one."
        )
    if actor.has_approved and verb is Verb.APPROVE:
        return N_(
            "You, your delegate, or the approver for whom you decide, have approved this already, and that counts once; "
            "another person must approve it as well."
        )
    if actor.is_approver:
        return None
    if actor.in_entra:
        return ONLY_NAMED
    if actor.acts_for is not None:
        return _may_act_for(actor, actor.acts_for, holder=holder, holder_entra_id=holder_entra_id)
    if actor.stands_in:
        return None
    if actor.is_admin:
        return N_(
            "The admins may not decide this request: that is for the approvers whom its policy "
            "names."
        )
    return N_("You are not among those who may decide this request.")


def _may_review(actor: Actor, *, holder: str | None, holder_entra_id: str | None) -> str | None:
    """Return why *actor* may not close the review of an emergency of *holder*'s; None if they may."""
    if actor.slack_user == holder:
        return N_("You cannot review your own emergency access.")
    if actor.entra_id is None or holder_entra_id is None:
        return N_("I cannot tell who you are in Entra, so I cannot take a review from you.")
    if actor.entra_id == holder_entra_id:
        return N_("You cannot review your own emergency access, from another Slack account either.")
    if actor.has_asked:
        return N_("You have asked for this access yourself; another person reviews it.")
    if actor.has_decided_for_holder:
        return N_(
            "You decide for the person who has this access, or did when they asked; another person reviews it."
        )
    if actor.is_approver:
        return None
    if actor.acts_for is not None:
        return _may_act_for(actor, actor.acts_for, holder=holder, holder_entra_id=holder_entra_id)
    if actor.stands_in:
        return None
    return N_("You are not among those who may review this emergency access.")


def _may_act_for(
    actor: Actor, approver: Person, *, holder: str | None, holder_entra_id: str
) -> str | None:
    """Return why *actor* may not decide as the delegate of *approver*; None if they may."""
    if approver.slack_user == holder or approver.entra_id == holder_entra_id:
        return N_("You decide for {person}, whose own request this is.").format(
            person=approver.entra_name
        )
    if actor.entra_id == approver.entra_id:
        return N_("You cannot decide for yourself as your own delegate.")
    return None


AdminsDecide = Literal["always", "fallback", "never"]


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
    def known_admins(self) -> frozenset[str]:
        return self.roster.members

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
        acts_for = await self._find_delegator(who, ids, stage, request, voices, then)
        if acts_for is not None:
            # The policy names whom they decide for, which an admin's right does not say.
            return replace(who, acts_for=acts_for)
        is_admin = await self.roster.is_admin_now(ids)
        stands_in = is_admin and await self._may_stand_in(stage, request, beside)
        if approved and not who.has_approved and not stands_in:
            acts_for = await self._find_delegator(who, ids, stage, request, decided, then)
            if acts_for is not None:
                return replace(who, is_admin=is_admin, acts_for=acts_for, has_approved=True)
        return replace(who, is_admin=is_admin, stands_in=stands_in)

    async def reviewer(
        self, slack_user: str, *, request: Request, team: str | None, home_team: str | None
    ) -> Actor:
        """
        Return who reviews an emergency, read from Slack and Graph now: whoever may decide any stage that was left out.

        Raises:
            SlackError, GraphError: It could not be read, so nothing can be allowed now.
        """
        terms = request.terms
        stages = terms.emergency.stages if terms and terms.emergency else ()
        found = Actor(slack_user=slack_user, not_a_person=N_("This is no emergency access."))
        for number in range(len(stages)):
            if terms is None:
                break
            as_asked = replace(request, terms=replace(terms, stages=stages), stage=number)
            at_stage = await self.actor(
                slack_user, team=team, home_team=home_team, request=as_asked
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
    ) -> Person | None:
        """
        Return the first approver of *stage* who lets *who* decide; each is read in Slack and Entra now.

        Only what the policy says of the approver counts: neither what others let them decide, nor what they may as an admin.
        """
        if stage is None:
            return None
        beside = (who.entra_id, request.entra_id, request.asker_entra_id, *decided)
        nobody = {each.casefold() for each in beside if each}
        for slack_user in await self.delegates.delegators_of(ids, at=at, asked=request.deciders):
            approver = await self.delegates.find_person(slack_user)
            if (
                approver is not None
                and approver.entra_id.casefold() not in nobody
                and slack_user != request.holder
                and not (request.is_on_behalf and slack_user == request.asked_by)
                and await self._is_named(stage, request, approver.entra_id)
            ):
                return approver
        return None

    async def _is_named(self, stage: Stage, request: Request, entra_id: str) -> bool:
        try:
            return await self.approvers.includes(stage, request, entra_id)
        except UnresolvedApprovers:
            # Nobody is let in by guessing.
            return False

    async def _may_stand_in(
        self, stage: Stage | None, request: Request, decided: Collection[str]
    ) -> bool:
        is_after_removal = request.terms is not None and request.terms.removal is not None
        is_admins_own = stage is not None and stage.is_admins_own
        if self.admins_decide == "always" or (is_after_removal and is_admins_own):
            # What an admin has taken away, an admin gives back.
            return True
        if self.admins_decide == "never" or stage is None:
            return False
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

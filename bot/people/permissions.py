"""Decide who may do what: one default-deny rule over the facts that `bot.people.actors` reads."""

from dataclasses import dataclass, field
from typing import Final

from bot.people.model import Person, Verb
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
# For those who may decide; a question decides nothing.
OF_DECIDERS: Final = frozenset({Verb.APPROVE, Verb.DENY, Verb.ASK_QUESTION})
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
    "Microsoft Entra decides this request: from here it takes a decision only from the approvers whom the policy names, and "
    "neither from their delegates nor from Latchkey's admins. If an approver lets you approve for them in My Access, please "
    "decide it there."
)
# To let somebody decide takes no sign-in unless they prove it: a stolen Slack session could do so.
NOT_PROVEN: Final = N_(
    "This takes a fresh sign-in to Microsoft, and so does letting somebody decide it: {person} has not signed in for that. "
    "Please ask them to press “Sign in for it” at `/my-access delegate`, or leave it to an approver."
)


OWN_REQUEST: Final = N_("You cannot decide your own request.")
OWN_FROM_ANOTHER_ACCOUNT: Final = N_(
    "You cannot decide your own request, from another Slack account either."
)
ASKED_FOR_ANOTHER: Final = N_(
    "You have asked for this yourself, for somebody else; another person decides it."
)
DECIDED_EARLIER_STEP: Final = N_(
    "You, or your delegate for you, have decided an earlier step of this request; another "
    "person decides this one."
)
# Of these nothing changes while that step of the request waits; any other refusal may be over a moment later.
LASTING: Final = frozenset(
    {OWN_REQUEST, OWN_FROM_ANOTHER_ACCOUNT, ASKED_FOR_ANOTHER, DECIDED_EARLIER_STEP}
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
        takes_sign_in: Whoever approves that stage signs in for it, so that it takes a decision from a delegate only if whoever
            lets them decide has signed in for that, too.
        is_proven: They have: for this Entra user, and as strongly as that stage asks.
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
    takes_sign_in: bool = False
    is_proven: bool = False
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
        return OWN_REQUEST
    if actor.entra_id is None or holder_entra_id is None:
        return N_("I cannot tell who you are in Entra, so I cannot take a decision from you.")
    if actor.entra_id == holder_entra_id:
        return OWN_FROM_ANOTHER_ACCOUNT
    if actor.has_asked:
        return ASKED_FOR_ANOTHER
    if actor.has_decided:
        return DECIDED_EARLIER_STEP
    if actor.takes_sign_in and actor.acts_for is not None and not actor.is_proven:
        return NOT_PROVEN.format(person=actor.acts_for.entra_name)
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

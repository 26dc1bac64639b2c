"""Packages as they are offered, and the terms that a policy sets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.packages.offers import OfferedPolicy, PoliciesHeldUnder, needs_choice
from bot.packages.opening import Opening
from bot.packages.questions import Question


@dataclass(frozen=True, kw_only=True)
class Stage:
    """
    One approval stage, as it was when the person asked.

    Approvers are subject sets in Graph's words (``{"kind": "singleuser", "user_id": …}``), so that
    membership is looked up at the click and not remembered.  Without any, the policy names nobody.

    Attributes:
        fallback: Asked when *approvers* resolve to nobody.
        escalation: Asked as well when nobody has answered for too long.
        fallback_escalation: Asked when *escalation* resolves to nobody.
        quorum: How many different people must approve it; Entra knows no such thing, the package settings say it.
        fresh_sign_in: Whoever approves it must prove by a fresh sign-in to Microsoft that it is them.
        auth_context: The authentication context of Entra's that this sign-in must satisfy, "c1".
        hides_approvers: Whoever asks, or gets the access, may not see who decides it; nobody approves that.
    """

    approvers: tuple[Mapping[str, Any], ...] = ()
    fallback: tuple[Mapping[str, Any], ...] = ()
    escalation: tuple[Mapping[str, Any], ...] = ()
    fallback_escalation: tuple[Mapping[str, Any], ...] = ()
    reason_required: bool = False
    deny_after_seconds: int | None = None
    escalate_after_seconds: int | None = None
    quorum: int = 1
    fresh_sign_in: bool = False
    auth_context: str | None = None
    hides_approvers: bool = False

    @property
    def is_admins_own(self) -> bool:
        """Tell whether it is no stage of the policy's, so that it is the admins who decide."""
        own = replace(self, quorum=1, fresh_sign_in=False, auth_context=None, hides_approvers=False)
        return own == Stage()


@dataclass(frozen=True, kw_only=True)
class NamedObject:
    """Something of Entra's, and what people call it."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Removal:
    """
    An admin's removal of the same access, not long ago.

    Attributes:
        by: Their Slack id.
        at: When, in ISO 8601.
    """

    by: str
    at: str
    why: str | None = None


@dataclass(frozen=True, kw_only=True)
class EmergencyTerms:
    """
    The terms of access without an approval.

    Attributes:
        seconds: How long it lasts, from the grant on.
        review_seconds: How soon somebody else must close its review.
        stages: Those that would have to approve it, and of which anybody may review it.
    """

    seconds: int
    review_seconds: int
    stages: tuple[Stage, ...]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """
    The terms that are approved: a change to any of them sends the request back for approval.

    Attributes:
        contents: What the package gives, a line each, for people.
        fingerprint: The same by ids, so that a renamed group is no change and a swapped one is.
        lasts: How long, for people; the policy's expiration.
        questions: What is asked of whoever wants it, in its own words.
        answers: What was answered to them, by question id.
        starts_at: From when on, if not at once.
        excluded: Packages that the person has, and that nobody may ask for who has this one.
        removal: An admin took this access away from this person, so an admin decides whether they get it again.
        catalog: The name of the package's catalog, for people.
        asker: Who asked for them, by Entra id and name; None: they did themselves.
        longest_seconds, latest_end, has_no_end: The policy's expiration, in numbers: a length, a day in ISO 8601, or
            neither, because access does not end.  Nothing of that where Graph does not say.
        approved_until: In ISO 8601, the earliest end that an approver has set; None: nobody has set one.
        emergency: It is given without an approval, so that *stages* is empty; None: it is not.
        entra_decides: Who asks and who approves do so in Entra in their own name; *stages* are what the policy says there.
        quorums: Of each stage, how many had to approve before Entra decided, and have to if it does no more.
        hid_approvers: A stage that it does not have any more did not let whoever asked see who decides it; nobody approves
            that.
    """

    policy_id: str
    policy_name: str
    contents: tuple[str, ...]
    fingerprint: str
    stages: tuple[Stage, ...]
    lasts: str
    questions: tuple[Question, ...] = ()
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    starts_at: str | None = None
    excluded: tuple[NamedObject, ...] = ()
    removal: Removal | None = None
    catalog: str = ""
    asker: NamedObject | None = None
    longest_seconds: int | None = None
    latest_end: str | None = None
    has_no_end: bool = False
    approved_until: str | None = None
    emergency: EmergencyTerms | None = None
    entra_decides: bool = False
    quorums: tuple[int, ...] = ()
    hid_approvers: bool = False

    @property
    def stages_left_out(self) -> tuple[Stage, ...]:
        """Return the stages that an emergency leaves out; none where it is no emergency."""
        return self.emergency.stages if self.emergency else ()


@dataclass(frozen=True, kw_only=True)
class Package:
    """
    An access package, synced from Graph.

    Attributes:
        slug: What people type.
        catalog: The name of its catalog; display names are unique within one only.
        contents: What holding it gives, a line each ("Group Marketing resources, Member").
        lasts: For people: "30 days", "until 31 Jan 2027", "no end".
        can_be_asked_for: A policy lets people ask, for themselves or for others; who, is checked when they do.
        needs_reason: A policy wants a reason.
        needs_approval: A policy has approval stages.
        can_extend: Ids of the policies whose holders may extend.
        automatic: Ids of the policies under which Entra gives it by itself.
        policies: Those under which people may ask, as Graph shows them whole.
        opens: What of it whoever has it can open.
        other_policies: Those under which nobody can ask; some may have it under one all the same.
    """

    id: str
    slug: str
    name: str
    catalog: str = ""
    description: str = ""
    contents: tuple[str, ...] = ()
    lasts: str = ""
    can_be_asked_for: bool = True
    is_hidden: bool = False
    needs_reason: bool = False
    needs_approval: bool = False
    can_extend: tuple[str, ...] = field(default_factory=tuple)
    automatic: tuple[str, ...] = field(default_factory=tuple)
    policies: tuple[OfferedPolicy, ...] = ()
    opens: tuple[Opening, ...] = ()
    other_policies: tuple[OfferedPolicy, ...] = ()

    @property
    def held_under(self) -> PoliciesHeldUnder:
        """The policies under which people may have it."""
        known = {
            # What a sync of an older version has written does not say it of each policy.
            policy.id: replace(policy, may_extend=policy.id in self.can_extend)
            # Such a sync leaves the others as they were: what people may ask under by now counts.
            for policy in (*self.other_policies, *self.policies)
        }
        return {**dict.fromkeys(self.can_extend), **known}

    @property
    def is_for_others_only(self) -> bool:
        """True if managers ask for it for whom it is for, and nobody for themselves."""
        return bool(self.policies) and not any(policy.for_oneself for policy in self.policies)

    def policies_for(self, *, for_other: bool) -> tuple[OfferedPolicy, ...]:
        """Return the policies that may apply to what people ask for themselves, or for somebody else."""
        return tuple(policy for policy in self.policies if policy.for_oneself or for_other)

    def needs_form(self, *, for_other: bool = False) -> bool:
        """
        Tell whether something must be answered or chosen before somebody can ask for it.

        Args:
            for_other: They ask for somebody else.
        """
        asked = self.policies_for(for_other=for_other)
        return (
            (self.is_for_others_only and not for_other)
            or needs_choice(asked)
            or any(policy.not_askable or policy.has_required_questions for policy in asked)
        )

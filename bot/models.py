"""The words of Latchkey: requests, assignments, people, packages, and the moves a request may make."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bot.packages.offers import OfferedPolicy, must_be_chosen
from bot.packages.questions import Answered, Answers, Question, answered


class Kind(StrEnum):
    """What a request asks for."""

    ADD = "add"
    EXTEND = "extend"
    REMOVE = "remove"


class State(StrEnum):
    """Where a request is; docs/how-it-works.md draws the moves."""

    RECEIVED = "received"
    PENDING = "pending"
    APPROVED = "approved"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    REFUSED = "refused"
    DENIED = "denied"
    CANCELED = "canceled"
    LAPSED = "lapsed"
    FAILED = "failed"


MOVES: Final[Mapping[State, frozenset[State]]] = {
    # Failed without ever having been sent: it could not even be judged, and an admin gave it up.
    State.RECEIVED: frozenset(
        {State.PENDING, State.APPROVED, State.REFUSED, State.CANCELED, State.FAILED}
    ),
    State.PENDING: frozenset(
        {State.PENDING, State.APPROVED, State.DENIED, State.CANCELED, State.LAPSED}
    ),
    # Back to pending when what was approved is no longer what would be granted.
    State.APPROVED: frozenset(
        {State.SUBMITTED, State.PENDING, State.REFUSED, State.CANCELED, State.FAILED}
    ),
    State.SUBMITTED: frozenset({State.DELIVERED, State.FAILED}),
}
OPEN: Final = tuple(MOVES)
ENDED: Final = tuple(state for state in State if state not in MOVES)


# 128 random bits in hex, and a byte each for round and stage.
ASK_ID_LENGTH: Final = 36


class Verb(StrEnum):
    """What somebody wants to do to a request or an assignment."""

    APPROVE = "approve"
    DENY = "deny"
    CANCEL = "cancel"
    EXTEND = "extend"
    RETURN = "return"
    REMOVE = "remove"
    LIST = "list"
    RETRY = "retry"
    GIVE_UP = "give-up"
    REPROCESS = "reprocess"


# What somebody has done who decided so.
DONE: Final[Mapping[Verb, str]] = {Verb.APPROVE: "approved", Verb.DENY: "denied"}


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
    """

    approvers: tuple[Mapping[str, Any], ...] = ()
    fallback: tuple[Mapping[str, Any], ...] = ()
    escalation: tuple[Mapping[str, Any], ...] = ()
    fallback_escalation: tuple[Mapping[str, Any], ...] = ()
    reason_required: bool = False
    deny_after_seconds: int | None = None
    escalate_after_seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class Named:
    """Something of Entra's, and what people call it."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Removal:
    """
    That an admin has removed the same access not long ago.

    Attributes:
        by: Their Slack id.
        at: When, in ISO 8601.
    """

    by: str
    at: str
    why: str | None = None


@dataclass(frozen=True, kw_only=True)
class Terms:
    """
    What is being approved: a change to any of it sends the request back for approval.

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
    excluded: tuple[Named, ...] = ()
    removal: Removal | None = None
    catalog: str = ""


@dataclass(frozen=True, kw_only=True)
class Request:
    """
    One wish, from the command to its end.  Times are aware UTC.

    Attributes:
        answers: What was answered to the policy's questions, by question id.
        wanted_policy_id: The policy that the person chose, where several let them ask.
            starts_at: From when on they want it; None: at once.
        ends_at: Until when they want it, or have it; None: for as long as the policy gives.
            deciders: Slack users who are asked about the current stage, as far as they have been found.
        unnamed: The policy was seen to name nobody who could decide the current stage.
        retry_by, give_up_by: The admin who frees it from being held; checked before it counts.
    """

    id: str
    kind: Kind
    state: State
    holder: str | None
    asked_by: str
    package_id: str
    package_name: str
    asked_at: datetime
    updated_at: datetime
    entra_id: str | None = None
    holder_name: str | None = None
    assignment_id: str | None = None
    justification: str | None = None
    answers: Answers = field(default_factory=dict)
    wanted_policy_id: str | None = None
    terms: Terms | None = None
    terms_hash: str | None = None
    round: int = 0
    stage: int = 0
    escalated: bool = False
    deciders: tuple[str, ...] = ()
    unnamed: bool = False
    lapses_at: datetime | None = None
    escalates_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    why: str | None = None
    tell_admins: bool = False
    graph_request_id: str | None = None
    intent_at: datetime | None = None
    settles_at: datetime | None = None
    gone_at: datetime | None = None
    generation: int = 0
    version: int = 0
    attempts: int = 0
    lease_until: datetime | None = None
    due_at: datetime | None = None
    failures: int = 0
    held_at: datetime | None = None
    retry_by: str | None = None
    give_up_by: str | None = None
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state in MOVES

    @property
    def current_stage(self) -> Stage | None:
        """The stage that is being decided, or None when none is."""
        if self.terms is None or self.stage >= len(self.terms.stages):
            return None
        return self.terms.stages[self.stage]

    @property
    def answered(self) -> list[Answered]:
        """The questions that it answers, with the answers, by the terms that it is decided under."""
        return answered(self.terms.questions if self.terms else (), self.answers)

    @property
    def ask_id(self) -> str:
        """The id that a card's buttons carry: this request, in this round and stage and no other."""
        return f"{self.id}{self.round:02x}{self.stage:02x}"

    @property
    def is_given_back(self) -> bool:
        """A removal that the holder wanted."""
        return self.kind is Kind.REMOVE and self.asked_by == self.holder


def read_ask_id(ask_id: str) -> tuple[str, int, int]:
    """
    Request id, round and stage of a card's button.

    Raises:
        ValueError: It is none of ours.
    """
    if len(ask_id) != ASK_ID_LENGTH:
        raise ValueError("not an id of ours")
    return ask_id[:-4], int(ask_id[-4:-2], 16), int(ask_id[-2:], 16)


class AssignmentState(StrEnum):
    LIVE = "live"
    REMOVING = "removing"
    ENDED = "ended"


class Progress(StrEnum):
    """How far Entra is with an access that somebody has, or is about to have."""

    DELIVERING = "delivering"
    DELIVERED = "delivered"
    PARTIAL = "partial"
    # It was delivered, and Entra goes through it again: the package has changed, or somebody asked for it.
    REPROCESSING = "reprocessing"
    FAILED = "failed"


class Ended(StrEnum):
    """How an access came to its end."""

    RAN_OUT = "ran out"
    OUTSIDE = "ended outside Latchkey"
    REMOVED = "removed"
    RETURNED = "returned"
    # By Latchkey itself: it was given by mistake, or was there again after it had been removed.
    TAKEN_BACK = "taken back"
    NEVER_DELIVERED = "never delivered"


# What we have ended ourselves.
ENDED_BY_US: Final = frozenset({Ended.REMOVED, Ended.RETURNED, Ended.TAKEN_BACK})


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """
    Access that somebody holds, mirrored from Graph under Graph's id.

    Attributes:
        progress_at: Since when it is so far, as far as we have seen.
        seen_at: When Graph showed it last (real time).
        unreadable_since: Since when Graph does not let us read it (real time).
        misses: In how many sweeps in a row it could not be read.
        gone_at: Since when Graph has not shown it any more, without saying that it is over (real time).
    """

    id: str
    entra_id: str
    package_id: str
    package_name: str
    state: AssignmentState
    policy_id: str | None = None
    holder: str | None = None
    holder_name: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    let_end: datetime | None = None
    ended_at: datetime | None = None
    ended_why: str | None = None
    progress: Progress = Progress.DELIVERED
    progress_at: datetime | None = None
    seen_at: datetime | None = None
    unreadable_since: datetime | None = None
    misses: int = 0
    gone_at: datetime | None = None

    @property
    def may_end(self) -> bool:
        """The holder is fine with the end that it has now."""
        return same_end(self.let_end, self.ends_at)


class TroubleKind(StrEnum):
    """What is wrong with access that somebody has."""

    PARTIAL = "partial"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    # About a package itself, and not about who has it.
    PACKAGE = "package"
    # It is there again after we said that it was removed, or had ended.
    REVIVED = "revived"
    # Entra, or somebody in Entra, has given again what an admin removed.
    REGIVEN = "regiven"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """
    Something that is wrong with access, until it passes or an admin ends it.

    Attributes:
        about: The assignment's id; of what is unreadable, and of a package, the package's.
        wanted_by: The admin who wants Entra to process it again.
        answer: What came of that, in a sentence; None while it is to be done.
    """

    id: str
    kind: TroubleKind
    about: str
    at: datetime
    why: str | None = None
    closed_at: datetime | None = None
    wanted_by: str | None = None
    wanted_at: datetime | None = None
    answer: str | None = None


def same_end(one: datetime | None, other: datetime | None) -> bool:
    """Whether two ends are one to people, and so to reminders: the same to the minute."""
    if one is None or other is None:
        return False
    return _minute(one) == _minute(other)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


@dataclass(frozen=True, kw_only=True)
class Person:
    """A Slack user and the Entra user behind them, bound at first use."""

    slack_user: str
    slack_name: str
    entra_id: str
    entra_name: str


@dataclass(frozen=True, kw_only=True)
class Package:
    """
    An access package, mirrored from Graph.

    Attributes:
        slug: What people type.
        catalog: The name of its catalog; display names are unique within one only.
        contents: What holding it gives, a line each ("Group Marketing resources, Member").
        lasts: For people: "30 days", "until 31 Jan 2027", "no end".
        can_be_asked_for: A policy lets people ask; who, is checked when they do.
        needs_reason: A policy wants a reason.
        needs_approval: A policy has approval stages.
        can_extend: Ids of the policies whose holders may extend.
        automatic: Ids of the policies under which Entra gives it by itself.
        policies: Those under which people may ask, as Graph shows them whole.
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

    @property
    def needs_form(self) -> bool:
        """Whether something must be answered or chosen before it can be asked for."""
        return must_be_chosen(self.policies) or any(
            policy.not_askable or policy.has_required_questions for policy in self.policies
        )


class Outcome(StrEnum):
    """What became of a click on Approve or Deny."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATE = "late"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """
    A click on Approve or Deny: recorded first, weighed at once after.

    Attributes:
        as_admin: It counted because an admin may stand in for the approvers, not because the policy names them.
    """

    id: str
    request_id: str
    verb: Verb
    slack_user: str
    at: datetime
    round: int
    stage: int
    team: str | None = None
    reason: str | None = None
    channel: str | None = None
    entra_id: str | None = None
    name: str | None = None
    as_admin: bool = False
    outcome: Outcome | None = None
    why: str | None = None
    attempts: int = 0


def decided_before(counted: Iterable[Decision], stage: int) -> frozenset[str]:
    """The Entra ids of those who have decided the stages before *stage*: nobody decides two."""
    return frozenset(
        each.entra_id for each in counted if each.stage < stage and each.entra_id is not None
    )


@dataclass(frozen=True, kw_only=True)
class Hold:
    """
    A request that failed too often in a row and waited, or waits, for an admin.

    Attributes:
        error: The class of the last error.
        why: What it said, for people.
        verb: What an admin did about it; None while nobody has.
    """

    id: str
    request_id: str
    at: datetime
    error: str
    why: str
    verb: Verb | None = None
    done_by: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """
    A message that is owed, being sent, or sent.

    Attributes:
        key: Says what it is and about what; the same key is never sent twice.
        to: Slack channel or user id.
        channel, ts: Where Slack put it (a message to ``U…`` lands in a channel ``D…``).
        stale: What it shows has changed since; it is owed a redraw.
        tried_at: When a try left whose outcome is not known (real time): it may have arrived.
        claimed_until: Until when somebody sends or redraws it (real time).
        dropped_why: Why it is not sent, or why what was sent does not concern its reader any more.
    """

    key: str
    kind: str
    to: str
    request_id: str | None = None
    assignment_id: str | None = None
    channel: str | None = None
    ts: str | None = None
    stale: bool = False
    attempts: int = 0
    sent_at: datetime | None = None
    tried_at: datetime | None = None
    claimed_until: datetime | None = None
    dropped_why: str | None = None

"""A decision: somebody's click on Approve or Deny, and what came of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.packages.model import Stage
from bot.people.model import Verb
from bot.requests.model import Request, may_see_deciders
from bot.words import N_

# Why an approver's decision does not get to Entra, which decides: it takes their own token.
MUST_CONNECT: Final = N_(
    "Microsoft Entra decides this, so your decision goes there in your own name. Please connect your Microsoft account, "
    "and press the button again then; or decide in My Access."
)
MUST_CONNECT_AGAIN: Final = N_(
    "Microsoft wants you to sign in again before you decide this. Please connect your Microsoft account again, and press "
    "the button again then; or decide in My Access."
)


class Outcome(StrEnum):
    """The result of a click on Approve or Deny."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LATE = "late"


class WrongEndKind(StrEnum):
    """Say what is wrong with an end that an approver sets."""

    TOO_EARLY = "too early"
    TOO_LATE = "too late"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """
    A click on Approve or Deny: recorded first, processed at once after.

    Attributes:
        as_admin: It counted because an admin may stand in for the approvers, not because the policy names them.
        for_user, for_entra_id, for_name: The approver for whom somebody has decided as their delegate.
        ends_at: The end that they approve until, which is shorter than was asked for; None: as was asked for.
        instead_of: The end that it takes the place of; None: there was none.
        place: Which of the decisions that count for its stage it is, from 1 on.
        proof: A digest of the identity token by which Microsoft says who has approved; None: nobody has signed in for it.
        proven_as: The Entra id of whoever has signed in.
        signed_in_at: When they had shown who they are.
        proven_contexts: The authentication contexts of Entra's that the token has shown.
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
    for_user: str | None = None
    for_entra_id: str | None = None
    for_name: str | None = None
    ends_at: datetime | None = None
    instead_of: datetime | None = None
    outcome: Outcome | None = None
    why: str | None = None
    attempts: int = 0
    place: int = 1
    proof: str | None = None
    proven_as: str | None = None
    signed_in_at: datetime | None = None
    proven_contexts: tuple[str, ...] = ()

    def is_proven_for(self, stage: Stage) -> bool:
        """Tell whether a sign-in proves it as the stage asks for by now; whose that was is judged beside."""
        return not stage.fresh_sign_in or (
            self.proof is not None
            and (stage.auth_context is None or stage.auth_context in self.proven_contexts)
        )

    @property
    def voices(self) -> frozenset[str]:
        """Return the Entra ids of those whose decision it is: who clicked, and for whom."""
        return frozenset(each for each in (self.entra_id, self.for_entra_id) if each is not None)


@dataclass(frozen=True, kw_only=True)
class ApproverQuestion:
    """
    A question of somebody who decides a request, before they do: saved first, judged like a decision, then told.

    Attributes:
        requester: Who asked for the access.
        holder: Whose access it would be; mostly the same.
        outcome: Whether whoever asks may decide the stage that waited then; None until that is known.
        why: Why it does not count, in a sentence.
    """

    id: str
    request_id: str
    round: int
    stage: int
    slack_user: str
    at: datetime
    question: str
    team: str | None = None
    requester: str | None = None
    holder: str | None = None
    outcome: Outcome | None = None
    why: str | None = None
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None

    @property
    def ask_id(self) -> str:
        """Return what the buttons of the card carried that it was asked on."""
        return f"{self.request_id}{self.round:02x}{self.stage:02x}"

    @property
    def is_answered(self) -> bool:
        return self.answered_at is not None

    @property
    def readers(self) -> tuple[str, ...]:
        """Return the Slack ids of those who may answer it: whoever asked for the access, and whose it would be."""
        return tuple(dict.fromkeys(each for each in (self.requester, self.holder) if each))


@dataclass(frozen=True, kw_only=True)
class OpenQuestion:
    """A question that waits for an answer, with the pending request that it is about."""

    question: ApproverQuestion
    request: Request


@dataclass(frozen=True, kw_only=True)
class OpenQuestions:
    """
    The first questions that wait for somebody's answer, the oldest first.

    Attributes:
        reader: Who is to answer.
        count: How many there are, with those that are not among *rows*.
    """

    reader: str
    rows: Sequence[OpenQuestion]
    count: int


NO_QUESTIONS: Final = OpenQuestions(reader="", rows=(), count=0)


def approvals_of(counted: Iterable[Decision], stage: int) -> list[Decision]:
    """Return the approvals that count for a stage, in their order."""
    return [each for each in counted if each.stage == stage and each.verb is Verb.APPROVE]


def shown_to(request: Request, decided: Iterable[Decision], reader: str | None) -> list[Decision]:
    """Return the decisions of which somebody may see whose they are; None: only those who decide, and the admins."""
    return [each for each in decided if may_see_deciders(request, each.stage, reader)]


def has_voice(counted: Iterable[Decision], stage: int, slack_user: str | None) -> bool:
    """Tell whether somebody has decided a stage, or a delegate has for them; for what they are shown, not for their right."""
    return slack_user is not None and any(
        each.stage == stage and slack_user in {each.slack_user, each.for_user} for each in counted
    )


def voices_of(counted: Iterable[Decision], stage: int) -> frozenset[str]:
    """Return the Entra ids of those whose approvals count for a stage: an approver and their delegate are one voice."""
    return frozenset(voice for each in approvals_of(counted, stage) for voice in each.voices)


def decided_before(counted: Iterable[Decision], stage: int) -> frozenset[str]:
    """
    Return the Entra ids of those who have decided the stages before *stage*: nobody decides two.

    What a delegate has decided is the delegate's decision and that of whom they decided for.
    """
    return frozenset(voice for each in counted if each.stage < stage for voice in each.voices)

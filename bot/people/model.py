"""A person's two accounts, the actions that need a permission, and whom somebody lets decide for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.words import N_


class Verb(StrEnum):
    """An action on a request or an assignment, for which `may` knows the right."""

    APPROVE = "approve"
    DENY = "deny"
    ASK_QUESTION = "ask-question"
    ANSWER_QUESTION = "answer-question"
    CANCEL = "cancel"
    EXTEND = "extend"
    RETURN = "return"
    REMOVE = "remove"
    LIST = "list"
    RETRY = "retry"
    GIVE_UP = "give-up"
    REPROCESS = "reprocess"
    EXPORT = "export"
    REMIND = "remind"
    DELEGATE = "delegate"
    ASK_FOR = "ask-for"
    DECLINE = "decline"
    REVIEW = "review"
    ADOPT = "adopt"
    IGNORE = "ignore"


# What somebody has done who decided so.
DONE: Final[Mapping[Verb, str]] = {
    Verb.APPROVE: N_("approved"),
    Verb.DENY: N_("denied"),
}


# Of whom another Slack account has signed in.
CONNECTED_ELSEWHERE: Final = N_(
    "Your Microsoft account is connected to another Slack account. If this one is yours as well, connect it: "
    "/my-access connect."
)


class NamedAs(StrEnum):
    """Say why somebody is asked to decide a stage."""

    USER = "user"
    GROUP = "group"
    MANAGER = "manager"
    SPONSOR = "sponsor"
    # Of the first approvers nobody is found.
    FALLBACK = "fallback"
    # The first approvers have not decided for too long.
    ESCALATION = "escalation"
    DELEGATE = "delegate"


@dataclass(frozen=True, kw_only=True)
class Person:
    """A Slack user and the Entra user behind them, bound at first use."""

    slack_user: str
    slack_name: str
    entra_id: str
    entra_name: str


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """
    An approver lets somebody decide for them, until an end.

    Both are Slack accounts: whose they are in Entra, and whether the approver may decide, is read at each decision.

    Attributes:
        delegator: Who lets somebody else decide.
        delegate: Who decides for them.
        made_by: The delegator, or an admin.
        canceled_by: Whoever ended it before its time; Latchkey, of what it found to be of no use.
        canceled_why: Why Latchkey did so; a sentence.
        proof: A digest of the identity token by which Microsoft says that the delegator wants it; None: nobody has signed in for it.
        proven_as: The Entra id of whoever has signed in.
        proven_to: The Entra id of the delegate, as whom the page before the sign-in has shown them.
        signed_in_at: When they had shown who they are.
        proven_contexts: The authentication contexts of Entra's that the sign-ins for it have shown.
    """

    id: str
    delegator: str
    delegate: str
    made_by: str
    made_at: datetime
    ends_at: datetime
    canceled_at: datetime | None = None
    canceled_by: str | None = None
    canceled_why: str | None = None
    proof: str | None = None
    proven_as: str | None = None
    proven_to: str | None = None
    signed_in_at: datetime | None = None
    proven_contexts: tuple[str, ...] = ()

    def is_proven_for(self, context: str | None) -> bool:
        """Tell whether its giver has signed in for it, as strongly as an authentication context asks; None: as any sign-in is."""
        return self.proof is not None and (context is None or context in self.proven_contexts)

    def lacks_proof(self, contexts: Iterable[str]) -> bool:
        """Tell whether another sign-in of its giver would let it count for more: of these authentication contexts."""
        return not all(self.is_proven_for(each) for each in (None, *contexts))

    def is_proven_between(self, delegator_entra_id: str, delegate_entra_id: str | None) -> bool:
        """Tell whether it was proven by this Entra user, and for that one."""
        return (
            self.proven_as is not None
            and self.proven_to is not None
            and delegate_entra_id is not None
            and self.proven_as.casefold() == delegator_entra_id.casefold()
            and self.proven_to.casefold() == delegate_entra_id.casefold()
        )

    @property
    def is_arranged(self) -> bool:
        """Tell whether an admin has made it in somebody's name, who has not signed in for it since."""
        return self.made_by != self.delegator and self.proof is None

    def is_given_freely(self, *concerned: str | None) -> bool:
        """
        Tell whether it is from somebody who may choose the delegate: neither from the delegate, nor from one of *concerned*.

        An admin may arrange it for an approver, but not for themselves, nor for what they ask for.  What the approver
        has signed in for is the approver's in any case.
        """
        return not (self.is_arranged and self.made_by in (self.delegate, *concerned))

    def is_in_force(self, at: datetime) -> bool:
        """Tell whether it holds at a moment; what was canceled, even later, holds at none."""
        return self.canceled_at is None and self.made_at <= at < self.ends_at

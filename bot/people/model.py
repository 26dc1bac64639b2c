"""A person's two accounts, the actions that need a permission, and whom somebody lets decide for them."""

from collections.abc import Mapping
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

    def is_in_force(self, at: datetime) -> bool:
        """Tell whether it holds at a moment; what was canceled, even later, holds at none."""
        return self.canceled_at is None and self.made_at <= at < self.ends_at

"""A person's two accounts, and the actions that need a permission."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Verb(StrEnum):
    """An action on a request or an assignment, for which `may` knows the right."""

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
class Person:
    """A Slack user and the Entra user behind them, bound at first use."""

    slack_user: str
    slack_name: str
    entra_id: str
    entra_name: str

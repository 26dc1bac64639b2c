"""Name who must approve under a policy, stage by stage: facts, which `bot.messages.phrases.policy_words` says to people."""

from dataclasses import dataclass
from enum import StrEnum


class ApproverKind(StrEnum):
    """The kind of an approver: one person, somebody's manager, any member of a group, or another rule for people."""

    PERSON = "person"
    MANAGER = "manager"
    MEMBERS = "members"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class NamedApprover:
    """
    One approver that a stage names.

    Attributes:
        name: What Entra calls the person or the group; empty where it does not say.
        level: Of a manager: 1 is the direct one, 2 the manager of that one.
        of_asker: It is a manager of whoever asks, also where somebody else gets the access; else of whoever gets it.
    """

    kind: ApproverKind
    name: str = ""
    level: int = 1
    of_asker: bool = False

    @property
    def is_one_person(self) -> bool:
        return self.kind in {ApproverKind.PERSON, ApproverKind.MANAGER}


@dataclass(frozen=True, kw_only=True)
class NamedDeciders:
    """
    Everybody whom a policy names to decide, in whatever stage, at once or later.

    Attributes:
        users, groups: Entra ids.
        has_others: It names people in another way too, which depends on who asks: managers, sponsors.
    """

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    has_others: bool = False


@dataclass(frozen=True, kw_only=True)
class NamedStage:
    """
    One approval stage.

    Attributes:
        approvers: Any of them may approve; empty: the policy names nobody, so an admin does.
        quorum: How many different people must approve it. `bot.packages.local_approval` fills it in from the package
            settings; what is synced from Entra knows no such thing.
        is_hidden: Whoever asks may not see who they are.
    """

    approvers: tuple[NamedApprover, ...] = ()
    quorum: int = 1
    is_added: bool = False
    is_hidden: bool = False

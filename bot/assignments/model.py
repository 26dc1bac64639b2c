"""Assignments that people hold, and their troubles."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot import clock


class AssignmentState(StrEnum):
    LIVE = "live"
    REMOVING = "removing"
    ENDED = "ended"


class DeliveryProgress(StrEnum):
    """The state of delivery, in Entra, of access that somebody has or is about to have."""

    DELIVERING = "delivering"
    DELIVERED = "delivered"
    PARTIAL = "partial"
    # It was delivered, and Entra goes through it again: the package has changed, or somebody asked for it.
    REPROCESSING = "reprocessing"
    FAILED = "failed"


class EndReason(StrEnum):
    """The reason why access ended."""

    RAN_OUT = "ran out"
    OUTSIDE = "ended outside Latchkey"
    REMOVED = "removed"
    RETURNED = "returned"
    # It was given by mistake, or was there again after it had been removed; the word is stored.
    REMOVED_BY_LATCHKEY = "taken back"
    NEVER_DELIVERED = "never delivered"


# What has ended without us: its holder is told of that end, and by no request.
ENDED_WITHOUT_US: Final = frozenset({EndReason.RAN_OUT, EndReason.OUTSIDE})

# What we have ended ourselves.
ENDED_BY_US: Final = frozenset(
    {EndReason.REMOVED, EndReason.RETURNED, EndReason.REMOVED_BY_LATCHKEY}
)


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """
    Access that somebody holds, synced from Graph under Graph's id.

    Attributes:
        progress_at: Since when it is so far, as far as we have seen.
        seen_at: When Graph showed it last (real time).
        unreadable_since: Since when Graph does not let us read it (real time).
        misses: In how many syncs in a row it could not be read.
        gone_at: Since when Graph has not shown it any more, without saying that it is over (real time).
        is_emergency: It was given without an approval, so that it cannot be extended.
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
    progress: DeliveryProgress = DeliveryProgress.DELIVERED
    progress_at: datetime | None = None
    seen_at: datetime | None = None
    unreadable_since: datetime | None = None
    misses: int = 0
    gone_at: datetime | None = None
    is_emergency: bool = False

    @property
    def may_end(self) -> bool:
        """The holder is fine with the end that it has now."""
        return same_end(self.let_end, self.ends_at)


def can_be_opened(assignment: Assignment) -> bool:
    """Tell whether all of it is there now, so that whoever has it can open what it gives."""
    now = clock.now()
    return (
        assignment.state is AssignmentState.LIVE
        and assignment.progress in {DeliveryProgress.DELIVERED, DeliveryProgress.REPROCESSING}
        and (assignment.starts_at is None or assignment.starts_at <= now)
        and (assignment.ends_at is None or assignment.ends_at > now)
        and assignment.gone_at is None
    )


class TroubleKind(StrEnum):
    """The kind of trouble with access that somebody has."""

    PARTIAL = "partial"
    FAILED = "failed"
    UNREADABLE = "unreadable"
    # About a package itself, and not about who has it.
    PACKAGE = "package"
    # It is there again after we said that it was removed, or had ended.
    REVIVED = "revived"
    # Entra, or somebody in Entra, has given again what an admin removed.
    REGIVEN = "regiven"
    # About the package settings: whether what they say of a package is still said of it.
    SETTINGS_RENAMED = "settings-renamed"
    SETTINGS_TAKEN = "settings-taken"
    SETTINGS_NOBODY = "settings-nobody"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """
    Something that is wrong with access, until it passes or an admin ends it.

    Attributes:
        about: The assignment's id; of what is unreadable, of a package and of its settings, the package's; of settings that hold for
            nothing, a digest of where they stand.
        why: Of package settings: the names of their entries; of what is unreadable, the package's name then.
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
    """Tell whether two ends are one to people, and so to reminders: the same to the minute."""
    if one is None or other is None:
        return False
    return _minute(one) == _minute(other)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)

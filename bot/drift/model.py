"""A mismatch of drift: where Entra and what was approved through Latchkey do not agree."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bot.assignments.model import Assignment
from bot.people.model import Verb


class DriftKind(StrEnum):
    """The kind of a mismatch."""

    # An assignment that no request has given.
    UNASKED = "unasked"
    # In a group that a package gives, without that package and without ever having had it.
    MEMBER = "member"
    # Delivery has not come to an end for a day.
    STUCK = "stuck"
    # The access has ended, and they are still in a group that it gave.
    STILL_MEMBER = "still-member"
    # Ended in Entra before its time, and not through Latchkey.
    ENDED_OUTSIDE = "ended-outside"
    # Entra shows the access, and not the membership that it gives.
    NOT_MEMBER = "not-member"
    # A group that is in a group which a package gives: whoever is in it has that without the package.
    NESTED = "nested"
    # The end in Entra is later than what was approved.
    LATER_END = "later-end"


# What only the lists of members tell.
OF_GROUPS: Final = frozenset(
    {DriftKind.MEMBER, DriftKind.STILL_MEMBER, DriftKind.NOT_MEMBER, DriftKind.NESTED}
)
# What can be told of people only if it is known who is in the groups within a group.
OF_EVERYBODY: Final = frozenset({DriftKind.STILL_MEMBER, DriftKind.NOT_MEMBER})
# In a group, and without a package that gives it.
WITHOUT_PACKAGE: Final = frozenset({DriftKind.MEMBER, DriftKind.STILL_MEMBER})
# What is about access that is there, and that an admin can remove.
REMOVABLE: Final = frozenset(
    {DriftKind.UNASKED, DriftKind.STUCK, DriftKind.NOT_MEMBER, DriftKind.LATER_END}
)


class DriftState(StrEnum):
    """The state of a mismatch."""

    OPEN = "open"
    # An admin has said that it is right as it is, for as long as it stays so.
    ADOPTED = "adopted"
    # Not to be told until a moment.
    IGNORED = "ignored"
    # It is not so any more.
    PASSED = "passed"


@dataclass(frozen=True, kw_only=True)
class Found:
    """
    A finding of a check about one person and one thing.

    Attributes:
        entra_id: The person's; of NESTED the inner group's, and *person_name* its name.
        about: The assignment, the request (of STUCK without an assignment), or the group.
        mark: Tells what is another mismatch about the same: the end, of LATER_END.
        group_name: Of OF_GROUPS.
        since: Since when it is so, as far as that is known: the end, or the beginning of the delivery.
        ends_at: What Entra shows; None: no end, or none that matters.
        approved_until: Of LATER_END: until when it was approved.
    """

    kind: DriftKind
    about: str
    entra_id: str
    package_id: str
    package_name: str
    mark: str = ""
    person_name: str | None = None
    assignment_id: str | None = None
    request_id: str | None = None
    group_name: str | None = None
    since: datetime | None = None
    ends_at: datetime | None = None
    approved_until: datetime | None = None

    @property
    def person_id(self) -> str | None:
        """Return the Entra id of the person that it is about; None: it is about a group."""
        return None if self.kind is DriftKind.NESTED else self.entra_id


@dataclass(frozen=True, kw_only=True)
class Mismatch(Found):
    """
    Something found, as it is kept, with what an admin has said of it.

    Attributes:
        found_at: When it was found; anew, if it had passed.
        seen_at: When the last check began that found it (real time).
        times: How often it was found anew.
        until: Until when it is ignored.
        together: How many mismatches its card tells of, where it tells of more than this one.
        wanted: What somebody has pressed, and is not carried out yet.
        done_by: The admin who adopted or ignored it; a Slack user or “cli:…”.
        why: Their reason.
        answer: Why it was not carried out.
    """

    id: str
    state: DriftState
    found_at: datetime
    seen_at: datetime
    times: int = 1
    until: datetime | None = None
    together: int | None = None
    wanted: Verb | None = None
    wanted_by: str | None = None
    wanted_until: datetime | None = None
    why: str | None = None
    done_by: str | None = None
    done_at: datetime | None = None
    answer: str | None = None

    @property
    def found(self) -> Found:
        """Return what was found, without what has become of it."""
        return Found(**{name: getattr(self, name) for name in Found.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class ShownMismatch:
    """
    A mismatch, with what people are shown beside it.

    Attributes:
        row: The access that it is about, as it is now.
        holder: Whom it is about in Slack, if that is known.
    """

    mismatch: Mismatch
    row: Assignment | None = None
    holder: str | None = None


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """
    The result of a check.

    Attributes:
        at: When it came to its end.
        groups: How many groups were looked through.
        refused: Groups whose members Graph does not let us read, by name.
        too_large: Groups with too many members to look through, by name.
        too_large_within: Groups with too many people in the groups within them, by name: only who is in them directly was
            looked at.
        unread: How many groups could not be read for another reason.
    """

    at: datetime
    groups: int
    refused: tuple[str, ...] = ()
    too_large: tuple[str, ...] = ()
    too_large_within: tuple[str, ...] = ()
    unread: int = 0

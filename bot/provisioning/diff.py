"""What would be done to the tenant: one change after another, in an order that works."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from bot.provisioning.state import Key


class Deed(StrEnum):
    """What is done to a thing."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


# In the order in which things can be created; they can be deleted in the opposite one.
KINDS: Final = (
    "person",
    "group",
    "manager",
    "member",
    "catalog",
    "resource",
    "package",
    "role",
    "incompatible",
    "policy",
)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One word of the file that the tenant does not agree with; None: it says nothing."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One thing to create, change or delete.

    Attributes:
        key: What it is and where; its first part is one of ``KINDS``.
        title: What people call it.
        line: Where in the file it stands; None when the file no longer names it.
        want: The part of the file that describes it.
        object_id: Graph's id, when it exists.
        within: Ids that deleting it takes.
        notes: What may come out otherwise, a sentence each.
    """

    deed: Deed
    key: Key
    title: str
    line: int | None = None
    differences: tuple[Difference, ...] = ()
    want: Any = None
    object_id: str | None = None
    within: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return self.key[0]

    @property
    def order(self) -> int:
        """Creations first to last, then deletions last to first."""
        at = KINDS.index(self.kind)
        return at if self.deed is not Deed.DELETE else 2 * len(KINDS) - at

    def changes(self, what: str) -> bool:
        """Whether this word of the file is one that differs."""
        return any(each.what == what for each in self.differences)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``; names of fields are stable."""
        return {
            "action": self.deed.value,
            "kind": self.kind,
            "name": self.title,
            "line": self.line,
            "differences": [
                {"what": each.what, "before": each.before, "after": each.after}
                for each in self.differences
            ],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    Everything that would be done.

    Attributes:
        left_alone: What is near by and not touched, a sentence each.
    """

    changes: tuple[Change, ...]
    left_alone: tuple[str, ...] = ()

    def count(self, deed: Deed) -> int:
        return sum(change.deed is deed for change in self.changes)

    def as_json(self) -> dict[str, Any]:
        return {
            "would_change": bool(self.changes),
            "create": self.count(Deed.CREATE),
            "change": self.count(Deed.CHANGE),
            "delete": self.count(Deed.DELETE),
            "changes": [change.as_json() for change in self.changes],
            "left_alone": list(self.left_alone),
        }


def flat(said: Any, name: str = "") -> dict[str, str]:
    """A block of the file as lines: ``decided by, 1, approvers`` and what it says."""
    if isinstance(said, dict):
        lines: dict[str, str] = {}
        for key, value in said.items():
            lines |= flat(value, f"{name}, {key}" if name else str(key))
        return lines
    if isinstance(said, list) and any(isinstance(each, dict) for each in said):
        lines = {}
        for at, value in enumerate(said, 1):
            lines |= flat(value, f"{name}, {at}")
        return lines
    if isinstance(said, list):
        return {name: ", ".join(map(str, said))}
    if isinstance(said, bool):
        return {name: "yes" if said else "no"}
    return {name: str(said)}


def compared(
    before: dict[str, str],
    after: dict[str, str],
    *,
    shown_before: dict[str, str],
    shown_after: dict[str, str],
) -> tuple[Difference, ...]:
    """Where two blocks differ, shown in words that may be other than those compared."""
    return tuple(
        Difference(what=what, before=shown_before.get(what), after=shown_after.get(what))
        for what in dict.fromkeys((*before, *after))
        if before.get(what) != after.get(what)
    )


def differing(before: dict[str, Any], after: dict[str, Any]) -> tuple[Difference, ...]:
    """The same for blocks without names of anybody."""
    one, other = flat(before), flat(after)
    return compared(one, other, shown_before=one, shown_after=other)

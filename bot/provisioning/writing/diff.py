"""Define changes to the tenant, and the differences that they are made of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot import clock
from bot.provisioning.writing.state import Entry, Key
from bot.same_name import composed, folded
from bot.suggestions import nearly_same


class Operation(StrEnum):
    """The things that a change can do."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


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
        key: What it is and where; its first part is the name of its kind.
        title: What people call it.
        line: Where in the file it stands; None when the file no longer names it.
        want: The part of the file that describes it.
        object_id: Graph's id, when it exists.
        within: Ids that deleting it takes.
        notes: What may come out otherwise, a sentence each.
    """

    operation: Operation
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

    def as_entry(self) -> Entry:
        """Return an entry of the state for what the change is about."""
        return Entry(key=self.key, id=self.object_id, begun_at=clock.real(), within=self.within)

    def changes(self, what: str) -> bool:
        """Tell whether this word of the file is one that differs."""
        return any(each.what == what for each in self.differences)

    def is_done(self, differences: Iterable[Difference]) -> bool:
        """Tell whether none of what still differs is a word that this changes; the others are not its business."""
        return not any(self.changes(each.what) for each in differences)

    def as_json(self) -> dict[str, Any]:
        """Return it for ``--json``; names of fields are stable."""
        return {
            "action": self.operation.value,
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

    def count(self, operation: Operation) -> int:
        return sum(change.operation is operation for change in self.changes)

    def as_json(self) -> dict[str, Any]:
        return {
            "would_change": bool(self.changes),
            "create": self.count(Operation.CREATE),
            "change": self.count(Operation.CHANGE),
            "delete": self.count(Operation.DELETE),
            "changes": [change.as_json() for change in self.changes],
            "left_alone": list(self.left_alone),
        }


def flatten(said: Any, name: str = "") -> dict[str, str]:
    """
    Make lines of a block of the file: ``decided by, 1, approvers`` and what it says.

    Accents are composed, as in a file that was read: what reads alike is no difference.
    """
    if isinstance(said, dict):
        lines: dict[str, str] = {}
        for key, value in said.items():
            lines |= flatten(value, f"{name}, {key}" if name else str(key))
        return lines
    if isinstance(said, list) and any(isinstance(each, dict) for each in said):
        lines = {}
        for at, value in enumerate(said, 1):
            lines |= flatten(value, f"{name}, {at}")
        return lines
    if isinstance(said, list):
        return {name: composed(", ".join(map(str, said)))}
    if isinstance(said, bool):
        return {name: "yes" if said else "no"}
    return {name: composed(str(said))}


def compare_as(
    before: dict[str, str],
    after: dict[str, str],
    *,
    shown_before: dict[str, str],
    shown_after: dict[str, str],
) -> tuple[Difference, ...]:
    """List where two flat blocks differ, shown in words that may be other than those compared."""
    return tuple(
        Difference(what=what, before=shown_before.get(what), after=shown_after.get(what))
        for what in dict.fromkeys((*before, *after))
        if before.get(what) != after.get(what)
    )


def compare(before: dict[str, Any], after: dict[str, Any]) -> tuple[Difference, ...]:
    """List where two blocks of the file differ."""
    one, other = flatten(before), flatten(after)
    return compare_as(one, other, shown_before=one, shown_after=other)


def compare_names(actual: str | None, wanted: str) -> tuple[Difference, ...]:
    """List the difference between two names; Entra, not the file, says which letters are capitals."""
    if folded(actual) == folded(wanted):
        return ()
    return (Difference(what="name", before=actual, after=wanted),)


def say_renamed(differences: Iterable[Difference]) -> str:
    """Say what a title adds when the name changes."""
    # What is new has no name that it had before.
    before = (each.before for each in differences if each.what == "name")
    return next((f", renamed from {each}" for each in before if each is not None), "")


def notes_on_new(name: str, others: Iterable[str]) -> tuple[str, ...]:
    """Say of what is made that one which reads like it is there; *others* are those that the file does not name."""
    alike = nearly_same(name, others)
    if alike is None:
        return ()
    return (f"“{alike}” is there, and not in this file; if that is meant, write its name",)


def block(**words: Any) -> dict[str, Any]:
    """Make a block of the file, without the words that say nothing."""
    return {
        name.replace("_", " "): value for name, value in words.items() if value not in (None, "")
    }

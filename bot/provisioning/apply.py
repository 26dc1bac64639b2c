"""Carries a plan out: one call after another, each of which may be the last before a crash."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bot.errors import LatchkeyError
from bot.provisioning.changes import Change, Deed
from bot.provisioning.content import Content
from bot.provisioning.making import Making
from bot.provisioning.names import is_new
from bot.provisioning.plan import Planned
from bot.provisioning.reading import Document
from bot.provisioning.record import Key, Record
from bot.provisioning.trial_people import TrialPeople
from bot.provisioning.undoing import Undoing, keys_of
from bot.provisioning.waiting import Waiting
from bot.provisioning.writing import Writing
from graph import Graph
from graph.errors import GraphError

# Told of each change when it is begun and when it is done.
Tell = Callable[[Change, bool], object]
# By kind of thing: what creates or changes one.
Deeds = Mapping[str, Callable[[Change], Awaitable[None]]]


class ApplyError(LatchkeyError):
    """A change could not be made; those before it were, and another apply goes on from here."""

    def __init__(self, change: Change, error: GraphError, *, done: int, of: int) -> None:
        self.change = change
        super().__init__(
            f"Cannot {change.deed} {change.title}: {error} {done} of {of} changes are made; "
            "apply again to go on from here."
        )


@dataclass(kw_only=True)
class Applying:
    """Everything that apply needs, beside the plan."""

    graph: Graph
    document: Document
    record: Record
    waiting: Waiting
    tell: Tell = field(default=lambda change, done: None)

    async def apply(self, planned: Planned) -> None:
        """
        Make every change of the plan, in its order.

        Raises:
            ApplyError: One could not be made.
        """
        claim_what_was_begun(self.document, self.record, planned)
        deeds = self._deeds(planned)
        undoing = Undoing(graph=self.graph, record=self.record, waiting=self.waiting)
        changes = planned.plan.changes
        for number, change in enumerate(changes):
            self.tell(change, False)
            try:
                await self._make(change, deeds, undoing)
            except GraphError as error:
                raise ApplyError(change, error, done=number, of=len(changes)) from error
            self.tell(change, True)

    async def _make(self, change: Change, deeds: Deeds, undoing: Undoing) -> None:
        if change.deed is Deed.DELETE:
            await undoing.delete(change.title, change.kind, change.object_id or "", change.within)
        else:
            await deeds[change.kind](change)

    def _deeds(self, planned: Planned) -> Deeds:
        """Who makes what."""
        names, survey = planned.names, planned.survey
        writing = Writing(record=self.record, waiting=self.waiting)
        people = TrialPeople(graph=self.graph, names=names, writing=writing)
        making = Making(graph=self.graph, names=names, survey=survey, writing=writing)
        content = Content(graph=self.graph, names=names, survey=survey, writing=writing)
        return {
            "person": people.person,
            "group": people.group,
            "manager": people.manager,
            "member": people.member,
            "catalog": making.catalog,
            "resource": content.resource,
            "package": making.package,
            "role": content.role,
            "incompatible": content.incompatible,
            "policy": making.policy,
        }

    def adopt(self, planned: Planned) -> list[Key]:
        """
        Put what the tenant already had under Latchkey's care, so that destroy may delete it.

        Entra's own catalog is nobody's to delete, and stays out.
        """
        adopted = []
        for key, (object_id, within) in existing(self.document, planned):
            if self.record.entry(key) is None:
                self.record.made(key, object_id, **within)
                adopted.append(key)
        return adopted


def claim_what_was_begun(document: Document, record: Record, planned: Planned) -> None:
    """What an earlier apply began, and the tenant has by now, was made by Latchkey."""
    there = dict(existing(document, planned))
    for entry in record.entries():
        if entry.id is None and entry.key in there:
            object_id, within = there[entry.key]
            record.made(entry.key, object_id, **within)


def existing(
    document: Document, planned: Planned
) -> Iterable[tuple[Key, tuple[str, dict[str, str]]]]:
    """Everything that the file describes and the tenant has: its id, and what deleting it takes."""
    names = planned.names
    pending = {change.key for change in planned.plan.changes if change.deed is Deed.CREATE}
    for key in sorted(keys_of(document.file) - pending):
        kind, *where = key
        if kind in ("person", "group"):
            object_id = names.id_of(kind, where[0])
            if not is_new(object_id):
                yield key, (object_id, {})
        elif kind == "member":
            group_id = names.id_of("group", where[0])
            yield key, (names.id_of("person", where[1]), {"group": group_id})
        elif kind != "manager":
            located = planned.survey.locate(key, names)
            if located is not None:
                yield key, located

"""Carries a plan out: what depends on nothing else at the same time, and each call may be the last before a crash."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.errors import LatchkeyError
from bot.provisioning.delete import Undoing
from bot.provisioning.diff import Change, Deed
from bot.provisioning.file import Document
from bot.provisioning.in_use import Held
from bot.provisioning.kinds.catalogs import Making
from bot.provisioning.kinds.people import TrialPeople
from bot.provisioning.kinds.roles import Content
from bot.provisioning.lookups import Looking
from bot.provisioning.ownership import Located, claim_what_was_begun, existing
from bot.provisioning.plan import Planned
from bot.provisioning.retry import Waiting
from bot.provisioning.state import Key, Record
from bot.provisioning.write import Writing
from graph import Graph
from graph.errors import GraphError

# Told of each change when it is begun and when it is done.
Tell = Callable[[Change, bool], object]
# By kind of thing: what creates or changes one.
Deeds = Mapping[str, Callable[[Change], Awaitable[None]]]

# Kinds that need nothing of each other, in the order in which they can be made.  Policies come last: from then on
# people may ask, and by then it must be settled what the package gives and what it does not go together with.
STAGES: Final = (
    ("person", "group", "catalog"),
    ("manager", "member", "resource", "package"),
    ("role", "incompatible"),
    ("policy",),
)
# Eight envelopes of twenty.
CHANGES_AT_ONCE: Final = 160


class ApplyError(LatchkeyError):
    """A change could not be made; those before it were, and another apply goes on from here."""

    def __init__(
        self, change: Change, error: GraphError, *, done: int, of: int, others: int = 0
    ) -> None:
        self.change = change
        also = f" {others} more could not be made either." if others else ""
        super().__init__(
            f"Cannot {change.deed} {change.title}: {error}{also} {done} of {of} changes are made; "
            "apply again to go on from here."
        )


@dataclass(kw_only=True)
class Applying:
    """
    Everything that apply needs, beside the plan.

    Attributes:
        remarks: What came out otherwise than planned, a sentence each; all else was done.
    """

    graph: Graph
    document: Document
    record: Record
    waiting: Waiting
    tell: Tell = field(default=lambda change, done: None)
    remarks: list[str] = field(default_factory=list)
    _stays: bool = False
    _done: int = 0

    async def apply(self, planned: Planned) -> None:
        """
        Make every change of the plan: what is new or otherwise in stages, then one deletion after the other.

        Raises:
            ApplyError: One could not be made; what was under way beside it was brought to its end.
        """
        claim_what_was_begun(self.record, self._existing(planned))
        deeds = self._deeds(planned)
        undoing = Undoing(graph=self.graph, record=self.record, waiting=self.waiting)
        changes = planned.plan.changes
        for stage in STAGES:
            lines = _lines(
                each for each in changes if each.kind in stage and each.deed is not Deed.DELETE
            )
            for start in range(0, len(lines), CHANGES_AT_ONCE):
                some = lines[start : start + CHANGES_AT_ONCE]
                await self._make(some, deeds, of=len(changes))
        for change in changes:
            if change.deed is Deed.DELETE:
                await self._delete(change, undoing, of=len(changes))

    async def _make(self, lines: Sequence[Sequence[Change]], deeds: Deeds, *, of: int) -> None:
        """Make these at the same time, the changes of each line one after the other."""
        failed: list[tuple[Change, GraphError]] = []

        async def one_after_the_other(line: Sequence[Change]) -> None:
            for change in line:
                if failed:
                    return
                self.tell(change, False)
                try:
                    await deeds[change.kind](change)
                except GraphError as error:
                    failed.append((change, error))
                    return
                self._done += 1
                self.tell(change, True)

        tasks = [asyncio.create_task(one_after_the_other(line)) for line in lines]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if failed:
            change, error = failed[0]
            others = len(failed) - 1
            raise ApplyError(change, error, done=self._done, of=of, others=others) from error

    async def _delete(self, change: Change, undoing: Undoing, *, of: int) -> None:
        self.tell(change, False)
        try:
            is_gone = await self._is_deleted(change, undoing)
        except GraphError as error:
            raise ApplyError(change, error, done=self._done, of=of) from error
        self._done += 1
        if is_gone:
            self.tell(change, True)

    async def _is_deleted(self, change: Change, undoing: Undoing) -> bool:
        """Delete it, unless somebody got it meanwhile."""
        why = await self._why_not(change)
        if why is not None:
            self.remarks.append(f"{change.title} was left alone: {why}")
            return False
        await undoing.delete(change.title, change.kind, change.object_id or "", change.within)
        return True

    async def _why_not(self, change: Change) -> str | None:
        """Why something must not be deleted any more, although the plan said so: somebody got it meanwhile."""
        if self._stays and change.kind != "incompatible":
            return "what was left alone may rest on it; plan again"
        packages = []
        if change.kind in ("group", "member"):
            packages = await self.graph.packages.list(named=False)
        held = Held(graph=self.graph, packages=packages)
        why = await held.why(change.kind, change.object_id or "", change.within)
        self._stays = self._stays or why is not None
        return why

    def _existing(self, planned: Planned) -> dict[Key, Located]:
        pending = {each.key for each in planned.plan.changes if each.deed is Deed.CREATE}
        return existing(self.document, planned.names, planned.survey, pending=pending)

    def _deeds(self, planned: Planned) -> Deeds:
        """Who makes what."""
        graph, names, survey = self.graph, planned.names, planned.survey
        writing = Writing(record=self.record, waiting=self.waiting)
        looking = Looking(
            graph=graph, waiting=self.waiting, survey=survey, changes=planned.plan.changes
        )
        people = TrialPeople(graph=graph, names=names, looking=looking, writing=writing)
        making = Making(
            graph=graph,
            names=names,
            survey=survey,
            looking=looking,
            writing=writing,
            remark=self.remarks.append,
        )
        content = Content(graph=graph, names=names, survey=survey, looking=looking, writing=writing)
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
        for key, (object_id, within) in self._existing(planned).items():
            if self.record.entry(key) is None:
                self.record.made(key, object_id, **within)
                adopted.append(key)
        return adopted


def _lines(changes: Iterable[Change]) -> list[list[Change]]:
    """The changes in lines: what is done to the same package or group is done one after the other."""
    lines: dict[Key, list[Change]] = {}
    for change in changes:
        lines.setdefault(_belongs_to(change), []).append(change)
    return list(lines.values())


def _belongs_to(change: Change) -> Key:
    if change.kind == "member":
        return ("group", change.key[1])
    if change.kind in ("role", "incompatible", "policy"):
        return ("package", *change.key[1:3])
    return change.key

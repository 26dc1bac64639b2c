"""Carry a plan out: what depends on nothing else at the same time, and each call may be the last before a crash."""

import asyncio
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.errors import LatchkeyError
from bot.provisioning.changes.delete import Deleter
from bot.provisioning.changes.ownership import claim_what_was_begun, existing
from bot.provisioning.changes.plan import Planned
from bot.provisioning.file_format.file import Document
from bot.provisioning.kinds import STAGES, changeable_kind_of, deletable_kind_of, kind_of
from bot.provisioning.kinds.contexts import ApplyContext
from bot.provisioning.tenant.live_access import LiveAccess
from bot.provisioning.tenant.snapshot import Located
from bot.provisioning.writing.diff import Change, Operation
from bot.provisioning.writing.lookups import Lookups
from bot.provisioning.writing.retry import Retrier
from bot.provisioning.writing.state import Key, StateFile
from bot.provisioning.writing.write import Writer
from graph import Graph
from graph.errors import GraphError

# Told of each change when it is begun and when it is done.
Tell = Callable[[Change, bool], object]

# Eight batches of twenty.
CHANGES_AT_ONCE: Final = 160


class ApplyError(LatchkeyError):
    """A change could not be made; those before it were, and another apply goes on from here."""

    def __init__(
        self, change: Change, error: GraphError, *, done: int, of: int, others: int = 0
    ) -> None:
        self.change = change
        also = f" {others} more could not be made either." if others else ""
        super().__init__(
            f"Cannot {change.operation} {change.title}: {error}{also} {done} of {of} changes are made; "
            "apply again to go on from here."
        )


@dataclass(kw_only=True)
class Applier:
    """
    Carries plans out.

    Attributes:
        remarks: What came out otherwise than planned, a sentence each; all else was done.
    """

    graph: Graph
    document: Document
    state: StateFile
    retrier: Retrier
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
        claim_what_was_begun(self.state, self._existing(planned))
        context = self._context(planned)
        deleter = Deleter(graph=self.graph, state=self.state, retrier=self.retrier)
        changes = planned.plan.changes
        try:
            for stage in STAGES:
                lines = _lines(
                    each
                    for each in changes
                    if kind_of(each.key) in stage and each.operation is not Operation.DELETE
                )
                for start in range(0, len(lines), CHANGES_AT_ONCE):
                    some = lines[start : start + CHANGES_AT_ONCE]
                    await self._make_together(some, context, of=len(changes))
        finally:
            await context.lookups.stop()
        made = self.state.ids()
        for change in changes:
            if change.operation is Operation.DELETE:
                await self._delete(change, deleter, made, of=len(changes))

    async def _make_together(
        self, lines: Sequence[Sequence[Change]], context: ApplyContext, *, of: int
    ) -> None:
        """Make these at the same time, the changes of each line one after the other."""
        failed: list[tuple[Change, GraphError]] = []

        async def one_after_the_other(line: Sequence[Change]) -> None:
            for change in line:
                if failed:
                    return
                self.tell(change, False)
                try:
                    await _make(change, context)
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

    async def _delete(
        self, change: Change, deleter: Deleter, made: Container[str], *, of: int
    ) -> None:
        """Delete it, unless somebody got it since the plan was made, or added something to it."""
        self.tell(change, False)
        try:
            why = await self._why_not(change, made)
            if why is None:
                await deleter.delete(change.title, change.as_entry())
        except GraphError as error:
            raise ApplyError(change, error, done=self._done, of=of) from error
        self._done += 1
        if why is None:
            self.tell(change, True)
        else:
            self.remarks.append(f"{change.title} was left alone: {why}")

    async def _why_not(self, change: Change, made: Container[str]) -> str | None:
        """Say why something must not be deleted any more, although the plan said so."""
        kind = deletable_kind_of(change.key)
        if self._stays and kind.may_be_needed:
            return "what was left alone may rest on it; plan again"
        live_access = LiveAccess(graph=self.graph)
        why = await kind.why_in_use(live_access, change.object_id or "", change.within)
        why = why or await kind.why_kept_by_now(self.graph, change.as_entry(), made)
        self._stays = self._stays or why is not None
        return why

    def _existing(self, planned: Planned) -> dict[Key, Located]:
        pending = {each.key for each in planned.plan.changes if each.operation is Operation.CREATE}
        return existing(self.document, planned.names, planned.snapshot, pending=pending)

    def _context(self, planned: Planned) -> ApplyContext:
        return ApplyContext(
            graph=self.graph,
            names=planned.names,
            snapshot=planned.snapshot,
            lookups=Lookups(graph=self.graph, retrier=self.retrier, changes=planned.plan.changes),
            writer=Writer(state=self.state, retrier=self.retrier),
            remark=self.remarks.append,
        )

    def adopt(self, planned: Planned) -> list[Key]:
        """
        Put what the tenant already had under Latchkey's care, so that destroy may delete it.

        Entra's own catalog is nobody's to delete, and stays out.
        """
        adopted = []
        for key, (object_id, within) in self._existing(planned).items():
            if self.state.entry(key) is None:
                self.state.add(key, object_id, **within)
                adopted.append(key)
        return adopted


def _lines(changes: Iterable[Change]) -> list[list[Change]]:
    """Put the changes into lines: what is done to the same package or group is done one after the other."""
    lines: dict[Key, list[Change]] = {}
    for change in changes:
        lines.setdefault(kind_of(change.key).sequence_key(change.key), []).append(change)
    return list(lines.values())


async def _make(change: Change, context: ApplyContext) -> None:
    if change.operation is Operation.CREATE:
        await kind_of(change.key).create(change, context)
    else:
        await changeable_kind_of(change.key).change(change, context)

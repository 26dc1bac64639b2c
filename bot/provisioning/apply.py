"""Carries a plan out: one call after another, each of which may be the last before a crash."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bot.errors import LatchkeyError
from bot.provisioning.changes import Change, Deed
from bot.provisioning.content import Content
from bot.provisioning.held import Held
from bot.provisioning.making import Making
from bot.provisioning.ownership import Located, claim_what_was_begun, existing
from bot.provisioning.plan import Planned
from bot.provisioning.reading import Document
from bot.provisioning.record import Key, Record
from bot.provisioning.trial_people import TrialPeople
from bot.provisioning.undoing import Undoing
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

    async def apply(self, planned: Planned) -> None:
        """
        Make every change of the plan, in its order.

        Raises:
            ApplyError: One could not be made.
        """
        claim_what_was_begun(self.record, self._existing(planned))
        deeds = self._deeds(planned)
        undoing = Undoing(graph=self.graph, record=self.record, waiting=self.waiting)
        changes = planned.plan.changes
        for number, change in enumerate(changes):
            self.tell(change, False)
            try:
                is_made = await self._make(change, deeds, undoing)
            except GraphError as error:
                raise ApplyError(change, error, done=number, of=len(changes)) from error
            if is_made:
                self.tell(change, True)

    async def _make(self, change: Change, deeds: Deeds, undoing: Undoing) -> bool:
        if change.deed is not Deed.DELETE:
            await deeds[change.kind](change)
            return True
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
        names, survey = planned.names, planned.survey
        writing = Writing(record=self.record, waiting=self.waiting)
        people = TrialPeople(graph=self.graph, names=names, writing=writing)
        making = Making(
            graph=self.graph,
            names=names,
            survey=survey,
            writing=writing,
            remark=self.remarks.append,
        )
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
        for key, (object_id, within) in self._existing(planned).items():
            if self.record.entry(key) is None:
                self.record.made(key, object_id, **within)
                adopted.append(key)
        return adopted

"""Takes away what Latchkey made, in the only order that works, and nothing else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot import clock
from bot.provisioning.delete import Undoing, title_of
from bot.provisioning.diff import KINDS, Deed
from bot.provisioning.file import Document
from bot.provisioning.in_use import Held, counted, given_by, holdings
from bot.provisioning.inventory import present
from bot.provisioning.ownership import claim_what_was_begun, existing
from bot.provisioning.plan import make_plan
from bot.provisioning.retry import SETTLES, Waiting
from bot.provisioning.state import Entry, Record
from graph import Graph
from graph.errors import OPEN_REQUEST_EXISTS, Conflict, GraphUnavailable, Rejected
from graph.models import AccessPackage, Assignment


@dataclass(frozen=True, kw_only=True)
class Destruction:
    """
    What would be taken away.

    Attributes:
        assignments: Access that ends.
        entries: What is deleted, in order.
        kept: What Latchkey made and leaves, a sentence each.
    """

    assignments: tuple[Assignment, ...] = ()
    entries: tuple[Entry, ...] = ()
    kept: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """All of it, a line each."""
        ended = sorted(f"access of {_holder(each)}" for each in self.assignments)
        return [*ended, *(title_of(each.key) for each in self.entries)]


def _holder(assignment: Assignment) -> str:
    target, package = assignment.target, assignment.access_package
    who = (target and (target.display_name or target.email)) or "somebody"
    return f"{who} to {(package and package.display_name) or 'a package'}"


async def settle(
    graph: Graph, document: Document, record: Record, waiting: Waiting, *, version: str
) -> None:
    """
    Find out about what an apply that was cut short may have made.

    Raises:
        FileError: The file does not say any more what was begun.
        GraphError: The tenant cannot be read.
    """
    begun = [each for each in record.entries() if each.id is None]
    if not begun:
        return
    age = clock.real() - max(each.begun_at for each in begun)
    if age < SETTLES:
        waiting.say("waiting for the tenant to show what an earlier apply began")
        await waiting.sleep((SETTLES - age).total_seconds())
    planned = await make_plan(graph, document, record, version=version)
    pending = {each.key for each in planned.plan.changes if each.deed is Deed.CREATE}
    there = existing(document, planned.names, planned.survey, pending=pending)
    claim_what_was_begun(record, there)
    record.forget([each.key for each in record.entries() if each.id is None])


async def destruction(graph: Graph, record: Record) -> Destruction:
    """
    What destroy would take away; nothing is written.

    Raises:
        GraphError: The tenant cannot be read.
    """
    made = [each for each in record.entries() if each.id is not None]
    made.sort(key=lambda each: KINDS.index(each.key[0]), reverse=True)
    held = await holdings(graph)
    known = await present(graph, held.packages, made)
    there = [each for each in made if each.identity in known]
    in_use = await _in_use(graph, held, there)
    entries = [each for each in there if each.key not in in_use]
    assignments: dict[str, Assignment] = {}
    ours = {each.id for each in entries if each.key[0] == "package"}
    under = {
        policy.id
        for package in held.packages
        if package.id in ours
        for policy in package.assignment_policies
    }
    for entry in entries:
        if entry.id in under:
            # The package's own list has them.
            continue
        live = await held.by(entry.key[0], entry.id or "")
        assignments |= {each.id: each for each in live}
    return Destruction(
        assignments=tuple(assignments.values()), entries=tuple(entries), kept=tuple(in_use.values())
    )


async def _in_use(graph: Graph, held: Held, entries: Iterable[Entry]) -> dict[tuple[str, ...], str]:
    """What packages of somebody else's need, and why each of it stays."""
    entries = list(entries)
    ours = {each.id for each in entries if each.key[0] == "package"}
    others = Held(graph=graph, packages=[each for each in held.packages if each.id not in ours])
    kept = {}
    for entry in entries:
        why = await _needed(graph, others, entry, ours)
        if why is not None:
            kept[entry.key] = f"{title_of(entry.key)} stays: {why}"
    return kept


async def _needed(graph: Graph, others: Held, entry: Entry, ours: set[str | None]) -> str | None:
    """Why something stays; *others* are the packages that Latchkey did not make."""
    kind, object_id, within = entry.key[0], entry.id or "", entry.within
    if kind in ("group", "member"):
        return await others.why(kind, object_id, within)
    if kind == "role" and within["package"] not in ours:
        return counted(await others.by("package", within["package"]))
    if kind not in ("catalog", "resource"):
        return None
    catalog_id = object_id if kind == "catalog" else within["catalog"]
    inside = [each for each in others.packages if each.catalog and each.catalog.id == catalog_id]
    if kind == "resource" and inside:
        resources = await graph.catalogs.resources(catalog_id)
        origins = [each.origin_id for each in resources if each.id == object_id and each.origin_id]
        giving = others.giving(origins[0]) if origins else []
        inside = [each for each in inside if each in giving]
    return given_by(inside) if kind == "resource" else _named(inside)


def _named(packages: Iterable[AccessPackage]) -> str | None:
    names = sorted(each.display_name or each.id for each in packages)
    return f"{', '.join(names)} needs it" if names else None


@dataclass(kw_only=True)
class Destroying:
    """Everything that destroy needs."""

    graph: Graph
    record: Record
    waiting: Waiting
    tell: Callable[[str, bool], object] = field(default=lambda title, done: None)

    async def destroy(self, what: Destruction) -> None:
        """
        End the access and wait until it has ended, then delete everything, last made first.

        Started again after a crash it goes on where it was.

        Raises:
            GraphError: Graph refuses a step; what was done before it stays done.
        """
        if what.assignments:
            await self._end(what.assignments)
        undoing = Undoing(graph=self.graph, record=self.record, waiting=self.waiting)
        for entry in what.entries:
            title = title_of(entry.key)
            self.tell(title, False)
            await undoing.delete(title, entry.key[0], entry.id or "", dict(entry.within))
            self.tell(title, True)
        left = self.record.entries()
        packages = await self.graph.packages.list(named=False)
        known = await present(self.graph, packages, left)
        self.record.forget([each.key for each in left if each.identity not in known])

    async def _end(self, assignments: Iterable[Assignment]) -> None:
        left = {each.id: each for each in assignments}
        asked: set[str] = set()

        async def over() -> bool | None:
            for assignment_id in list(left):
                assignment = await self.graph.assignments.get(assignment_id)
                if assignment.is_expired:
                    self.tell(f"access of {_holder(left.pop(assignment_id))}", True)
                elif assignment_id not in asked and await self._asked_to_end(assignment_id):
                    asked.add(assignment_id)
            return None if left else True

        for assignment in left.values():
            self.tell(f"access of {_holder(assignment)}", False)
        if await self.waiting.until(f"{len(left)} assignments to end", over) is None:
            names = ", ".join(_holder(each) for each in left.values())
            raise GraphUnavailable(
                f"The access of {names} has not ended yet; destroy again in a while to go on."
            )

    async def _asked_to_end(self, assignment_id: str) -> bool:
        """Ask Graph to end one assignment; False where a request before it is still under way."""

        async def ask() -> bool:
            try:
                await self.graph.assignments.request(
                    request_type="adminRemove", assignment_id=assignment_id
                )
            except (Rejected, Conflict) as error:
                if error.has_code(OPEN_REQUEST_EXISTS) or isinstance(error, Conflict):
                    return False
                raise
            except GraphUnavailable as error:
                # Removing twice is removing once; whether it is over, the next look tells.
                if not error.may_have_happened:
                    raise
                return False
            return True

        return await self.waiting.patiently("an assignment to be removed", ask)

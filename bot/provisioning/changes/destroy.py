"""Take away what Latchkey made, in the only order that works, and nothing else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot import clock
from bot.errors import LatchkeyError
from bot.provisioning.changes.delete import Deleter
from bot.provisioning.changes.inventory import present
from bot.provisioning.changes.ownership import claim_what_was_begun, existing
from bot.provisioning.changes.plan import make_plan
from bot.provisioning.file_format.file import Document
from bot.provisioning.kinds import deletable_kind_of, rank_of, title_of
from bot.provisioning.kinds.contexts import RemovalContext
from bot.provisioning.tenant.live_access import LiveAccess, others_policies
from bot.provisioning.writing.diff import Operation
from bot.provisioning.writing.retry import SETTLES, Retrier
from bot.provisioning.writing.state import Entry, Key, StateFile
from graph import Graph
from graph.errors import OPEN_REQUEST_EXISTS, Conflict, GraphUnavailable, NotFound, Rejected
from graph.models import AccessPackageAssignment


@dataclass(frozen=True, kw_only=True)
class Destruction:
    """
    Access and things that would be taken away.

    Attributes:
        assignments: Access that ends.
        entries: What is deleted, in order.
        kept: What Latchkey made and leaves, a sentence each.
    """

    assignments: tuple[AccessPackageAssignment, ...] = ()
    entries: tuple[Entry, ...] = ()
    kept: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Say all of it, a line each."""
        ended = sorted(f"access of {_holder(each)}" for each in self.assignments)
        return [*ended, *(title_of(each.key) for each in self.entries)]


def _holder(assignment: AccessPackageAssignment) -> str:
    target, package = assignment.target, assignment.access_package
    who = (target and (target.display_name or target.email)) or "somebody"
    return f"{who} to {(package and package.display_name) or 'a package'}"


async def settle(
    graph: Graph, document: Document, state: StateFile, retrier: Retrier, *, version: str
) -> None:
    """
    Find out about what an apply that was cut short may have made.

    Raises:
        FileError: The file does not say any more what was begun.
        GraphError: The tenant cannot be read.
    """
    begun = [each for each in state.entries() if each.id is None]
    if not begun:
        return
    age = clock.real() - max(each.begun_at for each in begun)
    if age < SETTLES:
        retrier.say("waiting for the tenant to show what an earlier apply began")
        await retrier.sleep((SETTLES - age).total_seconds())
    planned = await make_plan(graph, document, state, version=version)
    pending = {each.key for each in planned.plan.changes if each.operation is Operation.CREATE}
    there = existing(document, planned.names, planned.snapshot, pending=pending)
    claim_what_was_begun(state, there)
    state.remove([each.key for each in state.entries() if each.id is None])


async def destruction(graph: Graph, state: StateFile) -> Destruction:
    """
    Find what destroy would take away; nothing is written.

    Raises:
        GraphError: The tenant cannot be read.
    """
    made = [each for each in state.entries() if each.id is not None]
    made.sort(key=lambda each: rank_of(each.key), reverse=True)
    live_access = LiveAccess(graph=graph)
    packages = await live_access.packages()
    known = await present(graph, packages, made)
    there = [each for each in made if each.identity in known]
    kept = await _kept(live_access, there, state)
    entries = [each for each in there if each.key not in kept]
    assignments: dict[str, AccessPackageAssignment] = {}
    ours = {each.id for each in entries if each.key[0] == "package"}
    under = {
        policy.id
        for package in packages
        if package.id in ours
        for policy in package.assignment_policies
    }
    for entry in entries:
        if entry.id in under:
            # The package's own list has them.
            continue
        live = await live_access.assignments(entry.key[0], entry.id or "")
        assignments |= {each.id: each for each in live}
    return Destruction(
        assignments=tuple(assignments.values()), entries=tuple(entries), kept=tuple(kept.values())
    )


async def _kept(
    live_access: LiveAccess, entries: Iterable[Entry], state: StateFile
) -> dict[Key, str]:
    """
    Find what packages and policies need that Latchkey did not make, and say why each of it stays.

    Args:
        entries: In the order in which they are deleted: what rests on others comes before them.
    """
    entries, made = list(entries), state.ids()
    every = await live_access.packages()
    ours = {each.id for each in entries if each.key[0] == "package" and each.id}
    blocked = {each.id for each in every if each.id in ours and others_policies(each, made)}
    going = ours - blocked
    staying = [each for each in every if each.id not in going]
    removal = RemovalContext(
        graph=live_access.graph,
        live_access=LiveAccess(graph=live_access.graph, known=staying),
        created=frozenset(),
        made=made,
        leaving=frozenset(each.id for each in entries if each.key[0] == "group" and each.id),
        blocked=blocked,
        going=going,
    )
    kept = {}
    for entry in entries:
        kind = deletable_kind_of(entry.key)
        why = await kind.why_others_need(removal, entry)
        if why is None:
            kind.removed(removal, entry)
        else:
            kept[entry.key] = f"{title_of(entry.key)} stays: {why}"
    return kept


@dataclass(kw_only=True)
class Destroyer:
    """Ends access, and deletes."""

    graph: Graph
    state: StateFile
    retrier: Retrier
    tell: Callable[[str, bool], object] = field(default=lambda title, done: None)

    async def destroy(self, what: Destruction) -> None:
        """
        End the access and wait until it has ended, then delete everything, last made first.

        Started again after a crash it goes on where it was.

        Raises:
            GraphError: Graph refuses a step; what was done before it stays done.
            LatchkeyError: Somebody has added to a package what would go with it; the same holds.
        """
        made = self.state.ids()
        if what.assignments:
            await self._end(what.assignments)
        deleter = Deleter(graph=self.graph, state=self.state, retrier=self.retrier)
        for entry in what.entries:
            title = title_of(entry.key)
            self.tell(title, False)
            why = await deletable_kind_of(entry.key).why_kept_by_now(self.graph, entry, made)
            if why is not None:
                raise LatchkeyError(
                    f"{title} is left alone by now, and nothing more was deleted: {why}. Destroy again to see what stays."
                )
            await deleter.delete(title, entry)
            self.tell(title, True)
        left = self.state.entries()
        packages = await self.graph.packages.list(named=False)
        known = await present(self.graph, packages, left)
        self.state.remove([each.key for each in left if each.identity not in known])

    async def _end(self, assignments: Iterable[AccessPackageAssignment]) -> None:
        left = {each.id: each for each in assignments}
        asked: set[str] = set()

        async def over() -> bool | None:
            for assignment_id in list(left):
                try:
                    assignment = await self.graph.assignments.get(assignment_id)
                except NotFound:
                    # Graph does not show this one now; the others need not wait for it.
                    continue
                if assignment.is_expired:
                    self.tell(f"access of {_holder(left.pop(assignment_id))}", True)
                elif assignment_id not in asked and await self._asked_to_end(assignment_id):
                    asked.add(assignment_id)
            return None if left else True

        for assignment in left.values():
            self.tell(f"access of {_holder(assignment)}", False)
        if await self.retrier.wait_until(f"{len(left)} assignments to end", over) is None:
            names = ", ".join(_holder(each) for each in left.values())
            raise GraphUnavailable(
                f"The access of {names} has not ended yet; destroy again in a while to go on."
            )

    async def _asked_to_end(self, assignment_id: str) -> bool:
        """Ask Graph to end one assignment; False where a request before it is still under way."""

        async def ask() -> bool:
            try:
                await self.graph.assignment_requests.create(
                    request_type="adminRemove", assignment_id=assignment_id
                )
            except (Rejected, Conflict) as error:
                if error.has_code(OPEN_REQUEST_EXISTS) or isinstance(error, Conflict):
                    return False
                # A request from before a crash may have ended it since it was looked at.
                if (await self.graph.assignments.get(assignment_id)).is_expired:
                    return False
                raise
            except GraphUnavailable as error:
                # Removing twice is removing once; whether it is over, the next look tells.
                if not error.may_have_happened:
                    raise
                return False
            return True

        return await self.retrier.retry("an assignment to be removed", ask)

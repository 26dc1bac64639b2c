"""
Decide about things that Latchkey made and the file no longer describes: to delete, or to keep and why.

Whatever leaves the file, what somebody has keeps its package, and with it roles, resources, catalog and groups.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.provisioning.changes.inventory import present
from bot.provisioning.changes.ownership import existing, keys_of, removed_from_file
from bot.provisioning.file_format.model import File
from bot.provisioning.kinds import REMOVAL_ORDER, deletable_kind_of, title_of
from bot.provisioning.kinds.contexts import FileScope, RemovalContext
from bot.provisioning.tenant.live_access import LiveAccess
from bot.provisioning.tenant.resolve import Names, mentions
from bot.provisioning.tenant.snapshot import Snapshot
from bot.provisioning.writing.diff import Change, Operation
from bot.provisioning.writing.state import Entry, StateFile
from graph import Graph


@dataclass(kw_only=True)
class RemovedFromFile:
    """
    Things that left the file.

    Attributes:
        entries: What Latchkey made and the file no longer describes.
        described: Ids of the packages that the file describes.
        removal: What was decided so far.
        kept: What stays, a sentence each.
        mentioned: Ids of the packages and policies that are deleted, or kept with a sentence.
    """

    graph: Graph
    entries: Sequence[Entry]
    described: frozenset[str]
    removal: RemovalContext
    kept: list[str] = field(default_factory=list)
    mentioned: set[str] = field(default_factory=set)

    @classmethod
    async def of(
        cls, scope: FileScope, state: StateFile, changes: Iterable[Change]
    ) -> "RemovedFromFile":
        """
        Compare the state with the file.

        Raises:
            GraphError: The tenant cannot be read.
        """
        graph, document, snapshot = scope.graph, scope.document, scope.snapshot
        pending = {each.key for each in changes if each.operation is Operation.CREATE}
        there = existing(document, scope.names, snapshot, pending=pending)
        entries = removed_from_file(state, keys_of(document.file), there)
        packages = snapshot.packages
        if entries and not document.file.catalogs:
            packages = await graph.packages.list(named=False)
        packages_of_file = [
            each for catalog in snapshot.catalogs.values() for each in catalog.packages.values()
        ]
        described = (each.package.id for each in packages_of_file)
        return cls(
            graph=graph,
            entries=entries,
            described=frozenset(described),
            removal=RemovalContext(
                graph=graph,
                live_access=LiveAccess(graph=graph, known=packages),
                created=frozenset(key[:-1] for key in pending),
                made=state.ids(),
                named=frozenset(_named(document.file, scope.names)),
                leaving=frozenset(
                    each.id for each in entries if each.key[0] == "group" and each.id
                ),
                described=frozenset(
                    policy.id for each in packages_of_file for policy in each.policies.values()
                ),
                apart=frozenset(_kept_apart(document.file, snapshot)),
            ),
        )

    async def without_what_is_in_use(self, changes: Iterable[Change]) -> list[Change]:
        """Return the changes without those that take from somebody what they have."""
        left = []
        for change in changes:
            why = None
            if change.operation is Operation.DELETE:
                kind = deletable_kind_of(change.key)
                why = await kind.why_in_use(
                    self.removal.live_access, change.object_id or "", change.within
                )
            if why is None:
                left.append(change)
            else:
                self.kept.append(f"{change.title}: no longer in its list, but {why}")
                self.removal.keeping.add(change.within["package"])
        for change in left:
            if change.operation is Operation.DELETE:
                deletable_kind_of(change.key).removed(self.removal, change.as_entry())
        return left

    async def to_delete(self) -> list[Change]:
        """Return what of it is deleted; why the rest stays is in *kept*."""
        gone = []
        there = await present(self.graph, await self.removal.live_access.packages(), self.entries)
        for entry in sorted(self.entries, key=lambda each: REMOVAL_ORDER.index(each.key[0])):
            if entry.id is None:
                title = title_of(entry.key)
                self.kept.append(f"{title}: an apply that was cut short may have made it")
            elif entry.identity in there and await self._is_deleted(entry):
                gone.append(_deletion(entry))
        return gone

    async def _is_deleted(self, entry: Entry) -> bool:
        kind, removal = deletable_kind_of(entry.key), self.removal
        if kind.is_compared_with_list and entry.within["package"] in self.described:
            # What a package gives is compared with its list, where the file has one.
            return False
        if kind.is_listed_when_left_alone:
            self.mentioned.add(entry.id or "")
        needing = await kind.packages_needing(removal, entry)
        if needing and all(each.id in removal.blocked | removal.keeping for each in needing):
            # It stays with a package, or with a role of one, that was said to stay.
            return False
        why = kind.say_needed(needing) or await kind.why_in_use_when_removed(removal, entry)
        if why is not None:
            kind.kept(removal, entry)
            self.kept.append(kind.say_kept(removal, entry, why))
            return False
        kind.removed(removal, entry)
        return True


def _named(file: File, names: Names) -> set[str]:
    """Return the ids of people and groups that the file names and does not describe."""
    described = {names.id_of("group", each.name) for each in file.groups}
    described |= {names.id_of("person", each.email) for each in file.people}
    named = {
        names.id_of(subject.kind, subject.name)
        for _, subject in mentions(file)
        if subject.kind in ("group", "person")
    }
    return named - described


def _kept_apart(file: File, snapshot: Snapshot) -> Iterable[str]:
    """Yield the ids of the packages of which the file says what they do not go together with."""
    for catalog in file.catalogs:
        found = snapshot.catalogs.get(catalog.name)
        for package in catalog.packages:
            known = found.packages.get(package.name) if found else None
            if known is not None and package.not_together_with is not None:
                yield known.package.id


def _deletion(entry: Entry) -> Change:
    return Change(
        operation=Operation.DELETE,
        key=entry.key,
        title=title_of(entry.key),
        object_id=entry.id,
        within=dict(entry.within),
    )

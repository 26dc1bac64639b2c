"""
Finds out what of what Latchkey made the file no longer describes: to delete, or to keep and why.

Whatever leaves the file, what somebody holds keeps its package, and with it roles, resources, catalog and groups.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.provisioning.delete import title_of
from bot.provisioning.diff import Change, Deed
from bot.provisioning.file import Document
from bot.provisioning.in_use import Held, counted, given_by, names_of, roles_to_go
from bot.provisioning.inventory import present
from bot.provisioning.ownership import existing, forgotten_entries, keys_of
from bot.provisioning.resolve import Names
from bot.provisioning.snapshot import Survey
from bot.provisioning.state import Entry, Record
from graph import Graph
from graph.models import AccessPackage, Resource

# What rests on others comes behind what it rests on.
_ORDER = ("package", "policy", "role", "incompatible", "member", "resource", "catalog", "group")


@dataclass(kw_only=True)
class Leaving:
    """
    What leaves the file.

    Attributes:
        held: Who holds what.
        entries: What Latchkey made and the file no longer describes.
        described: Ids of the packages that the file describes.
        kept: What stays, a sentence each.
        spoken_for: Ids of the packages and policies that are deleted, or kept with a sentence.
    """

    graph: Graph
    held: Held
    entries: Sequence[Entry]
    described: frozenset[str]
    created: frozenset[tuple[str, ...]]
    kept: list[str] = field(default_factory=list)
    spoken_for: set[str] = field(default_factory=set)
    _blocked: set[str] = field(default_factory=set)
    _keeping: set[str] = field(default_factory=set)
    _going: set[str] = field(default_factory=set)
    _roles: set[tuple[str, str]] = field(default_factory=set)
    _resources: dict[str, list[Resource]] = field(default_factory=dict)

    @classmethod
    async def of(
        cls,
        graph: Graph,
        document: Document,
        record: Record,
        names: Names,
        found: Survey,
        changes: Iterable[Change],
    ) -> "Leaving":
        """
        Compare the record with the file.

        Raises:
            GraphError: The tenant cannot be read.
        """
        pending = {each.key for each in changes if each.deed is Deed.CREATE}
        there = existing(document, names, found, pending=pending)
        entries = forgotten_entries(record, keys_of(document.file), there)
        packages = found.packages
        if entries and not document.file.catalogs:
            packages = await graph.packages.list(named=False)
        described = (
            each.package.id
            for catalog in found.catalogs.values()
            for each in catalog.packages.values()
        )
        return cls(
            graph=graph,
            held=Held(graph=graph, packages=packages),
            entries=entries,
            described=frozenset(described),
            created=frozenset(key[:2] for key in pending if key[0] == "package"),
        )

    async def without_what_is_held(self, changes: Iterable[Change]) -> list[Change]:
        """The changes without those that take a role from somebody who holds its package."""
        left = []
        for change in changes:
            live = None
            if change.deed is Deed.DELETE and change.kind == "role":
                live = counted(await self.held.by("package", change.within["package"]))
            if live is None:
                left.append(change)
            else:
                self.kept.append(f"{change.title}: no longer in its list, but {live}")
                self._keeping.add(change.within["package"])
        self._roles |= roles_to_go(each for each in left if each.deed is Deed.DELETE)
        return left

    async def to_delete(self) -> list[Change]:
        """What of it goes; why the rest stays is in *kept*."""
        gone = []
        there = await present(self.graph, self.held.packages, self.entries)
        for entry in sorted(self.entries, key=_order):
            if entry.id is None:
                title = title_of(entry.key)
                self.kept.append(f"{title}: an apply that was cut short may have made it")
            elif entry.identity in there and await self._goes(entry):
                gone.append(_deletion(entry))
        return gone

    async def _goes(self, entry: Entry) -> bool:
        kind, object_id, within = entry.key[0], entry.id or "", dict(entry.within)
        if kind in ("role", "incompatible") and within["package"] in self.described:
            # What a package gives is compared with its list, where the file has one.
            return False
        if kind in ("package", "policy"):
            self.spoken_for.add(object_id)
        resting = await self._resting_on(entry)
        if resting and all(each.id in self._blocked | self._keeping for each in resting):
            # It stays with a package, or with a role of one, that was said to stay.
            return False
        why = _because(kind, resting) or await self._why_held(entry)
        if why is not None:
            if kind == "package":
                self._blocked.add(object_id)
            self.kept.append(self._sentence(entry, why))
            return False
        if kind == "package":
            self._going.add(object_id)
        elif kind == "role":
            self._roles.add((within["package"], object_id))
        return True

    async def _why_held(self, entry: Entry) -> str | None:
        kind, object_id = entry.key[0], entry.id or ""
        if kind in ("group", "member"):
            # What rests on them was asked for already.
            return None
        why = await self.held.why(kind, object_id, entry.within)
        package = self._package_of(object_id) if kind == "policy" else None
        return why or (await self.held.waiting_for(package.id) if package else None)

    async def _resting_on(self, entry: Entry) -> list[AccessPackage]:
        """The packages that stay and cannot be without it."""
        kind, object_id, within = entry.key[0], entry.id or "", entry.within
        staying = [each for each in self.held.packages if each.id not in self._going]
        if kind in ("role", "incompatible"):
            return [each for each in staying if each.id in self._blocked & {within["package"]}]
        if kind == "policy":
            package = self._package_of(object_id)
            return [package] if package is not None and package.id in self._blocked else []
        if kind == "catalog":
            return [each for each in staying if each.catalog and each.catalog.id == object_id]
        if kind == "member":
            return await self.held.through(object_id, within["group"])
        if kind == "group":
            giving = self.held.giving(object_id, without=self._roles)
            return [each for each in giving if each in staying]
        if kind == "resource":
            origins = [
                each.origin_id
                for each in await self._resources_of(within["catalog"])
                if each.id == object_id and each.origin_id
            ]
            giving = self.held.giving(origins[0], without=self._roles) if origins else []
            return [
                each
                for each in giving
                if each in staying and each.catalog and each.catalog.id == within["catalog"]
            ]
        return []

    def _package_of(self, policy_id: str) -> AccessPackage | None:
        for package in self.held.packages:
            if any(each.id == policy_id for each in package.assignment_policies):
                return package
        return None

    async def _resources_of(self, catalog_id: str) -> list[Resource]:
        if catalog_id not in self._resources:
            self._resources[catalog_id] = await self.graph.catalogs.resources(catalog_id)
        return self._resources[catalog_id]

    def _sentence(self, entry: Entry, why: str) -> str:
        said = f"{title_of(entry.key)}: no longer in this file, but {why}"
        if entry.key[0] != "package":
            return said
        said += ". What it gives stays with it"
        if entry.key[:2] in self.created:
            said += f". If it was renamed, write “was: {entry.key[2]}” under its new name"
        return said


def _because(kind: str, resting: Sequence[AccessPackage]) -> str | None:
    if kind == "catalog" and resting:
        return f"{names_of(resting)} {'is' if len(resting) == 1 else 'are'} in it"
    return given_by(resting)


def _order(entry: Entry) -> int:
    kind = entry.key[0]
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _deletion(entry: Entry) -> Change:
    return Change(
        deed=Deed.DELETE,
        key=entry.key,
        title=title_of(entry.key),
        object_id=entry.id,
        within=dict(entry.within),
    )

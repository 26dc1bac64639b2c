"""Define the contexts that plan, apply, import and destroy hand to a kind of thing with each question."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.provisioning.file_format.file import Document
from bot.provisioning.file_format.model import DescribedCatalog, DescribedPackage
from bot.provisioning.tenant.live_access import LiveAccess, say_others_policies
from bot.provisioning.tenant.resolve import Names
from bot.provisioning.tenant.snapshot import FoundCatalog, FoundPackage, Snapshot
from bot.provisioning.tenant.tenant_names import TenantNames
from bot.provisioning.writing.lookups import Lookups
from bot.provisioning.writing.state import Entry, Key
from bot.provisioning.writing.write import Writer
from bot.source import Place
from graph import Graph
from graph.models import (
    AccessPackage,
    AccessPackageCatalog,
    AccessPackageResource,
    AssignmentPolicy,
)


@dataclass(frozen=True, kw_only=True)
class RefreshContext:
    """Reading the tenant, after the names in the file are resolved."""

    graph: Graph
    document: Document
    names: Names
    snapshot: Snapshot


@dataclass(frozen=True, kw_only=True)
class FileScope(RefreshContext):
    """
    Planning what the file describes at its top.

    Attributes:
        version: Of Graph: "v1.0" or "beta".
        made: Ids of what Latchkey made under a name that the file has still, and the tenant no longer.
        problems: Why the file cannot be applied; a kind appends its own.
        notes: What is left alone, a sentence each; a kind appends its own.
        place: Where in the file the catalog or package stands.
    """

    version: str
    made: Mapping[Key, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    place: Place = ()

    def line(self, *inner: str | int) -> int:
        """Return the line (from 1) of a part of what is planned."""
        return self.document.line((*self.place, *inner))

    def refuse(self, sentence: str, *inner: str | int) -> None:
        """Note why the file cannot be applied, and where it says so."""
        self.problems.append(self.document.problem((*self.place, *inner), sentence))

    def made_as(self, key: Key) -> str | None:
        """
        Return the id of what Latchkey made under this name; None if there is none.

        What it is in may have another name since, of which the state knows nothing if Latchkey did not make it: the
        only one that is called so may be it, and whoever reads it sees where it is.
        """
        if key in self.made:
            return self.made[key]
        called_so = [
            object_id
            for each, object_id in self.made.items()
            if (each[0], each[-1]) == (key[0], key[-1])
        ]
        return called_so[0] if len(called_so) == 1 else None

    def refuse_double(self, said: str, *inner: str | int) -> None:
        """Note that a list has the same thing twice, by whatever names: it would be made again by each apply."""
        self.refuse(f"“{said}” stands here twice.", *inner)


@dataclass(frozen=True, kw_only=True)
class CatalogScope(FileScope):
    """Planning one catalog of the file; *found* is the tenant's, if there is one."""

    catalog: DescribedCatalog
    found: FoundCatalog | None


@dataclass(frozen=True, kw_only=True)
class PackageScope(CatalogScope):
    """Planning one package of the file."""

    package: DescribedPackage

    @property
    def found_package(self) -> FoundPackage | None:
        """Return the tenant's package, if there is one."""
        return self.found.packages.get(self.package.name) if self.found else None


@dataclass(frozen=True, kw_only=True)
class ApplyContext:
    """
    Making changes.

    Attributes:
        remark: Told of what came out otherwise than planned.
    """

    graph: Graph
    names: Names
    snapshot: Snapshot
    lookups: Lookups
    writer: Writer
    remark: Callable[[str], object]


@dataclass(kw_only=True)
class ImportContext:
    """
    Writing the file from the tenant as it is.

    Attributes:
        packages: Every package of the tenant.
        catalogs: Those that are written.
        left_out: What the file has no words for, a sentence each; a kind appends its own.
        mentioned: Ids of people, groups and applications whose names are needed; a kind appends its own.
        resources: What each catalog holds, by its id.
        policies: Policies of the packages that are written, whole, by id.
        incompatible: What each package does not go together with, by its id: kind and id, and the name.
    """

    graph: Graph
    names: TenantNames
    packages: Sequence[AccessPackage]
    catalogs: Sequence[AccessPackageCatalog]
    left_out: list[str] = field(default_factory=list)
    mentioned: dict[str, list[str]] = field(default_factory=dict)
    resources: dict[str, list[AccessPackageResource]] = field(default_factory=dict)
    policies: dict[str, AssignmentPolicy] = field(default_factory=dict)
    incompatible: dict[str, dict[tuple[str, str], str]] = field(default_factory=dict)

    def packages_in(self, catalog: AccessPackageCatalog) -> list[AccessPackage]:
        """Return the packages of a catalog."""
        return [each for each in self.packages if each.catalog and each.catalog.id == catalog.id]

    def written_packages(self) -> list[AccessPackage]:
        """Return the packages of all catalogs that are written."""
        ids = {each.id for each in self.catalogs}
        return [each for each in self.packages if each.catalog and each.catalog.id in ids]

    def mention(self, kind: str, object_id: str) -> None:
        """Note an id whose name is needed."""
        self.mentioned.setdefault(kind, []).append(object_id)

    def leave_out(self, sentence: str) -> None:
        """Note what the file has no words for."""
        self.left_out.append(sentence)


@dataclass(kw_only=True)
class Inventory:
    """
    Reading which of many things are still in the tenant.

    Attributes:
        packages: Every package of the tenant.
    """

    graph: Graph
    packages: Sequence[AccessPackage]
    _catalog_ids: set[str] | None = None

    async def catalog_ids(self) -> set[str]:
        """Return the ids of all catalogs, read once."""
        if self._catalog_ids is None:
            self._catalog_ids = {each.id for each in await self.graph.catalogs.list()}
        return self._catalog_ids


@dataclass(kw_only=True)
class RemovalContext:
    """
    Deciding what is deleted of what left the file, or of all that Latchkey made.

    Attributes:
        live_access: Who has what.
        created: Keys of what the plan creates, each without its name.
        made: Ids of what Latchkey made.
        named: Ids of people and groups that the file names without describing them, as whoever may ask, say.
        blocked: Ids of packages that left the file and stay.
        keeping: Ids of packages that keep a role which left their list.
        members: Ids of people who stay in a group that may not go.
        going: Ids of packages and policies that are deleted.
        leaving: Ids of groups that go, unless somebody needs them.
        described: Ids of policies that the file describes.
        apart: Ids of packages of which the file says what they do not go together with.
        roles: Roles that are deleted: ids of package and role.
        parted: What goes together again: ids of a package, and of what it did not go together with.
    """

    graph: Graph
    live_access: LiveAccess
    created: frozenset[tuple[str, ...]]
    made: frozenset[str]
    named: frozenset[str] = frozenset()
    leaving: frozenset[str] = frozenset()
    described: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    blocked: set[str] = field(default_factory=set)
    keeping: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    going: set[str] = field(default_factory=set)
    roles: set[tuple[str, str]] = field(default_factory=set)
    parted: set[tuple[str, str]] = field(default_factory=set)
    _resources: dict[str, list[AccessPackageResource]] = field(default_factory=dict)

    async def staying(self) -> list[AccessPackage]:
        """Return the packages that are not deleted."""
        return [each for each in await self.live_access.packages() if each.id not in self.going]

    async def say_named(self, kind: str, object_id: str) -> str | None:
        """Say which policy or package that stays needs a person or group; about what the file says it has been decided."""
        return await self.live_access.say_named(
            kind,
            object_id,
            settled=self.going | self.described,
            apart=self.apart | {package for package, other in self.parted if other == object_id},
        )

    async def say_others_policies(self, package_id: str) -> str | None:
        """Say which policies of a package Latchkey does not know for its own, which would go with it; None if none is."""
        packages = {each.id: each for each in await self.live_access.packages()}
        package = packages.get(package_id)
        return say_others_policies(package, self.made) if package is not None else None

    async def blocked_package(self, entry: Entry) -> list[AccessPackage]:
        """Return the package that the entry is within, if it left the file and stays."""
        ids = self.blocked & {entry.within["package"]}
        return [each for each in await self.staying() if each.id in ids]

    async def package_of(self, policy_id: str) -> AccessPackage | None:
        """Find the package that has a policy."""
        for package in await self.live_access.packages():
            if any(each.id == policy_id for each in package.assignment_policies):
                return package
        return None

    async def resources_of(self, catalog_id: str) -> list[AccessPackageResource]:
        """Return what a catalog holds, read once."""
        if catalog_id not in self._resources:
            self._resources[catalog_id] = await self.graph.catalogs.resources(catalog_id)
        return self._resources[catalog_id]

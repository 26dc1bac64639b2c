"""Provision incompatibilities: packages and groups that a package does not go together with."""

from collections.abc import Iterable, Sequence

from bot.provisioning.file_format.grammar import Thing, read_other
from bot.provisioning.file_format.model import File
from bot.provisioning.kinds.base import DeletableKind, PackageLevelKind
from bot.provisioning.kinds.contexts import (
    ApplyContext,
    ImportContext,
    Inventory,
    PackageScope,
    RefreshContext,
    RemovalContext,
)
from bot.provisioning.kinds.packages import PACKAGE_STAYS
from bot.provisioning.policy_translation.from_graph import Words
from bot.provisioning.tenant.resolve import Names, is_new
from bot.provisioning.tenant.snapshot import Located, Snapshot
from bot.provisioning.writing.diff import Change, Operation
from bot.provisioning.writing.state import Entry, Identity, Key
from bot.same_name import folded
from graph import Graph
from graph.models import AccessPackage, Group

# Kind ("package" or "group") and id of what a package does not go together with, and its name.
Incompatible = dict[tuple[str, str], str]


class IncompatibilityKind(PackageLevelKind, DeletableKind):
    """Pairs that do not go together; the file lists them all, and what it does not list is taken away."""

    name = "incompatible"
    stage = 2
    is_compared_with_list = True
    may_be_needed = False

    def title(self, *names: str) -> str:
        return f"package {names[1]} not together with {names[2]}"

    def keys(self, file: File) -> Iterable[Key]:
        for catalog in file.catalogs:
            for package in catalog.packages:
                for each in map(read_other, package.not_together_with or ()):
                    yield (self.name, catalog.name, package.name, str(each))

    async def refresh(self, context: RefreshContext) -> None:
        """Read it of each package of which the file says any."""
        asked = {}
        for catalog in context.document.file.catalogs:
            found = context.snapshot.catalogs.get(catalog.name)
            for described in catalog.packages:
                package = found.packages.get(described.name) if found else None
                if package is not None and described.not_together_with is not None:
                    asked[package.package.id] = package
        known = await context.graph.incompatibilities.of_each(asked)
        for package_id, (packages, groups) in known.items():
            asked[package_id].incompatible = by_kind(packages, groups)

    def find(self, key: Key, names: Names, snapshot: Snapshot) -> Located | None:
        found = snapshot.find_package(key)
        if found is None:
            return None
        other = read_other(key[3])
        within = {"package": found.package.id, "kind": other.kind}
        return names.id_of(other.kind, other.name), within

    async def present(self, inventory: Inventory, entries: Sequence[Entry]) -> set[Identity]:
        there = {each.id for each in inventory.packages}
        asked = [each for each in entries if each.within["package"] in there]
        known = await inventory.graph.incompatibilities.of_each(
            each.within["package"] for each in asked
        )
        return {
            each.identity
            for each in asked
            if (each.within["kind"], each.id) in by_kind(*known[each.within["package"]])
        }

    async def is_present(self, graph: Graph, entry: Entry) -> bool:
        package_id = entry.within["package"]
        found = await graph.incompatibilities.of_each([package_id])
        return (entry.within["kind"], entry.id) in by_kind(*found[package_id])

    async def plan(self, scope: PackageScope) -> Sequence[Change]:
        catalog, package, found = scope.catalog, scope.package, scope.found_package
        if package.not_together_with is None:
            return ()
        extra = dict(found.incompatible) if found else {}
        changes = []
        seen = set[tuple[str, str]]()
        for at, text in enumerate(package.not_together_with):
            wanted = read_other(text)
            other = (wanted.kind, scope.names.id_of(wanted.kind, wanted.name))
            if other in seen:
                scope.refuse_double(str(wanted), "not together with", at)
                continue
            seen.add(other)
            if wanted.kind == "package" and self._is_own(scope, other[1], wanted.name):
                scope.refuse(
                    f"{package.name} cannot be kept apart from itself.", "not together with", at
                )
                continue
            if not is_new(other[1]) and extra.pop(other, None) is not None:
                continue
            changes.append(
                Change(
                    operation=Operation.CREATE,
                    key=(self.name, catalog.name, package.name, str(wanted)),
                    title=self.title(catalog.name, package.name, str(wanted)),
                    line=scope.line("not together with", at),
                    want=wanted,
                )
            )
        for (kind, other_id), name in extra.items():
            changes.append(
                Change(
                    operation=Operation.DELETE,
                    key=(self.name, catalog.name, package.name, f"{kind} {name}"),
                    title=self.title(catalog.name, package.name, f"{kind} {name}"),
                    line=scope.line("not together with"),
                    object_id=other_id,
                    within={"package": found.package.id if found else "", "kind": kind},
                )
            )
        return changes

    def _is_own(self, scope: PackageScope, other_id: str, name: str) -> bool:
        """Tell whether that package is the one that is planned; one that is new goes by its name."""
        found = scope.found_package
        if found is None:
            return is_new(other_id) and folded(name) == folded(scope.package.name)
        return other_id == found.package.id

    async def read_for_import(self, context: ImportContext) -> None:
        """Read it of each package that is written."""
        wanted = [each.id for each in context.written_packages()]
        for package_id, both in (await context.graph.incompatibilities.of_each(wanted)).items():
            context.incompatible[package_id] = by_kind(*both)
            for kind, object_id in context.incompatible[package_id]:
                if kind == "group":
                    context.mention(kind, object_id)

    async def import_from_package(self, package: AccessPackage, context: ImportContext) -> Words:
        apart = [
            f"{kind} {await context.names.name(kind, object_id)}"
            for kind, object_id in context.incompatible[package.id]
        ]
        return {"not together with": sorted(apart)} if apart else {}

    def sequence_key(self, key: Key) -> Key:
        return ("package", *key[1:3])

    async def create(self, change: Change, context: ApplyContext) -> None:
        """Keep apart two packages, or a package and a group."""
        other: Thing = change.want
        package_id = context.snapshot.package_id(change.key)
        other_id = context.names.id_of(other.kind, other.name)

        async def look() -> str | None:
            found = await _look_up(context, package_id)
            return other_id if (other.kind, other_id) in found else None

        async def create() -> None:
            incompatibilities = context.graph.incompatibilities
            if other.kind == "group":
                await incompatibilities.add_group(package_id, group_id=other_id)
            else:
                await incompatibilities.add_package(package_id, other_id=other_id)

        await context.writer.create_once(
            change, look, create, accepts_existing=True, package=package_id, kind=other.kind
        )

    async def delete(self, graph: Graph, entry: Entry) -> None:
        package_id, other_id = entry.within["package"], entry.id or ""
        if entry.within["kind"] == "group":
            await graph.incompatibilities.remove_group(package_id, group_id=other_id)
        else:
            await graph.incompatibilities.remove_package(package_id, other_id=other_id)

    async def why_others_need(self, removal: RemovalContext, entry: Entry) -> str | None:
        return PACKAGE_STAYS if entry.within["package"] in removal.blocked else None

    async def packages_needing(
        self, removal: RemovalContext, entry: Entry
    ) -> Sequence[AccessPackage]:
        return await removal.blocked_package(entry)

    def removed(self, removal: RemovalContext, entry: Entry) -> None:
        removal.parted.add((entry.within["package"], entry.id or ""))


def by_kind(packages: Iterable[AccessPackage], groups: Iterable[Group]) -> Incompatible:
    """Put what a package does not go together with into one mapping."""
    return {
        **{("package", each.id): each.display_name or each.id for each in packages},
        **{("group", each.id): each.display_name or each.id for each in groups},
    }


async def _look_up(context: ApplyContext, package_id: str) -> Incompatible:
    """Read what a package does not go together with."""
    wanted = [
        context.snapshot.package_id(each.key) for each in context.lookups.created("incompatible")
    ]

    async def read() -> dict[str, Incompatible]:
        found = await context.graph.incompatibilities.of_each(wanted)
        return {each: by_kind(*both) for each, both in found.items()}

    return (await context.lookups.together("incompatible", read))[package_id]

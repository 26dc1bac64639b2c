"""Provision packages: what people may ask for."""

from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from bot.provisioning.file_format.model import DescribedCatalog, DescribedPackage, File
from bot.provisioning.kinds.base import ChangeableKind, DeletableKind, PackageLevelKind
from bot.provisioning.kinds.contexts import (
    ApplyContext,
    CatalogScope,
    FileScope,
    ImportContext,
    Inventory,
    PackageScope,
    RefreshContext,
    RemovalContext,
)
from bot.provisioning.policy_translation.from_graph import Words
from bot.provisioning.tenant.live_access import LiveAccess, say_assignments, say_others_policies
from bot.provisioning.tenant.resolve import Names
from bot.provisioning.tenant.snapshot import (
    FoundCatalog,
    FoundPackage,
    Located,
    Snapshot,
    by_name_or_former_name,
)
from bot.provisioning.writing.diff import (
    Change,
    Difference,
    Operation,
    block,
    compare,
    compare_names,
    notes_on_new,
    say_renamed,
)
from bot.provisioning.writing.lookups import FEW
from bot.provisioning.writing.state import Entry, Identity, Key
from bot.same_name import folded
from graph import Graph
from graph.errors import NotFound
from graph.models import AccessPackage

# Why what a package has stays with it.
PACKAGE_STAYS: Final = "its package stays"


class PackageKind(PackageLevelKind, ChangeableKind, DeletableKind):
    """Packages; the file names them within their catalog."""

    name = "package"
    stage = 1
    is_listed_when_left_alone = True
    has_former_name = True
    stays_with_it = "What it gives stays with it"

    def title(self, *names: str) -> str:
        return f"package {names[1]} in catalog {names[0]}"

    def keys(self, file: File) -> Iterable[Key]:
        for catalog in file.catalogs:
            yield from ((self.name, catalog.name, each.name) for each in catalog.packages)

    async def refresh(self, context: RefreshContext) -> None:
        """Match the packages of each catalog, which are read already, with the file's."""
        for described in context.document.file.catalogs:
            found = context.snapshot.catalogs.get(described.name)
            if found is not None:
                _match(described, found, context.snapshot.packages, context.names)

    def find(self, key: Key, names: Names, snapshot: Snapshot) -> Located | None:
        found = snapshot.find_package(key)
        return (found.package.id, {}) if found else None

    async def present(self, inventory: Inventory, entries: Sequence[Entry]) -> set[Identity]:
        known = {each.id for each in inventory.packages}
        return {each.identity for each in entries if each.id in known}

    async def is_present(self, graph: Graph, entry: Entry) -> bool:
        await graph.packages.get(entry.id or "", bare=True)
        return True

    async def plan(self, scope: PackageScope) -> Sequence[Change]:
        catalog, wanted, found = scope.catalog, scope.package, scope.found_package
        differences = (
            _differences(found.package, wanted) if found else compare({}, _described(wanted))
        )
        key = (self.name, catalog.name, wanted.name)
        if found is None:
            await self.refuse_second(scope, key, was=wanted.was)
        elif not differences:
            return ()
        title = self.title(catalog.name, wanted.name)
        return (
            Change(
                operation=Operation.CHANGE if found else Operation.CREATE,
                key=key,
                title=f"{title}{say_renamed(differences)}",
                line=scope.line(),
                differences=differences,
                want=wanted,
                object_id=found.package.id if found else None,
                notes=notes_on_new(wanted.name, scope.found.others.values())
                if found is None and scope.found is not None
                else (),
            ),
        )

    async def import_from_package(self, package: AccessPackage, context: ImportContext) -> Words:
        """Return its name, and what differs from how a package is made."""
        del context
        words: Words = {"name": package.display_name}
        if (package.description or "").strip():
            words["description"] = package.description
        if package.is_hidden:
            words["hidden"] = True
        return words

    async def create(self, change: Change, context: ApplyContext) -> None:
        package: DescribedPackage = change.want
        catalog_id = context.snapshot.catalogs[change.key[1]].catalog.id

        async def look() -> str | None:
            found = await _look_up(context, catalog_id, package.name)
            return found.id if found else None

        async def create() -> None:
            await context.graph.packages.create(
                catalog_id=catalog_id,
                display_name=package.name,
                description=package.description or package.name,
                is_hidden=bool(package.hidden),
            )

        package_id = await context.writer.create_once(change, look, create)
        context.names.bind("package", package.name, package_id)
        context.snapshot.note_package(change.key[1], package.name, package_id)

    async def change(self, change: Change, context: ApplyContext) -> None:
        package: DescribedPackage = change.want
        packages, package_id = context.graph.packages, change.object_id or ""

        async def write() -> None:
            await packages.update(
                package_id,
                display_name=package.name if change.changes("name") else None,
                description=package.description if change.changes("description") else None,
                is_hidden=package.hidden if change.changes("hidden") else None,
            )

        async def is_shown() -> bool:
            return change.is_done(_differences(await packages.get(package_id, bare=True), package))

        await context.writer.write_and_confirm(change, write, is_shown)

    async def name_now(self, scope: FileScope, object_id: str) -> str | None:
        catalog = scope.found.catalog if isinstance(scope, CatalogScope) and scope.found else None
        if catalog is None:
            return None
        with suppress(NotFound):
            package = await scope.graph.packages.get(object_id, bare=True)
            is_within = package.catalog is None or package.catalog.id == catalog.id
            return package.display_name if is_within else None
        return None

    async def delete(self, graph: Graph, entry: Entry) -> None:
        await graph.packages.delete(entry.id or "")

    async def why_in_use(
        self, live_access: LiveAccess, object_id: str, within: Mapping[str, str]
    ) -> str | None:
        live = say_assignments(await live_access.assignments("package", object_id))
        return live or await live_access.say_open_requests(object_id)

    async def why_others_need(self, removal: RemovalContext, entry: Entry) -> str | None:
        return await removal.say_others_policies(entry.id or "")

    async def why_in_use_when_removed(self, removal: RemovalContext, entry: Entry) -> str | None:
        """Look for policies of somebody else's, too: they go with their package."""
        live = await super().why_in_use_when_removed(removal, entry)
        return live or await removal.say_others_policies(entry.id or "")

    async def why_kept_by_now(self, graph: Graph, entry: Entry, made: Container[str]) -> str | None:
        """Look for policies of somebody else's once more."""
        try:
            package = await graph.packages.get(entry.id or "", named=False)
        except NotFound:
            return None
        return say_others_policies(package, made)

    def kept(self, removal: RemovalContext, entry: Entry) -> None:
        removal.blocked.add(entry.id or "")

    def removed(self, removal: RemovalContext, entry: Entry) -> None:
        removal.going.add(entry.id or "")


def _match(
    described: DescribedCatalog, found: FoundCatalog, every: Iterable[AccessPackage], names: Names
) -> None:
    within = [each for each in every if each.catalog and each.catalog.id == found.catalog.id]
    by_name = {folded(each.display_name): each for each in within}
    for wanted in described.packages:
        package = by_name_or_former_name(by_name, wanted.name, wanted.was)
        if package is not None:
            found.packages[wanted.name] = FoundPackage(package=_with_resources(package, found))
            names.bind("package", wanted.name, package.id)
    mine = {each.package.id for each in found.packages.values()}
    found.others = {each.id: each.display_name or each.id for each in within if each.id not in mine}


def _with_resources(package: AccessPackage, found: FoundCatalog) -> AccessPackage:
    """Return the package, each role with the resource that the catalog knows."""
    given = []
    for each in package.resource_role_scopes:
        resource = found.resources.get(((each.scope and each.scope.origin_id) or "").casefold())
        if each.role is not None and each.role.resource is None and resource is not None:
            role = each.role.model_copy(update={"resource": resource})
            each = each.model_copy(update={"role": role})
        given.append(each)
    return package.model_copy(update={"resource_role_scopes": given})


async def _look_up(context: ApplyContext, catalog_id: str, name: str) -> AccessPackage | None:
    if len(context.lookups.created("package")) <= FEW:
        found = await context.graph.packages.find(
            display_name=name, catalog_id=catalog_id, bare=True
        )
    else:
        found = [
            each
            for each in (await context.lookups.packages()).values()
            if each.catalog is not None
            and each.catalog.id == catalog_id
            and folded(each.display_name) == folded(name)
        ]
    return found[0] if found else None


def _described(package: DescribedPackage) -> dict[str, object]:
    return block(description=package.description, hidden=package.hidden)


def _differences(found: AccessPackage, package: DescribedPackage) -> tuple[Difference, ...]:
    """Compare with the tenant's package; about what the file does not say it has no opinion."""
    before = block(
        description=found.description if package.description is not None else None,
        hidden=bool(found.is_hidden) if package.hidden is not None else None,
    )
    return (
        *compare_names(found.display_name, package.name),
        *compare(before, _described(package)),
    )

"""Provision catalogs: containers of packages, and of what these may give."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress

from bot.provisioning.file_format.file import Document
from bot.provisioning.file_format.model import DescribedCatalog, File
from bot.provisioning.kinds.base import CatalogLevelKind, ChangeableKind, DeletableKind
from bot.provisioning.kinds.contexts import (
    ApplyContext,
    CatalogScope,
    FileScope,
    ImportContext,
    Inventory,
    RemovalContext,
)
from bot.provisioning.policy_translation.from_graph import Words
from bot.provisioning.tenant.live_access import say_packages
from bot.provisioning.tenant.resolve import Names
from bot.provisioning.tenant.snapshot import FoundCatalog, Located, Snapshot
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
from bot.provisioning.writing.state import Entry, Identity, Key
from bot.same_name import folded
from bot.source import FileError
from graph import Graph
from graph.errors import Forbidden, NotFound
from graph.models import AccessPackage, AccessPackageCatalog
from graph.values import same_word


class CatalogKind(CatalogLevelKind, ChangeableKind, DeletableKind):
    """Catalogs; Entra's own is nobody's to delete, and never found here."""

    name = "catalog"
    stage = 0
    has_former_name = True

    def title(self, *names: str) -> str:
        return f"catalog {names[0]}"

    def keys(self, file: File) -> Iterable[Key]:
        return ((self.name, catalog.name) for catalog in file.catalogs)

    def find(self, key: Key, names: Names, snapshot: Snapshot) -> Located | None:
        found = snapshot.catalogs.get(key[1])
        is_our_kind = found is not None and same_word(found.catalog.catalog_type, "userManaged")
        return (found.catalog.id, {}) if found is not None and is_our_kind else None

    async def present(self, inventory: Inventory, entries: Sequence[Entry]) -> set[Identity]:
        there = await inventory.catalog_ids()
        return {each.identity for each in entries if each.id in there}

    async def is_present(self, graph: Graph, entry: Entry) -> bool:
        await graph.catalogs.get(entry.id or "")
        return True

    async def plan(self, scope: CatalogScope) -> Sequence[Change]:
        wanted, found = scope.catalog, scope.found
        differences = (
            _differences(found.catalog, wanted) if found else compare({}, _described(wanted))
        )
        key = (self.name, wanted.name)
        if found is None:
            await self.refuse_second(scope, key, was=wanted.was)
        elif not differences:
            return ()
        return (
            Change(
                operation=Operation.CHANGE if found else Operation.CREATE,
                key=key,
                title=f"catalog {wanted.name}{say_renamed(differences)}",
                line=scope.line(),
                differences=differences,
                want=wanted,
                object_id=found.catalog.id if found else None,
                notes=notes_on_new(wanted.name, _unnamed(scope)) if found is None else (),
            ),
        )

    async def import_from_catalog(
        self, catalog: AccessPackageCatalog, context: ImportContext
    ) -> Words:
        """Return its name, and what differs from how a catalog is made."""
        del context
        words: Words = {"name": catalog.display_name}
        if (catalog.description or "").strip():
            words["description"] = catalog.description
        if not catalog.is_published:
            words["published"] = False
        if catalog.is_externally_visible:
            words["for external users"] = True
        return words

    async def create(self, change: Change, context: ApplyContext) -> None:
        catalog: DescribedCatalog = change.want

        async def look() -> str | None:
            found = await context.graph.catalogs.find(display_name=catalog.name)
            if found is None:
                return None
            context.snapshot.note_catalog(catalog.name, found)
            return found.id

        async def create() -> None:
            await context.graph.catalogs.create(
                display_name=catalog.name,
                description=catalog.description or catalog.name,
                is_published=catalog.published is not False,
                is_externally_visible=bool(catalog.for_external_users),
            )

        await context.writer.create_once(change, look, create)

    async def change(self, change: Change, context: ApplyContext) -> None:
        catalog: DescribedCatalog = change.want
        catalogs, catalog_id = context.graph.catalogs, change.object_id or ""

        async def write() -> None:
            await catalogs.update(
                catalog_id,
                display_name=catalog.name if change.changes("name") else None,
                description=catalog.description if change.changes("description") else None,
                is_published=catalog.published if change.changes("published") else None,
                is_externally_visible=catalog.for_external_users
                if change.changes("for external users")
                else None,
            )

        async def is_shown() -> bool:
            return change.is_done(_differences(await catalogs.get(catalog_id), catalog))

        await context.writer.write_and_confirm(change, write, is_shown)

    async def name_now(self, scope: FileScope, object_id: str) -> str | None:
        known = scope.snapshot.catalog_names.get(object_id)
        if known is None:
            # An app with one catalog hears of others that it may not see them, whether they are there or not.
            with suppress(NotFound, Forbidden):
                return (await scope.graph.catalogs.get(object_id)).display_name
        return known

    async def delete(self, graph: Graph, entry: Entry) -> None:
        await graph.catalogs.delete(entry.id or "")

    async def why_others_need(self, removal: RemovalContext, entry: Entry) -> str | None:
        inside = await removal.live_access.packages_in(entry.id or "")
        names = sorted(each.display_name or each.id for each in inside)
        return f"{', '.join(names)} needs it" if names else None

    async def packages_needing(
        self, removal: RemovalContext, entry: Entry
    ) -> Sequence[AccessPackage]:
        return [
            each for each in await removal.staying() if each.catalog and each.catalog.id == entry.id
        ]

    def say_needed(self, packages: Sequence[AccessPackage]) -> str | None:
        if not packages:
            return None
        return f"{say_packages(packages)} {'is' if len(packages) == 1 else 'are'} in it"


async def read_catalogs(graph: Graph, document: Document, snapshot: Snapshot) -> None:
    """
    Read the catalogs that the file describes, what they hold, and every package of the tenant.

    Raises:
        FileError: A name means more than one catalog.
        GraphError: The tenant cannot be read.
    """
    every, snapshot.packages = await asyncio.gather(
        graph.catalogs.list(), graph.packages.list(named=False)
    )
    snapshot.catalog_names = {each.id: each.display_name or "" for each in every}
    matched = [
        (each, _match(document, at, each, every)) for at, each in enumerate(document.file.catalogs)
    ]
    existing = [(each, catalog) for each, catalog in matched if catalog is not None]
    read = await asyncio.gather(*(_with_resources(graph, catalog) for _, catalog in existing))
    for (described, _), catalog in zip(existing, read, strict=True):
        snapshot.catalogs[described.name] = catalog


def _match(
    document: Document, at: int, described: DescribedCatalog, every: Iterable[AccessPackageCatalog]
) -> AccessPackageCatalog | None:
    """Find the one catalog that is meant: by its name, or else by the name that it had before."""
    for name in filter(None, (described.name, described.was)):
        same = [each for each in every if folded(each.display_name) == folded(name)]
        if len(same) > 1:
            ids = ", ".join(sorted(each.id for each in same))
            sentence = f"There are {len(same)} catalogs named “{name}” ({ids}); rename one of them in Entra."
            raise FileError([document.problem(("catalogs", at), sentence)])
        if same:
            return same[0]
    return None


async def _with_resources(graph: Graph, catalog: AccessPackageCatalog) -> FoundCatalog:
    resources = await graph.catalogs.resources(catalog.id)
    by_origin = {(each.origin_id or "").casefold(): each for each in resources}
    return FoundCatalog(catalog=catalog, resources=by_origin)


def _unnamed(scope: CatalogScope) -> list[str]:
    """Return what catalogs are called that the file does not name."""
    named = {each.catalog.id for each in scope.snapshot.catalogs.values()}
    return [name for each, name in scope.snapshot.catalog_names.items() if each not in named]


def _described(catalog: DescribedCatalog) -> dict[str, object]:
    return block(
        description=catalog.description,
        published=catalog.published,
        for_external_users=catalog.for_external_users,
    )


def _differences(found: AccessPackageCatalog, catalog: DescribedCatalog) -> tuple[Difference, ...]:
    """Compare with the tenant's catalog; about what the file does not say it has no opinion."""
    before = block(
        description=(found.description or "") if catalog.description is not None else None,
        published=found.is_published if catalog.published is not None else None,
        for_external_users=bool(found.is_externally_visible)
        if catalog.for_external_users is not None
        else None,
    )
    return (
        *compare_names(found.display_name, catalog.name),
        *compare(before, _described(catalog)),
    )

"""Provision resources: groups, applications, sites and Entra roles in a catalog, from which packages give roles."""

from collections.abc import Iterable, Sequence
from typing import Any

from bot.provisioning.file_format.grammar import (
    ENTRA_ROLE,
    Thing,
    kind_of_thing,
    read_role,
    read_thing,
    reads_back,
)
from bot.provisioning.file_format.model import DescribedCatalog, DescribedResource, File
from bot.provisioning.kinds import attributes
from bot.provisioning.kinds.base import CatalogLevelKind, ChangeableKind, DeletableKind
from bot.provisioning.kinds.contexts import (
    ApplyContext,
    CatalogScope,
    ImportContext,
    Inventory,
    RemovalContext,
)
from bot.provisioning.policy_translation.from_graph import Words
from bot.provisioning.tenant.live_access import say_giving
from bot.provisioning.tenant.resolve import Names
from bot.provisioning.tenant.snapshot import FoundCatalog, Located, Snapshot
from bot.provisioning.writing.diff import Change, Operation, compare
from bot.provisioning.writing.retry import may_write_again
from bot.provisioning.writing.state import Entry, Identity, Key
from bot.suggestions import nearest
from graph import Graph
from graph.errors import GraphError, GraphUnavailable
from graph.models import (
    AccessPackage,
    AccessPackageCatalog,
    AccessPackageResource,
)


class ResourceKind(CatalogLevelKind, ChangeableKind, DeletableKind):
    """Resources of a catalog: those that the file lists, and those that its packages give roles of."""

    name = "resource"
    stage = 1

    def title(self, *names: str) -> str:
        return f"{names[1]} in catalog {names[0]}"

    def keys(self, file: File) -> Iterable[Key]:
        for catalog in file.catalogs:
            for each in resources_of(catalog).values():
                yield (self.name, catalog.name, str(read_thing(each.thing)))

    def find(self, key: Key, names: Names, snapshot: Snapshot) -> Located | None:
        catalog = snapshot.catalogs.get(key[1])
        if catalog is None:
            return None
        found = catalog.resources.get(origin_of(read_thing(key[2]), names))
        return (found.id, {"catalog": catalog.catalog.id}) if found and found.id else None

    async def present(self, inventory: Inventory, entries: Sequence[Entry]) -> set[Identity]:
        """Read the catalogs that hold them; what was in a catalog that is gone is gone with it."""
        there = await inventory.catalog_ids()
        found = set()
        known: dict[str, list[AccessPackageResource]] = {}
        for entry in entries:
            catalog_id = entry.within["catalog"]
            if catalog_id not in known:
                known[catalog_id] = (
                    await inventory.graph.catalogs.resources(catalog_id)
                    if catalog_id in there
                    else []
                )
            if any(each.id == entry.id for each in known[catalog_id]):
                found.add(entry.identity)
        return found

    async def is_present(self, graph: Graph, entry: Entry) -> bool:
        resources = await graph.catalogs.resources(entry.within["catalog"])
        return any(each.id == entry.id for each in resources)

    async def plan(self, scope: CatalogScope) -> Sequence[Change]:
        catalog = scope.catalog
        changes = []
        listed = [str(read_thing(each.thing)).casefold() for each in catalog.resources]
        seen = set[str]()
        for folded, wanted in resources_of(catalog).items():
            thing = read_thing(wanted.thing)
            origin_id = origin_of(thing, scope.names)
            if origin_id in seen:
                # What a package gives may be named otherwise than in the list of resources.
                if folded in listed:
                    scope.refuse_double(str(thing), "resources", listed.index(folded))
                continue
            seen.add(origin_id)
            found = scope.found.resources.get(origin_id) if scope.found else None
            differences = compare(
                {"asks": attributes.say(found.attributes or ())}
                if found and wanted.asks is not None
                else {},
                {"asks": attributes.say_wanted(wanted.asks)} if wanted.asks is not None else {},
            )
            if found and not differences:
                continue
            at = ("resources", listed.index(folded)) if folded in listed else ()
            if thing.kind == ENTRA_ROLE and found is None:
                # Only a Privileged Role Administrator may, and an app of that power is not what Latchkey asks for.
                scope.refuse(
                    f"Latchkey puts no Entra role into a catalog; add “{thing.name}” to {catalog.name} in Entra.",
                    *at,
                )
                continue
            changes.append(
                Change(
                    operation=Operation.CHANGE if found else Operation.CREATE,
                    key=(self.name, catalog.name, str(thing)),
                    title=self.title(catalog.name, str(thing)),
                    line=scope.line(*at),
                    differences=differences,
                    want=wanted,
                    object_id=found.id if found else None,
                )
            )
        return changes

    async def read_for_import(self, context: ImportContext) -> None:
        """Read what each catalog holds, from which applications and Entra roles have their names."""
        for catalog in context.catalogs:
            resources = await context.graph.catalogs.resources(catalog.id)
            context.resources[catalog.id] = resources
            context.names.know(resources)
            for each in resources:
                kind = kind_of_thing(each.origin_system)
                if each.origin_id and kind in ("group", "application"):
                    context.mention(kind, each.origin_id)

    async def import_from_catalog(
        self, catalog: AccessPackageCatalog, context: ImportContext
    ) -> Words:
        listed: list[Any] = []
        for each in context.resources[catalog.id]:
            thing = await context.names.thing(each.origin_system, each.origin_id or "")
            if thing is None:
                name = each.display_name or each.origin_id
                kind = each.origin_system or "a kind that Graph does not say"
                context.leave_out(f"{name} in catalog {catalog.display_name}: it is {kind}")
                continue
            if not reads_back(thing):
                context.leave_out(
                    f"{thing} in catalog {catalog.display_name}: it would read otherwise"
                )
                continue
            asks = attributes.say(each.attributes or ())
            where = f"{thing} in catalog {catalog.display_name}"
            if asks and not attributes.reads_back(asks):
                context.leave_out(f"what {where} asks: it would read otherwise")
                asks = []
            for name in attributes.unsaid(each.attributes or ()) if asks else ():
                context.leave_out(
                    f"how {where} asks for {name}, beyond the question: an apply leaves it as it is"
                )
            listed.append({"thing": thing, "asks": asks} if asks else thing)
        return {"resources": sorted(listed, key=str)} if listed else {}

    async def create(self, change: Change, context: ApplyContext) -> None:
        """Put a group, application or site into a catalog, and wait until it shows what it asks."""
        wanted: DescribedResource = change.want
        thing = read_thing(wanted.thing)
        catalog = context.snapshot.catalogs[change.key[1]]
        origin_id = context.names.id_of(thing.kind, thing.name)
        environment = await _environment(context.graph, wanted)

        async def look() -> str | None:
            found = await look_up_resource(context, catalog, origin_id)
            return found.id if found else None

        async def create() -> None:
            await context.graph.resources.add(
                catalog_id=catalog.catalog.id,
                origin_id=origin_id,
                origin_system=thing.origin_system,
                attributes=attributes.wanted_attributes(wanted.asks or (), ()),
                environment_origin_id=environment,
            )

        await context.writer.create_once(
            change, look, create, accepts_existing=True, catalog=catalog.catalog.id
        )
        if wanted.asks is not None:
            await _confirm(change, context)

    async def change(self, change: Change, context: ApplyContext) -> None:
        """Let an application ask for other attributes."""
        wanted: DescribedResource = change.want
        thing = read_thing(wanted.thing)
        catalog = context.snapshot.catalogs[change.key[1]]
        origin_id = context.names.id_of(thing.kind, thing.name)

        async def write() -> None:
            found = await look_up_resource(context, catalog, origin_id)
            asked = (found.attributes if found else None) or ()
            await context.graph.resources.update(
                catalog_id=catalog.catalog.id,
                origin_id=origin_id,
                origin_system=thing.origin_system,
                attributes=attributes.wanted_attributes(wanted.asks or (), asked),
            )

        await context.writer.retrier.retry(change.title, write, retry_on=may_write_again)
        await _confirm(change, context)

    async def delete(self, graph: Graph, entry: Entry) -> None:
        await graph.resources.remove(catalog_id=entry.within["catalog"], resource_id=entry.id or "")

    async def why_others_need(self, removal: RemovalContext, entry: Entry) -> str | None:
        catalog_id, others = entry.within["catalog"], removal.live_access
        inside = await others.packages_in(catalog_id)
        if not inside:
            return None
        origins = _origins(await removal.graph.catalogs.resources(catalog_id), entry)
        if not origins:
            return None
        giving = await others.packages_giving(origins[0], without=removal.roles)
        return say_giving([each for each in inside if each in giving])

    async def packages_needing(
        self, removal: RemovalContext, entry: Entry
    ) -> Sequence[AccessPackage]:
        catalog_id = entry.within["catalog"]
        origins = _origins(await removal.resources_of(catalog_id), entry)
        if not origins:
            return ()
        staying = await removal.staying()
        return [
            each
            for each in await removal.live_access.packages_giving(origins[0], without=removal.roles)
            if each in staying and each.catalog and each.catalog.id == catalog_id
        ]


def resources_of(catalog: DescribedCatalog) -> dict[str, DescribedResource]:
    """Return what the catalog must hold: what the file lists, and what its packages give."""
    wanted = {str(read_thing(each.thing)).casefold(): each for each in catalog.resources}
    for package in catalog.packages:
        for text in package.gives or ():
            thing = read_role(text).thing
            wanted.setdefault(str(thing).casefold(), DescribedResource(thing=str(thing)))
    return wanted


def origin_of(thing: Thing, names: Names) -> str:
    """Return Graph's origin id of a thing, in small letters; a placeholder while it does not exist."""
    return names.id_of(thing.kind, thing.name).casefold()


async def look_up_resource(
    context: ApplyContext, catalog: FoundCatalog, origin_id: str
) -> AccessPackageResource | None:
    """Read a resource with its roles; afterwards the catalog in the snapshot knows all that it has."""

    async def read() -> None:
        found = await context.graph.catalogs.resources(catalog.catalog.id, with_roles=True)
        catalog.note(found)

    await context.lookups.together(f"resources of {catalog.catalog.id}", read)
    return catalog.resources.get(origin_id.casefold())


async def _confirm(change: Change, context: ApplyContext) -> None:
    """Wait until an application asks what it should."""
    wanted: DescribedResource = change.want
    thing = read_thing(wanted.thing)
    catalog = context.snapshot.catalogs[change.key[1]]
    origin_id = context.names.id_of(thing.kind, thing.name)

    async def shown() -> bool | None:
        found = await look_up_resource(context, catalog, origin_id)
        said = attributes.say(found.attributes or ()) if found else []
        return (
            None if compare({"a": said}, {"a": attributes.say_wanted(wanted.asks or ())}) else True
        )

    what = f"{change.title} to show what it asks"
    if await context.writer.retrier.wait_until(what, shown) is None:
        raise GraphUnavailable(f"Graph took what {change.title} asks, and does not show it.")


async def _environment(graph: Graph, wanted: DescribedResource) -> str | None:
    """
    Find the origin id of the SharePoint geography that the file names.

    Raises:
        GraphError: There is none of that name.
    """
    if wanted.environment is None:
        return None
    name = wanted.environment.rstrip("/").casefold()
    known = await graph.resources.environments()
    for each in known:
        words = (each.display_name, each.origin_id, each.id)
        if name in {(word or "").rstrip("/").casefold() for word in words}:
            return each.origin_id
    hint = nearest(wanted.environment, [each.display_name or "?" for each in known])
    raise GraphError(f"There is no SharePoint environment “{wanted.environment}”.{hint}")


def _origins(resources: Iterable[AccessPackageResource], entry: Entry) -> list[str]:
    return [each.origin_id for each in resources if each.id == entry.id and each.origin_id]

"""Puts resources into catalogs and roles into packages, and keeps apart what does not go together."""

from dataclasses import dataclass

from bot.provisioning.diff import Change, Deed, differing
from bot.provisioning.grammar import Role, Thing, nearest, read_thing
from bot.provisioning.kinds.resources import asked_in_words, attributes_in_words
from bot.provisioning.lookups import Looking
from bot.provisioning.model import Attribute, Resource
from bot.provisioning.resolve import Names
from bot.provisioning.retry import may_write_again
from bot.provisioning.snapshot import FoundCatalog, Survey, gives_role
from bot.provisioning.write import Writing
from graph import Graph
from graph.errors import GraphError, GraphUnavailable, NotFound
from graph.models import Question, ResourceAttribute, ResourceRole, ResourceScope
from graph.models import Resource as GraphResource


@dataclass(frozen=True, kw_only=True)
class Content:
    """One method a kind of thing; each takes the change that asks for it."""

    graph: Graph
    names: Names
    survey: Survey
    looking: Looking
    writing: Writing

    async def resource(self, change: Change) -> None:
        """Put a group, application or site into a catalog, or change what it asks."""
        wanted: Resource = change.want
        thing = read_thing(wanted.thing)
        there = self.survey.catalogs[change.key[1]]
        attributes = [_attribute(each, at) for at, each in enumerate(wanted.asks or ())]
        origin_id = self.names.id_of(thing.kind, thing.name)
        environment = await self._environment(wanted)

        async def look() -> str | None:
            found = await self.looking.resource(there, origin_id)
            return found.id if found else None

        async def create() -> None:
            await self.graph.resources.add(
                catalog_id=there.catalog.id,
                origin_id=origin_id,
                origin_system=thing.origin_system,
                attributes=attributes,
                environment_origin_id=environment,
            )

        if change.deed is Deed.CREATE:
            await self.writing.once(change, look, create, joins=True, catalog=there.catalog.id)
            if wanted.asks is None:
                return
        await self._ask(change, there, origin_id, attributes, send=change.deed is Deed.CHANGE)

    async def _ask(
        self,
        change: Change,
        there: FoundCatalog,
        origin_id: str,
        attributes: list[ResourceAttribute],
        *,
        send: bool,
    ) -> None:
        """See that an application asks what it should, after telling it so."""
        wanted: Resource = change.want

        async def write() -> None:
            await self.graph.resources.update(
                catalog_id=there.catalog.id,
                origin_id=origin_id,
                origin_system=read_thing(wanted.thing).origin_system,
                attributes=attributes,
            )

        async def shown() -> bool | None:
            found = await self.looking.resource(there, origin_id)
            said = attributes_in_words(found.attributes or ()) if found else []
            return (
                None if differing({"a": said}, {"a": asked_in_words(wanted.asks or ())}) else True
            )

        if send:
            await self.writing.waiting.patiently(change.title, write, retry_on=may_write_again)
        if await self.writing.waiting.until(f"{change.title} to show what it asks", shown) is None:
            raise GraphUnavailable(f"Graph took what {change.title} asks, and does not show it.")

    async def _environment(self, wanted: Resource) -> str | None:
        """Origin id of the SharePoint geography that the file names."""
        if wanted.environment is None:
            return None
        name = wanted.environment.rstrip("/").casefold()
        known = await self.graph.resources.environments()
        for each in known:
            words = (each.display_name, each.origin_id, each.id)
            if name in {(word or "").rstrip("/").casefold() for word in words}:
                return each.origin_id
        hint = nearest(wanted.environment, [each.display_name or "?" for each in known])
        raise GraphError(f"There is no SharePoint environment “{wanted.environment}”.{hint}")

    async def role(self, change: Change) -> None:
        """Let a package give a role."""
        wanted: Role = change.want
        package_id = self.survey.package_id(change.key)
        there = self.survey.catalogs[change.key[1]]
        origin_id = self.names.id_of(wanted.thing.kind, wanted.thing.name)

        async def look() -> str | None:
            for given in await self.looking.roles(package_id):
                if given.id and gives_role(given, wanted, origin_id.casefold()):
                    return given.id
            return None

        async def create() -> None:
            resource = there.resources.get(origin_id.casefold())
            if resource is None or resource.id is None:
                resource = await self.looking.resource(there, origin_id)
            if resource is None:
                raise NotFound(f"Catalog {change.key[1]} does not list {wanted.thing}.")
            role = await self._offered(there, resource, wanted)
            await self.graph.packages.add_role(
                package_id, role=role, scope=_scope(resource, wanted.thing, origin_id)
            )

        await self.writing.once(change, look, create, joins=True, package=package_id)

    async def _offered(
        self, there: FoundCatalog, resource: GraphResource, wanted: Role
    ) -> ResourceRole:
        offered = await there.roles_of(self.graph, resource)
        if not offered:
            raise NotFound(
                f"Catalog {there.catalog.display_name} lists no roles of {wanted.thing}."
            )
        folded = wanted.role.casefold()
        for role in offered:
            if folded in ((role.display_name or "").casefold(), (role.origin_id or "").casefold()):
                return role.model_copy(update={"resource": resource})
        hint = nearest(wanted.role, [each.display_name or "?" for each in offered])
        raise GraphError(f"{wanted.thing} has no role “{wanted.role}”.{hint}")

    async def incompatible(self, change: Change) -> None:
        """Keep apart two packages, or a package and a group."""
        other: Thing = change.want
        package_id = self.survey.package_id(change.key)
        other_id = self.names.id_of(other.kind, other.name)

        async def look() -> str | None:
            found = await self.looking.incompatible(package_id)
            return other_id if (other.kind, other_id) in found else None

        async def create() -> None:
            if other.kind == "group":
                await self.graph.packages.add_incompatible_group(package_id, group_id=other_id)
            else:
                await self.graph.packages.add_incompatible_package(package_id, other_id=other_id)

        await self.writing.once(
            change, look, create, joins=True, package=package_id, kind=other.kind
        )


def _scope(resource: GraphResource, thing: Thing, origin_id: str) -> ResourceScope:
    if resource.scopes:
        return resource.scopes[0]
    return ResourceScope(origin_id=origin_id, origin_system=thing.origin_system, is_root_scope=True)


def _attribute(wanted: Attribute, sequence: int) -> ResourceAttribute:
    question = Question(
        odata_type="#microsoft.graph.accessPackageTextInputQuestion",
        text=wanted.question,
        sequence=sequence,
        is_required=wanted.required,
        is_single_line_question=True,
        is_answer_editable=True,
    )
    return ResourceAttribute.asked(wanted.attribute, question)

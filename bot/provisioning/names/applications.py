"""Look up names of enterprise applications, as things to give and as whoever may ask."""

from collections.abc import Iterable, Mapping

from bot.packages.characters import is_plain
from bot.provisioning.names.base import LookupContext, NameKind, NamingContext, find_in_any_spelling
from graph import Graph


class ApplicationNameKind(NameKind):
    """Enterprise applications, by display name; Graph calls them service principals."""

    words = ("application", "service principal")

    async def look_up(
        self, names: Mapping[str, str], context: LookupContext
    ) -> dict[str, list[str]]:
        registered = await find_in_any_spelling(
            context.graph.applications.find_each, names.values()
        )
        for found in registered.values():
            context.applications.update((each.id, each) for each in found)
        return {key: [each.id for each in registered[name]] for key, name in names.items()}

    async def names_like(self, graph: Graph, beginning: str) -> list[str]:
        found = await graph.applications.starting_with(beginning)
        return [each.display_name or "" for each in found]

    async def names_of(self, ids: Iterable[str], context: NamingContext) -> dict[str, str]:
        names = {each: context.applications.get(each, "") for each in ids}
        found = await find_in_any_spelling(
            context.graph.applications.find_each, sorted(set(filter(is_plain, names.values())))
        )
        return {
            application_id: name
            for application_id, name in names.items()
            if [each.id for each in found.get(name, [])] == [application_id]
        }

"""Look up names of groups: display names, which are not unique."""

from collections.abc import Iterable, Mapping

from bot.packages.characters import is_plain
from bot.provisioning.file_format.model import File
from bot.provisioning.names.base import LookupContext, NameKind, NamingContext, find_in_any_spelling
from bot.same_name import folded
from graph import Graph


class GroupNameKind(NameKind):
    """Groups, by display name, or by the name that the file says they had before."""

    words = ("group",)

    def described(self, file: File, name: str) -> list[str]:
        return [each.name for each in file.groups if folded(each.name) == folded(name)]

    async def look_up(
        self, names: Mapping[str, str], context: LookupContext
    ) -> dict[str, list[str]]:
        before = {folded(group.name): group.was for group in context.file.groups if group.was}
        named = await find_in_any_spelling(
            context.graph.groups.find_each, [*names.values(), *before.values()]
        )
        found = {}
        for key, name in names.items():
            ids = [each.id for each in named[name]]
            former = [each.id for each in named.get(before.get(key, ""), [])]
            if former and not ids:
                context.renamed[key] = former[0]
            found[key] = ids or former
        return found

    def candidates(self, context: LookupContext) -> list[str]:
        return [each.name for each in context.file.groups]

    async def names_like(self, graph: Graph, beginning: str) -> list[str]:
        return [each.display_name or "" for each in await graph.groups.starting_with(beginning)]

    async def names_of(self, ids: Iterable[str], context: NamingContext) -> dict[str, str]:
        graph = context.graph
        groups = await graph.groups.get_many(ids)
        names = {
            group_id: (group.display_name if group else None) or ""
            for group_id, group in groups.items()
        }
        found = await find_in_any_spelling(
            graph.groups.find_each, sorted(set(filter(is_plain, names.values())))
        )
        return {
            group_id: name
            for group_id, name in names.items()
            if [each.id for each in found.get(name, [])] == [group_id]
        }

"""Look up names of groups: display names, which are not unique."""

import unicodedata
from collections.abc import Iterable, Mapping

from bot.packages.characters import is_plain
from bot.provisioning.file_format.model import File
from bot.provisioning.names.base import LookupContext, NameKind, NamingContext
from graph import Graph


class GroupNameKind(NameKind):
    """Groups, by display name, or by the name that the file says they had before."""

    words = ("group",)

    def described(self, file: File, name: str) -> list[str]:
        folded = name.casefold()
        return [each.name for each in file.groups if each.name.casefold() == folded]

    async def look_up(
        self, names: Mapping[str, str], context: LookupContext
    ) -> dict[str, list[str]]:
        before = {group.name.casefold(): group.was for group in context.file.groups if group.was}
        asked = [*names.values(), *before.values()]
        named = await context.graph.groups.find_each(
            dict.fromkeys([*asked, *map(_decomposed, asked)])
        )

        def ids_of(name: str) -> list[str]:
            spelled = dict.fromkeys((name, _decomposed(name)))
            return [each.id for way in spelled for each in named.get(way, [])]

        found = {}
        for folded, name in names.items():
            ids, former = ids_of(name), ids_of(before.get(folded, ""))
            if former and not ids:
                context.renamed[folded] = former[0]
            found[folded] = ids or former
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
        found = await graph.groups.find_each(sorted(set(filter(is_plain, names.values()))))
        return {
            group_id: name
            for group_id, name in names.items()
            if [each.id for each in found.get(name, [])] == [group_id]
        }


def _decomposed(name: str) -> str:
    """Return a name as somebody's keyboard may have put it into Entra: each accent a character of its own."""
    return unicodedata.normalize("NFD", name)

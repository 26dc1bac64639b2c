"""Look up names of packages, where one does not go together with another."""

from collections.abc import Iterable, Mapping

from bot.packages.characters import is_plain
from bot.provisioning.file_format.model import File
from bot.provisioning.names.base import LookupContext, NameKind, NamingContext
from bot.same_name import folded


class PackageNameKind(NameKind):
    """Packages, by display name; those that the file describes come first."""

    words = ("package",)

    def described(self, file: File, name: str) -> list[str]:
        packages = (package for catalog in file.catalogs for package in catalog.packages)
        return [each.name for each in packages if folded(each.name) == folded(name)]

    async def look_up(
        self, names: Mapping[str, str], context: LookupContext
    ) -> dict[str, list[str]]:
        """Look them up in the list of all; whether one that the file describes exists is found out with its catalog."""
        return {
            key: [each.id for each in context.packages if folded(each.display_name) == folded(name)]
            for key, name in names.items()
            if not self.described(context.file, name)
        }

    def candidates(self, context: LookupContext) -> list[str]:
        return [each.display_name for each in context.packages if each.display_name]

    async def names_of(self, ids: Iterable[str], context: NamingContext) -> dict[str, str]:
        names = {each.id: each.display_name or "" for each in await context.all_packages()}
        known = [folded(name) for name in names.values()]
        return {
            each: names[each]
            for each in ids
            if each in names and is_plain(names[each]) and known.count(folded(names[each])) == 1
        }

"""Look up names of Entra roles, which only the catalogs that hold them tell."""

from collections import Counter
from collections.abc import Iterable, Mapping

from bot.packages.characters import is_plain
from bot.provisioning.file_format.grammar import ENTRA_ROLE
from bot.provisioning.names.base import LookupContext, NameKind, NamingContext
from bot.same_name import folded
from bot.suggestions import nearest


class EntraRoleNameKind(NameKind):
    """Entra roles that a catalog holds."""

    words = (ENTRA_ROLE,)

    async def look_up(
        self, names: Mapping[str, str], context: LookupContext
    ) -> dict[str, list[str]]:
        return {key: sorted(context.in_catalogs.get((ENTRA_ROLE, key), ())) for key in names}

    async def say_missing(
        self, word: str, name: str, context: LookupContext, *, known: Iterable[str]
    ) -> str:
        del word, known
        held = [each for kind, each in context.in_catalogs if kind == ENTRA_ROLE]
        return (
            f"No catalog holds an Entra role “{name}”; put it into the catalog in Entra first."
            f"{nearest(name, held)}"
        )

    async def names_of(self, ids: Iterable[str], context: NamingContext) -> dict[str, str]:
        counts = Counter(folded(name) for name in context.roles.values())
        return {
            each: name
            for each in ids
            if is_plain(name := context.roles.get(each, "")) and counts[folded(name)] == 1
        }

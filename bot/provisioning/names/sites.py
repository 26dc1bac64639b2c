"""Look up names of SharePoint sites: addresses, or the names that catalogs give them."""

from collections.abc import Iterable, Mapping

from bot.provisioning.names.base import LookupContext, NameKind


class SiteNameKind(NameKind):
    """Sites; an address is the site's id itself."""

    words = ("site",)

    def id_written(self, name: str) -> str | None:
        return name if "://" in name else super().id_written(name)

    async def look_up(
        self, names: Mapping[str, str], context: LookupContext
    ) -> dict[str, list[str]]:
        return {key: sorted(context.in_catalogs.get(("site", key), ())) for key in names}

    async def say_missing(
        self, word: str, name: str, context: LookupContext, *, known: Iterable[str]
    ) -> str:
        del word, context, known
        return f"No catalog holds a site “{name}”; write its address, https://…"

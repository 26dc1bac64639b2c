"""Refuse names of connected organizations: they go by id only."""

from collections.abc import Iterable

from bot.provisioning.names.base import LookupContext, NameKind


class ConnectedOrganizationNameKind(NameKind):
    """Connected organizations, by id."""

    words = ("connected organization",)

    async def say_missing(
        self, word: str, name: str, context: LookupContext, *, known: Iterable[str]
    ) -> str:
        del word, context, known
        return f"“{name}” must be the id of the connected organization."

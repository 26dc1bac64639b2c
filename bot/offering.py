"""The packages of the last sweep, indexed once for each change of them, so that no look-up waits for another."""

import asyncio
from dataclasses import dataclass
from typing import Final

from bot.models import Package
from bot.package_index import PackageIndex
from bot.store import Store, catalog


@dataclass(frozen=True, kw_only=True)
class Offered:
    """
    The catalog of one moment.

    Attributes:
        everything: All that the last sweep found, for admins.
        askable: What somebody may ask for.  A hidden package is among it, for those who know its name, as in
            Entra.
        shown: What is offered, and suggested when a name is misspelled.
    """

    version: str
    everything: PackageIndex
    askable: PackageIndex
    shown: PackageIndex


def _indexed(version: str, packages: list[Package]) -> Offered:
    everything = PackageIndex(packages)
    return Offered(
        version=version,
        everything=everything,
        askable=everything.only(_can_be_asked_for),
        shown=everything.only(_is_shown),
    )


def _can_be_asked_for(package: Package) -> bool:
    return package.can_be_asked_for


def _is_shown(package: Package) -> bool:
    return package.can_be_asked_for and not package.is_hidden


class Offering:
    """Keeps the index of what is offered, and makes it anew when the mirrored packages have changed."""

    def __init__(self, store: Store) -> None:
        self._store: Final = store
        self._kept: Offered | None = None
        self._making = asyncio.Lock()

    async def now(self) -> Offered:
        """
        What is offered now.

        Raises:
            Busy: The database does not answer.
        """
        async with self._making:
            version = self._kept.version if self._kept else None
            changed = await self._store.read(catalog.if_changed, version)
            if changed is not None:
                # Some thousand names take a moment, in which others want to be heard.
                self._kept = await asyncio.to_thread(_indexed, *changed)
            if self._kept is None:
                raise RuntimeError("the catalog has neither changed nor been read")
            return self._kept

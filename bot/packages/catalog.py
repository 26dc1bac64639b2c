"""The packages of the last sync, indexed once for each change of them, so that no look-up waits for another."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, ParamSpec, TypeVar

from bot.database import Store, Transaction
from bot.database.connections.engine import Work
from bot.packages import names as package_names
from bot.packages.index import PackageIndex
from bot.packages.local_approval import with_local_approval
from bot.packages.local_links import OpeningsByPackage, openings_of
from bot.packages.model import Package
from bot.packages.offers import PoliciesHeldUnder
from bot.packages.settings.file import PackageSettingsFile
from bot.packages.store import catalog

P = ParamSpec("P")
R = TypeVar("R")

# Of at most 4,000 letters each, as long as Slack's commands.
READINGS_KEPT: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class PackageSnapshot:
    """
    The catalog of one moment.

    Attributes:
        everything: All that the last sync found, for admins.
        askable: What somebody may ask for.  A hidden package is among it, for those who know its name, as in
            Entra.
        shown: What is offered, and suggested when a name is misspelled.
        read: Finds the package that a text names, and the reason that it gives; raises UnknownPackage or
            WhichPackage where it names none, or may mean several.
        held_under: The policies under which people have it, which say what these may do.
        automatic: Ids of the policies under which Entra gives access by itself.
        package_settings: What is set for each package.
    """

    version: str
    everything: PackageIndex
    askable: PackageIndex
    shown: PackageIndex
    read: Callable[[str], tuple[Package, str | None]]
    held_under: PoliciesHeldUnder
    automatic: frozenset[str]
    package_settings: PackageSettingsFile

    def opened_by(self, package_ids: Iterable[str]) -> OpeningsByPackage:
        """Return what whoever has these packages can open; nothing of those that are not there any more."""
        found = {each: self.package(each) for each in package_ids}
        return {
            package_id: openings_of(package, self.package_settings)
            for package_id, package in found.items()
            if package is not None
        }

    def package(self, package_id: str) -> Package | None:
        """Return the package of that id, if there still is one."""
        return self.everything.by_id(package_id)


def _indexed(
    version: str, synced: list[Package], package_settings: PackageSettingsFile
) -> PackageSnapshot:
    packages = [with_local_approval(each, package_settings) for each in synced]
    everything = PackageIndex(packages)
    askable, shown = everything.only(_can_be_asked_for), everything.only(_is_shown)

    # Many people type the same: a name among thousands takes a millisecond.
    @lru_cache(maxsize=READINGS_KEPT)
    def read(text: str) -> tuple[Package, str | None]:
        return _read_name(askable, text, suggest=shown)

    return PackageSnapshot(
        version=version,
        everything=everything,
        askable=askable,
        shown=shown,
        read=read,
        held_under={key: policy for each in packages for key, policy in each.held_under.items()},
        automatic=frozenset(under for each in packages for under in each.automatic),
        package_settings=package_settings,
    )


def _can_be_asked_for(package: Package) -> bool:
    return package.can_be_asked_for


def _is_shown(package: Package) -> bool:
    return package.can_be_asked_for and not package.is_hidden


def _read_name(
    index: PackageIndex, text: str, *, suggest: PackageIndex
) -> tuple[Package, str | None]:
    """
    Return the package that *text* names, and the reason that it gives.

    Raises:
        UnknownPackage, WhichPackage: It names none, or may mean several.
    """
    typed = package_names.unescaped(text)
    match = index.read(typed)
    if typed != text:
        # Should Slack not have escaped it, it means itself.
        literal = index.read_exactly(text)
        if literal is not None:
            both = {package.id: package for package in (*match.packages, *literal.packages)}
            match = replace(match if match.packages else literal, packages=tuple(both.values()))
    if not match.packages:
        raise suggest.unknown(typed, name=match.name)
    return match.only(), match.reason


class OfferedPackages:
    """Keeps the index of what is offered, and makes it anew when the synced packages have changed."""

    def __init__(self, store: Store, package_settings: PackageSettingsFile) -> None:
        self._store: Final = store
        self._package_settings: Final = package_settings
        self._kept: PackageSnapshot | None = None
        self._making = asyncio.Lock()

    async def known(self) -> PackageSnapshot:
        """
        Return what was offered when somebody looked last, without a look at the database.

        For whoever compares the version before anything comes of it.
        """
        return self._kept or await self.now()

    async def now(self) -> PackageSnapshot:
        """
        Return what is offered now.

        Raises:
            Busy: The database does not answer.
        """
        offered, _ = await self.beside(_nothing)
        return offered

    async def beside(
        self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[PackageSnapshot, R]:
        """
        Return what is offered now, and what *work* reads in the same transaction.

        Raises:
            Busy: The database does not answer.
        """
        version, found = await self._store.read(_with_version, work, *args, **kwargs)
        return await self._of(version), found

    async def beside_written(
        self, work: Work[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[PackageSnapshot, R]:
        """
        The same for *work* that may write.

        Raises:
            Busy: The database does not answer.
        """
        version, found = await self._store.run(_with_version, work, *args, **kwargs)
        return await self._of(version), found

    async def _of(self, version: str) -> PackageSnapshot:
        if self._kept is None or self._kept.version != version:
            return await self._made()
        return self._kept

    async def _made(self) -> PackageSnapshot:
        """Index what has changed, once for all who have noticed."""
        async with self._making:
            version = self._kept.version if self._kept else None
            changed = await self._store.read(catalog.if_changed, version)
            if changed is not None:
                # Some thousand names take a moment, in which others want to be heard.
                self._kept = await asyncio.to_thread(_indexed, *changed, self._package_settings)
            if self._kept is None:
                raise RuntimeError("the catalog has neither changed nor been read")
            return self._kept


def _with_version(
    db: Transaction, work: Work[P, R], /, *args: P.args, **kwargs: P.kwargs
) -> tuple[str, R]:
    return catalog.version_of(db), work(db, *args, **kwargs)


def _nothing(db: Transaction) -> None:
    """For whoever wants to know what is offered, and nothing besides."""

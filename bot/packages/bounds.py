"""Keep to the catalogs of LATCHKEY_CATALOGS: packages of other catalogs are not offered, granted or removed."""

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.errors import ConfigurationError, NotAllowed
from bot.packages.names import clean, loosely_folded
from bot.words import N_
from graph import Graph
from graph.errors import NotFound
from graph.models import AccessPackage, AccessPackageCatalog

OUTSIDE: Final = N_(
    "I am not set up to handle that package here. Please ask your identity team, or My Access."
)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """
    The catalogs that count.

    Attributes:
        catalog_ids: Their ids, in small letters; None for all.
    """

    catalog_ids: frozenset[str] | None = None

    @property
    def are_set(self) -> bool:
        return self.catalog_ids is not None

    def has(self, package: AccessPackage) -> bool:
        """Tell if the package is in one of the catalogs; a package that names no catalog is in none."""
        return not self.are_set or (
            package.catalog is not None and self.has_catalog(package.catalog.id)
        )

    def has_catalog(self, catalog_id: str) -> bool:
        """Tell if a catalog is one of them."""
        return self.catalog_ids is None or catalog_id.lower() in self.catalog_ids

    def within(self, packages: Iterable[AccessPackage]) -> list[AccessPackage]:
        return [package for package in packages if self.has(package)]

    def insist(self, package: AccessPackage) -> None:
        """
        Go on only within the bounds.

        Raises:
            NotAllowed: The package is outside.
        """
        if not self.has(package):
            raise NotAllowed(OUTSIDE)


EVERYWHERE: Final = Bounds()


async def find_refusal(bounds: Bounds, graph: Graph, package_id: str) -> str | None:
    """
    Return why Latchkey may not touch a package, as it is now; None if it is within the bounds, where there are any.

    Raises:
        GraphError: It could not be read.
    """
    if not bounds.are_set:
        return None
    try:
        within = bounds.has(await graph.packages.get(package_id))
    except NotFound:
        within = False
    return None if within else OUTSIDE


def bounds_of(wanted: Sequence[str], catalogs: Collection[AccessPackageCatalog]) -> Bounds:
    """
    Return the bounds that LATCHKEY_CATALOGS sets.

    Args:
        wanted: Names or ids; empty for no bounds.
        catalogs: All that there are.

    Raises:
        ConfigurationError: One is not there, or its name is of several; a sentence each.
    """
    if not wanted:
        return EVERYWHERE
    problems: list[str] = []
    ids: set[str] = set()
    for word in wanted:
        found = {each.id.lower() for each in _meant(word, catalogs)}
        if len(found) == 1:
            ids |= found
        elif found:
            problems.append(
                f"LATCHKEY_CATALOGS has “{clean(word)}”, and several catalogs are called that: write the id, "
                f"{' or '.join(sorted(found))}."
            )
        else:
            problems.append(_unknown(word, catalogs))
    if problems:
        raise ConfigurationError(problems)
    return Bounds(catalog_ids=frozenset(ids))


def _meant(word: str, catalogs: Collection[AccessPackageCatalog]) -> list[AccessPackageCatalog]:
    named = [(each, each.display_name) for each in catalogs if each.display_name]
    by_id = [each for each in catalogs if each.id.lower() == word.lower()]
    exact = [each for each, name in named if clean(name) == clean(word)]
    return (
        by_id
        or exact
        or [each for each, name in named if loosely_folded(name) == loosely_folded(word)]
    )


def _unknown(word: str, catalogs: Collection[AccessPackageCatalog]) -> str:
    names = {
        loosely_folded(each.display_name): each.display_name
        for each in catalogs
        if each.display_name
    }
    near = difflib.get_close_matches(loosely_folded(word), names, n=1, cutoff=0.5)
    hint = f" Did you mean “{clean(names[near[0]])}”?" if near else ""
    return (
        f"LATCHKEY_CATALOGS has “{clean(word)}”, and there is no catalog of that name or id.{hint}"
    )

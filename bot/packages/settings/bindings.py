"""
Remember for which access package an entry of the package settings file was written, whatever either is called by now.

The file says a name, and names change in Entra without the file: what an entry said of a package then goes on holding for it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from bot.packages.names import clean

PACKAGES: Final = "packages"
CATALOGS: Final = "catalogs"


@dataclass(frozen=True)
class EntryNames:
    """The names of the entries that hold for a package: of packages, the nearest last, and of catalogs."""

    packages: tuple[str, ...] = ()
    catalogs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EntryBinding:
    """
    The entries that were written for one package.

    Attributes:
        packages, catalogs: What they said when they were last in the file, as YAML's words, by name; the nearest last.
        digest: Of the file in which they last agreed with Entra.
    """

    package_id: str
    packages: Mapping[str, Any] = field(default_factory=dict)
    catalogs: Mapping[str, Any] = field(default_factory=dict)
    digest: str

    @property
    def names(self) -> EntryNames:
        """Return the names of the entries."""
        return EntryNames(tuple(self.packages), tuple(self.catalogs))


NOT_BOUND: Final = EntryBinding(package_id="", digest="")


class Bindings:
    """The bindings of all packages, as this process knows them; replaced as a whole when they have changed."""

    def __init__(self, known: Iterable[EntryBinding] = ()) -> None:
        self._by_package: Mapping[str, EntryBinding] = {}
        self._holders: Mapping[str, frozenset[str]] = {}
        self.know(known)

    def know(self, known: Iterable[EntryBinding]) -> None:
        """Go by these from now on."""
        by_package = {each.package_id: each for each in known}
        holders: dict[str, set[str]] = {}
        for each in by_package.values():
            for name in each.packages:
                holders.setdefault(name, set()).add(each.package_id)
        self._by_package = by_package
        self._holders = {name: frozenset(ids) for name, ids in holders.items()}

    def __iter__(self) -> Iterator[EntryBinding]:
        return iter(self._by_package.values())

    def of(self, package_id: str) -> EntryBinding:
        """Return what is bound to a package; one without entries if nothing is."""
        return self._by_package.get(package_id, NOT_BOUND)

    def is_of_another(self, name: str, package_id: str) -> bool:
        """Tell whether an entry of a package was written for another one, and not for this one."""
        holders = self._holders.get(name, frozenset())
        return bool(holders) and package_id not in holders


@dataclass(frozen=True, kw_only=True)
class ListedPackage:
    """A package that is in Entra now, by its names there."""

    id: str
    name: str
    catalog: str


class ProblemKind(StrEnum):
    """The way in which the file and Entra do not agree."""

    # The package, its catalog or the entry was renamed: what the entry said goes on holding.
    RENAMED = "renamed"
    # Another package bears the name of the entry: only what is stricter holds for it.
    TAKEN = "taken"
    # No package or catalog bears the name of the entry.
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class BindingProblem:
    """
    Something in which the file and Entra do not agree.

    Attributes:
        package_id: None where it is about an entry that holds for nothing.
        section: "packages" or "catalogs", of the entries.
    """

    kind: ProblemKind
    entries: tuple[str, ...]
    section: str
    package_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rebound:
    """The bindings as they are by now, and in what the file and Entra do not agree."""

    bindings: tuple[EntryBinding, ...]
    problems: tuple[BindingProblem, ...]


class Rebinding:
    """Binds the entries of one file to the packages of one look at Entra, going by what was bound before."""

    def __init__(
        self,
        *,
        said: Mapping[str, Mapping[str, Any]],
        digest: str,
        listed: Collection[ListedPackage],
        before: Iterable[EntryBinding],
    ) -> None:
        """
        Args:
            said: The entries of the file by section and name, as YAML's words.
            digest: Of all that the file says.
            listed: Every package that Entra shows, whether or not Latchkey may touch it.
        """
        self._said = {section: said.get(section) or {} for section in (PACKAGES, CATALOGS)}
        self._digest = digest
        self._own = {each.id: self._named(each) for each in listed}
        self._before = {each.package_id: each for each in before}
        self._unmatched = {
            PACKAGES: self._said[PACKAGES].keys()
            - {name for own in self._own.values() for name in own.packages},
            CATALOGS: self._said[CATALOGS].keys()
            - {name for own in self._own.values() for name in own.catalogs},
        }

    def _named(self, package: ListedPackage) -> EntryNames:
        name, catalog = clean(package.name), clean(package.catalog)
        return EntryNames(
            tuple(each for each in names_of(name, catalog) if each in self._said[PACKAGES]),
            (catalog,) if catalog in self._said[CATALOGS] else (),
        )

    def result(self) -> Rebound:
        """Return the bindings by now; packages that Entra does not show keep theirs until the file has changed."""
        bindings, problems = [], []
        kept: set[str] = set()
        for package_id, own in self._own.items():
            before = self._before.get(package_id, NOT_BOUND)
            foreign = tuple(
                name
                for name in own.packages
                if name not in before.packages and self._is_taken(name, package_id)
            )
            wanted = tuple(each for each in own.packages if each not in foreign)
            lost_package = self._is_lost(PACKAGES, before, before.names.packages, wanted)
            lost_catalog = self._is_lost(CATALOGS, before, before.names.catalogs, own.catalogs)
            packages = before.names.packages if lost_package else wanted
            catalogs = before.names.catalogs if lost_catalog else own.catalogs
            agrees = not (lost_package or lost_catalog)
            binding = EntryBinding(
                package_id=package_id,
                packages=self._words(PACKAGES, packages, before.packages),
                catalogs=self._words(CATALOGS, catalogs, before.catalogs),
                digest=self._digest if agrees else before.digest,
            )
            if packages or catalogs:
                bindings.append(binding)
            for section, is_lost, names, now in (
                (PACKAGES, lost_package, before.names.packages, own.packages),
                (CATALOGS, lost_catalog, before.names.catalogs, own.catalogs),
            ):
                if is_lost:
                    gone = tuple(each for each in names if each not in now)
                    kept |= {f"{section}:{each}" for each in gone}
                    problems.append(
                        BindingProblem(
                            kind=ProblemKind.RENAMED,
                            entries=gone,
                            section=section,
                            package_id=package_id,
                        )
                    )
            if foreign:
                problems.append(
                    BindingProblem(
                        kind=ProblemKind.TAKEN,
                        entries=foreign,
                        section=PACKAGES,
                        package_id=package_id,
                    )
                )
        bindings += [
            each
            for each in self._before.values()
            if each.package_id not in self._own and each.digest == self._digest
        ]
        problems += [
            BindingProblem(kind=ProblemKind.NOBODY, entries=(name,), section=section)
            for section, names in self._unmatched.items()
            for name in sorted(names)
            if f"{section}:{name}" not in kept
        ]
        return Rebound(bindings=tuple(bindings), problems=tuple(problems))

    def _is_taken(self, name: str, package_id: str) -> bool:
        """Tell whether an entry of a package is still another one's."""
        for other in self._before.values():
            if other.package_id == package_id or name not in other.packages:
                continue
            own = self._own.get(other.package_id)
            if own is None or name in own.packages:
                # Gone, or of the same name: whoever has changed the file since has seen both.
                if other.digest == self._digest:
                    return True
            elif not own.packages or other.digest == self._digest:
                # Renamed, and without an entry of its own.
                return True
        return False

    def _is_lost(
        self, section: str, before: EntryBinding, names: Collection[str], own: Collection[str]
    ) -> bool:
        """Tell whether entries were written for a package that does not bear their names, and nobody has put that right."""
        lost = [each for each in names if each not in own]
        if not lost or before.digest == self._digest:
            return bool(lost)
        if any(each not in names for each in own):
            # The file was changed since, and has an entry under the name of now.
            return False
        still = [each for each in lost if each in self._said[section]]
        if section == CATALOGS:
            # A package may be moved to a catalog without settings, while others stay where it was.
            still = [each for each in still if each in self._unmatched[CATALOGS]]
        # An entry that is gone from the file while another holds for nothing was renamed there.
        return bool(still) or not (own or not self._unmatched[section])

    def _words(
        self, section: str, names: Collection[str], before: Mapping[str, Any]
    ) -> dict[str, Any]:
        said = self._said[section]
        return {each: said[each] if each in said else before[each] for each in names}


def names_of(package: str, catalog: str) -> tuple[str, ...]:
    """Return the names by which the file may mean a package, the nearest last."""
    return (package, f"{package} ({catalog})") if catalog else (package,)

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
        seen: While the file and Entra do not agree: every entry that the file had when that was found, as "packages: Name".
            What was written since was written by somebody who could know of it.
    """

    package_id: str
    packages: Mapping[str, Any] = field(default_factory=dict)
    catalogs: Mapping[str, Any] = field(default_factory=dict)
    seen: tuple[str, ...] = ()

    @property
    def names(self) -> EntryNames:
        """Return the names of the entries."""
        return EntryNames(tuple(self.packages), tuple(self.catalogs))


NOT_BOUND: Final = EntryBinding(package_id="")


class Bindings:
    """The bindings of all packages at one moment; it does not change."""

    def __init__(self, known: Iterable[EntryBinding] = ()) -> None:
        self._by_package: Final = {each.package_id: each for each in known}
        holders: dict[str, set[str]] = {}
        for each in self._by_package.values():
            for name in each.packages:
                holders.setdefault(name, set()).add(each.package_id)
        self._holders: Final = holders

    def __iter__(self) -> Iterator[EntryBinding]:
        return iter(self._by_package.values())

    def of(self, package_id: str) -> EntryBinding:
        """Return what is bound to a package; one without entries if nothing is."""
        return self._by_package.get(package_id, NOT_BOUND)

    def is_of_another(self, name: str, package_id: str) -> bool:
        """Tell whether an entry of a package was written for another one, and not for this one."""
        holders = self._holders.get(name, set())
        return bool(holders) and package_id not in holders


class LatestBindings:
    """
    The bindings as this process knows them.

    They are replaced as a whole while others read: whoever needs them more than once takes `now` once.
    """

    def __init__(self, known: Iterable[EntryBinding] = ()) -> None:
        self.now = Bindings(known)

    def know(self, known: Iterable[EntryBinding]) -> None:
        """Go by these from now on."""
        self.now = Bindings(known)


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
    """
    Binds the entries of one file to the packages of one look at Entra, going by what was bound before.

    What is bound stays so until the file, or an operator, says otherwise of the very package: a change of other lines says nothing.
    """

    def __init__(
        self,
        *,
        said: Mapping[str, Mapping[str, Any]],
        listed: Collection[ListedPackage],
        before: Iterable[EntryBinding],
    ) -> None:
        """
        Args:
            said: The entries of the file by section and name, as YAML's words.
            listed: Every package that Entra shows, whether or not Latchkey may touch it.
        """
        self._said = {section: said.get(section) or {} for section in (PACKAGES, CATALOGS)}
        self._listed = listed
        self._own = {each.id: own_entries(each, self._said) for each in listed}
        self._every_entry = tuple(
            _place(section, name) for section, entries in self._said.items() for name in entries
        )
        self._unmatched = {
            PACKAGES: self._said[PACKAGES].keys()
            - {name for own in self._own.values() for name in own.packages},
            CATALOGS: self._said[CATALOGS].keys()
            - {name for own in self._own.values() for name in own.catalogs},
        }
        self._go_by(before)

    def _go_by(self, before: Iterable[EntryBinding]) -> None:
        self._before = {each.package_id: each for each in before}
        self._known = Bindings(self._before.values())
        self._kept: set[str] = set()
        self._problems: list[BindingProblem] = []

    def result(self) -> Rebound:
        """Return the bindings by now, and what is wrong."""
        # What one package gives up another may have in the same look.
        self._go_by(self._bind_all())
        bindings = self._bind_all()
        nobody = [
            BindingProblem(kind=ProblemKind.NOBODY, entries=(name,), section=section)
            for section, names in self._unmatched.items()
            for name in sorted(names)
            if _place(section, name) not in self._kept
        ]
        return Rebound(bindings=bindings, problems=(*self._problems, *nobody))

    def _bind_all(self) -> tuple[EntryBinding, ...]:
        bound = [self._bind(package) for package in self._listed]
        # What Entra does not show may be there again at the next look.
        hidden = [
            each
            for each in self._before.values()
            if each.package_id not in self._own
            and (
                each.packages.keys() & self._said[PACKAGES].keys()
                or each.catalogs.keys() & self._said[CATALOGS].keys()
            )
        ]
        return (*(each for each in bound if each.packages or each.catalogs or each.seen), *hidden)

    def _bind(self, package: ListedPackage) -> EntryBinding:
        own, before = self._own[package.id], self._before.get(package.id, NOT_BOUND)
        bears = {PACKAGES: names_of(*_names(package)), CATALOGS: _names(package)[1:]}
        entries = {
            PACKAGES: (before.packages, own.packages),
            CATALOGS: (before.catalogs, own.catalogs),
        }
        written = self._written_since(before, own)
        foreign = tuple(
            name
            for name in own.packages
            if name not in before.packages
            and PACKAGES not in written
            and self._known.is_of_another(name, package.id)
        )
        # What is said of a package by its own name says also what is meant by that of its catalog.
        settles = {PACKAGES: {PACKAGES}, CATALOGS: {PACKAGES, CATALOGS}}
        lost = {
            section: tuple(
                name
                for name in names
                if name not in now
                and not written & settles[section]
                and self._holds(section, name, now, bears[section])
            )
            for section, (names, now) in entries.items()
        }
        if foreign:
            self._note(ProblemKind.TAKEN, foreign, PACKAGES, package)
        for section, names in lost.items():
            if names:
                self._kept |= {_place(section, name) for name in names}
                self._note(ProblemKind.RENAMED, names, section, package)
        bound = {
            section: self._words(
                section,
                names,
                # New ones are not added while the old go on: which are meant is not known.
                [each for each in names if each in now or each in lost[section]]
                if lost[section]
                else [each for each in now if each not in foreign],
            )
            for section, (names, now) in entries.items()
        }
        agrees = not (foreign or any(lost.values()))
        return EntryBinding(
            package_id=package.id,
            packages=bound[PACKAGES],
            catalogs=bound[CATALOGS],
            seen=() if agrees else before.seen or self._every_entry,
        )

    @staticmethod
    def _written_since(before: EntryBinding, own: EntryNames) -> set[str]:
        """Return the sections in which somebody has written an entry for the package since it was found that the two do not agree."""
        if not before.seen:
            return set()
        found = (
            (PACKAGES, own.packages, before.packages),
            (CATALOGS, own.catalogs, before.catalogs),
        )
        return {
            section
            for section, now, names in found
            if any(each not in names and _place(section, each) not in before.seen for each in now)
        }

    def _holds(self, section: str, name: str, own: Collection[str], bears: Collection[str]) -> bool:
        """
        Tell whether an entry that was written for a package still holds for it, although the two do not agree.

        Args:
            own: The entries that bear its names now.
            bears: Its names now.
        """
        if name in self._said[section]:
            # The package, or its catalog, is called otherwise by now.
            return True
        if name in bears:
            # It was taken out of the file; or renamed there, to what nothing is called yet.
            return bool(self._unmatched[section])
        # It was renamed in the file as well, if that knows the new name.
        return not own

    def _words(
        self, section: str, before: Mapping[str, Any], names: Iterable[str]
    ) -> dict[str, Any]:
        said = self._said[section]
        return {each: said[each] if each in said else before[each] for each in names}

    def _note(
        self, kind: ProblemKind, entries: tuple[str, ...], section: str, package: ListedPackage
    ) -> None:
        self._problems.append(
            BindingProblem(kind=kind, entries=entries, section=section, package_id=package.id)
        )


def _place(section: str, name: str) -> str:
    return f"{section}: {name}"


def _names(package: ListedPackage) -> tuple[str, str]:
    return clean(package.name), clean(package.catalog)


def own_entries(package: ListedPackage, said: Mapping[str, Mapping[str, Any]]) -> EntryNames:
    """Return the entries that bear a package's names."""
    name, catalog = _names(package)
    return EntryNames(
        tuple(each for each in names_of(name, catalog) if each in said[PACKAGES]),
        (catalog,) if catalog in said[CATALOGS] else (),
    )


def accepted(package: ListedPackage, said: Mapping[str, Mapping[str, Any]]) -> EntryBinding:
    """Return the binding of a package for which an operator says that the file means it by its names of now."""
    own = own_entries(package, said)
    return EntryBinding(
        package_id=package.id,
        packages={name: said[PACKAGES][name] for name in own.packages},
        catalogs={name: said[CATALOGS][name] for name in own.catalogs},
    )


def names_of(package: str, catalog: str) -> tuple[str, ...]:
    """Return the names by which the file may mean a package, the nearest last."""
    return (package, f"{package} ({catalog})") if catalog else (package,)

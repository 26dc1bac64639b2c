"""Finds packages by what people type: exactly that one, all that it may mean, or what comes near."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from typing import Final

from bot.errors import PackageName, UnknownPackage, WhichPackage
from bot.packages import names as package_names
from bot.packages.model import Package
from bot.packages.names import Reading

# Of what was typed, this much is compared when nothing of that name is there.
LONGEST_COMPARED: Final = 128
# Names that are compared letter by letter: those that share most with what was typed.
COMPARED: Final = 12
# Entries of the table of shared letters that one comparison looks at, whatever the catalog's size.
LOOKED_AT: Final = 20_000
# How alike two slugs must be to be worth a suggestion: the share of their pairs of letters.
ALIKE: Final = 0.5
# How alike what follows a name must be to what follows it in a longer name, to be a slip and no reason.
SAME_REST: Final = 0.75
# Ways to take a text apart that are tried when nothing of that name is there.
READINGS_TRIED: Final = 4
# Letters that are compared together.
TOGETHER: Final = 3
# Between several names.  A colon, a dash or a word such as "because" says that a reason follows, whatever it is.
BETWEEN_NAMES: Final = re.compile(r"\s*[,;.]\s+(?!because\b)", re.IGNORECASE)
# Of several names in one text.
MOST_LISTED: Final = 10
MOST_WORDS: Final = 8
MOST_SUGGESTED: Final = 20
# Of what somebody typed, in an answer.
LONGEST_REPEATED: Final = 80
NO_RULE: Final = 99


_ByName = defaultdict[str, list[Package]]


@dataclass(frozen=True, kw_only=True)
class Match:
    """
    The packages that a text names.

    Attributes:
        packages: Exactly one where it is clear; several when the person must say which; empty when none.
        name: The part that was read as the name.
        reason: The rest, if there is any.
        are_listed: The text names them one after the other.
    """

    packages: tuple[Package, ...]
    name: str
    reason: str | None
    are_listed: bool = False

    def only(self) -> Package:
        """
        Return the one package that is meant.

        Raises:
            WhichPackage: Several may be.
        """
        if len(self.packages) > 1:
            raise WhichPackage(
                self.name[:LONGEST_REPEATED],
                _choices(self.packages),
                reason=self.reason,
                are_listed=self.are_listed,
            )
        return self.packages[0]


class PackageIndex:
    """
    The packages of one moment by every way to name them; built once, never changed.

    A display name, letter by letter, is first; then the same name in other capitals and quotes; then the slug;
    then either with the catalog behind it.  The longest name in a text wins over a shorter one with a reason.
    Where two of these rules name different packages, or several packages bear one name, all are the answer.
    """

    def __init__(self, packages: Iterable[Package]) -> None:
        self._all: Final = tuple(packages)
        self._by_id: Final = {package.id: package for package in self._all}
        self._shown: Final = {package.slug: package for package in self._all}
        self._is_among: Callable[[Package], bool] = _everything
        self._exact: Final[_ByName] = defaultdict(list)
        self._folded: Final[_ByName] = defaultdict(list)
        self._slugs: Final[_ByName] = defaultdict(list)
        self._in_catalog: Final[_ByName] = defaultdict(list)
        self._grams: Final[defaultdict[str, list[int]]] = defaultdict(list)
        searched = []
        for place, package in enumerate(self._all):
            folded, slug = (
                package_names.loosely_folded(package.name),
                package_names.whole_slug(package.name),
            )
            self._exact[package_names.clean(package.name)].append(package)
            self._folded[folded].append(package)
            for each in {package.slug, slug}:
                self._slugs[each].append(package)
            if package.catalog:
                own = f"{package.name} ({package.catalog})"
                for each in {package_names.loosely_folded(own), package_names.whole_slug(own)}:
                    self._in_catalog[each].append(package)
            for gram in _grams(package.slug):
                self._grams[gram].append(place)
            searched.append(f"{folded} {package.slug}")
        self._searched: Final = tuple(searched)

    def only(self, is_among: Callable[[Package], bool]) -> "PackageIndex":
        """The same for some of the packages; the names of the others mean nothing in it."""
        some = copy(self)
        some._is_among = is_among
        return some

    @cached_property
    def packages(self) -> tuple[Package, ...]:
        return tuple(filter(self._is_among, self._all))

    def by_id(self, package_id: str) -> Package | None:
        found = self._by_id.get(package_id)
        return found if found is not None and self._is_among(found) else None

    def find(self, name: str) -> tuple[Package, ...]:
        """Return the packages that *name*, the whole of it, may mean."""
        _, found = self._named(package_names.whole_text(name))
        return found

    def the_one(self, name: str) -> Package | None:
        """
        Return the package that *name*, the whole of it, means; None if there is none.

        Raises:
            WhichPackage: It may mean several.
        """
        found = self.find(name)
        whole = Match(packages=found, name=package_names.clean(name), reason=None)
        return whole.only() if found else None

    def unknown(self, text: str, *, name: str) -> UnknownPackage:
        """Return what to answer to a *text* that names none: the nearest, and those that have the words of *name* in theirs."""
        begun, rest = self._begun_with(text)
        near = _once((*begun, *self.nearest(text), *self.search(name)))
        return UnknownPackage(
            name[:LONGEST_REPEATED],
            _choices(near[:MOST_SUGGESTED]),
            more=max(len(near) - MOST_SUGGESTED, 0),
            reason=rest or (_reason_beside(text, near[0]) if near else None),
        )

    def _begun_with(self, text: str) -> tuple[tuple[Package, ...], str | None]:
        """Return what the first words of *text* name, as many as do, and what follows them."""
        for reading in package_names.beginnings(text):
            _, found = self._named(reading)
            if found:
                return found, reading.reason
        return (), None

    def read(self, text: str, *, ignoring: re.Pattern[str] | None = None) -> Match:
        """
        Return what *text* asks for: a name in any spelling, and perhaps a reason behind it.

        "Finance, Payroll" are two packages, and not Finance because of Payroll: whoever typed it says which they need.

        Args:
            ignoring: What is no part of a name, such as a mention; it stays where it is in `Match.name`.
        """
        match, typed = self._read_first(text, ignoring=ignoring)
        words = package_names.clean(text)
        for _ in range(MOST_LISTED):
            behind = words.removeprefix(typed)
            sign = BETWEEN_NAMES.match(behind)
            if not match.packages or match.reason is None or sign is None:
                break
            words = behind[sign.end() :]
            other, typed = self._read_first(words, ignoring=ignoring)
            if not other.packages:
                break
            match = Match(
                packages=_once((*match.packages, *other.packages)),
                name=f"{match.name}{sign[0]}{other.name}",
                reason=other.reason,
                are_listed=True,
            )
        return match

    def _read_first(self, text: str, *, ignoring: re.Pattern[str] | None) -> tuple[Match, str]:
        """Return what the beginning of *text* names, with all that follows it as the reason; and how it was typed."""
        readings = package_names.readings(text, ignoring=ignoring)
        hits = []
        for length, reading in enumerate(readings):
            rule, found = self._named(reading)
            if found:
                hits.append((rule, length, found))
        if not hits:
            parsed = package_names.split_reason(text)
            return Match(packages=(), name=parsed.name, reason=parsed.reason), parsed.name
        # The strictest rule, and by that the longest name.
        _, length, found = min(hits, key=lambda hit: hit[:2])
        longer = next((more for _, place, more in hits if place < length), ())
        slips = self._slips(readings[:length], than=readings[length])
        chosen = readings[length]
        match = Match(
            packages=_once((*found, *longer, *slips)),
            name=package_names.bare(chosen.typed),
            reason=chosen.reason,
        )
        return match, chosen.typed

    def read_exactly(self, text: str) -> Match | None:
        """The same for *text* letter by letter, and by no other rule."""
        for reading in package_names.readings(text):
            found = self._among(self._exact.get(reading.name, ()) if reading.name else ())
            if found:
                return Match(packages=found, name=reading.name, reason=reading.reason)
        return None

    def _named(self, reading: Reading) -> tuple[int, tuple[Package, ...]]:
        """Return the strictest rule by which a name means something, the strictest first, and what it means."""
        for rule, (names, name) in enumerate(
            (
                (self._exact, reading.name),
                (self._exact, package_names.unquoted(reading.name)),
                (self._exact, package_names.bare(reading.name)),
                (self._folded, reading.folded),
                (self._slugs, reading.slug),
                (self._in_catalog, reading.folded),
                (self._in_catalog, reading.slug),
            )
        ):
            # What has no letter that could be typed names nothing.
            found = self._among(names.get(name, ()) if name else ())
            if found:
                # What a list shows as another package's word is never taken for this one's name without a question.
                shown = self._shown.get(package_names.unquoted(reading.name))
                return rule, _once((*found, *self._among([shown] if shown else ())))
        return NO_RULE, ()

    def _among(self, packages: Iterable[Package]) -> tuple[Package, ...]:
        return tuple(filter(self._is_among, packages))

    def _slips(self, longer: Sequence[Reading], *, than: Reading) -> tuple[Package, ...]:
        """
        Packages whose longer names differ by a slip from what was typed, where a shorter one fits.

        "Server Access - 6 Month" is Server Access because of "6 Month", or a slip of Server Access - 6 Months:
        whoever typed it says which.
        """
        if not than.slug:
            return ()
        start = f"{than.slug}-"
        found = []
        for reading in longer[-READINGS_TRIED:]:
            for package in self._alike(reading.slug):
                rests = (reading.slug.removeprefix(start), package.slug.removeprefix(start))
                if package.slug.startswith(start) and _likeness(*rests) >= SAME_REST:
                    found.append(package)
        return _once(found)

    def nearest(self, text: str, *, count: int = 3) -> tuple[Package, ...]:
        """Return the packages whose names look most like what was typed, or like a part of it, best first."""
        best: dict[str, tuple[float, Package]] = {}
        whole = package_names.whole_slug(package_names.clean(text)[: package_names.LONGEST_NAME])
        slugs = [reading.slug for reading in package_names.readings(text)]
        for slug in dict.fromkeys((whole, *slugs[: READINGS_TRIED - 2], *slugs[-2:])):
            for package in self._alike(slug):
                likeness = _likeness(slug, package.slug)
                if slug and (package.slug in slug or slug in package.slug):
                    likeness = max(likeness, ALIKE)
                if likeness >= max(ALIKE, best.get(package.id, (0.0, package))[0]):
                    best[package.id] = (likeness, package)
        ranked = sorted(best.values(), key=lambda each: (-each[0], each[1].slug))
        return tuple(package for _, package in ranked[:count])

    def search(self, text: str) -> tuple[Package, ...]:
        """Return the packages that have every word of *text* in their names, by name."""
        words = package_names.loosely_folded(text).split()[:MOST_WORDS]
        if not words:
            return ()
        return tuple(
            package
            for package, name in zip(self._all, self._searched, strict=True)
            if self._is_among(package) and all(word in name for word in words)
        )

    def _alike(self, slug: str) -> list[Package]:
        """Return a few packages that share most letters with *slug*, found without comparing it with each."""
        looked_at = 0
        shared: Counter[int] = Counter()
        # What few names have says most about which one is meant.
        for places in sorted(
            (self._grams[gram] for gram in _grams(slug[:LONGEST_COMPARED]) if gram in self._grams),
            key=len,
        ):
            looked_at += len(places)
            if looked_at > LOOKED_AT:
                break
            shared.update(places)
        likely = sorted(
            shared,
            key=lambda place: (
                -shared[place] / (len(slug) + len(self._all[place].slug)),
                place,
            ),
        )
        allowed = (place for place in likely if self._is_among(self._all[place]))
        return [self._all[place] for place in islice(allowed, COMPARED)]


def _reason_beside(text: str, package: Package) -> str | None:
    """Return what *text* says besides, if the part of it that is most like the name of *package* means it."""
    readings = package_names.readings(text)
    if not readings:
        return None
    return max(readings, key=lambda each: _likeness(each.slug, package.slug)).reason


def _everything(package: Package) -> bool:
    return True


def _grams(slug: str) -> set[str]:
    padded = f"-{slug}-"
    return {padded[place : place + TOGETHER] for place in range(len(padded) - TOGETHER + 1)}


def _likeness(one: str, other: str) -> float:
    """From 0 to 1: how many pairs of letters two slugs share, of those that they have; linear in their lengths."""
    ours, theirs = (Counter(pairwise(f"-{slug[:LONGEST_COMPARED]}-")) for slug in (one, other))
    return 2 * (ours & theirs).total() / (ours.total() + theirs.total())


def _once(packages: Iterable[Package]) -> tuple[Package, ...]:
    return tuple({package.id: package for package in packages}.values())


def _choices(packages: Iterable[Package]) -> list[PackageName]:
    return [PackageName(id=each.id, name=each.name, catalog=each.catalog) for each in packages]

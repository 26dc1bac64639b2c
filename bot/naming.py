"""From what people type to one access package: slugs, exact matches, and the nearest when there is none."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slugify import slugify

from bot.models import Package

LONGEST_SLUG: Final = 128
LONGEST_REASON: Final = 1_000
# "marketing-campaign because I run the launch", "marketing-campaign: the launch"
REASON: Final = re.compile(r"\s+because\b\s*|\s*:\s+|\s+[-–—]+\s+", re.IGNORECASE)
QUOTES: Final = "\"'`“”„‘’«»"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody typed behind the command, taken apart."""

    name: str
    reason: str | None


def slug_of(name: str) -> str:
    """The word people type for a display name: "Marketing Campaign" is marketing-campaign."""
    return slugify(name, max_length=LONGEST_SLUG)


def slugs_for(
    names: Sequence[tuple[str, str]], *, kept: Mapping[str, str] | None = None
) -> dict[str, str]:
    """
    A slug for each (id, display name), unique: equal names get a number.

    Names without a letter or digit get a slug made of their id.

    Args:
        kept: The slugs in use, by id.  A package keeps its slug for as long as its name makes it, so that a
            new one of the same name cannot take it away.
    """
    kept = kept or {}
    taken: dict[str, str] = {}
    newcomers = []
    for key, name in sorted(names):
        base = _base(key, name)
        slug = kept.get(key, "")
        if re.fullmatch(re.escape(base) + r"(-\d+)?", slug) and slug not in taken:
            taken[slug] = key
        else:
            newcomers.append((key, base))
    for key, base in newcomers:
        slug, number = base, 2
        while slug in taken:
            slug, number = f"{base}-{number}", number + 1
        taken[slug] = key
    return {key: slug for slug, key in taken.items()}


def _base(key: str, name: str) -> str:
    # Room for a number behind it.
    return slug_of(name)[: LONGEST_SLUG - 4] or f"package-{key[:8].lower()}"


def read_wish(text: str, packages: Iterable[Package] = ()) -> Wish:
    """
    Take apart what was typed: a package's name, in any spelling, and perhaps a reason.

    Names may hold what looks like the start of a reason ("Finance - Reports"): the longest part that is a
    name of *packages* is the name.  Where none is, everything before the first such sign is.
    """
    words = clean(text)
    known = list(packages)
    signs = [sign for sign in REASON.finditer(words) if sign.start() > 0]
    if find(words, known) is not None:
        return Wish(name=_bare(words), reason=None)
    for sign in reversed(signs):
        if find(words[: sign.start()], known) is not None:
            return _cut(words, sign)
    return _cut(words, signs[0]) if signs else Wish(name=_bare(words), reason=None)


def _cut(words: str, sign: re.Match[str]) -> Wish:
    reason = words[sign.end() :].strip(QUOTES + " ")[:LONGEST_REASON]
    return Wish(name=_bare(words[: sign.start()]), reason=reason or None)


def _bare(name: str) -> str:
    return name.strip(QUOTES + " .")


def clean(text: str) -> str:
    """Text on one line, without control and direction characters that could disguise it."""
    visible = "".join(character if character.isprintable() else " " for character in text[:4_000])
    return re.sub(r"\s+", " ", visible).strip()


def find(wish: str, packages: Iterable[Package]) -> Package | None:
    """The package whose slug is exactly what was typed, in any spelling; never a mere likeness."""
    slug = slug_of(wish)
    return next((package for package in packages if slug and package.slug == slug), None)


def nearest(wish: str, packages: Sequence[Package], *, count: int = 3) -> list[Package]:
    """The packages whose names look most like what was typed, best first."""
    slug = slug_of(wish)
    by_slug = {package.slug: package for package in packages}
    close = difflib.get_close_matches(slug, by_slug, n=count, cutoff=0.5)
    containing = [each for each in by_slug if slug and (slug in each or each in slug)]
    return [by_slug[each] for each in dict.fromkeys((*close, *containing))][:count]

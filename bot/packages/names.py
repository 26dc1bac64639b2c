"""Read package names that people type: one line of clean text, slugs, and where a reason starts."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from slugify import slugify

from bot.same_name import composed

LONGEST_SLUG: Final = 128
# Of a reason, as the command and the forms take it and as messages show it: whatever was written can be read.
LONGEST_REASON: Final = 1_000
# More than a display name in Entra has (256 characters), with quotes around it.
LONGEST_NAME: Final = 300
# What Slack sends of one command.
LONGEST_TEXT: Final = 4_000
# Of a name without a sign behind it.
MOST_WORDS: Final = 12
# "marketing-campaign because I run the launch", "marketing-campaign: the launch".  Looked for at every place, so
# that of "A - - b" the name may be "A" or "A -".
# "for the audit", "to close the quarter" and what stands behind a comma are reasons with that word and all; who "for
# @somebody" asks for is not the one who types.
REASON: Final = re.compile(
    r"(?=(\s+because\b\s*|\s*:\s+|\s+[-–—]+\s+|\s*[,;.]\s+(?:because\b\s*)?"
    r"|\s+(?=for\s+(?!<?@)\S)|\s+(?=(?:to|as|since|so)\s+\S)))",
    re.IGNORECASE,
)
# Where nothing of a text is known, these end the name; the others may be words of it.
CLEAR: Final = re.compile(r"\s+because\b\s*|\s*:\s+|\s+[-–—]+\s+", re.IGNORECASE)
# At the end of a text, it makes what follows the reason, or a part of it.
SIGN_AT_END: Final = re.compile(r"(?:\sbecause|[:,;.]|\s[-–—]+)\s*$", re.IGNORECASE)
BECAUSE: Final = re.compile(r"\s+because\s*", re.IGNORECASE)
QUOTES: Final = "\"'`“”„‘’«»"
CLOSED_BY: Final = {'"': '"', "'": "'", "`": "`", "“": "”", "„": "“”", "‘": "’", "«": "»", "»": "«"}
# One spelling for what keyboards write in several.
PLAIN_SIGNS: Final = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "`": "'"}
    | dict.fromkeys("–—‑−", "-")  # noqa: RUF001 (that is what they are)
)
# Slack's only entities: docs.slack.dev, "Formatting message text".
ENTITY: Final = re.compile("&(amp|lt|gt);")
SIGN_OF: Final = {"amp": "&", "lt": "<", "gt": ">"}


@dataclass(frozen=True, kw_only=True)
class NameAndReason:
    """The text behind the command, taken apart."""

    name: str
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """
    One way to take a text apart.

    Attributes:
        typed: The part that is the name, as it was typed.
        name: The same without what is no part of a name.
        folded: What it has in common with its other spellings.
        slug: Of the whole name, not shortened.
    """

    typed: str
    name: str
    reason: str | None
    folded: str
    slug: str


def slug_of(name: str) -> str:
    """Return the word people type for a display name: "Marketing Campaign" is marketing-campaign."""
    return slugify(name, max_length=LONGEST_SLUG)


def slugs_for(
    names: Sequence[tuple[str, str]], *, kept: Mapping[str, str] | None = None
) -> dict[str, str]:
    """
    Return a slug for each (id, display name), unique: equal names get a number.

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
    next_number: dict[str, int] = {}
    for key, base in newcomers:
        slug, number = base, next_number.get(base, 2)
        while slug in taken:
            slug, number = f"{base}-{number}", number + 1
        taken[slug] = key
        next_number[base] = number
    return {key: slug for slug, key in taken.items()}


def possible_slugs(names: Sequence[tuple[str, str]]) -> dict[str, re.Pattern[str]]:
    """
    Return by id what each (id, display name) may be asked for as, where nobody knows which package came first.

    Of two whose names make one slug, that decides who has it, and who has which number behind it.
    """
    bases = {key: _base(key, name) for key, name in names}
    shared = _shared(bases.values())
    return {
        key: re.compile(re.escape(base) + (r"(-\d+)?" if base in shared else ""))
        for key, base in bases.items()
    }


def certain_slugs(names: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return by id the slug of each (id, display name) that no other of them may have."""
    bases = {key: _base(key, name) for key, name in names}
    shared = _shared(bases.values())
    return {key: base for key, base in bases.items() if base not in shared}


def _shared(bases: Iterable[str]) -> frozenset[str]:
    """Return the slugs that several names make, or that one makes and another may get as its number."""
    made = Counter(bases)
    shared: set[str] = set()
    for base in sorted(made, key=len):
        head, _, number = base.rpartition("-")
        if made[base] > 1 or (number.isdecimal() and head in shared):
            shared.add(base)
    return frozenset(shared)


def _base(key: str, name: str) -> str:
    # Room for a number behind it.
    return slug_of(name)[: LONGEST_SLUG - 8].rstrip("-") or f"package-{key[:8].lower()}"


def unescaped(text: str) -> str:
    """Undo once what Slack does to ``&``, ``<`` and ``>`` in what people write."""
    return ENTITY.sub(lambda found: SIGN_OF[found[1]], text)


def clean_reason(text: str) -> str:
    """Return a reason that was typed in Slack as it is kept."""
    return clean(unescaped(text))[:LONGEST_REASON]


def clean(text: str) -> str:
    """Text on one line, composed, without control, direction and invisible characters that could disguise it."""
    shown = composed(text[:LONGEST_TEXT])
    if not shown.isprintable():
        shown = "".join(map(_visible, shown))
    return re.sub(r"\s+", " ", shown).strip()


def clean_lines(text: str) -> str:
    """Return text with its line breaks, each line as `clean` returns it; no more than one empty line between two."""
    lines = "\n".join(map(clean, text[:LONGEST_TEXT].splitlines()))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _visible(character: str) -> str:
    """Return a character that can be seen as it is, one without a width as nothing, and any other as a blank."""
    if character.isprintable():
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def bare(name: str) -> str:
    """Return a name without the quotes and full stops around it."""
    return name.strip(QUOTES + " .")


def unquoted(name: str) -> str:
    return name.strip(QUOTES + " ")


def unquoted_reason(reason: str) -> str:
    """Return a reason without the quotes around the whole, and without one whose other half was left with the name; with all others."""
    said = reason.strip()
    if not said.strip(QUOTES + " "):
        return ""
    while len(said) > 1:
        inside = said[1:-1]
        first, last = said[0], said[-1]
        if last in CLOSED_BY.get(first, "") and not {first, last} & set(inside):
            said = inside.strip()
        elif last in QUOTES and _is_alone(last, said):
            said = said[:-1].rstrip()
        elif first in QUOTES and _is_alone(first, said):
            said = said[1:].lstrip()
        else:
            break
    return said


def _is_alone(quote: str, text: str) -> bool:
    """Tell whether a quote at the end of a text has no other half in it."""
    if quote in CLOSED_BY.get(quote, ""):
        return text.count(quote) % 2 == 1
    halves = CLOSED_BY.get(quote) or "".join(
        each for each, closing in CLOSED_BY.items() if quote in closing
    )
    return not any(each in text for each in halves)


def loosely_folded(name: str) -> str:
    """Return what two spellings of one name have in common: capitals, widths, kinds of quotes and dashes do not count."""
    return bare(_fold(clean(name)))


def _fold(text: str) -> str:
    """Letter by letter, but for what stands around the name: pieces cut at blanks can be folded one by one."""
    alike = unicodedata.normalize("NFKC", text).translate(PLAIN_SIGNS).casefold()
    return re.sub(r"\s+", " ", alike)


def whole_slug(name: str) -> str:
    """Return the slug of a name, however long: unlike `slug_of` it never makes two long names equal."""
    return slugify(name)


def readings(text: str, *, ignoring: re.Pattern[str] | None = None) -> list[Reading]:
    """
    Return all ways to take *text* apart into a name and perhaps a reason, the longest name first.

    Names may hold what looks like the start of a reason ("Finance - Reports"), so each such sign may be it.
    The work grows with the length of the text, and what lies beyond the longest possible name is only cut off.

    Args:
        ignoring: What is no part of a name, such as a mention; it stays where it is in `Reading.typed`.
    """
    words = clean(text)
    found = []
    name = folded_name = ""
    slugs: list[str] = []
    before = 0
    for start, end in _ends_of_names(words):
        piece = words[before:start]
        if ignoring is not None:
            piece = ignoring.sub(" ", piece)
        before = start
        # A sign starts where no letter is: the slug of the whole is that of its pieces, joined.
        name, folded_name = name + piece, folded_name + _fold(piece)
        slugs.append(whole_slug(piece))
        found.append(
            Reading(
                typed=words[:start].strip(),
                name=name.strip(),
                reason=unquoted_reason(words[end:])[:LONGEST_REASON] or None,
                folded=bare(folded_name),
                slug="-".join(slug for slug in slugs if slug),
            )
        )
    return found[::-1]


def whole_text(text: str) -> Reading:
    """*text* as a name, all of it."""
    words = clean(text)
    return Reading(
        typed=words,
        name=words,
        reason=None,
        folded=loosely_folded(words),
        slug=whole_slug(words[:LONGEST_NAME]),
    )


def _is_clear(words: str, end: tuple[int, int]) -> bool:
    """Tell whether a name ends there by a sign that is hardly ever a word of a name, or by the end of the text."""
    return end[0] == len(words) or CLEAR.fullmatch(words[end[0] : end[1]]) is not None


def beginnings(text: str) -> list[Reading]:
    """Return the first words of *text* as names, the longest first, each with the rest as its reason."""
    words = clean(text).split(" ")
    found = []
    for count in range(min(len(words) - 1, MOST_WORDS), 0, -1):
        name = " ".join(words[:count]).rstrip(",;.:")
        if len(name) > LONGEST_NAME:
            continue
        rest = unquoted_reason(" ".join(words[count:]))[:LONGEST_REASON] or None
        found.append(replace(whole_text(name), reason=rest))
    return found


def _ends_of_names(words: str) -> Iterator[tuple[int, int]]:
    """Yield where a name may end and its reason start, the nearest first; the last is the end of the text."""
    for sign in REASON.finditer(words, 0, LONGEST_NAME + len(" because ")):
        if 0 < sign.start() <= LONGEST_NAME:
            yield sign.start(), sign.end(1)
    if len(words) <= LONGEST_NAME:
        yield len(words), len(words)


def split_reason(text: str) -> NameAndReason:
    """
    Return the part of *text* before what looks like the start of a reason, where no name is known in it.

    "Because" says it for certain; a dash or a colon may be a part of the name.
    """
    words = clean(text)
    found = [end for end in _ends_of_names(words) if _is_clear(words, end)]
    ends = [*found, (LONGEST_NAME, LONGEST_NAME)]
    certain = (end for end in ends if BECAUSE.fullmatch(words[end[0] : end[1]]))
    start, end = next(certain, ends[0])
    reason = unquoted_reason(words[end:])[:LONGEST_REASON] or None
    return NameAndReason(name=bare(words[:start]), reason=reason)

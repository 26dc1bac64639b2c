"""
Read the sentences in the source, and bring the catalogs up to date with them: ``make words``.

What is new is there to be translated, what is gone is removed, and nothing is guessed from a sentence that is alike.
"""

import ast
import functools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from bot.words.catalogs import ENGLISH, KEPT, LANGUAGES
from tests.syntax import says_any

ROOT: Final = Path(__file__).parents[3]
CATALOGS: Final = ROOT / "bot" / "words" / "catalogs"
FOLDERS: Final = ("bot", "handlers")
SINGLE: Final = frozenset({"_", "N_"})
IN_CONTEXT: Final = "pgettext"
PLURALS: Final = frozenset({"ngettext", "N_ngettext"})
# A date in the files would change whenever they are written.
WRITTEN: Final = datetime(2026, 11, 29, tzinfo=UTC)

Ids = str | tuple[str, str]


@functools.cache
def sentences() -> Sequence[tuple[str, Ids, str | None, bool]]:
    """Return each sentence of the source: its file, itself (or singular and plural), its context, and whether it is kept in English."""
    return [
        (path.relative_to(ROOT).as_posix(), said, context, function.startswith("N_"))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        for function, said, context in _marked(path.read_text("utf-8"))
    ]


def _marked(source: str) -> Iterator[tuple[str, Ids, str | None]]:
    """Yield what is marked in a module; from its syntax tree, because Babel's own reader passes f-strings by."""
    if not says_any(source, [f"{each}(" for each in (*SINGLE, *PLURALS, IN_CONTEXT)]):
        return
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        words = [
            each.value
            for each in node.args
            if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        if node.func.id in PLURALS and len(words) == 2:
            yield node.func.id, (words[0], words[1]), None
        elif node.func.id == IN_CONTEXT and len(words) == 2:
            yield node.func.id, words[1], words[0]
        elif node.func.id in SINGLE and words:
            yield node.func.id, words[0], None


@functools.cache
def template() -> Catalog:
    """Return a catalog of all sentences of the source, without translations."""
    found = Catalog(charset="utf-8", creation_date=WRITTEN)
    for name, ids, context, is_kept in sentences():
        comments = [KEPT] if is_kept else []
        found.add(ids, locations=[(name, 0)], auto_comments=comments, flags=(), context=context)
    return found


def read(language: str) -> Catalog:
    """Return the catalog of *language*; an empty one where there is none yet."""
    path = CATALOGS / f"{language}.po"
    if not path.exists():
        return Catalog(locale=language, charset="utf-8", creation_date=WRITTEN)
    with path.open("rb") as source:
        return read_po(source, locale=language)


def update(language: str, found: Catalog) -> Catalog:
    """Return the catalog of *language* with the sentences of *found* and the translations that it had."""
    before = read(language)
    made = Catalog(
        locale=language,
        project="Latchkey",
        version="",
        creation_date=WRITTEN,
        revision_date=WRITTEN,
        charset="utf-8",
        fuzzy=False,
        header_comment=f"# Latchkey in {before.locale.get_display_name('en') if before.locale else language}.",
    )
    for message in sorted(
        found, key=lambda each: (sorted(each.locations), str(each.id), each.context or "")
    ):
        if not message.id:
            continue
        one = message.id if isinstance(message.id, str) else message.id[0]
        known = before.get(one, context=message.context)
        same = known is not None and known.id == message.id and not known.fuzzy
        made.add(
            message.id,
            string=known.string if known is not None and same else "",
            locations=sorted(dict.fromkeys(message.locations)),
            auto_comments=sorted(set(message.auto_comments)),
            context=message.context,
        )
    return made


def write() -> None:
    """Write every catalog anew."""
    CATALOGS.mkdir(exist_ok=True)
    found = template()
    for language in LANGUAGES:
        if language != ENGLISH:
            made = update(language, found)
            with (CATALOGS / f"{language}.po").open("wb") as target:
                write_po(target, made, width=0, include_lineno=False)


if __name__ == "__main__":
    write()

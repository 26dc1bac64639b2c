"""Write docs/reference/messages.md, for the site only: `python -m tests.docs.messages > docs/reference/messages.md`."""

import ast
import re
from typing import Final

from tests.bot.words.extraction import ROOT, sentences

HEAD: Final = """# Messages

Every sentence that people read in Slack, in English, by the module that says it; what stands in braces is filled in. Whoever is asked about a
message finds here where it comes from. The [catalogs](../how-to/languages.md) have each of them in the other languages.

This page is made from the program when the site is built.
"""


def page() -> str:
    """Return the page."""
    found: dict[str, list[str]] = {}
    for file, ids, _context, _ in sentences():
        said = " / ".join(ids) if isinstance(ids, tuple) else ids
        rows = found.setdefault(file, [])
        if said not in rows:
            rows.append(said)
    return HEAD + "".join(_section(file, rows) for file, rows in sorted(found.items()))


def _section(file: str, rows: list[str]) -> str:
    listed = "".join(f"* {_shown(each)}\n" for each in rows)
    return f"\n## {file}\n\n{_summary(file)}\n\n{listed}"


def _summary(file: str) -> str:
    said = ast.get_docstring(ast.parse((ROOT / file).read_text())) or ""
    return " ".join(said.partition("\n\n")[0].split())


def _shown(sentence: str) -> str:
    """Show it letter by letter: in a code span, in which no asterisk and no link is anything."""
    text = sentence.replace("\n", "⏎")
    longest = max((len(each) for each in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    room = " " if longest else ""
    return f"{fence}{room}{text}{room}{fence}"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201

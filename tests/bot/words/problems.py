"""
Say what is wrong with a catalog: ``python -m tests.bot.words.problems de``.

What is not translated is no problem here; what is translated must have the same parts, marks, commands and emoji, and fit
where it is shown.
"""

import re
import string
import sys
from collections import Counter
from collections.abc import Iterator

from babel.messages.catalog import Message

from bot.words.catalogs import KEPT
from tests.bot.words.extraction import ROOT, read, template

# What is code, a command, an emoji or one of Slack's tokens stays as it is, however often it is there.
AS_IT_IS = re.compile(r"`[^`]*`|:[a-z_]+:|/[a-z]+-access\b|<[^<>]*>")
# What is bold where it is filled in: between letters Slack would show the asterisks.
GLUED = re.compile(r"\w\*?\{(?:package|names?)\}|\{(?:package|names?)\}\*?\w")
# Slack's limits: docs.slack.dev, "Modal views", "Button element".
LONGEST_TITLE = 24
LONGEST_LABEL = 75
TITLES = (
    re.compile(r'"title": plain\((?:_\(|pgettext\("[^"]+",)\s*"([^"]+)"'),
    re.compile(r'^[A-Z_]*TITLE: Final = N_\(\s*"([^"]+)"', re.MULTILINE),
    re.compile(
        r'(?:_form\(|title=|title, submit(?:, hint)? =)\s*(?:_\(|pgettext\("[^"]+",)\s*"([^"]+)"'
    ),
)
LABELS = (
    re.compile(
        r'(?:button\(|submit": plain\(|close": plain\()\s*(?:_\(|pgettext\("[^"]+",)\s*"([^"]+)"'
    ),
)


def shown_as(patterns: tuple[re.Pattern[str], ...]) -> frozenset[str]:
    """Return the sentences of the source that stand where one of *patterns* finds them."""
    found: set[str] = set()
    for folder in ("bot/messages", "handlers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text()
            found |= {said for pattern in patterns for said in pattern.findall(text)}
    return frozenset(found)


def parts(sentence: str) -> Counter[str]:
    """Return the named parts of a sentence."""
    return Counter(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


def problems(language: str) -> Iterator[str]:
    """Yield what is wrong with what is translated."""
    titles, labels = shown_as(TITLES), shown_as(LABELS)
    for message in read(language):
        if message.id and message.string:
            for one, said in _pairs(message):
                limit = LONGEST_TITLE if one in titles else LONGEST_LABEL if one in labels else None
                for problem in _problems(one, said, limit=limit):
                    yield f"{one!r}: {problem}: {said!r}"
                # What is kept has no bold parts.
                if KEPT not in message.auto_comments and GLUED.search(said):
                    yield f"{one!r}: a name without a space beside it: {said!r}"


def _pairs(message: Message) -> Iterator[tuple[str, str]]:
    """Yield each translation with the English sentence that it must agree with."""
    if isinstance(message.id, str):
        yield message.id, str(message.string)
        return
    many = message.id[1]
    for said in message.string or ():
        if said:
            yield many, said


def _problems(one: str, said: str, *, limit: int | None) -> Iterator[str]:
    try:
        theirs, ours = set(parts(said)), set(parts(one))
    except ValueError as error:
        yield f"braces ({error})"
        return
    # A singular may do without its number.
    if theirs - ours or ours - theirs - {"count"}:
        yield f"its parts are {sorted(theirs)}"
    if Counter(AS_IT_IS.findall(said)) != Counter(AS_IT_IS.findall(one)):
        yield "commands, code or emoji are not the same"
    if said.count("\n") != one.count("\n"):
        yield "lines are not as many"
    if one.count("*") != said.count("*"):
        yield "*marks* are not as many"
    if said != said.strip() and one == one.strip():
        yield "space around it"
    if limit is not None and "{" not in one and len(said.encode("utf-16-le")) // 2 > limit:
        yield f"longer than {limit} characters"


def untranslated(language: str) -> list[str]:
    """Return the sentences of the source that have no translation."""
    known = read(language)
    missing = []
    for message in template():
        if not message.id:
            continue
        one = message.id if isinstance(message.id, str) else message.id[0]
        found = known.get(one, context=message.context)
        said = found.string if found is not None and found.id == message.id else ""
        if not (all(said) if isinstance(said, tuple) else said):
            missing.append(one)
    return missing


if __name__ == "__main__":
    wrong = list(problems(sys.argv[1]))
    left = untranslated(sys.argv[1])
    lines = [*wrong, f"{len(wrong)} problems, {len(left)} not translated"]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.exit(bool(wrong))

"""Fits what is to be said into what Slack takes at once: whole rows, and a line that says what is left out."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.messages.parts import Block, context

# What is asked for with "page 2" behind a command.
PAGE: Final = re.compile(r"(?:^|\s)page\s+(\d{1,4})$", re.IGNORECASE)
LIST_WORDS: Final = frozenset({"", "list", "help", "?", "all"})

# Blocks that belong together: a line and its buttons.
Row = Sequence[Block]


@dataclass(frozen=True, kw_only=True)
class Room:
    """
    How much there is room for.

    Attributes:
        blocks: How many blocks.
        characters: How much of their JSON, without spaces.
        is_escaped: Whether what is not ASCII counts with six characters, as in the JSON of a view.
    """

    blocks: int
    characters: int
    is_escaped: bool = False

    def less(self, used: Sequence[Block]) -> "Room":
        """What is left beside *used*."""
        return Room(
            blocks=self.blocks - len(used),
            characters=self.characters - self.size_of(used),
            is_escaped=self.is_escaped,
        )

    def size_of(self, blocks: Sequence[Block]) -> int:
        return len(json.dumps(list(blocks), ensure_ascii=self.is_escaped, separators=(",", ":")))

    def has(self, blocks: Sequence[Block]) -> bool:
        return len(blocks) <= self.blocks and self.size_of(blocks) <= self.characters


# A message takes 50 blocks (docs.slack.dev, "Blocks"); beyond some 13,200 characters of them Slack answers
# msg_blocks_too_long, which it does not document (slackapi/bolt-js#2509).
MESSAGE: Final = Room(blocks=50, characters=13_000)
# App Home takes 100 blocks and 250 kB: a third for each of its lists, and some for what is between them.
LIST_IN_HOME: Final = Room(blocks=30, characters=70_000, is_escaped=True)
# A modal takes as much, beside its title and what it carries.
VIEW: Final = Room(blocks=100, characters=230_000, is_escaped=True)
# Room for the line below a list.
LAST_LINE: Final = Room(blocks=1, characters=400)


def pages(rows: Sequence[Row], *, room: Room, most: int | None = None) -> list[list[Row]]:
    """The rows in order, as many a page as fit, *most* at most; no row is split."""
    made: list[list[Row]] = []
    used_blocks = used_characters = 0
    for row in rows:
        size = room.size_of(row)
        is_full = made and (
            used_blocks + len(row) > room.blocks
            or used_characters + size > room.characters
            or (most is not None and len(made[-1]) >= most)
        )
        if not made or is_full:
            made.append([])
            used_blocks = used_characters = 0
        made[-1].append(row)
        used_blocks += len(row)
        used_characters += size
    return made


def fitted(rows: Sequence[Row], *, room: Room, rest: Callable[[int], str]) -> list[Block]:
    """The first rows that fit; *rest* says in a last line that so many more do not."""
    found = pages(rows, room=room)
    if len(found) > 1:
        found = pages(rows, room=_without_last_line(room))
    shown = [block for row in (found[0] if found else ()) for block in row]
    left = len(rows) - (len(found[0]) if found else 0)
    return [*shown, context(rest(left))] if left else shown


def page_of(
    rows: Sequence[Row],
    *,
    page: int,
    head: Sequence[Block],
    command: str | None,
    most: int | None = None,
) -> list[Block]:
    """
    One page of a long list under *head*, in a message.

    Args:
        page: From 1; a number beyond the last is the last.
        command: What shows the list, ``/access-admin pending``; None if it cannot be repeated here.
    """
    found = pages(rows, room=_without_last_line(MESSAGE.less(head)), most=most)
    if not found:
        return list(head)
    number = min(max(page, 1), len(found))
    shown = [*head, *(block for row in found[number - 1] for block in row)]
    if len(found) == 1:
        return shown
    before = sum(len(each) for each in found[: number - 1])
    line = f"{before + 1} to {before + len(found[number - 1])} of {len(rows)}."
    if number < len(found):
        again = f"`{command} page {number + 1}`" if command else ""
        line += f" {again or f'The same with `page {number + 1}` behind it'} shows more."
    elif number > 1:
        line += " These are the last."
    return [*shown, context(line)]


def _without_last_line(room: Room) -> Room:
    return Room(
        blocks=room.blocks - LAST_LINE.blocks,
        characters=room.characters - LAST_LINE.characters,
        is_escaped=room.is_escaped,
    )


def read_page(text: str) -> int | None:
    """Which page of a list *text* asks for, where it names nothing else; None if it does."""
    words = text.strip()
    if words.lower() in LIST_WORDS:
        return 1
    asked = PAGE.fullmatch(words) or re.fullmatch(r"list\s+(\d{1,4})", words, re.IGNORECASE)
    return int(asked[1]) if asked else None


def split_page(text: str) -> tuple[str, int]:
    """*text* without ``page 2`` at its end, and the number."""
    asked = PAGE.search(text.rstrip())
    return (text[: asked.start()], int(asked[1])) if asked else (text, 1)

"""Fit what is to be said into what Slack takes at once: whole rows, and a line that says what is left out."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.messages.blocks.parts import Block, actions, context, length
from bot.paging import Count, Page, Place, write_place
from bot.words import N_, _
from bot.words.formats import number

# What is asked for with "page 2" behind a command.
PAGE: Final = re.compile(r"(?:^|\s)page\s+(\d{1,6})$", re.IGNORECASE)
# Behind a Next button, when what was there is gone.
NOTHING_MORE: Final = N_("Nothing comes after that any more.")
LIST_WORDS: Final = frozenset({"", "list", "help", "?", "all"})

# Blocks that belong together: a line and its buttons.
Row = Sequence[Block]


# How Slack is sent blocks, by whether all but ASCII is escaped; `json.dumps` would make an encoder of it for each row.
WRITTEN: Final = {
    is_escaped: json.JSONEncoder(ensure_ascii=is_escaped, separators=(",", ":")).encode
    for is_escaped in (False, True)
}


@dataclass(frozen=True, kw_only=True)
class Room:
    """
    Measure how much there is room for.

    Attributes:
        blocks: How many blocks.
        characters: How much of their JSON, without spaces.
        is_escaped: Whether what is not ASCII counts with six characters, as in the JSON of a view.
    """

    blocks: int
    characters: int
    is_escaped: bool = False

    def less(self, used: Sequence[Block]) -> "Room":
        """Return what is left beside *used*."""
        return Room(
            blocks=self.blocks - len(used),
            characters=self.characters - self.size_of(used),
            is_escaped=self.is_escaped,
        )

    def size_of(self, blocks: Sequence[Block]) -> int:
        return length(WRITTEN[self.is_escaped](list(blocks)))

    def has(self, blocks: Sequence[Block]) -> bool:
        return len(blocks) <= self.blocks and self.size_of(blocks) <= self.characters


# A message takes 50 blocks (docs.slack.dev, "Blocks"); beyond some 13,200 characters of them Slack answers
# msg_blocks_too_long, which it does not document (slackapi/bolt-js#2509).
MESSAGE: Final = Room(blocks=50, characters=13_000)
# A modal takes 100 blocks and 250 kB, its title and what it carries among them.
VIEW: Final = Room(blocks=100, characters=230_000, is_escaped=True)
# Room for the line below a list.
LAST_LINE: Final = Room(blocks=1, characters=400)


class Fitting:
    """
    Puts rows into a room, one after the other, until one does not fit; the first is always taken.

    Attributes:
        taken: How many rows.
        blocks: Theirs.
    """

    def __init__(self, room: Room, *, most: int | None = None) -> None:
        self._room = room
        self._most = most
        self._characters = 0
        self.taken = 0
        self.blocks: list[Block] = []

    def takes(self, row: Row, size: int) -> bool:
        """Take a row of that size, if it fits."""
        if self.taken and (
            len(self.blocks) + len(row) > self._room.blocks
            or self._characters + size > self._room.characters
            or self.taken == self._most
        ):
            return False
        self.taken += 1
        self.blocks += row
        self._characters += size
        return True


def fitted(
    rows: Iterable[Row], *, count: Count, room: Room, rest: Callable[[Count], str]
) -> list[Block]:
    """
    Return the first rows that fit; *rest* says in a last line that so many more do not.

    Args:
        rows: No more of them are made than are looked at.
        count: How many there are, if that is more than *rows* has.
    """
    alone, with_line = Fitting(room), Fitting(_without_last_line(room))
    has_room = True
    for row in rows:
        size = room.size_of(row)
        has_room = has_room and with_line.takes(row, size)
        if not alone.takes(row, size):
            break
    if count.less(alone.taken).is_nothing:
        return alone.blocks
    return [*with_line.blocks, context(rest(count.less(with_line.taken)))]


def page_of(
    rows: Iterable[Row],
    *,
    count: int,
    page: int,
    head: Sequence[Block],
    command: str,
    most: int,
) -> list[Block]:
    """
    Show one page of a list that is known whole, under *head*, in a message.

    Args:
        rows: All of them; no more are made than are looked at.
        count: How many that are.
        page: From 1; a number beyond the last is the last.
        command: What shows the list, ``/request-access``.
        most: Rows a page.
    """
    room = _without_last_line(MESSAGE.less(head))
    shown, number, before, has_more = Fitting(room, most=most), 1, 0, False
    for row in rows:
        size = room.size_of(row)
        if shown.takes(row, size):
            continue
        if number == max(page, 1):
            has_more = True
            break
        before += shown.taken
        shown, number = Fitting(room, most=most), number + 1
        shown.takes(row, size)
    if number == 1 and not has_more:
        return [*head, *shown.blocks]
    line = _("{first} to {last} of {count}.").format(
        first=before + 1, last=before + shown.taken, count=count
    )
    if has_more:
        more = _("`{command} page {number}` shows more.")
        line += f" {more.format(command=command, number=number + 1)}"
    elif number > 1:
        line += f" {_('These are the last.')}"
    return [*head, *shown.blocks, context(line)]


def part_of(
    rows: Iterable[Row],
    *,
    places: Sequence[Place],
    count: Count,
    skipped: int | None,
    head: Sequence[Block],
    next_button: Callable[[str], Block],
    hint: str = "",
    tail: Sequence[Block] = (),
) -> list[Block]:
    """
    Show a page that was read by itself, under *head*, in a message, with a button for what comes after it.

    Args:
        rows: Those of the page; what does not fit into the message begins the next one.
        places: Of each row: where the list goes on after it.
        count: How many there are from the first of these on.
        skipped: How many come before them; None if that is not known.
        next_button: Makes the button that carries where the list goes on.
        hint: How to find something in a list that is long.
        tail: What stands below all that.
    """
    room = _without_last_line(MESSAGE.less(head).less(tail))
    if places:
        room = room.less([_way_on(next_button, places[-1])])
    shown = Fitting(room)
    for row in rows:
        if not shown.takes(row, room.size_of(row)):
            break
    listed = with_rest(
        [*head, *shown.blocks],
        taken=shown.taken,
        places=places,
        count=count,
        skipped=skipped,
        next_button=next_button,
        hint=hint,
    )
    return [*listed, *tail]


def with_rest(
    blocks: Sequence[Block],
    *,
    taken: int,
    places: Sequence[Place],
    count: Count,
    skipped: int | None,
    next_button: Callable[[str], Block],
    hint: str = "",
) -> list[Block]:
    """Return a page of a list with the line that says how much is left of it, and the way on; *taken*: rows in it."""
    left = count.less(taken)
    if left.is_nothing:
        if skipped:
            last = f"{_numbers(skipped, taken, count)} {_('These are the last.')}"
            return [*blocks, context(last)]
        return list(blocks)
    line = (
        _("… and {count} more.").format(count=count_of(left))
        if skipped is None
        else _numbers(skipped, taken, count)
    )
    return [*blocks, context(f"{line} {hint}".rstrip()), _way_on(next_button, places[taken - 1])]


def _numbers(skipped: int, shown: int, count: Count) -> str:
    return _("{first} to {last} of {count}.").format(
        first=number(skipped + 1),
        last=number(skipped + shown),
        count=count_of(count.plus(Count(skipped))),
    )


def _way_on(next_button: Callable[[str], Block], place: Place) -> Block:
    value = write_place(place)
    if value is None:
        return context(_("Please name a package or one person to see the others."))
    return actions(next_button(value))


def count_of(count: Count) -> str:
    """Say a number that may be but the least that it is: "more than 1,000"."""
    said = number(count.number)
    return said if count.is_exact else _("more than {number}").format(number=said)


def how_many(page: Page[Any], sentence: str, **parts: str) -> str:
    """
    Say how many there are of something.

    Args:
        sentence: For as many as `plural_of` says, with ``{count}``, and with ``{here}`` where it may be said that they
            are counted from here on.
        parts: What is filled in besides.
    """
    here = _(" from here on") if page.skipped is None else ""
    said = sentence.format(count=count_of(page.total), here=here, **parts)
    return f"{said[0].upper()}{said[1:]}"


def plural_of(page: Page[Any]) -> int:
    """Return the number by which the plural of all that a list has is chosen."""
    return plural(page.total)


def plural(count: Count) -> int:
    """Return the number by which the plural of a count is chosen that may be but the least that it is."""
    return count.number if count.is_exact else count.number + 1


def beyond(command: str) -> str:
    """Say that a list does not have such a page."""
    return _("There is no such page: the list is shorter. `{command}` shows its beginning.").format(
        command=command
    )


def _without_last_line(room: Room) -> Room:
    return Room(
        blocks=room.blocks - LAST_LINE.blocks,
        characters=room.characters - LAST_LINE.characters,
        is_escaped=room.is_escaped,
    )


def read_page(text: str) -> int | None:
    """Return which page of a list *text* asks for, where it names nothing else; None if it does."""
    words = text.strip()
    if words.lower() in LIST_WORDS:
        return 1
    asked = PAGE.fullmatch(words) or re.fullmatch(r"list\s+(\d{1,6})", words, re.IGNORECASE)
    return int(asked[1]) if asked else None


def split_page(text: str) -> tuple[str, int]:
    """Split ``page 2`` off the end of *text*; return the rest and the number."""
    asked = PAGE.search(text.rstrip())
    return (text[: asked.start()], int(asked[1])) if asked else (text, 1)

"""Show the part of a list that fits into the console, with the buttons to the rest."""

from collections.abc import Iterable
from typing import Any, Final

from bot.console.model import ConsolePage, write_console_page
from bot.messages.blocks.pages import NOTHING_MORE, VIEW, Fitting, Room, Row, count_of, plural
from bot.messages.blocks.parts import Block, actions, button, context, escape, person
from bot.paging import ListName, Mark, Page, Place
from bot.words import _, ngettext

# For the tabs, the search field, the heading and the buttons below the list.
ROOM: Final = Room(blocks=VIEW.blocks - 14, characters=VIEW.characters - 20_000, is_escaped=True)


def whom_sought(page: ConsolePage) -> str:
    """Return whom a page is about, as they were sought, fit for Slack: a mention comes with a name in it from a command."""
    return person(page.mentioned) if page.mentioned else escape(page.sought)


def part(
    page: ConsolePage, found: Page[Any], rows: Iterable[Row], of: ListName | Place
) -> list[Block]:
    """Show the rows of a page that fit, whole, and the buttons to its beginning and to what comes after them."""
    shown = Fitting(ROOM)
    for row in rows:
        if not shown.takes(row, ROOM.size_of(row)):
            break
    blocks = list(shown.blocks)
    left = found.count.less(shown.taken)
    next_page = None
    if not left.is_nothing:
        more = ngettext(
            "{count} more comes after these.", "{count} more come after these.", plural(left)
        ).format(count=count_of(left))
        blocks.append(context(f"{more[0].upper()}{more[1:]}"))
        next_page = next_button(page, of, found.marks[shown.taken - 1])
        if next_page is None:
            blocks.append(
                context(_("Please search for a package or one person to see the others."))
            )
    is_first = page.place is None or page.place.after is None
    first = None if is_first else first_button(page, of)
    if first or next_page:
        blocks.append(actions(first, next_page, block_id="pages"))
    return blocks


def said_of_nothing(found: Page[Any], nothing: str) -> str:
    return _(NOTHING_MORE) if found.skipped is None else nothing


def next_button(page: ConsolePage, of: ListName | Place, after: Mark) -> Block | None:
    base = of if isinstance(of, Place) else Place(list=of)
    place = Place(list=base.list, after=after, package_id=base.package_id, entra_ids=base.entra_ids)
    value = write_console_page(page.at(place))
    return button(_("Next page"), "console_more", value) if value else None


def first_button(page: ConsolePage, of: ListName | Place) -> Block | None:
    base = of if isinstance(of, Place) else Place(list=of)
    place = Place(list=base.list, package_id=base.package_id, entra_ids=base.entra_ids)
    value = write_console_page(page.at(place))
    return button(_("First page"), "console_first", value) if value else None

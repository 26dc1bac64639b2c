"""A page of the admins' console: what it shows, and where that goes on."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from bot.paging import ListName, Place, Start, read_place, write_place

# What a button carries, see docs.slack.dev, Block Kit reference; a view may carry more.
LONGEST_VALUE: Final = 2_000
# Of what is typed into the search field.
LONGEST_SOUGHT: Final = 200

MENTION: Final = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")


class Tab(StrEnum):
    """The parts of the console."""

    PENDING = "pending"
    ASSIGNMENTS = "assignments"
    STUCK = "stuck"
    DRIFT = "drift"
    PEOPLE = "people"
    LEAVER = "leaver"
    AUDIT = "audit"


# About one person each.
OF_PEOPLE: Final = frozenset({Tab.PEOPLE, Tab.LEAVER})
SEARCHED: Final = frozenset({*OF_PEOPLE, Tab.ASSIGNMENTS, Tab.AUDIT})
LISTS: Final = {
    Tab.PENDING: ListName.PENDING,
    Tab.ASSIGNMENTS: ListName.ASSIGNMENTS,
    Tab.STUCK: ListName.STUCK,
    Tab.DRIFT: ListName.DRIFT,
    Tab.PEOPLE: ListName.ASSIGNMENTS,
    Tab.LEAVER: ListName.ASSIGNMENTS,
    Tab.AUDIT: ListName.AUDIT,
}


@dataclass(frozen=True, kw_only=True)
class ConsolePage:
    """
    Describe one page of the console.

    Attributes:
        place: Where in which list it begins; None: at the beginning, of what was typed where something was.
        sought: What was typed into the search field, or a mention of who was chosen.
    """

    tab: Tab = Tab.PENDING
    place: Place | None = None
    sought: str = ""

    @property
    def start(self) -> Start:
        """Return the place at which its list begins."""
        return Start(after=self.place.after if self.place else None)

    @property
    def mentioned(self) -> str | None:
        """The Slack id of whom a mention names in what was sought; None if there is none."""
        found = MENTION.search(self.sought)
        return found[1] if found else None

    def at(self, place: Place) -> "ConsolePage":
        """Return the same list from another place on."""
        return replace(self, place=place)


_Sought = Annotated[str, Field(max_length=LONGEST_SOUGHT)]
_WRITTEN: Final = TypeAdapter[tuple[Tab, str | None, _Sought]](tuple[Tab, str | None, _Sought])


def write_console_page(page: ConsolePage) -> str | None:
    """Write a page for a button or a view; None if it is too long for one."""
    place = write_place(page.place) if page.place else None
    if page.place is not None and place is None:
        return None
    written = _WRITTEN.dump_json((page.tab, place, page.sought[:LONGEST_SOUGHT])).decode()
    return written if len(written) <= LONGEST_VALUE else None


def read_console_page(written: object) -> ConsolePage:
    """
    Read what a button or a view carried; it came from outside, whoever has made it.

    Raises:
        ValueError: That is no page.
    """
    if not isinstance(written, str) or len(written) > LONGEST_VALUE:
        raise ValueError("no page of the console")
    try:
        tab, at, sought = _WRITTEN.validate_json(written)
    except ValidationError as error:
        raise ValueError("no page of the console") from error
    place = read_place(at) if at is not None else None
    if place is not None and place.list is not LISTS[tab]:
        raise ValueError("a page of another list")
    return ConsolePage(tab=tab, place=place, sought=sought)

"""List who has what in a table of Slack's, which admins sort and filter."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from bot.assignments.model import Assignment, AssignmentState
from bot.messages.admins import access_list, pending_list
from bot.messages.assignments import troubles
from bot.messages.blocks.data_blocks import Cell, data_table, text_cell
from bot.messages.blocks.pages import LAST_LINE, MESSAGE, Room, with_rest
from bot.messages.blocks.parts import Message, context, length, message, section
from bot.paging import Page, Place
from bot.words import N_, _

# Of which as many are shown as a message takes.
MOST_ROWS: Final = 40
BLOCK: Final = "access"
NAMES: Final = (N_("Person"), N_("Package"), N_("Since"), N_("Until"), N_("State"))
# Whether a cell takes a button is not known for certain; a list of one person has its buttons.
TO_REMOVE: Final = N_(
    "To remove one of these, open the console with `/access-admin`, or write "
    "`/access-admin assignments @person`."
)
# The table around its rows, and the button that leads on.
AROUND: Final = Room(blocks=4, characters=1_900)


def has_place(rows: Sequence[Assignment]) -> bool:
    """Tell whether a table can say all that is to be said of these, and there is something to sort."""
    return len(rows) > 1 and not any(
        row.progress in troubles.UNSURE or troubles.notes(row, own=False) for row in rows
    )


def assignments(
    page: Page[Assignment],
    *,
    place: Place,
    package: str | None,
    notes: Sequence[str],
    removing: Collection[str],
) -> Message:
    """
    List a page of who has what; one of which `has_place` is true.

    Args:
        place: Which list.
        package: The package that was asked about.
        notes: What is to be said besides, a sentence each.
        removing: Ids of those whose removal is under way.
    """
    said = access_list.assignments_counted(page, package=package, whom=None, notes=notes)
    head = [section(said)]
    left = MESSAGE.less(head).characters - AROUND.characters - LAST_LINE.characters
    rows: list[list[Cell]] = []
    for row in page.rows:
        cells = _row(row, is_removing=row.id in removing)
        left -= MESSAGE.size_of(cells) + length(",")
        if rows and left < 0:
            break
        rows.append(cells)
    table = data_table(_("Who has what"), [_(name) for name in NAMES], rows, block_id=BLOCK)
    blocks = with_rest(
        [*head, table, context(_(TO_REMOVE))],
        taken=len(rows),
        places=[replace(place, after=each, skip=0) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        next_button=pending_list.next_for_admins,
        hint=_(access_list.NARROW),
    )
    return message(said, blocks)


def _row(row: Assignment, *, is_removing: bool) -> list[Cell]:
    gone = is_removing or row.state is AssignmentState.REMOVING
    return [
        text_cell(row.holder_name or _("(name not known)")),
        text_cell(row.package_name),
        # Not as a token of Slack's, which a cell would not show; by these, rows are sorted.
        text_cell(f"{row.starts_at:%Y-%m-%d}" if row.starts_at else ""),
        text_cell(f"{row.ends_at:%Y-%m-%d %H:%M} UTC" if row.ends_at else _("no end")),
        text_cell(_("being removed") if gone else _("has it")),
    ]

"""List for admins what waits for a decision."""

from collections.abc import Callable

from bot.messages.approvals.approving_several import approve_all_row
from bot.messages.approvals.pending_rows import left_out, pending_review
from bot.messages.blocks.pages import NOTHING_MORE, beyond, how_many, part_of, plural_of
from bot.messages.blocks.parts import (
    Block,
    Message,
    button,
    message,
    section,
)
from bot.paging import ListName, Page, Place
from bot.requests.model import Request
from bot.words import _, ngettext


def pending(
    page: Page[Request],
    *,
    reader: str,
    is_whole: bool = True,
    may_admins_decide: Callable[[Request], bool] = lambda request: not request.entra_decides,
) -> Message:
    """
    List a page of what waits for a decision, each with a button that shows its card: nobody decides what they have not read.

    Args:
        is_whole: Nothing waits in Entra that cannot be listed.
        may_admins_decide: Tells of which requests an admin may decide who is not asked.
    """
    if page.is_beyond:
        return message(beyond("/access-admin pending"))
    if not page.rows:
        nothing = _(NOTHING_MORE) if page.skipped is None else _("Nothing waits for a decision.")
        return message(nothing, [section(nothing), *left_out(is_whole=is_whole)])
    intro = how_many(
        page,
        ngettext(
            "{count} request waits{here} for a decision.",
            "{count} requests wait{here} for a decision.",
            plural_of(page),
        ),
    )
    theirs = [each for each in page.rows if reader in each.deciders or may_admins_decide(each)]
    blocks = part_of(
        (pending_review(request, reader=reader) for request in page.rows),
        places=[Place(list=ListName.PENDING, after=each) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(intro), *approve_all_row(theirs, reader=reader)],
        next_button=next_for_admins,
    )
    return message(intro, [*blocks, *left_out(is_whole=is_whole)])


def next_for_admins(place: str) -> Block:
    """Make the button that leads on in an admin's list."""
    return button(_("Next"), "more", place)

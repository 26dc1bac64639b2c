"""List for admins what waits for a decision."""

from bot.messages.approvals.approval_card import ENTRA_DECIDES, decision_buttons
from bot.messages.approvals.approving_several import approve_all_row
from bot.messages.approvals.pending_rows import left_out, review_button
from bot.messages.blocks.pages import NOTHING_MORE, beyond, how_many, part_of, plural_of
from bot.messages.blocks.parts import (
    Block,
    Message,
    button,
    context,
    message,
    moment,
    section,
)
from bot.messages.blocks.quotes import quote
from bot.messages.phrases.request_words import wish
from bot.paging import ListName, Page, Place
from bot.requests.model import Request
from bot.words import _, ngettext


def pending(page: Page[Request], *, reader: str, is_whole: bool = True) -> Message:
    """
    List a page of what waits for a decision, each with its buttons; one's own without.

    Args:
        is_whole: Nothing waits in Entra that cannot be listed.
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
    blocks = part_of(
        (pending_row(request, reader=reader) for request in page.rows),
        places=[Place(list=ListName.PENDING, after=each) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(intro), *approve_all_row(page.rows, reader=reader)],
        next_button=next_for_admins,
    )
    return message(intro, [*blocks, *left_out(is_whole=is_whole)])


def next_for_admins(place: str) -> Block:
    """Make the button that leads on in an admin's list."""
    return button(_("Next"), "more", place)


def pending_row(request: Request, *, reader: str) -> list[Block]:
    """Make a row of a pending request: a button that shows the whole card, and those that decide."""
    line = f"{wish(request)}, {moment(request.asked_at)}"
    if request.justification:
        line += quote(request.justification)
    if reader == request.holder or (request.is_on_behalf and reader == request.asked_by):
        return [section(line), context(_("Your own request: somebody else decides it."))]
    review = review_button(request)
    shown = section(line, accessory=review, block_id=f"review:{request.id}")
    if request.entra_decides and reader not in request.deciders:
        return [shown, context(_(ENTRA_DECIDES))]
    return [shown, decision_buttons(request)]

"""List what waits for a decision: who asks for what, why, for whom it waits, and a button that shows the whole card."""

from typing import Final

from bot.messages.approvals.approving_several import approve_all_row
from bot.messages.blocks.pages import NOTHING_MORE, how_many, part_of, plural_of
from bot.messages.blocks.parts import (
    Block,
    Message,
    about_person,
    button,
    context,
    message,
    section,
)
from bot.messages.blocks.quotes import quote
from bot.messages.phrases.request_words import stage_of_work, wish
from bot.messages.phrases.waiting import waiting_for
from bot.paging import ListName, Page, Place
from bot.requests.model import Request
from bot.words import N_, _, ngettext
from bot.words.formats import as_sentence

# Of a reason, in a row; the card has the whole.
LONGEST_REASON: Final = 200
NOT_LISTED: Final = N_(
    "Not listed: what people ask for in My Access for somebody else, and some of what they ask for themselves. "
    "Microsoft Entra does not show me for whom that is, or under which policy; whoever approves it finds it in My Access."
)


def pending_review(request: Request, *, reader: str) -> list[Block]:
    """Make a row of an open request, with a button that shows its card: nobody decides what they have not read."""
    line = as_sentence(wish(request))
    if reader == request.holder or (request.is_on_behalf and reader == request.asked_by):
        stands = _("It is {waiting_for}. Your own request: somebody else decides it.").format(
            waiting_for=waiting_for(request, reader=None)
        )
    else:
        stands = _("It is {waiting_for}.").format(waiting_for=stage_of_work(request, own=False))
    why = quote(request.justification) if request.justification else ""
    review = review_button(request, style="primary" if reader in request.deciders else None)
    return [section(f"{line}\n{stands}{why}", accessory=review, block_id=f"review:{request.id}")]


def review_button(request: Request, *, style: str | None = None) -> Block:
    """Make the button that opens the whole card of a request."""
    about = about_person(request.holder_name, request.package_name)
    return button(_("Review"), "review", request.id, style=style, about=about)


def left_out(*, is_whole: bool) -> list[Block]:
    """Say below a list of what waits what cannot be listed, if there may be such a thing."""
    return [] if is_whole else [context(_(NOT_LISTED))]


def to_decide(page: Page[Request], *, reader: str, is_whole: bool = True) -> Message:
    """
    List a page of what waits for somebody's decision, the oldest first.

    Args:
        is_whole: Nothing waits in Entra that cannot be listed.
    """
    if not page.rows:
        nothing = _(NOTHING_MORE) if page.skipped is None else _("Nothing waits for your decision.")
        return message(nothing, [section(nothing), *left_out(is_whole=is_whole)])
    intro = how_many(
        page,
        ngettext(
            "{count} request waits{here} for your decision.",
            "{count} requests wait{here} for your decision.",
            plural_of(page),
        ),
    )
    blocks = part_of(
        (pending_review(request, reader=reader) for request in page.rows),
        places=[Place(list=ListName.TO_DECIDE, after=each) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(intro), *approve_all_row(page.rows, reader=reader)],
        next_button=lambda place: button(_("Next"), "my_more", place),
    )
    return message(intro, [*blocks, *left_out(is_whole=is_whole)])

"""List what somebody has decided or reviewed, and delegates in their name: for whom, what, how, when, and what became of it."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.approvals.model import Decision
from bot.emergencies.model import Emergency
from bot.messages.approvals.decision_lines import decision_line
from bot.messages.blocks.pages import NOTHING_MORE, Row, part_of
from bot.messages.blocks.parts import (
    Block,
    Message,
    bold,
    button,
    context,
    message,
    moment,
    person,
    section,
    shorten,
)
from bot.messages.emergencies.emergency import closed
from bot.messages.phrases.request_words import outcome, wish
from bot.paging import ListName, Page, Place, write_place
from bot.requests.model import Request
from bot.words import _
from bot.words.formats import as_sentence

# Of a reason, in a row; the card has the whole.
LONGEST_REASON: Final = 300


def decided_button() -> Block:
    """Make the button that lists what the reader has decided."""
    return button(_("What I decided"), "my_more", write_place(Place(list=ListName.DECIDED)) or "-")


def decided(page: Page[tuple[Decision | Emergency, Request]], *, since: datetime | None) -> Message:
    """
    List a page of the reader's own decisions and reviews and those in their name, the newest first, and say how far back it goes.

    Args:
        since: Requests that ended before then are not kept; None: all are.
    """
    tail = []
    if since is not None:
        kept = _("Requests that ended before {when} are not kept.").format(when=moment(since))
        tail.append(context(kept))
    if not page.rows:
        nothing = _(NOTHING_MORE) if page.skipped is None else _("You have not decided anything.")
        return message(nothing, [section(nothing), *tail])
    blocks = part_of(
        (_row(what, request) for what, request in page.rows),
        places=[Place(list=ListName.DECIDED, after=each) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(_("*What you decided, and others for you*, the newest first"))],
        next_button=lambda place: button(_("Next"), "my_more", place),
        tail=tail,
    )
    return message(_("What you decided, and others for you, the newest first"), blocks)


def _row(what: Decision | Emergency, request: Request) -> Row:
    return _reviewed(what, request) if isinstance(what, Emergency) else _decided(what, request)


def _reviewed(emergency: Emergency, request: Request) -> Row:
    said = replace(emergency, comment=shorten(emergency.comment or "", LONGEST_REASON))
    taken = _("{person} took emergency access to {package} {opened}.").format(
        person=person(request.holder, request.holder_name),
        package=bold(request.package_name),
        opened=moment(emergency.opened_at),
    )
    return [section("\n".join((taken, closed(said, request, to_reviewers=True))))]


def _decided(decision: Decision, request: Request) -> Row:
    said = (
        replace(decision, reason=shorten(decision.reason, LONGEST_REASON))
        if decision.reason
        else decision
    )
    lines = (as_sentence(wish(request)), decision_line(said), outcome(request))
    return [section("\n".join(lines))]

"""List emergency access whose review is open: in App Home and in the admins' console."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot import clock
from bot.emergencies.model import Emergency, ReviewedRequest
from bot.messages.blocks.parts import (
    Block,
    about_person,
    button,
    context,
    divider,
    escape,
    header,
    moment,
    person,
    section,
)
from bot.requests.model import Request
from bot.words import _, ngettext
from bot.words.formats import number


@dataclass(frozen=True, kw_only=True)
class OpenReviews:
    """
    The first reviews that are open, the oldest first.

    Attributes:
        count: How many there are, with those that are not among *rows*.
    """

    rows: Sequence[ReviewedRequest]
    count: int


NO_REVIEWS: Final = OpenReviews(rows=(), count=0)


def review_rows(reviews: OpenReviews) -> list[Block]:
    """Make the part of App Home about reviews that are open; nothing where none is."""
    if not reviews.rows:
        return []
    now = clock.now()
    blocks = [header(_("Emergency access to review"))]
    for each in reviews.rows:
        blocks += row(each.emergency, each.request, now=now)
    left = reviews.count - len(reviews.rows)
    if left > 0:
        more = ngettext("… and {count} more.", "… and {count} more.", left)
        blocks.append(context(more.format(count=number(left))))
    return [*blocks, divider()]


def row(emergency: Emergency, request: Request, *, now: datetime) -> list[Block]:
    """Make a row of a review that is open, for a list: who, what, since when and until when."""
    parts = {
        "person": person(request.holder, request.holder_name),
        "package": escape(request.package_name),
        "opened": moment(emergency.opened_at),
        "due": moment(emergency.review_by),
    }
    if emergency.is_overdue(now):
        line = _(
            ":rotating_light: {person} took emergency access to *{package}* {opened}. :warning: Its review was due {due}."
        ).format(**parts)
    else:
        line = _(
            ":rotating_light: {person} took emergency access to *{package}* {opened}. Its review is due {due}."
        ).format(**parts)
    about = about_person(request.holder_name, request.package_name)
    review = button(_("Review"), "emergency_review", request.id, about=about)
    return [section(line, accessory=review, block_id=f"review:{request.id}")]

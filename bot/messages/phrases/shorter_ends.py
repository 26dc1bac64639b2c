"""Say until when somebody has approved who set a shorter end, and offer to set one."""

from collections.abc import Sequence
from datetime import datetime

from bot import clock
from bot.approvals.model import Decision, WrongEndKind
from bot.messages.blocks.parts import Block, about_person, button, day
from bot.requests.model import Request
from bot.words import _
from bot.words.formats import date_and_time


def for_less_button(request: Request) -> Block | None:
    """Make the button that asks for a shorter end; None where it is not known how long the access would last."""
    if not request.can_be_shortened:
        return None
    about = about_person(request.holder_name, request.package_name)
    return button(_("Approve for less"), "approve_for_less", request.ask_id, about=about)


def wrong_end(why: WrongEndKind, bound: datetime | None) -> str:
    """Say what is wrong with an end that somebody has picked."""
    match why:
        case WrongEndKind.TOO_EARLY:
            return too_early(bound)
        case WrongEndKind.TOO_LATE:
            return too_late(bound)
        case WrongEndKind.UNKNOWN:
            return _("I do not know how long this would last, so I cannot shorten it.")


def too_early(bound: datetime | None) -> str:
    """Say that an end is too early."""
    if bound is None:
        return _("Please choose a later moment.")
    return _("Please choose a moment after {when}.").format(when=plain_moment(bound))


def too_late(bound: datetime | None) -> str:
    """Say that an end is not shorter than what was asked for."""
    if bound is None:
        return _("Please choose an earlier moment.")
    return _("Please choose a moment before {when}: until then it would last anyway.").format(
        when=plain_moment(bound)
    )


def approved_until(decision: Decision, *, by: str | None) -> str:
    """
    Say until when somebody has approved who set a shorter end.

    Args:
        by: Their name, or a mention of them; None: the reader may not see who they are.
    """
    if by is None:
        return _unnamed(decision)
    if decision.ends_at is None:
        return _("Approved by {by}.").format(by=by)
    if decision.instead_of is None:
        return _("Approved until {when} by {by}; it was asked for without an end.").format(
            when=day(decision.ends_at), by=by
        )
    return _("Approved until {when} instead of {when2} by {by}.").format(
        when=day(decision.ends_at), when2=day(decision.instead_of), by=by
    )


def _unnamed(decision: Decision) -> str:
    if decision.ends_at is None:
        return ""
    if decision.instead_of is None:
        return _("Approved until {when}; it was asked for without an end.").format(
            when=day(decision.ends_at)
        )
    return _("Approved until {when} instead of {when2}.").format(
        when=day(decision.ends_at), when2=day(decision.instead_of)
    )


def earliest(decided: Sequence[Decision]) -> Decision | None:
    """Return the decision whose end counts; None if nobody has set one."""
    shorter = [each for each in decided if each.ends_at is not None]
    return min(shorter, key=lambda each: each.ends_at or clock.now(), default=None)


def plain_moment(at: datetime) -> str:
    """Return a point in time where Slack formats nothing."""
    return date_and_time(at)

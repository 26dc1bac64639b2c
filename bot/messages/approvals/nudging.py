"""Nudge those who have not decided: why they hear of it again, and the whole card."""

from collections.abc import Sequence

from bot.approvals.model import ApproverQuestion, Decision
from bot.messages.approvals import approval_card
from bot.messages.blocks.parts import Message, escape, message, moment, person, section
from bot.messages.phrases.waiting import NOBODY_LEFT, waiting_for
from bot.notifications.model import Occasion
from bot.requests.model import Request, State
from bot.words import _


def nudge(
    request: Request,
    decided: Sequence[Decision],
    *,
    questions: Sequence[ApproverQuestion],
    occasion: Occasion,
    reader: str | None,
    asked: bool,
) -> Message:
    """
    Draw a nudge: a sentence above the card; once nothing waits for its reader any more, the card alone.

    Args:
        reader: Whose direct message it is in; None: a channel's.
        asked: The stage that is decided now is the one that they are nudged about.
    """
    if not asked or request.state is not State.PENDING:
        return approval_card.card(request, decided, questions=questions, reader=reader, asked=asked)
    return with_card(_why(request, occasion), request, decided, questions=questions, reader=reader)


def with_card(
    sentence: str,
    request: Request,
    decided: Sequence[Decision],
    *,
    questions: Sequence[ApproverQuestion],
    reader: str | None,
) -> Message:
    """Put a sentence above the card of a request that waits for a decision."""
    card = approval_card.card(request, decided, questions=questions, reader=reader)
    who, package = escape(request.holder_name or _("somebody")), escape(request.package_name)
    text = _("A decision is still needed about {package} for {who}.").format(
        package=package, who=who
    )
    return message(text, [section(sentence), *card["blocks"]])


def _why(request: Request, occasion: Occasion) -> str:
    if occasion is Occasion.REMIND:
        return _(
            ":bell: {person} asks you to look at this request again. It has been waiting since "
            "{since}."
        ).format(person=person(request.asked_by), since=_since(request))
    if occasion is Occasion.DEADLINE and request.lapses_at is not None:
        return _(":bell: This request expires {when} unless it is decided before.").format(
            when=moment(request.lapses_at)
        )
    return _(":bell: This request has been waiting for your decision since {since}.").format(
        since=_since(request)
    )


def escalated(request: Request) -> str:
    """Tell the admins, in a sentence, that those who are asked have not decided."""
    return _(
        ":rotating_light: *{package}* for {person} is still not decided: it is {waiting_for}. "
        "An admin may decide it, too."
    ).format(
        package=escape(request.package_name),
        person=person(request.holder, request.holder_name),
        waiting_for=waiting_for(request, reader=None),
    )


def nobody_left() -> str:
    """Tell the admins, in a sentence, that nobody can decide it, and what to do about that."""
    return f":rotating_light: {_(NOBODY_LEFT)}"


def somebody_again() -> str:
    """Tell the admins, in a sentence, that what they were told of this request is over."""
    return _(":white_check_mark: There are people again who can decide this.")


def waits(request: Request) -> str:
    """Say in a channel, in a sentence, that nobody has decided."""
    return _(":bell: This has been waiting for a decision since {since}.").format(
        since=_since(request)
    )


def _since(request: Request) -> str:
    return moment(request.waits_since or request.asked_at)

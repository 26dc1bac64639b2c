"""Tell of emergency access: to whoever asks for it and has it, and loudly to everybody else."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from bot.emergencies.model import Emergency, Finding
from bot.messages.blocks.parts import (
    Message,
    about_person,
    actions,
    bold,
    button,
    context,
    escape,
    header,
    listed,
    message,
    moment,
    person,
    section,
)
from bot.messages.blocks.quotes import as_written, quoted
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.phrases.request_words import progress
from bot.messages.phrases.waiting import cancel_button
from bot.packages.settings.model import BreakGlass, BreakGlassPeople
from bot.requests.model import Request, State, hides_deciders
from bot.words import _, ngettext, translate
from bot.words.formats import in_a_row, number

HOUR: Final = 60
DAY: Final = 24 * HOUR
# Of what a package gives, on a card.
LONGEST_CONTENTS: Final = 2_900


def asked(request: Request, *, created: bool) -> Message:
    """Say that emergency access has been asked for, or how the emergency stands that was asked for before."""
    name = bold(request.package_name)
    if created:
        line = _(
            "I am checking whether you may have emergency access to {package}, and will send you a message. If you may, "
            "nobody has to approve it: others are told at once, and somebody else reviews it afterwards."
        ).format(package=name)
    else:
        line = _(
            "You have already asked for emergency access to {package}, {moment}; it is {state}. I will send you a "
            "message as soon as that changes."
        ).format(package=name, moment=moment(request.asked_at), state=progress(request))
    cancel = cancel_button(request) if request.can_be_canceled else None
    buttons = [actions(cancel, block_id=f"ack:{request.id}")] if cancel else []
    return message(line, [section(line), *buttons])


def not_an_emergency(request: Request) -> Message:
    """Say to whoever asked that it waits for an approval, and why."""
    return message(
        _(
            "I cannot give you {package} as an emergency. {why} Your request goes on as any other: it is being "
            "decided by those who approve it."
        ).format(
            package=bold(request.package_name),
            why=escape_sentence(translate(request.no_emergency_why or "")),
        )
    )


def not_an_emergency_note(request: Request) -> str:
    """Say to those who approve it that it was asked for as an emergency, and why it is none."""
    return _(
        ":rotating_light: Asked for as an emergency, which it is not by the package's rules. {why}"
    ).format(why=escape_sentence(translate(request.no_emergency_why or "")))


def holder_note(request: Request) -> str:
    """Say below "You now have access" that it is emergency access, and what follows."""
    review = (
        request.terms.emergency.review_seconds if request.terms and request.terms.emergency else 0
    )
    within = length(review // 60)
    if request.ends_at is None:
        return _(
            "This is emergency access, which nobody has approved. Somebody else reviews it within {length}."
        ).format(length=within)
    return _(
        "This is emergency access, which nobody has approved. It lasts until {end} and cannot be extended. Somebody "
        "else reviews it within {length}."
    ).format(end=moment(request.ends_at), length=within)


def length(minutes: int) -> str:
    """Return a length of time in the largest unit that is whole: "4 hours"."""
    if minutes and minutes % DAY == 0:
        days = minutes // DAY
        return ngettext("{count} day", "{count} days", days).format(count=number(days))
    if minutes and minutes % HOUR == 0:
        hours = minutes // HOUR
        return ngettext("{count} hour", "{count} hours", hours).format(count=number(hours))
    return ngettext("{count} minute", "{count} minutes", minutes).format(count=number(minutes))


def offer(found: BreakGlass) -> str:
    """Say in the request form what emergency access is, before somebody chooses it."""
    parts = {
        "length": length(int(found.lasts.total_seconds()) // 60),
        "review": length(int(found.review_within.total_seconds()) // 60),
    }
    if found.people is BreakGlassPeople.ON_CALL:
        return _(
            "For those on call only. You have access at once, for {length}, without an approval. Everybody in the "
            "channel is told, and somebody else reviews it within {review}."
        ).format(**parts)
    return _(
        "You have access at once, for {length}, without an approval. Everybody in the channel is told, and somebody "
        "else reviews it within {review}."
    ).format(**parts)


def card(emergency: Emergency, request: Request, *, now: datetime) -> Message:
    """Draw the card of an emergency: who has what, why, until when; and how its review stands."""
    facts = card_facts(emergency, request, now=now)
    if not emergency.is_open:
        return facts
    about = about_person(request.holder_name, request.package_name)
    review = actions(
        button(_("Close the review"), "emergency_review", request.id, style="primary", about=about),
        block_id=f"emergency:{request.id}",
    )
    return message(facts["text"], [*facts["blocks"], review])


def card_facts(emergency: Emergency, request: Request, *, now: datetime) -> Message:
    """Say all that the card says, without its button."""
    sentence = _("Emergency: {person} has taken access to {package} without an approval.")
    name = escape(request.package_name)
    text = sentence.format(person=escape(request.holder_name or _("somebody")), package=name)
    line = sentence.format(person=person(request.holder, request.holder_name), package=f"*{name}*")
    title = header(":rotating_light: " + _("Emergency access"))
    title["text"]["emoji"] = True
    blocks = [title, section(line)]
    if request.justification:
        blocks += [context(_("*Why*")), quoted(request.justification)]
    gains = request.terms.contents if request.terms else ()
    if gains:
        blocks += listed(
            _("*The package gives*"),
            [translate(each) for each in gains],
            characters=LONGEST_CONTENTS,
        )
    blocks.append(context(_state(request)))
    if not emergency.is_open:
        return message(text, [*blocks, context(closed(emergency, request))])
    # Everybody in the channel reads it, and mostly so does whoever has the access.
    is_named = not hides_deciders(request, request.stage)
    return message(text, [*blocks, context(_still_open(emergency, now=now, is_named=is_named))])


def _still_open(emergency: Emergency, *, now: datetime, is_named: bool) -> str:
    people = in_a_row([person(each) for each in emergency.reviewers] if is_named else [])
    by = moment(emergency.review_by)
    if emergency.is_overdue(now):
        if not people:
            return _(":warning: This should have been reviewed by {moment}.").format(moment=by)
        return _(":warning: This should have been reviewed by {moment}. Asked: {people}.").format(
            moment=by, people=people
        )
    if not people:
        return _("Somebody else has to review this by {moment}.").format(moment=by)
    return _("Somebody else has to review this by {moment}. Asked: {people}.").format(
        moment=by, people=people
    )


def _state(request: Request) -> str:
    """Say whether the access is there."""
    if request.state is State.FAILED:
        return _("Entra has not given the access.")
    if request.state is not State.DELIVERED:
        return _("Entra is setting it up.")
    if request.ends_at is None:
        return _("The access is there.")
    return _("The access was given until {moment}.").format(moment=moment(request.ends_at))


def closed(emergency: Emergency, request: Request, *, to_reviewers: bool = False) -> str:
    """
    Say how a review was closed, by whom, and in which words; of access that was over by then, nobody asked for a removal.

    Whether Entra has removed it is another matter, of which the removal tells.

    Where whoever asks may not see who decides, nobody is named: they are among those who read it.

    Args:
        to_reviewers: Only whoever has closed it reads it, or whom they decide for.
    """
    if hides_deciders(request, request.stage) and not to_reviewers:
        emergency = replace(emergency, for_user=None, for_name=None, as_admin=False)
        who = _("somebody")
    else:
        who = person(emergency.closed_by, emergency.closed_name)
    parts = {
        "person": who,
        "approver": person(emergency.for_user, emergency.for_name),
        "moment": moment(emergency.closed_at) if emergency.closed_at else "",
        "comment": as_written(emergency.comment or ""),
    }
    is_bad = emergency.finding is Finding.REMOVE
    removes = is_bad and not _was_over(emergency, request)
    if is_bad and not removes:
        return _closed_afterwards(emergency).format(**parts)
    if emergency.as_admin:
        if removes:
            return _(
                "Reviewed {moment}: {person}, as an admin and not as an approver, asked for the access to be removed: {comment}"
            ).format(**parts)
        return _(
            "Reviewed {moment}: {person}, as an admin and not as an approver, found it fine: {comment}"
        ).format(**parts)
    if emergency.for_user:
        if removes:
            return _(
                "Reviewed {moment}: {person} for {approver} asked for the access to be removed: {comment}"
            ).format(**parts)
        return _("Reviewed {moment}: {person} for {approver} found it fine: {comment}").format(
            **parts
        )
    if removes:
        return _(
            "Reviewed {moment}: {person} asked for the access to be removed: {comment}"
        ).format(**parts)
    return _("Reviewed {moment}: {person} found it fine: {comment}").format(**parts)


def _was_over(emergency: Emergency, request: Request) -> bool:
    """Tell whether there was nothing to take away when the review was closed: what was there has its removal with it."""
    return emergency.removal_id is None and request.state in {State.DELIVERED, State.FAILED}


def _closed_afterwards(emergency: Emergency) -> str:
    if emergency.as_admin:
        return _(
            "Reviewed {moment}: {person}, as an admin and not as an approver, did not find it fine: {comment}"
        )
    if emergency.for_user:
        return _("Reviewed {moment}: {person} for {approver} did not find it fine: {comment}")
    return _("Reviewed {moment}: {person} did not find it fine: {comment}")


def told_holder(emergency: Emergency, request: Request) -> Message:
    """Tell whoever had the access how it was reviewed."""
    return message(
        _("Your emergency access to {package} has been reviewed. {closed}").format(
            package=bold(request.package_name), closed=closed(emergency, request)
        )
    )

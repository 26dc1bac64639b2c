"""List somebody's past requests: what was asked, when, how it ended, and whether it may be asked for again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot import clock
from bot.approvals.model import Decision, shown_to
from bot.assignments.model import ENDED_WITHOUT_US, Assignment, AssignmentState
from bot.messages.blocks.pages import NOTHING_MORE, Row, part_of
from bot.messages.blocks.parts import (
    Message,
    actions,
    button,
    context,
    escape,
    message,
    moment,
    person,
    section,
    until,
)
from bot.messages.blocks.quotes import quote
from bot.messages.phrases.decided import names_of
from bot.messages.phrases.request_words import outcome, outcome_for_requester
from bot.messages.requests.acknowledging import my_access_button
from bot.paging import ListName, Page, Place
from bot.people.model import Verb
from bot.requests.model import DECLINED, Kind, Request, State, shown_there
from bot.words import _, translate
from bot.words.formats import all_of

# Of a reason, in a row; the message that told of it has the whole.
LONGEST_REASON: Final = 500


@dataclass(frozen=True, kw_only=True)
class PastRequest:
    """
    A request that is over.

    Attributes:
        decided: The decisions that counted for it.
        access: What it has given, extended or returned, as far as that is known; None where it has done none of that.
    """

    request: Request
    decided: Sequence[Decision] = ()
    access: Assignment | None = None


@dataclass(frozen=True, kw_only=True)
class PastRequests:
    """
    A page of one person's past requests, the newest first.

    Attributes:
        reader: Whose they are, by Slack id.
        page: The requests.
        again: Ids of the requests that the reader may ask for once more.
        since: What ended before then is not kept; None: everything is.
    """

    reader: str
    page: Page[PastRequest]
    again: Collection[str] = frozenset()
    since: datetime | None = None


def past_requests(past: PastRequests) -> Message:
    """List a page of them, the newest first, and say how far back the list goes."""
    page = past.page
    tail = [actions(my_access_button())]
    if past.since is not None:
        tail.insert(
            0,
            context(
                _("Requests that ended before {when} are not kept.").format(when=moment(past.since))
            ),
        )
    if not page.rows:
        nothing = _(NOTHING_MORE) if page.skipped is None else _("You have no past requests.")
        return message(nothing, [section(nothing), *tail])
    blocks = part_of(
        (_row(each, past) for each in page.rows),
        places=[Place(list=ListName.PAST, after=each) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(_("*Your past requests*, the newest first"))],
        next_button=lambda place: button(_("Next"), "my_more", place),
        tail=tail,
    )
    names = all_of(list(dict.fromkeys(each.request.package_name for each in page.rows)))
    return message(_("Your past requests: {packages}.").format(packages=escape(names)), blocks)


def _row(each: PastRequest, past: PastRequests) -> Row:
    request = each.request
    line = f"{_asked(request, past.reader)}\n{_ended(each, past.reader)}"
    if request.id not in past.again:
        return [section(line)]
    again = button(_("Ask again"), "ask_again", request.id, about=request.package_name)
    return [section(line, accessory=again, block_id=f"past:{request.id}")]


def _asked(request: Request, reader: str) -> str:
    name, when = escape(request.package_name), moment(request.asked_at)
    if request.is_on_behalf and request.asked_by == reader:
        return _("Access to *{package}* for {person}, asked {when}").format(
            package=name, person=person(request.wanted_for, request.holder_name), when=when
        )
    match request.kind:
        case Kind.ADD:
            sentence = _("Access to *{package}*, asked {when}")
        case Kind.EXTEND:
            sentence = _("Extension of *{package}*, asked {when}")
        case Kind.REMOVE:
            sentence = _("Return of *{package}*, asked {when}")
    line = sentence.format(package=name, when=when)
    if request.is_on_behalf:
        return _("{line}, by {person}").format(line=line, person=person(request.asked_by))
    return line


def _ended(each: PastRequest, reader: str) -> str:
    """Say how it ended; whom others have asked for reads no more of that than they were told."""
    request = each.request
    if request.state is State.DELIVERED:
        return _delivered(each, reader)
    if request.is_on_behalf and reader != request.asked_by:
        return _ended_for_them(request)
    return f"{_outcome(each, reader)}{_why(request)}"


def _delivered(each: PastRequest, reader: str) -> str:
    request = each.request
    approved = names_of(shown_to(request, each.decided, reader), Verb.APPROVE)
    if request.kind is Kind.REMOVE:
        # What had run out before Entra was done with the return was not returned.
        was_over = each.access is not None and each.access.ended_why in ENDED_WITHOUT_US
        return _access(each.access) if was_over else _("Returned.")
    by = _("Approved by {by}.").format(by=escape(all_of(approved))) if approved else ""
    parts = (outcome(request), by, _access(each.access))
    return " ".join(part for part in parts if part)


def _access(access: Assignment | None) -> str:
    """Say what has become of the access."""
    if access is None:
        return ""
    ended_at = access.ended_at if access.state is AssignmentState.ENDED else access.ends_at
    if ended_at is not None and ended_at <= clock.now():
        return _("The access ended {when}.").format(when=moment(ended_at))
    if access.state is AssignmentState.ENDED:
        return _("The access has ended.")
    if access.state is AssignmentState.REMOVING:
        return _("The access is being removed.")
    return _("The access lasts {until}.").format(until=until(access.ends_at))


def _outcome(each: PastRequest, reader: str) -> str:
    request = each.request
    if request.state is State.DENIED:
        seen = shown_there(request, reader)
        there = [one.name for one in seen if one.verb is Verb.DENY and one.name]
        denials = shown_to(request, each.decided, reader)
        by = names_of(denials, Verb.DENY) or list(dict.fromkeys(there))
        if by:
            return _("Denied by {person}.").format(person=escape(all_of(by)))
    return outcome_for_requester(request)


def _why(request: Request) -> str:
    # What ended it says so itself.
    if not request.why or request.why == DECLINED:
        return ""
    return quote(translate(request.why), LONGEST_REASON)


def _ended_for_them(request: Request) -> str:
    if request.is_declined:
        return _("You declined it.")
    if request.is_canceled_by_admin:
        return _("Canceled by an admin.")
    match request.state:
        case State.DENIED:
            return _("Denied.")
        case State.LAPSED:
            return _("It has expired.")
        case State.CANCELED if not request.is_canceled_in_entra:
            return _("Canceled by {person}.").format(person=person(request.asked_by))
        case State.CANCELED:
            return outcome(request)
        case _:
            return _("It did not succeed.")

"""List what somebody has and waits for, with what they can do about it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from bot import clock
from bot.approvals.model import NO_QUESTIONS, OpenQuestions
from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress, can_be_opened
from bot.messages.assignments import troubles
from bot.messages.assignments.changing import remind_again_button, return_button
from bot.messages.assignments.extending import ExtensionOffer, extension_of
from bot.messages.assignments.opening import IN_ROW, open_buttons
from bot.messages.blocks.pages import NOTHING_MORE, Row, beyond, count_of, part_of
from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    button,
    context,
    escape,
    left,
    message,
    moment,
    person,
    section,
    shorten,
    until,
)
from bot.messages.overviews.open_questions import counted, question_rows
from bot.messages.phrases.naming import is_for_other, name_in_row, remover, whom_it_is_for
from bot.messages.phrases.request_words import PAUSED, for_requester, progress
from bot.messages.phrases.time_left import bar
from bot.messages.phrases.waiting import remind_button
from bot.packages.local_links import OpeningsByPackage
from bot.packages.offers import PoliciesHeldUnder, lets_return
from bot.packages.opening import Opening
from bot.paging import Count, ListName, Page, Place, write_place
from bot.people.model import CONNECTED_ELSEWHERE
from bot.requests.model import Kind, Request, State
from bot.words import N_, _, pgettext

NO_ACCESS = N_("You have no access through Latchkey.")
NOTHING = N_("You have no access through Latchkey, and nothing is pending.")


def my_access(
    held: Page[Assignment],
    waiting: Page[Request],
    *,
    reader: str,
    asked: Mapping[str, Request],
    held_under: PoliciesHeldUnder,
    opens: OpeningsByPackage = MappingProxyType({}),
    questions: OpenQuestions = NO_QUESTIONS,
    is_connected_elsewhere: bool = False,
    is_paused: bool = False,
) -> Message:
    """
    List a page of what somebody has and, after that, waits for.

    Args:
        reader: Whose list it is, by Slack id.
        questions: What waits for their answer, said above.
        asked: The open requests about what is shown, by assignment.
        held_under: The policies under which people have it, which say what these may do.
        opens: What they can open of what they have, by package.
        is_connected_elsewhere: What they have is shown to another account of theirs.
        is_paused: All granting is paused.
    """
    count = held.count.plus(waiting.count)
    head = question_rows(questions)
    elsewhere = _(CONNECTED_ELSEWHERE) if is_connected_elsewhere else ""
    if not held.rows and not waiting.rows:
        if held.skipped:
            return message(beyond("/my-access"))
        none = elsewhere or (_(NO_ACCESS) if questions.rows else _(NOTHING))
        nothing = _(NOTHING_MORE) if held.skipped is None else none
        request = button(_("Request access"), "new_request", "-")
        said_first = " ".join(each for each in (counted(questions), nothing) if each)
        return message(said_first, [*head, section(nothing), actions(request, past_button())])
    places = [Place(list=ListName.MINE, after=each) for each in held.marks]
    places += [Place(list=ListName.ASKED, after=each) for each in waiting.marks]
    blocks = part_of(
        my_access_rows(
            held.rows,
            waiting.rows,
            reader=reader,
            asked=asked,
            held_under=held_under,
            opens=opens,
            is_paused=is_paused,
        ),
        places=places,
        count=count,
        skipped=held.skipped,
        head=[*head, section(elsewhere)] if elsewhere else head,
        next_button=lambda place: button(_("Next"), "my_more", place),
        tail=[actions(past_button())],
    )
    left = count.less(len(places))
    text = _my_access_text(held.rows, waiting.rows, reader=reader, asked=asked, left=left)
    return message(" ".join(each for each in (counted(questions), elsewhere, text) if each), blocks)


def past_button() -> Block:
    """Make the button that lists what the reader has asked for and is over."""
    return button(_("Past requests"), "my_more", write_place(Place(list=ListName.PAST)) or "-")


def _my_access_text(
    held: Sequence[Assignment],
    waiting: Sequence[Request],
    *,
    reader: str,
    asked: Mapping[str, Request],
    left: Count,
) -> str:
    parts = [_held_text(row, asked.get(row.id)) for row in held]
    parts += [f"{name_in_row(each, reader=reader)}: {progress(each)}" for each in waiting]
    shown = "; ".join(parts)
    if left.is_nothing:
        return _("Your access: {packages}.").format(packages=shown)
    return _("Your access: {packages}; and {count} more.").format(
        packages=shown, count=count_of(left)
    )


def _held_text(row: Assignment, asked: Request | None) -> str:
    name = escape(row.package_name)
    if asked is not None and asked.kind is Kind.REMOVE:
        return f"{name}: {progress(asked)}"
    return f"{name} {until(row.ends_at)}{_(troubles.SHORT.get(row.progress, ''))}"


def my_access_rows(
    held: Sequence[Assignment],
    waiting: Sequence[Request],
    *,
    reader: str,
    asked: Mapping[str, Request],
    held_under: PoliciesHeldUnder,
    opens: OpeningsByPackage = MappingProxyType({}),
    is_paused: bool = False,
) -> Iterator[Row]:
    """Make a row of each thing somebody has or waits for, with what they can do about it."""
    for row in held:
        yield _held_row(
            row,
            extension=extension_of(row, held_under),
            may_return=lets_return(held_under, row.policy_id),
            asked=asked.get(row.id),
            openings=opens.get(row.package_id, ()) if can_be_opened(row) else (),
        )
    for request in waiting:
        yield _waiting_row(request, reader, is_paused=is_paused)


def _held_row(
    row: Assignment,
    *,
    extension: ExtensionOffer | None,
    may_return: bool,
    asked: Request | None,
    openings: Collection[Opening],
) -> list[Block]:
    name = escape(row.package_name)
    line = f"*{name}* {until(row.ends_at)}"
    if row.ends_at and row.ends_at > clock.now():
        line += f"  ({_('{time} left').format(time=left(row.ends_at))})"
        if shown := bar(row.starts_at, row.ends_at):
            line += f"\n{shown}"
    more = troubles.notes(row, own=True)
    if asked is not None and asked.kind is Kind.REMOVE:
        return [section(line), *_removal(row, asked), *more]
    if row.state is AssignmentState.REMOVING:
        return [section(line), context(_("Being removed.")), *more]
    extend = None
    is_extended = asked is not None and asked.kind is Kind.EXTEND
    is_whole = row.progress in {DeliveryProgress.DELIVERED, DeliveryProgress.REPROCESSING}
    if extension is not None and is_whole and not is_extended:
        extend = button(extension.label, "extend", row.id, about=shorten(row.package_name, 40))
    give_back = return_button(row) if may_return else None
    links = open_buttons(openings, package_id=row.package_id, package=row.package_name, most=IN_ROW)
    remind = None
    if row.may_end:
        more.append(context(_("You chose to let it end. I will not remind you again.")))
        remind = remind_again_button(row)
    buttons = actions(*links, extend, give_back, remind, block_id=f"held:{row.id}")
    return [section(line), *more, *([buttons] if buttons["elements"] else [])]


def _removal(row: Assignment, request: Request) -> list[Block]:
    """Say in the row of access that it is being removed, by whom, and how far that is; with what they can do about it."""
    if request.asked_by == request.holder:
        who = _("You returned it {when}: {progress}.").format(
            when=moment(request.asked_at), progress=progress(request)
        )
    else:
        who = _("{person} removes it: {progress}.").format(
            person=remover(request, request.asked_by, begins=True), progress=progress(request)
        )
    said = context(f"{_('Being removed.')} {who}")
    if request.asked_by != request.holder or not _can_be_canceled(request):
        return [said]
    return [said, actions(_cancel_button(request), block_id=f"held:{row.id}")]


def _can_be_canceled(request: Request) -> bool:
    is_here = request.state is State.RECEIVED or request.can_be_withdrawn
    return is_here or request.can_be_canceled_in_entra


def _cancel_button(request: Request) -> Block:
    return button(
        pgettext("cancel a request", "Cancel"), "cancel", request.id, about=request.package_name
    )


def _waiting_row(request: Request, reader: str, *, is_paused: bool) -> list[Block]:
    name = escape(request.package_name)
    line = for_requester(request)
    if is_paused and request.is_to_be_granted:
        line += f"\n{_(PAUSED)}"
    if request.terms is not None and request.terms.removal is not None:
        removed_by = _("An admin has to approve it: {person} had removed it.")
        line += f"\n{removed_by.format(person=remover(request, request.terms.removal.by))}"
    if is_for_other(request, reader):
        line = _("{line}, for {person}").format(line=line, person=whom_it_is_for(request))
    elif request.is_on_behalf:
        line = _("{line}, by {person}").format(line=line, person=person(request.asked_by))
        if request.state is not State.PENDING:
            return [section(line)]
        decline = button(_("Decline"), "decline", request.id, about=request.package_name)
        return [section(line, accessory=decline, block_id=f"waiting:{request.id}")]
    elif request.asked_by != request.holder:
        return [
            section(
                _("*{name}* is being removed by {person}.").format(
                    name=name, person=remover(request, request.asked_by)
                )
            )
        ]
    if not _can_be_canceled(request):
        return [section(line)]
    cancel = _cancel_button(request)
    remind = remind_button(request)
    if remind is not None:
        return [section(line), actions(remind, cancel, block_id=f"waiting:{request.id}")]
    reminded = []
    if request.state is State.PENDING and request.reminded_at is not None:
        reminded = [
            context(_("You had them reminded {when}.").format(when=moment(request.reminded_at)))
        ]
    return [section(line, accessory=cancel, block_id=f"waiting:{request.id}"), *reminded]

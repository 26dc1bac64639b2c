"""Answer the people who ask for access and have it."""

from collections.abc import Iterator, Mapping, Sequence

from bot import clock
from bot.approvals.model import Decision
from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress, EndReason
from bot.messages import troubles
from bot.messages.extending import ExtensionOffer, extension_of
from bot.messages.pages import NOTHING_MORE, Row, beyond, page_of, part_of
from bot.messages.parts import (
    LONGEST_DESCRIPTION,
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    escape,
    left,
    listed,
    message,
    moment,
    person,
    quoted,
    said,
    section,
    shorten,
    until,
)
from bot.messages.quorum import approvals_so_far
from bot.messages.request_words import FOR_REQUESTER, progress
from bot.messages.shorter_ends import approved_until
from bot.messages.time_left import bar
from bot.messages.waiting import remind_button
from bot.packages.model import Package
from bot.packages.offers import ExtendablePolicies
from bot.paging import Count, ListName, Page, Place
from bot.people.model import Person
from bot.requests.model import MOVES, Kind, Request, State

MOST_OFFERED = 20
# In the text that stands for a message where its blocks are not shown.
MOST_NAMED = 50
TOO_SHORT = "That is too short for a reminder: I will tell you when it has ended."
NOTHING = "You have no access through Latchkey, and nothing is pending."


def offer(
    packages: Sequence[Package], *, intro: str = "What do you need access to?", page: int = 1
) -> Message:
    """List what this workspace offers, each with a button to ask for it, a page at a time."""
    if not packages:
        return message(
            f"{intro}\nNothing can be asked for here yet. "
            "Your identity team makes packages in Entra; they show up here within minutes."
        )
    head = [section(intro)]
    if len(packages) > MOST_OFFERED:
        head.append(
            context("`/request-access` with a part of a name finds every package that has it.")
        )
    blocks = page_of(
        ([offered(package)] for package in packages),
        count=len(packages),
        page=page,
        head=head,
        command="/request-access",
        most=MOST_OFFERED,
    )
    names = ", ".join(escape(package.slug) for package in packages[:MOST_NAMED])
    left = len(packages) - MOST_NAMED
    more = f" and {left} more" if left > 0 else ""
    return message(f"{intro} You can ask for: {names}{more}.", blocks)


def offered(package: Package) -> Block:
    lines = [f"*{escape(package.name)}*  `{escape(package.slug)}`"]
    if package.description:
        lines.append(escape(shorten(package.description, LONGEST_DESCRIPTION)))
    facts = [
        package.catalog,
        package.lasts,
        "needs approval" if package.needs_approval else "no approval needed",
    ]
    lines.append(f"_{' · '.join(escape(fact) for fact in facts if fact)}_")
    ask = button("Ask for it", "ask", package.id, about=package.name)
    return section("\n".join(lines), accessory=ask, block_id=f"offer:{package.id}")


def no_such_package(typed: str) -> str:
    return f"There is no access package called “{escape(typed)}”."


def reason_needed(package_id: str, name: str, sentence: str) -> Message:
    ask = button("Say why", "ask", package_id, style="primary", about=name)
    return message(escape(sentence), [section(escape(sentence)), actions(ask)])


def form_needed(about: str, sentence: str) -> Message:
    """*about* is what the button carries to the form."""
    ask = button("Open the form", "ask", about, style="primary")
    return message(escape(sentence), [section(escape(sentence)), actions(ask)])


def refused(request: Request) -> Message:
    name, why = escape(request.package_name), escape(request.why or "")
    what = {
        Kind.ADD: f"I cannot get you access to {name}.",
        Kind.EXTEND: f"Your access to {name} cannot be extended.",
        Kind.REMOVE: f"Access to {name} was not removed.",
    }[request.kind]
    return message(f"{what} {why}")


def denied(request: Request, *, by: str | None, approved: Sequence[str] = ()) -> Message:
    """
    Say who denied a request, and why.

    Args:
        approved: Who had approved the stages before.
    """
    name = escape(request.package_name)
    what = "request for" if request.kind is Kind.ADD else "request to extend"
    before = f" {escape(' and '.join(approved))} had approved it before." if approved else ""
    line = f"Your {what} {name} was denied{f' by {escape(by)}' if by else ''}.{before}"
    return _with_reason(line, request.why)


def lapsed(request: Request, *, approved: Sequence[str] = ()) -> Message:
    """
    Say that a request has expired.

    Args:
        approved: Who had approved the stages before; or the stage that it waited in, where several must.
    """
    if request.why:
        return message(
            f"Your access to {escape(request.package_name)} was not extended. {escape(request.why)} "
            "You can ask for it again."
        )
    what = "extension of" if request.kind is Kind.EXTEND else "request for"
    name = escape(request.package_name)
    counted = approvals_so_far(request)
    if approved and request.approvals and counted:
        by = escape(" and ".join(approved))
        steps = len(request.terms.stages) if request.terms else 1
        if steps > 1:
            return message(
                f"Your {what} {name} has expired: step {request.stage + 1} of {steps} got {counted} in time, by {by}. "
                "You can ask again."
            )
        return message(
            f"Your {what} {name} has expired: it got {counted} in time, by {by}. You can ask again."
        )
    if approved:
        stages = len(request.terms.stages) if request.terms else 1
        return message(
            f"Nobody decided step {request.stage + 1} of {stages} of your {what} {name} in time, so it has expired. "
            f"{escape(' and '.join(approved))} had approved it before. You can ask again."
        )
    return message(
        f"Nobody decided your {what} {name} in time, so it has expired. You can ask again."
    )


def failed(request: Request) -> Message:
    what = {
        Kind.ADD: "I could not get you access to",
        Kind.EXTEND: "I could not extend your access to",
        Kind.REMOVE: "I could not remove the access to",
    }[request.kind]
    after = "You can ask again." if request.give_up_by else "The admins have been told."
    return message(f"{what} {escape(request.package_name)}. {escape(request.why or '')} {after}")


def delivered(
    request: Request,
    *,
    by: str | None,
    will_remind: bool,
    note: str | None = None,
    shorter: Decision | None = None,
) -> Message:
    """
    Tell somebody that they have access; only ever made from a request that Graph has delivered.

    Args:
        note: The package's own sentence, from its settings.
        shorter: The decision that set a shorter end than was asked for.
    """
    less = approved_until(shorter, by=escape(shorter.name or "an approver")) if shorter else ""
    name = escape(request.package_name)
    ends_too_soon = "" if will_remind or request.ends_at is None else TOO_SHORT
    if request.kind is Kind.EXTEND:
        approved = f"Approved by {escape(by)}." if by else ""
        line = f"Your access to *{name}* now lasts {until(request.ends_at)}."
        return message(" ".join(each for each in (line, approved, less, ends_too_soon) if each))
    lines = [f"You now have access to *{name}*, {until(request.ends_at)}."]
    gains = request.terms.contents if request.terms else ()
    blocks: list[Block] = [section(lines[0])]
    if gains:
        blocks += listed("It gives you:", gains)
    if note:
        blocks.append(section(escape(note)))
    notes = [
        f"Approved by {escape(by)}." if by else "",
        less,
        "I will remind you before it ends." if will_remind else ends_too_soon,
    ]
    if any(notes):
        blocks.append(context(" ".join(note for note in notes if note)))
    text = f"{lines[0]} {escape(note)}" if note else lines[0]
    return message(text, blocks)


def removed(request: Request, *, told: str) -> Message:
    """Say that access is removed; *told* is the Slack id of whoever reads it."""
    name = escape(request.package_name)
    if request.is_given_back:
        return message(f"Done: you have returned {name}. Thank you!")
    if told == request.holder:
        line = f"Your access to {name} was removed by {person(request.asked_by)}."
    else:
        line = (
            f"Done: {person(request.holder, request.holder_name)} no longer has access to {name}."
        )
    return _with_reason(line, request.justification)


def _with_reason(line: str, reason: str | None) -> Message:
    """Say something, and below it the whole of what somebody wrote as the reason."""
    if not reason:
        return message(line)
    return message(f"{line}{said(reason)}", [section(line), quoted(reason)])


def ended_while_extending(assignment: Assignment, request: Request) -> Message:
    """
    Say that access has ended whose extension was asked for.

    Args:
        request: The extension, still open; or the request for new access that it has become.
    """
    name = escape(assignment.package_name)
    if request.kind is Kind.ADD:
        line = (
            f"Your access to {name} has ended before it was extended. I ask for new access for you in its "
            f"place; it is {progress(request)}. I will tell you what comes of it."
        )
    else:
        line = (
            f"Your access to {name} has ended while its extension was still open. The extension is {progress(request)}; "
            "I will tell you what comes of it."
        )
    if State.CANCELED not in MOVES[request.state] or request.intent_at is not None:
        return message(line)
    cancel = button("Cancel", "cancel", request.id, about=request.package_name)
    return message(line, [section(line), actions(cancel)])


def ended(assignment: Assignment) -> Message:
    name = escape(assignment.package_name)
    how = (
        "has ended"
        if assignment.ended_why == EndReason.RAN_OUT
        else "was removed in Entra, outside Latchkey"
    )
    line = f"Your access to {name} {how}. If you still need it, you can ask again."
    again = button("Ask again", "ask", assignment.package_id, about=assignment.package_name)
    return message(line, [section(line), actions(again)])


def confirm_return(row: Assignment) -> dict[str, object]:
    return confirm(
        "Return it?",
        f"You lose access to {row.package_name} within minutes.",
        yes="Return",
        danger=True,
    )


def extending(request: Request, *, is_new: bool) -> Message:
    name = escape(request.package_name)
    if not is_new:
        return message(
            f"You have already asked to extend your access to {name}; it is {progress(request)}."
        )
    return message(f"Asked to extend your access to {name}. I will tell you what comes of it.")


def returning(request: Request, *, is_new: bool) -> Message:
    name = escape(request.package_name)
    if not is_new:
        return message(f"Your access to {name} is being removed already.")
    return message(f"Returning {name}. I will tell you when it is done.")


def letting_end(assignment: Assignment) -> Message:
    name = escape(assignment.package_name)
    end = f" {moment(assignment.ends_at)}" if assignment.ends_at else ""
    return message(f"You chose to let {name} end{end}. I will not remind you again.")


def canceled(request: Request) -> Message:
    what = "extension of" if request.kind is Kind.EXTEND else "request for"
    return message(f"Your {what} {escape(request.package_name)} is canceled.")


def second_account(second: Person) -> Message:
    return message(
        f"{person(second.slack_user)} has begun to use Latchkey as {escape(second.entra_name)} in Entra, as you do. "
        "If that account is not yours, please tell your identity team at once."
    )


def my_access(
    held: Page[Assignment],
    waiting: Page[Request],
    *,
    asked: Mapping[str, Kind],
    extendable: ExtendablePolicies,
) -> Message:
    """
    List a page of what somebody has and, after that, waits for.

    Args:
        asked: What is asked and waited for about what is shown, by assignment.
        extendable: The policies whose holders may extend.
    """
    count = held.count.plus(waiting.count)
    if not held.rows and not waiting.rows:
        if held.skipped:
            return message(beyond("/my-access"))
        nothing = NOTHING_MORE if held.skipped is None else NOTHING
        request = button("Request access", "new_request", "-")
        return message(nothing, [section(nothing), actions(request)])
    places = [Place(list=ListName.MINE, after=each) for each in held.marks]
    places += [Place(list=ListName.ASKED, after=each) for each in waiting.marks]
    blocks = part_of(
        my_access_rows(held.rows, waiting.rows, asked=asked, extendable=extendable),
        places=places,
        count=count,
        skipped=held.skipped,
        head=[],
        next_button=lambda place: button("Next", "my_more", place),
    )
    text = _my_access_text(held.rows, waiting.rows, left=count.less(len(places)))
    return message(text, blocks)


def _my_access_text(held: Sequence[Assignment], waiting: Sequence[Request], *, left: Count) -> str:
    parts = [
        f"{escape(row.package_name)} {until(row.ends_at)}{troubles.SHORT.get(row.progress, '')}"
        for row in held
    ]
    parts += [f"{escape(each.package_name)}: {progress(each)}" for each in waiting]
    more = "" if left.is_nothing else f"; and {left} more"
    return f"Your access: {'; '.join(parts)}{more}."


def my_access_rows(
    held: Sequence[Assignment],
    waiting: Sequence[Request],
    *,
    asked: Mapping[str, Kind],
    extendable: ExtendablePolicies,
) -> Iterator[Row]:
    """Make a row of each thing somebody has or waits for, with what they can do about it."""
    for row in held:
        yield _held_row(row, extension=extension_of(row, extendable), asked=asked.get(row.id))
    for request in waiting:
        yield _waiting_row(request)


def _held_row(
    row: Assignment, *, extension: ExtensionOffer | None, asked: Kind | None
) -> list[Block]:
    name = escape(row.package_name)
    line = f"*{name}* {until(row.ends_at)}"
    if row.ends_at and row.ends_at > clock.now():
        line += f"  ({left(row.ends_at)} left)"
        if shown := bar(row.starts_at, row.ends_at):
            line += f"\n{shown}"
    more = troubles.notes(row, own=True)
    if row.state is AssignmentState.REMOVING or asked is Kind.REMOVE:
        return [section(line), context("Being removed."), *more]
    extend = None
    is_whole = row.progress in {DeliveryProgress.DELIVERED, DeliveryProgress.REPROCESSING}
    if extension is not None and is_whole and asked is not Kind.EXTEND:
        extend = button(extension.label, "extend", row.id, about=shorten(row.package_name, 40))
    give_back = button(
        "Return", "return", row.id, confirm=confirm_return(row), about=row.package_name
    )
    return [section(line), *more, actions(extend, give_back, block_id=f"held:{row.id}")]


def _waiting_row(request: Request) -> list[Block]:
    name = escape(request.package_name)
    line = f"{FOR_REQUESTER[request.kind]} *{name}*: {progress(request)}, asked {moment(request.asked_at)}"
    if request.terms is not None and request.terms.removal is not None:
        line += f"\nAn admin has to approve it: {person(request.terms.removal.by)} had removed it."
    if request.is_on_behalf:
        line += f", by {person(request.asked_by)}"
        if request.state is not State.PENDING:
            return [section(line)]
        decline = button("Decline", "decline", request.id, about=request.package_name)
        return [section(line, accessory=decline, block_id=f"waiting:{request.id}")]
    if request.asked_by != request.holder:
        return [section(f"*{name}* is being removed by {person(request.asked_by)}.")]
    can_cancel = request.state in {State.RECEIVED, State.PENDING} or (
        request.state is State.APPROVED and request.intent_at is None
    )
    if not can_cancel:
        return [section(line)]
    cancel = button("Cancel", "cancel", request.id, about=request.package_name)
    remind = remind_button(request)
    if remind is not None:
        return [section(line), actions(remind, cancel, block_id=f"waiting:{request.id}")]
    reminded = []
    if request.state is State.PENDING and request.reminded_at is not None:
        reminded = [context(f"You had them reminded {moment(request.reminded_at)}.")]
    return [section(line, accessory=cancel, block_id=f"waiting:{request.id}"), *reminded]

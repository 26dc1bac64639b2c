"""Answer the people who ask for access and have it."""

from collections.abc import Iterator, Mapping, Sequence

from bot import clock
from bot.approvals.model import NO_QUESTIONS, Decision, OpenQuestions
from bot.assignments.model import Assignment, AssignmentState, DeliveryProgress, EndReason
from bot.messages import emergency, policy_words, troubles
from bot.messages.extending import ExtensionOffer, extension_of
from bot.messages.open_questions import counted, question_rows
from bot.messages.pages import NOTHING_MORE, Row, beyond, count_of, page_of, part_of
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
from bot.messages.request_words import for_requester, progress
from bot.messages.shorter_ends import approved_until
from bot.messages.time_left import bar
from bot.messages.waiting import remind_button
from bot.packages.model import Package
from bot.packages.offers import ExtendablePolicies
from bot.paging import Count, ListName, Page, Place
from bot.people.model import Person
from bot.requests.model import MOVES, Kind, Request, State
from bot.words import N_, _, translate
from bot.words.formats import all_of, number

MOST_OFFERED = 20
# In the text that stands for a message where its blocks are not shown.
MOST_NAMED = 50
TOO_SHORT = N_("That is too short for a reminder: I will tell you when it has ended.")
NOTHING = N_("You have no access through Latchkey, and nothing is pending.")


def offer(packages: Sequence[Package], *, intro: str | None = None, page: int = 1) -> Message:
    """List what this workspace offers, each with a button to ask for it, a page at a time."""
    intro = intro or _("What do you need access to?")
    if not packages:
        return message(
            _(
                "{intro}\nNothing can be asked for here yet. Your identity team makes packages in "
                "Entra; they show up here within minutes."
            ).format(intro=intro)
        )
    head = [section(intro)]
    if len(packages) > MOST_OFFERED:
        head.append(
            context(_("`/request-access` with a part of a name finds every package that has it."))
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
    if left > 0:
        names = _("{names} and {count} more").format(names=names, count=number(left))
    can = _("You can ask for: {names}.").format(names=names)
    return message(f"{intro} {can}", blocks)


def offered(package: Package) -> Block:
    lines = [f"*{escape(package.name)}*  `{escape(package.slug)}`"]
    if package.description:
        lines.append(escape(shorten(package.description, LONGEST_DESCRIPTION)))
    facts = [
        package.catalog,
        policy_words.lasts(package.lasts),
        policy_words.approval_needed(package),
    ]
    lines.append(f"_{' · '.join(escape(fact) for fact in facts if fact)}_")
    ask = button(_("Ask for it"), "ask", package.id, about=package.name)
    return section("\n".join(lines), accessory=ask, block_id=f"offer:{package.id}")


def no_such_package(typed: str) -> str:
    return _("There is no access package called “{typed}”.").format(typed=escape(typed))


def reason_needed(package_id: str, name: str, sentence: str) -> Message:
    ask = button(_("Say why"), "ask", package_id, style="primary", about=name)
    shown = escape(translate(sentence))
    return message(shown, [section(shown), actions(ask)])


def form_needed(about: str, sentence: str) -> Message:
    """*about* is what the button carries to the form."""
    ask = button(_("Open the form"), "ask", about, style="primary")
    shown = escape(translate(sentence))
    return message(shown, [section(shown), actions(ask)])


def refused(request: Request) -> Message:
    match request.kind:
        case Kind.ADD:
            what = _("I cannot get you access to {package}.")
        case Kind.EXTEND:
            what = _("Your access to {package} cannot be extended.")
        case Kind.REMOVE:
            what = _("Access to {package} was not removed.")
    why = escape(translate(request.why or ""))
    return message(f"{what.format(package=escape(request.package_name))} {why}")


def denied(request: Request, *, by: str | None, approved: Sequence[str] = ()) -> Message:
    """
    Say who denied a request, and why.

    Args:
        approved: Who had approved the stages before.
    """
    if request.kind is Kind.ADD:
        line = (
            _("Your request for {package} was denied by {person}.")
            if by
            else _("Your request for {package} was denied.")
        )
    else:
        line = (
            _("Your request to extend {package} was denied by {person}.")
            if by
            else _("Your request to extend {package} was denied.")
        )
    line = line.format(package=escape(request.package_name), person=escape(by or ""))
    if approved:
        line += f" {_approved_before(approved)}"
    return _with_reason(line, request.why)


def _approved_before(approved: Sequence[str]) -> str:
    return _("{people} had approved it before.").format(people=escape(all_of(approved)))


def lapsed(request: Request, *, approved: Sequence[str] = ()) -> Message:
    """
    Say that a request has expired.

    Args:
        approved: Who had approved the stages before; or the stage that it waited in, where several must.
    """
    name, again = escape(request.package_name), _("You can ask again.")
    if request.why:
        line = _("Your access to {package} was not extended.").format(package=name)
        why = escape(translate(request.why))
        return message(f"{line} {why} {_('You can ask for it again.')}")
    is_extension = request.kind is Kind.EXTEND
    steps = len(request.terms.stages) if request.terms else 1
    counted = approvals_so_far(request)
    if approved and request.approvals and counted:
        if is_extension and steps > 1:
            line = _(
                "Your extension of {package} has expired: step {step} of {steps} got {approvals} in time, by {people}."
            )
        elif is_extension:
            line = _(
                "Your extension of {package} has expired: it got {approvals} in time, by {people}."
            )
        elif steps > 1:
            line = _(
                "Your request for {package} has expired: step {step} of {steps} got {approvals} in time, by {people}."
            )
        else:
            line = _(
                "Your request for {package} has expired: it got {approvals} in time, by {people}."
            )
        by = escape(all_of(approved))
        line = line.format(
            package=name, step=request.stage + 1, steps=steps, approvals=counted, people=by
        )
        return message(f"{line} {again}")
    if approved:
        line = (
            _(
                "Nobody decided step {step} of {steps} of your extension of {package} in time, so it has expired."
            )
            if is_extension
            else _(
                "Nobody decided step {step} of {steps} of your request for {package} in time, so it has expired."
            )
        ).format(step=request.stage + 1, steps=steps, package=name)
        return message(f"{line} {_approved_before(approved)} {again}")
    line = (
        _("Nobody decided your extension of {package} in time, so it has expired.")
        if is_extension
        else _("Nobody decided your request for {package} in time, so it has expired.")
    )
    return message(f"{line.format(package=name)} {again}")


def canceled_by_admin(request: Request) -> Message:
    """Tell somebody that an admin has canceled what they have asked for, and why."""
    line = _("An admin has canceled your request for *{package}*.").format(
        package=escape(request.package_name)
    )
    return message(f"{line} {escape(translate(request.why or ''))}")


def failed(request: Request) -> Message:
    match request.kind:
        case Kind.ADD:
            what = _("I could not get you access to {package}.")
        case Kind.EXTEND:
            what = _("I could not extend your access to {package}.")
        case Kind.REMOVE:
            what = _("I could not remove the access to {package}.")
    after = _("You can ask again.") if request.give_up_by else _("The admins have been told.")
    line = what.format(package=escape(request.package_name))
    return message(f"{line} {escape(translate(request.why or ''))} {after}")


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
    less = approved_until(shorter, by=escape(shorter.name or _("an approver"))) if shorter else ""
    name = escape(request.package_name)
    ends_too_soon = "" if will_remind or request.ends_at is None else _(TOO_SHORT)
    if request.kind is Kind.EXTEND:
        approved = _("Approved by {by}.").format(by=escape(by)) if by else ""
        line = _("Your access to *{name}* now lasts {until}.").format(
            name=name, until=until(request.ends_at)
        )
        return message(" ".join(each for each in (line, approved, less, ends_too_soon) if each))
    lines = [
        _("You now have access to *{name}*, {until}.").format(
            name=name, until=until(request.ends_at)
        )
    ]
    gains = request.terms.contents if request.terms else ()
    blocks: list[Block] = [section(lines[0])]
    if gains:
        blocks += listed(_("It gives you:"), [translate(each) for each in gains])
    if note:
        blocks.append(section(escape(note)))
    notes = [
        emergency.holder_note(request) if request.emergency else "",
        _("Approved by {by}.").format(by=escape(by)) if by else "",
        less,
        _("I will remind you before it ends.") if will_remind else ends_too_soon,
    ]
    if any(notes):
        blocks.append(context(" ".join(note for note in notes if note)))
    text = f"{lines[0]} {escape(note)}" if note else lines[0]
    return message(text, blocks)


def removed(request: Request, *, told: str) -> Message:
    """Say that access is removed; *told* is the Slack id of whoever reads it."""
    name = escape(request.package_name)
    if request.is_given_back:
        return message(_("Done: you have returned {name}. Thank you!").format(name=name))
    if told == request.holder:
        line = _("Your access to {name} was removed by {person}.").format(
            name=name, person=person(request.asked_by)
        )
    else:
        line = _("Done: {person} no longer has access to {name}.").format(
            person=person(request.holder, request.holder_name), name=name
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
        line = _(
            "Your access to {name} has ended before it was extended. I ask for new access for you "
            "in its place; it is {progress}. I will tell you what comes of it."
        ).format(name=name, progress=progress(request))
    else:
        line = _(
            "Your access to {name} has ended while its extension was still open. The extension is "
            "{progress}; I will tell you what comes of it."
        ).format(name=name, progress=progress(request))
    if State.CANCELED not in MOVES[request.state] or request.intent_at is not None:
        return message(line)
    cancel = button(_("Cancel"), "cancel", request.id, about=request.package_name)
    return message(line, [section(line), actions(cancel)])


def ended(assignment: Assignment) -> Message:
    sentence = (
        _("Your access to {package} has ended. If you still need it, you can ask again.")
        if assignment.ended_why == EndReason.RAN_OUT
        else _(
            "Your access to {package} was removed in Entra, outside Latchkey. If you still need it, you can ask again."
        )
    )
    line = sentence.format(package=escape(assignment.package_name))
    again = button(_("Ask again"), "ask", assignment.package_id, about=assignment.package_name)
    return message(line, [section(line), actions(again)])


def confirm_return(row: Assignment) -> dict[str, object]:
    return confirm(
        _("Return it?"),
        _("You lose access to {package} within minutes.").format(package=row.package_name),
        yes=_("Return"),
        danger=True,
    )


def extending(request: Request, *, is_new: bool) -> Message:
    name = escape(request.package_name)
    if not is_new:
        return message(
            _("You have already asked to extend your access to {name}; it is {progress}.").format(
                name=name, progress=progress(request)
            )
        )
    return message(
        _("Asked to extend your access to {name}. I will tell you what comes of it.").format(
            name=name
        )
    )


def returning(request: Request, *, is_new: bool) -> Message:
    name = escape(request.package_name)
    if not is_new:
        return message(_("Your access to {name} is being removed already.").format(name=name))
    return message(_("Returning {name}. I will tell you when it is done.").format(name=name))


def letting_end(assignment: Assignment) -> Message:
    name = escape(assignment.package_name)
    if assignment.ends_at is None:
        return message(
            _("You chose to let {package} end. I will not remind you again.").format(package=name)
        )
    return message(
        _("You chose to let {package} end {when}. I will not remind you again.").format(
            package=name, when=moment(assignment.ends_at)
        )
    )


def canceled(request: Request) -> Message:
    line = (
        _("Your extension of {package} is canceled.")
        if request.kind is Kind.EXTEND
        else _("Your request for {package} is canceled.")
    )
    return message(line.format(package=escape(request.package_name)))


def second_account(second: Person) -> Message:
    return message(
        _(
            "{person} has begun to use Latchkey as {entra_name} in Entra, as you do. If that "
            "account is not yours, please tell your identity team at once."
        ).format(person=person(second.slack_user), entra_name=escape(second.entra_name))
    )


def my_access(
    held: Page[Assignment],
    waiting: Page[Request],
    *,
    asked: Mapping[str, Kind],
    extendable: ExtendablePolicies,
    questions: OpenQuestions = NO_QUESTIONS,
) -> Message:
    """
    List a page of what somebody has and, after that, waits for.

    Args:
        questions: What waits for their answer, said above.
        asked: What is asked and waited for about what is shown, by assignment.
        extendable: The policies whose holders may extend.
    """
    count = held.count.plus(waiting.count)
    head = question_rows(questions)
    if not held.rows and not waiting.rows:
        if held.skipped:
            return message(beyond("/my-access"))
        nothing = _(NOTHING_MORE) if held.skipped is None else _(NOTHING)
        request = button(_("Request access"), "new_request", "-")
        said_first = " ".join(each for each in (counted(questions), nothing) if each)
        return message(said_first, [*head, section(nothing), actions(request)])
    places = [Place(list=ListName.MINE, after=each) for each in held.marks]
    places += [Place(list=ListName.ASKED, after=each) for each in waiting.marks]
    blocks = part_of(
        my_access_rows(held.rows, waiting.rows, asked=asked, extendable=extendable),
        places=places,
        count=count,
        skipped=held.skipped,
        head=head,
        next_button=lambda place: button(_("Next"), "my_more", place),
    )
    text = _my_access_text(held.rows, waiting.rows, left=count.less(len(places)))
    return message(" ".join(each for each in (counted(questions), text) if each), blocks)


def _my_access_text(held: Sequence[Assignment], waiting: Sequence[Request], *, left: Count) -> str:
    parts = [
        f"{escape(row.package_name)} {until(row.ends_at)}{_(troubles.SHORT.get(row.progress, ''))}"
        for row in held
    ]
    parts += [f"{escape(each.package_name)}: {progress(each)}" for each in waiting]
    shown = "; ".join(parts)
    if left.is_nothing:
        return _("Your access: {packages}.").format(packages=shown)
    return _("Your access: {packages}; and {count} more.").format(
        packages=shown, count=count_of(left)
    )


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
        line += f"  ({_('{time} left').format(time=left(row.ends_at))})"
        if shown := bar(row.starts_at, row.ends_at):
            line += f"\n{shown}"
    more = troubles.notes(row, own=True)
    if row.state is AssignmentState.REMOVING or asked is Kind.REMOVE:
        return [section(line), context(_("Being removed.")), *more]
    extend = None
    is_whole = row.progress in {DeliveryProgress.DELIVERED, DeliveryProgress.REPROCESSING}
    if extension is not None and is_whole and asked is not Kind.EXTEND:
        extend = button(extension.label, "extend", row.id, about=shorten(row.package_name, 40))
    give_back = button(
        _("Return"), "return", row.id, confirm=confirm_return(row), about=row.package_name
    )
    return [section(line), *more, actions(extend, give_back, block_id=f"held:{row.id}")]


def _waiting_row(request: Request) -> list[Block]:
    name = escape(request.package_name)
    line = for_requester(request)
    if request.terms is not None and request.terms.removal is not None:
        removed_by = _("An admin has to approve it: {person} had removed it.")
        line += f"\n{removed_by.format(person=person(request.terms.removal.by))}"
    if request.is_on_behalf:
        line = _("{line}, by {person}").format(line=line, person=person(request.asked_by))
        if request.state is not State.PENDING:
            return [section(line)]
        decline = button(_("Decline"), "decline", request.id, about=request.package_name)
        return [section(line, accessory=decline, block_id=f"waiting:{request.id}")]
    if request.asked_by != request.holder:
        return [
            section(
                _("*{name}* is being removed by {person}.").format(
                    name=name, person=person(request.asked_by)
                )
            )
        ]
    can_cancel = request.state is State.RECEIVED or (
        request.state in {State.PENDING, State.APPROVED} and request.intent_at is None
    )
    if not can_cancel:
        return [section(line)]
    cancel = button(_("Cancel"), "cancel", request.id, about=request.package_name)
    remind = remind_button(request)
    if remind is not None:
        return [section(line), actions(remind, cancel, block_id=f"waiting:{request.id}")]
    reminded = []
    if request.state is State.PENDING and request.reminded_at is not None:
        reminded = [
            context(_("You had them reminded {when}.").format(when=moment(request.reminded_at)))
        ]
    return [section(line, accessory=cancel, block_id=f"waiting:{request.id}"), *reminded]

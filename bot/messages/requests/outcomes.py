"""Tell people what became of what they asked for."""

from collections.abc import Collection, Sequence

from bot.approvals.model import Decision
from bot.assignments.model import Assignment
from bot.messages.assignments.opening import IN_MESSAGE, open_buttons
from bot.messages.blocks.parts import (
    LONGEST_TEXT,
    Block,
    Message,
    actions,
    bold,
    context,
    escape,
    listed,
    message,
    moment,
    person,
    section,
    shorten,
    until,
)
from bot.messages.blocks.quotes import quote, quoted
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.emergencies import emergency
from bot.messages.phrases.naming import remover
from bot.messages.phrases.quorum import approvals_so_far
from bot.messages.phrases.shorter_ends import approved_until
from bot.messages.requests.asking_again import (
    RefusalExplained,
    may_ask_again,
    who_helps,
)
from bot.packages.opening import Opening
from bot.requests.model import (
    ENDED_MEANWHILE,
    NOT_CONNECTED,
    Kind,
    Request,
    State,
    may_see_deciders,
)
from bot.words import N_, _, translate
from bot.words.formats import all_of

TOO_SHORT = N_("That is too short for a reminder: I will tell you when it has ended.")


def refused(
    request: Request,
    explained: RefusalExplained | None = None,
    *,
    is_offered: bool = True,
    told: str | None = None,
) -> Message:
    """
    Say that a request is refused, why, and who can help.

    Args:
        explained: What else there is to say about it: where people help.
        is_offered: The package can still be asked for.
        told: Whoever reads it, by Slack id; None: whoever has the access, or would get it.
    """
    match request.kind:
        case Kind.ADD:
            what = _("I cannot get you access to {package}.")
        case Kind.EXTEND:
            what = _("Your access to {package} cannot be extended.")
        case Kind.REMOVE if _is_told_to_other(request, told):
            what = _("Access of {person} to {package} was not removed.")
        case Kind.REMOVE:
            what = _("Access to {package} was not removed.")
    why = escape_sentence(translate(request.why or ""))
    if request.why == ENDED_MEANWHILE:
        why += f" {may_ask_again(request, is_offered=is_offered)}"
    if explained is not None:
        why = f"{why} {who_helps(explained.channel)}"
    return message(f"{_filled_in(what, request)} {why}")


def _is_told_to_other(request: Request, told: str | None) -> bool:
    """Tell whether *told* is somebody else than whoever has the access."""
    return told is not None and told != request.holder


def _filled_in(what: str, request: Request) -> str:
    """Fill in a sentence which package a request is about, and whose access."""
    whose = person(request.holder, request.holder_name)
    return what.format(package=bold(request.package_name), person=whose)


def denied(request: Request, *, by: str | None, approved: Sequence[str] = ()) -> Message:
    """
    Say who denied a request, and why.

    Args:
        by: Who did; None: that is not known, or not for whoever asked to see.
        approved: Who had approved the stages before, as far as whoever asked may see that.
    """
    line = _denial(request, has_name=by is not None).format(
        package=bold(request.package_name), person=escape(by or "")
    )
    if approved:
        line += f" {_approved_before(approved)}"
    return _with_reason(line, request.why)


def _denial(request: Request, *, has_name: bool) -> str:
    is_new = request.kind is Kind.ADD
    if has_name:
        return (
            _("Your request for {package} was denied by {person}.")
            if is_new
            else _("Your request to extend {package} was denied by {person}.")
        )
    if request.entra_decides:
        return (
            _("Your request for {package} was denied in Microsoft Entra.")
            if is_new
            else _("Your request to extend {package} was denied in Microsoft Entra.")
        )
    return (
        _("Your request for {package} was denied.")
        if is_new
        else _("Your request to extend {package} was denied.")
    )


def _approved_before(approved: Sequence[str]) -> str:
    return _("{people} had approved it before.").format(people=escape(all_of(approved)))


def lapsed(request: Request, *, approved: Sequence[str] = (), is_offered: bool = True) -> Message:
    """
    Say that a request has expired.

    Args:
        is_offered: The package can still be asked for.
        approved: Who had approved the stages before; or the stage that it waited in, where several must; as far as whoever
            asked may see that.
    """
    name, again = bold(request.package_name), may_ask_again(request, is_offered=is_offered)
    if request.why == NOT_CONNECTED:
        line = _("Your request for {package} has expired.").format(package=name)
        return message(f"{line} {translate(request.why)} {again}")
    if request.why:
        line = _("Your access to {package} was not extended.").format(package=name)
        why = escape_sentence(translate(request.why))
        return message(f"{line} {why} {again}")
    is_extension = request.kind is Kind.EXTEND
    steps = len(request.terms.stages) if request.terms else 1
    counted = approvals_so_far(request)
    if request.approvals and counted and not approved:
        return message(f"{_got_some(request, counted)} {again}")
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
    if approved or request.stage:
        line = (
            _(
                "Nobody decided step {step} of {steps} of your extension of {package} in time, so it has expired."
            )
            if is_extension
            else _(
                "Nobody decided step {step} of {steps} of your request for {package} in time, so it has expired."
            )
        ).format(step=request.stage + 1, steps=steps, package=name)
        before = f" {_approved_before(approved)}" if approved else ""
        return message(f"{line}{before} {again}")
    line = (
        _("Nobody decided your extension of {package} in time, so it has expired.")
        if is_extension
        else _("Nobody decided your request for {package} in time, so it has expired.")
    )
    return message(f"{line.format(package=name)} {again}")


def _got_some(request: Request, approvals: str) -> str:
    """Say that it got some of the approvals that it needed, without names."""
    is_extension = request.kind is Kind.EXTEND
    steps = len(request.terms.stages) if request.terms else 1
    if steps > 1:
        line = (
            _(
                "Your extension of {package} has expired: step {step} of {steps} got {approvals} in time."
            )
            if is_extension
            else _(
                "Your request for {package} has expired: step {step} of {steps} got {approvals} in time."
            )
        )
    else:
        line = (
            _("Your extension of {package} has expired: it got {approvals} in time.")
            if is_extension
            else _("Your request for {package} has expired: it got {approvals} in time.")
        )
    return line.format(
        package=bold(request.package_name),
        step=request.stage + 1,
        steps=steps,
        approvals=approvals,
    )


def canceled_in_entra(request: Request) -> Message:
    """Tell whoever wanted it that their request is canceled there."""
    match request.kind:
        case Kind.ADD:
            line = _("Your request for {package} is canceled in Microsoft Entra.")
        case Kind.EXTEND:
            line = _("Your extension of {package} is canceled in Microsoft Entra.")
        case Kind.REMOVE:
            line = _("Your return of {package} is canceled in Microsoft Entra.")
    return message(line.format(package=bold(request.package_name)))


def after_all(request: Request, content: Message) -> Message:
    """Say before the news of a request that it was to be canceled, and was decided first, or had begun by then."""
    note = (
        _("It had begun in Microsoft Entra before it could be canceled.")
        if request.state is State.DELIVERED and request.starts_at is not None
        else _("It was decided in Microsoft Entra before it could be canceled.")
    )
    text = shorten(f"{note} {content['text']}", LONGEST_TEXT)
    return {**content, "text": text, "blocks": [section(note), *content["blocks"]]}


def canceled_by_admin(request: Request) -> Message:
    """Tell somebody that an admin has canceled what they have asked for, and why."""
    line = (
        _("An admin has canceled your extension of *{package}*.")
        if request.kind is Kind.EXTEND
        else _("An admin has canceled your request for *{package}*.")
    ).format(package=escape(request.package_name))
    return message(f"{line} {escape_sentence(translate(request.why or ''))}")


def begins_later(request: Request, *, by: str | None, told: str) -> Message:
    """
    Tell somebody that all is decided, and from when on the access is there.

    Args:
        by: Who has approved it; None: nobody had to, or it is not known, or not for them to see.
        told: Whoever reads it, by Slack id: they get it, or have asked for it for somebody else.
    """
    if _is_told_to_other(request, told):
        line = _(
            "The access of {person} to {package} begins {when}. I will tell you when it is there."
        )
    elif by is None or request.is_on_behalf:
        # What was approved is the request of whoever asked.
        line = _("Your access to {package} begins {when}. I will tell you when it is there.")
    else:
        line = _(
            "Your request for {package} was approved by {by}. Your access begins {when}; I will tell you when it is there."
        )
    return message(
        line.format(
            person=person(request.holder, request.holder_name),
            package=bold(request.package_name),
            by=escape(by or ""),
            when=moment(request.starts_at) if request.starts_at else "",
        )
    )


def kept_after_all(request: Request, access: Assignment) -> Message:
    """Tell somebody that their extension was canceled for a removal that has come to nothing."""
    line = _(
        "Your extension of {package} was canceled, because the access was to be removed. It was not removed: you "
        "still have it, {until}. You can ask again to extend it: `/my-access`."
    )
    return message(line.format(package=bold(request.package_name), until=until(access.ends_at)))


def failed(request: Request, *, is_offered: bool = True, told: str | None = None) -> Message:
    """Say that a request has failed; the arguments are those of `refused`."""
    match request.kind:
        case Kind.ADD:
            what = _("I could not get you access to {package}.")
        case Kind.EXTEND:
            what = _("I could not extend your access to {package}.")
        case Kind.REMOVE if _is_told_to_other(request, told):
            what = _("I could not remove the access of {person} to {package}.")
        case Kind.REMOVE:
            what = _("I could not remove the access to {package}.")
    after = (
        may_ask_again(request, is_offered=is_offered)
        if request.give_up_by
        else _("The admins have been told.")
    )
    why = escape_sentence(translate(request.why or ""))
    return message(f"{_filled_in(what, request)} {why} {after}")


def delivered(
    request: Request,
    *,
    by: str | None,
    will_remind: bool,
    note: str | None = None,
    openings: Collection[Opening] = (),
    shorter: Decision | None = None,
    told: str | None = None,
) -> Message:
    """
    Tell somebody that they have access; only ever made from a request that Graph has delivered.

    Args:
        note: The package's own sentence, from its settings.
        openings: What they can open now.
        shorter: The decision that set a shorter end than was asked for.
        told: Whoever reads it, by Slack id.
    """
    less = ""
    if shorter is not None:
        is_named = may_see_deciders(request, shorter.stage, told)
        by_whom = escape(shorter.name or _("an approver")) if is_named else None
        less = approved_until(shorter, by=by_whom)
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
    links = open_buttons(
        openings, package_id=request.package_id, package=request.package_name, most=IN_MESSAGE
    )
    if links:
        blocks.append(actions(*links, block_id=f"open:{request.id}"))
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
    name = bold(request.package_name)
    if request.is_given_back:
        return message(_("Done: you have returned {name}. Thank you!").format(name=name))
    if told == request.holder:
        line = _("Your access to {name} was removed by {person}.").format(
            name=name, person=remover(request, request.asked_by)
        )
    else:
        line = _("Done: {person} no longer has access to {name}.").format(
            person=person(request.holder, request.holder_name), name=name
        )
    return _with_reason(line, request.justification)


def returned_by_other_account(request: Request) -> Message:
    """Say that access was given back to whoever has it, where they have done so by another Slack account of theirs."""
    return message(
        _("You have returned {name} by another Slack account of yours, {person}.").format(
            name=bold(request.package_name), person=person(request.holder, request.holder_name)
        )
    )


def _with_reason(line: str, reason: str | None) -> Message:
    """Say something, and below it the whole of what somebody wrote as the reason."""
    if not reason:
        return message(line)
    return message(f"{line}{quote(reason)}", [section(line), quoted(reason)])

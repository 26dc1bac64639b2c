"""Say what concerns access that somebody asks for somebody else, to both of them."""

from bot.messages.assignments.changing import confirm_return
from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    button,
    context,
    escape,
    message,
    person,
    section,
    until,
)
from bot.messages.blocks.quotes import quote, quoted
from bot.messages.phrases.quorum import approvals_so_far
from bot.messages.phrases.waiting import decline_button, named_deciders, remind_button
from bot.messages.requests.asking_again import RefusalExplained, who_helps
from bot.requests.model import Request, State
from bot.words import _, pgettext, translate


def asked_for_them(request: Request) -> Message:
    """Answer whoever has asked for somebody else; nothing of whom they ask for is known yet."""
    return message(
        _(
            "Asked for *{package}* for {person}. I am checking whether you may ask for them and "
            "whether they may have it, and will send you a message."
        ).format(package=escape(request.package_name), person=person(request.wanted_for))
    )


def told_beneficiary(request: Request) -> Message:
    """Tell somebody that access is asked for them, and let them decline while it waits."""
    line = _("{person} has asked for *{package}* for you.").format(
        person=person(request.asked_by), package=escape(request.package_name)
    )
    is_waiting = request.state is State.PENDING
    if is_waiting:
        line = f"{line} {_waits(request)}"
    blocks: list[Block] = [section(line)]
    if request.justification:
        blocks += [context(_("*Why*")), quoted(request.justification)]
    if is_waiting:
        blocks.append(actions(decline_button(request)))
    return message(line, blocks)


def told_asker(request: Request) -> Message:
    """Tell whoever asked for somebody else that it is checked, and for whom it waits, while it does."""
    line = _("Your request for *{package}* for {them} is checked.").format(
        package=escape(request.package_name), them=_them(request)
    )
    if request.state is not State.PENDING:
        return message(line)
    line = f"{line} {_waits(request)}"
    cancel = button(
        pgettext("cancel a request", "Cancel"), "cancel", request.id, about=request.package_name
    )
    buttons = actions(remind_button(request), cancel, block_id=f"for-other:{request.id}")
    return message(line, [section(line), buttons])


def _waits(request: Request) -> str:
    named = named_deciders(request, reader=request.asked_by)
    if not named:
        return _("It waits for a decision.")
    return _("It waits for {named_deciders}.").format(named_deciders=named)


def _them(request: Request) -> str:
    return person(request.holder or request.wanted_for, request.holder_name)


def with_asker(content: Message, request: Request, *, may_return: bool = True) -> Message:
    """
    Add to the news of a delivery who asked for it, and let the holder return it.

    Args:
        may_return: The access is there, its policy lets them give it back, and nobody takes it away just now.
    """
    give_back = None
    if may_return and request.assignment_id is not None:
        give_back = button(
            _("Return"),
            "return",
            request.assignment_id,
            confirm=confirm_return(request.package_name),
            about=request.package_name,
        )
    blocks = [*content["blocks"], _asked_by(request)]
    return {**content, "blocks": [*blocks, actions(give_back)] if give_back else blocks}


def ended(request: Request) -> Message:
    """Say, in place of the news of its delivery, that the access which somebody asked for for the reader has ended."""
    line = _("*{name}* has ended.").format(name=escape(request.package_name))
    return message(line, [section(line), _asked_by(request)])


def _asked_by(request: Request) -> Block:
    return context(_("{person} asked for it for you.").format(person=person(request.asked_by)))


def outcome_for_asker(
    request: Request, *, by: str | None, explained: RefusalExplained | None = None
) -> Message:
    """
    Tell whoever asked for somebody else what became of it.

    Args:
        by: Who decided, if somebody did.
        explained: What there is to say about a refusal besides its reason: where people help.
    """
    name, them = escape(request.package_name), _them(request)
    match request.state:
        case State.DELIVERED:
            line = _("{them} now has access to *{name}*, {until}.").format(
                them=them, name=name, until=until(request.ends_at)
            )
        case State.DENIED:
            sentence = (
                _("Your request for *{name}* for {them} was denied by {person}.")
                if by
                else _("Your request for *{name}* for {them} was denied.")
            )
            line = sentence.format(name=name, them=them, person=escape(by or ""))
        case State.LAPSED:
            line = _expired(request)
        case State.CANCELED if request.is_canceled_by_admin:
            line = _("Your request for *{name}* for {them} is canceled.").format(
                name=name, them=them
            )
        case State.CANCELED:
            line = _("{them} has declined *{name}*, so your request for it is canceled.").format(
                them=them, name=name
            )
            return message(line)
        case State.REFUSED:
            line = _("I cannot get access to *{name}* for {them}.").format(name=name, them=them)
        case _:
            line = _("I could not get access to *{name}* for {them}.").format(name=name, them=them)
    if not request.why:
        return message(line)
    why = translate(request.why)
    if explained is None:
        return message(f"{line}{quote(why)}", [section(line), quoted(why)])
    helps = who_helps(explained.channel)
    return message(f"{line}{quote(why)}\n{helps}", [section(line), quoted(why), section(helps)])


def _expired(request: Request) -> str:
    """Say what was not decided in time: all of it, a step, or what is missing of the approvals that it takes."""
    facts = {"name": escape(request.package_name), "them": _them(request)}
    counted = approvals_so_far(request)
    steps = len(request.terms.stages) if request.terms else 1
    if request.approvals and counted:
        return _(
            "Your request for *{name}* for {them} has expired: it got {approvals} in time."
        ).format(**facts, approvals=counted)
    if request.stage and steps > 1:
        return _(
            "Your request for *{name}* for {them} has expired: nobody decided step {step} of {steps} in time."
        ).format(**facts, step=request.stage + 1, steps=steps)
    return _("Your request for *{name}* for {them} has expired: nobody decided it in time.").format(
        **facts
    )


def outcome_for_beneficiary(request: Request) -> Message:
    """Tell somebody who did not get what was asked for them that it is over."""
    name, asker = escape(request.package_name), person(request.asked_by)
    match request.state:
        case State.DENIED:
            return message(
                _("The request of {asker} for *{name}* for you was denied.").format(
                    asker=asker, name=name
                )
            )
        case State.LAPSED:
            return message(
                _("The request of {asker} for *{name}* for you has expired.").format(
                    asker=asker, name=name
                )
            )
        case State.CANCELED if request.is_canceled_by_admin:
            return message(
                _("An admin has canceled the request of {asker} for *{name}* for you.").format(
                    asker=asker, name=name
                )
            )
        case State.CANCELED:
            return message(
                _("{asker} has canceled the request for *{name}* for you.").format(
                    asker=asker, name=name
                )
            )
        case _:
            return message(
                _("The request of {asker} for *{name}* for you did not succeed.").format(
                    asker=asker, name=name
                )
            )


def declined(request: Request) -> Message:
    return message(
        _("Declined: you will not get *{package}* by that request.").format(
            package=escape(request.package_name)
        )
    )

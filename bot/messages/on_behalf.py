"""Say what concerns access that somebody asks for somebody else, to both of them."""

from bot.messages.parts import (
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    escape,
    message,
    person,
    quoted,
    section,
    until,
)
from bot.messages.waiting import named_deciders
from bot.requests.model import Request, State


def asked_for_them(request: Request) -> Message:
    """Answer whoever has asked for somebody else; nothing of whom they ask for is known yet."""
    return message(
        f"Asked for *{escape(request.package_name)}* for {person(request.wanted_for)}. I am checking whether you may "
        "ask for them and whether they may have it, and will send you a message."
    )


def told_beneficiary(request: Request) -> Message:
    """Tell somebody that access is asked for them, and let them decline."""
    line = f"{person(request.asked_by)} has asked for *{escape(request.package_name)}* for you. {_waits(request)}"
    blocks: list[Block] = [section(line)]
    if request.justification:
        blocks += [context("*Why*"), quoted(request.justification)]
    decline = button(
        "Decline",
        "decline",
        request.id,
        confirm=confirm(
            "Decline it?",
            f"You will not get access to {request.package_name} by this request.",
            yes="Decline",
            danger=True,
        ),
        about=request.package_name,
    )
    return message(line, [*blocks, actions(decline)])


def told_asker(request: Request) -> Message:
    """Tell whoever asked for somebody else that it waits for a decision."""
    line = (
        f"Your request for *{escape(request.package_name)}* for {_them(request)} is checked. "
        f"{_waits(request)}"
    )
    cancel = button("Cancel", "cancel", request.id, about=request.package_name)
    return message(line, [section(line), actions(cancel)])


def _waits(request: Request) -> str:
    return f"It waits for {named_deciders(request) or 'a decision'}."


def _them(request: Request) -> str:
    return person(request.holder or request.wanted_for, request.holder_name)


def with_asker(content: Message, request: Request) -> Message:
    """Add to the news of a delivery who asked for it, and let the holder return it."""
    give_back = None
    if request.assignment_id is not None:
        give_back = button(
            "Return",
            "return",
            request.assignment_id,
            confirm=confirm(
                "Return it?",
                f"You lose access to {request.package_name} within minutes.",
                yes="Return",
                danger=True,
            ),
            about=request.package_name,
        )
    blocks = [*content["blocks"], context(f"{person(request.asked_by)} asked for it for you.")]
    return {**content, "blocks": [*blocks, actions(give_back)] if give_back else blocks}


def outcome_for_asker(request: Request, *, by: str | None) -> Message:
    """
    Tell whoever asked for somebody else what became of it.

    Args:
        by: Who decided, if somebody did.
    """
    name, them = escape(request.package_name), _them(request)
    match request.state:
        case State.DELIVERED:
            line = f"{them} now has access to *{name}*, {until(request.ends_at)}."
        case State.DENIED:
            who = f" by {escape(by)}" if by else ""
            line = f"Your request for *{name}* for {them} was denied{who}."
        case State.LAPSED:
            line = (
                f"Nobody decided your request for *{name}* for {them} in time, so it has expired."
            )
        case State.CANCELED:
            line = f"{them} has declined *{name}*, so your request for it is canceled."
            return message(line)
        case State.REFUSED:
            line = f"I cannot get access to *{name}* for {them}."
        case _:
            line = f"I could not get access to *{name}* for {them}."
    if not request.why:
        return message(line)
    return message(f"{line} {escape(request.why)}", [section(line), quoted(request.why)])


def outcome_for_beneficiary(request: Request) -> Message:
    """Tell somebody who did not get what was asked for them that it is over."""
    name, asker = escape(request.package_name), person(request.asked_by)
    match request.state:
        case State.DENIED:
            return message(f"The request of {asker} for *{name}* for you was denied.")
        case State.LAPSED:
            return message(
                f"Nobody decided the request of {asker} for *{name}* for you in time, so it has expired."
            )
        case State.CANCELED:
            return message(f"{asker} has canceled the request for *{name}* for you.")
        case _:
            return message(f"The request of {asker} for *{name}* for you did not succeed.")


def declined(request: Request) -> Message:
    return message(f"Declined: you will not get *{escape(request.package_name)}* by that request.")

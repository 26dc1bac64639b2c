"""Tell admins about stuck requests, which keep failing."""

from typing import Final

from bot.messages.deciding import next_for_admins
from bot.messages.pages import NOTHING_MORE, beyond, how_many, part_of
from bot.messages.parts import (
    Block,
    Message,
    about_person,
    actions,
    button,
    confirm,
    context,
    escape,
    message,
    moment,
    one_line,
    person,
    section,
)
from bot.messages.request_words import FOR_ADMINS
from bot.paging import ListName, Page, Place
from bot.people.model import Verb
from bot.requests.model import Hold, Request, State

STANDS: Final = {
    State.RECEIVED: "It has not been evaluated yet; nothing was sent to Entra.",
    State.APPROVED: "It is approved, and is not known to have reached Entra.",
    State.SUBMITTED: "Entra has taken it on, and has not been seen to finish it.",
}
ENDED: Final = {
    State.DELIVERED: "It has been delivered.",
    State.CANCELED: "It was canceled.",
    State.REFUSED: "It was refused.",
    State.DENIED: "It was denied.",
    State.LAPSED: "It has expired: nobody decided in time.",
    State.FAILED: "It has failed.",
}


def card(hold: Hold, request: Request) -> Message:
    """Draw the card of a stuck request: whose, where it stands, what went wrong, and what an admin can do or has done."""
    return message(_title(request), blocks(hold, request))


def blocks(hold: Hold, request: Request) -> list[Block]:
    is_held = request.held_at is not None and hold.verb is None
    made = [
        section(_title(request)),
        context(f"*Last error* ({escape(hold.error)})\n> {one_line(hold.why)}"),
    ]
    if is_held:
        stands = STANDS.get(request.state, f"It is {request.state}.")
        made += [
            context(f"{stands} Asked {moment(request.asked_at)}, stuck since {moment(hold.at)}."),
            _buttons(hold, request),
        ]
        return made
    if hold.verb is not None and hold.done_by and hold.done_at:
        did = "Tried again" if hold.verb is Verb.RETRY else "Given up"
        made.append(context(f"{did} by {person(hold.done_by)} {moment(hold.done_at)}."))
    made.append(context(_now(hold, request)))
    return made


def _title(request: Request) -> str:
    return (
        f":warning: {FOR_ADMINS[request.kind]} *{escape(request.package_name)}* for "
        f"{person(request.holder, request.holder_name)} failed too often in a row; I have stopped trying."
    )


def _now(hold: Hold, request: Request) -> str:
    if not request.is_open:
        return ENDED[request.state]
    if request.held_at is not None:
        return "It is stuck again; see the newer message."
    if request.give_up_by is not None:
        return "First I look in Entra, so that nothing is lost that was carried out after all."
    if hold.verb is Verb.GIVE_UP:
        return "It was found in Entra after all, so it goes on."
    return "It goes on."


def _buttons(hold: Hold, request: Request) -> Block:
    about = about_person(request.holder_name, request.package_name)
    give_up = button(
        "Give up",
        "give_up",
        hold.id,
        style="danger",
        about=about,
        confirm=confirm(
            "Give it up?",
            "I look in Entra first. What is not found there has failed, and whoever asked for it is told.",
            yes="Give up",
            danger=True,
        ),
    )
    retry = button("Retry", "retry", hold.id, style="primary", about=about)
    return actions(retry, give_up, block_id=f"held:{hold.id}")


def listed(page: Page[tuple[Hold, Request]]) -> Message:
    """List a page of stuck requests, each with its buttons."""
    if page.is_beyond:
        return message(beyond("/access-admin stuck"))
    if not page.rows:
        return message(NOTHING_MORE if page.skipped is None else "No request is stuck.")
    intro = f"{how_many(page, 'request is stuck', 'requests are stuck')}."
    shown = part_of(
        (blocks(hold, request) for hold, request in page.rows),
        places=[Place(list=ListName.HELD, after=each) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(intro)],
        next_button=next_for_admins,
    )
    return message(intro, shown)


def retrying(request: Request) -> Message:
    return message(f"I try again: {_what(request)}.")


def giving_up(request: Request) -> Message:
    return message(f"I look in Entra once more, and then give it up: {_what(request)}.")


def _what(request: Request) -> str:
    who = person(request.holder, request.holder_name)
    return f"{FOR_ADMINS[request.kind].lower()} *{escape(request.package_name)}* for {who}"

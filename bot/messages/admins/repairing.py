"""Tell admins about stuck requests, which keep failing."""

from typing import Final

from bot.messages.admins.pending_list import next_for_admins
from bot.messages.blocks.pages import NOTHING_MORE, beyond, how_many, part_of, plural_of
from bot.messages.blocks.parts import (
    Block,
    Message,
    about_person,
    actions,
    button,
    confirm,
    context,
    doer,
    escape,
    message,
    moment,
    section,
)
from bot.messages.blocks.quotes import one_line
from bot.messages.phrases.request_words import for_admins, outcome, stage_of_work
from bot.paging import ListName, Page, Place
from bot.people.model import Verb
from bot.requests.model import Hold, Request, State
from bot.words import ENGLISH, N_, _, current_language, ngettext, translate

STANDS: Final = {
    State.RECEIVED: N_("It has not been evaluated yet; nothing was sent to Entra."),
    State.APPROVED: N_("It is approved, and is not known to have reached Entra."),
    State.PENDING: N_(
        "It waited for a decision in Microsoft Entra, which does not show it any more."
    ),
    State.SUBMITTED: N_("Entra has taken it on, and has not been seen to finish it."),
}


def card(hold: Hold, request: Request) -> Message:
    """Draw the card of a stuck request: whose, where it stands, what went wrong, and what an admin can do or has done."""
    return message(_title(request), blocks(hold, request))


def blocks(hold: Hold, request: Request) -> list[Block]:
    is_held = request.held_at is not None and hold.verb is None
    made = [
        section(_title(request)),
        context(f"*{_('Last error')}* ({escape(hold.error)})\n> {one_line(translate(hold.why))}"),
    ]
    if is_held:
        stands = _stands(request)
        made += [
            context(
                _("{stands} Asked {when}, stuck since {when2}.").format(
                    stands=stands, when=moment(request.asked_at), when2=moment(hold.at)
                )
            ),
            _buttons(hold, request),
        ]
        return made
    if hold.verb is not None and hold.done_by and hold.done_at:
        did = (
            _("Tried again by {person} {when}.")
            if hold.verb is Verb.RETRY
            else _("Given up by {person} {when}.")
        )
        made.append(context(did.format(person=doer(hold.done_by), when=moment(hold.done_at))))
    if request.state is not State.FAILED or hold.verb is not Verb.GIVE_UP:
        # What was given up has failed by that, which is said already.
        made.append(context(_now(hold, request)))
    return made


def _title(request: Request) -> str:
    return _(":warning: {request} failed too often in a row; I have stopped trying.").format(
        request=for_admins(request),
    )


def _stands(request: Request) -> str:
    """Say what is known to have become of it so far."""
    if request.is_asked_for_in_entra and request.state is State.APPROVED:
        return _(
            "It is to be sent to Microsoft Entra, which decides, and is not known to have got there."
        )
    if request.state in STANDS:
        return _(STANDS[request.state])
    return _("It is {progress}.").format(progress=stage_of_work(request, own=False))


def _now(hold: Hold, request: Request) -> str:
    if not request.is_open:
        return outcome(request)
    if request.held_at is not None:
        return _("It is stuck again; see the newer message.")
    if request.give_up_by is not None:
        return _("First I look in Entra, so that nothing is lost that was carried out after all.")
    if hold.verb is Verb.GIVE_UP:
        return _("It was found in Entra after all, so it goes on.")
    return _("It goes on.")


def _buttons(hold: Hold, request: Request) -> Block:
    about = about_person(request.holder_name, request.package_name)
    give_up = button(
        _("Give up"),
        "give_up",
        hold.id,
        style="danger",
        about=about,
        confirm=confirm(
            _("Give it up?"),
            _(
                "I look in Entra first. What is not found there has failed, and whoever asked for it "
                "is told."
            ),
            yes=_("Give up"),
            danger=True,
        ),
    )
    retry = button(_("Retry"), "retry", hold.id, style="primary", about=about)
    return actions(retry, give_up, block_id=f"held:{hold.id}")


def listed(page: Page[tuple[Hold, Request]]) -> Message:
    """List a page of stuck requests, each with its buttons."""
    if page.is_beyond:
        return message(beyond("/access-admin stuck"))
    if not page.rows:
        return message(_(NOTHING_MORE) if page.skipped is None else _("No request is stuck."))
    intro = how_many(
        page,
        ngettext(
            "{count} request is stuck{here}.", "{count} requests are stuck{here}.", plural_of(page)
        ),
    )
    shown = part_of(
        (blocks(hold, request) for hold, request in page.rows),
        places=[Place(list=ListName.STUCK, after=each) for each in page.marks],
        count=page.count,
        skipped=page.skipped,
        head=[section(intro)],
        next_button=next_for_admins,
    )
    return message(intro, shown)


def retrying(request: Request) -> Message:
    return message(_("I try again: {what}.").format(what=_what(request)))


def giving_up(request: Request) -> Message:
    return message(
        _("I look in Entra once more, and then give it up: {what}.").format(what=_what(request))
    )


def _what(request: Request) -> str:
    title = for_admins(request)
    return f"{title[0].lower()}{title[1:]}" if current_language() == ENGLISH else title

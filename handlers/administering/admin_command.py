"""Answer ``/access-admin``: the console, the lists that are called by name, and the buttons of these lists."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from slack_bolt.async_app import AsyncAck

from bot.approvals.delegations import read_words
from bot.assignments.search import WhichPerson
from bot.console.model import LONGEST_SOUGHT, ConsolePage, Tab
from bot.errors import LatchkeyError, UnknownPackage
from bot.messages.admins import command_answers
from bot.messages.approvals import delegating
from bot.messages.assignments import troubles
from bot.messages.blocks.pages import split_page
from bot.messages.blocks.parts import Message, message, without_plainer
from bot.messages.blocks.placed_lists import below
from bot.messages.blocks.sentences import escape_sentence
from bot.paging import ListName, Place, page_number
from bot.patience import told_to_wait
from bot.words import N_, _, translate
from bot.words.formats import any_of
from handlers.dispatch.deduplicate import key_of
from handlers.replying.background import Background
from handlers.replying.console_windows import open_console
from handlers.replying.errors import (
    CHANGE_NOT_SAVED,
    NOT_READ,
    REQUEST_NOT_SAVED,
    Say,
    explain_errors,
)
from handlers.replying.interaction import read_next
from handlers.replying.lists import Lists
from handlers.replying.replies import Replies
from handlers.routes import Routes
from handlers.services import Services

# Slack waits three seconds; finding the person may need calls to Slack and Entra.
ANSWER_SECONDS: Final = 1.5
BUSY: Final = {"remove": REQUEST_NOT_SAVED, "delegate": CHANGE_NOT_SAVED}
# These have no list in a message.
TABS: Final = {
    "people": Tab.PEOPLE,
    "leaver": Tab.LEAVER,
    "audit": Tab.AUDIT,
    "drift": Tab.DRIFT,
}
# These are of everybody and everything.
WHOLE: Final = {
    "pending": ListName.PENDING,
    "held": ListName.STUCK,
    "stuck": ListName.STUCK,
}
NOT_NARROWED: Final = N_("This list is always of everybody and every package.")
FOR_ADMINS: Final = frozenset({ListName.ASSIGNMENTS, ListName.PENDING, ListName.STUCK})


def register(
    routes: Routes, *, services: Services, lists: Lists, replies: Replies, background: Background
) -> None:
    @routes.command("/access-admin")
    async def access_admin(ack: AsyncAck, command: dict[str, Any]) -> None:
        async def say(message: Mapping[str, Any]) -> None:
            await ack(**without_plainer(dict(message))[0])

        page = _console_page(command.get("text") or "")
        if page is not None:
            async with explain_errors(say, busy=NOT_READ):
                await services.guard.check_admin_once(command["user_id"], key=key_of(command))
                open_console(replies.to_command(command), services.console, page=page)
            if ack.response is None:
                await ack()
            return
        answer = asyncio.ensure_future(
            _answer(services, lists, command["user_id"], command.get("text") or "", key_of(command))
        )
        words = (command.get("text") or "").lower().split()
        busy = BUSY.get(words[0], NOT_READ)
        await asyncio.wait({answer}, timeout=ANSWER_SECONDS)
        if answer.done():
            await _reply(answer, say, busy=busy)
            if ack.response is None:
                # It has come in before.
                await ack()
            return
        await say(command_answers.looking())
        told_to_wait()
        background.start(partial(_reply, answer, replies.to_command(command).say, busy=busy))

    @routes.action("latchkey_more")
    async def more(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Show more: Next, below a list; or Show, beside somebody whose name began as was typed."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=NOT_READ):
            place = read_next(reply.value, FOR_ADMINS)
            await reply.say(await lists.draw(reply.user, place, key=key_of(body)))
        await ack()

    @routes.action("latchkey_reprocess")
    async def reprocess(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Have Entra process access again, from a Reprocess button on a card or in a list."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=CHANGE_NOT_SAVED):
            row = await services.assignments.reprocess(
                slack_user=reply.user, assignment_id=reply.value
            )
            await reply.done(troubles.reprocessing(row))
        await ack()


def _console_page(text: str) -> ConsolePage | None:
    """Return the page of the console that a text asks for: nothing, or one of its tabs, perhaps with whom or what."""
    verb, _, rest = text.strip().partition(" ")
    if not verb:
        return ConsolePage()
    tab = TABS.get(verb.lower())
    return ConsolePage(tab=tab, sought=rest.strip()[:LONGEST_SOUGHT]) if tab else None


async def _reply(answer: asyncio.Future[Message], say: Say, *, busy: str) -> None:
    """Answer with what was found, or with the reason why nothing was."""
    async with explain_errors(say, busy=busy):
        try:
            await say(await answer)
        except WhichPerson as several:
            await say(
                command_answers.which_person(
                    several.name, several.people, package_id=several.package_id
                )
            )
        except UnknownPackage as unknown:
            names = [f"“{each}”" for each in unknown.near[:3]]
            said = translate(str(unknown))
            if names:
                near = _("Did you mean {names}?").format(names=any_of(names))
                said = f"{said} {near}"
            await say(message(escape_sentence(said)))


async def _answer(
    services: Services, lists: Lists, user: str, text: str, key: str | None
) -> Message:
    verb, _sign, rest = text.strip().partition(" ")
    verb = verb.lower()
    narrowed, page = split_page(rest)
    start = page_number(page)
    if verb in WHOLE:
        listed = await lists.draw(user, Place(list=WHOLE[verb], skip=start.skip), key=key)
        return below(message(_(NOT_NARROWED)), listed) if narrowed.strip() else listed
    if verb == "assignments":
        return await lists.listed(
            await services.assignment_lists.look_up(
                slack_user=user, text=narrowed, start=start, key=key, rows=lists.assignments_a_page
            )
        )
    if verb == "remove":
        return await _remove(services, lists, user, rest, key)
    if verb == "delegate":
        return await _delegate(services, lists, user, rest, key)
    # Only admins may see the help; everybody else is refused.
    await services.guard.check_admin_once(user, key=key)
    return command_answers.admin_help()


async def _delegate(
    services: Services, lists: Lists, user: str, text: str, key: str | None
) -> Message:
    """Let somebody decide for an approver, or list who decides for whom."""
    words = read_words(text)
    if words is None:
        return await lists.draw(user, Place(list=ListName.ALL_DELEGATIONS), key=key)
    made = await services.delegations.delegate_for(
        admin=user,
        delegator=words.delegator or user,
        delegate=words.delegate,
        until=words.until,
        key=key,
    )
    return delegating.made(made, reader=user, limits=services.delegations.limits)


async def _remove(
    services: Services, lists: Lists, user: str, rest: str, key: str | None
) -> Message:
    """Remove access at once if person, package and reason are certain; otherwise show the list, whose buttons ask once more."""
    wanted = await services.assignment_lists.read_removal(slack_user=user, text=rest, key=key)
    # A page is behind a list, and may be the last words of a reason.
    named, page = (wanted.name, 1) if wanted.reason else split_page(rest)
    listing = await services.assignment_lists.look_up(
        slack_user=user, text=named, start=page_number(page), key=key
    )
    whom, package, rows = listing.whom, listing.package, listing.page.rows
    if whom is None or package is None or wanted.reason is None:
        return await lists.listed(listing)
    if not rows:
        waits = await services.request_lists.find_open_request(whom.entra_ids, package.id)
        if waits is not None:
            return command_answers.not_there_yet(waits)
        raise LatchkeyError(
            N_("They do not have “{package}”: neither I nor Entra know of it.").format(
                package=package.name
            )
        )
    if whom.doubt is not None or len(rows) > 1:
        return await lists.listed(listing, _("Please press Remove for what you mean."))
    submitted = await services.request_changes.remove(
        slack_user=user, assignment_id=rows[0].id, reason=wanted.reason
    )
    return command_answers.removing(submitted.request, is_new=submitted.created)

"""Remove access, of one or of many: a form asks why and shows which, and its one button confirms it."""

from collections.abc import Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck

from bot.assignments.model import AssignmentState
from bot.console.model import ConsolePage, Tab, read_console_page
from bot.errors import TooLate
from bot.messages.admins import command_answers, removal_forms
from bot.messages.admins.console import window
from bot.messages.admins.console.part import whom_sought
from bot.messages.admins.removal_forms import About
from bot.messages.approvals.forms import reason_in
from bot.messages.blocks.parts import Message, escape, message
from bot.messages.blocks.sentences import escape_sentence
from bot.paging import ListName, Place
from bot.people.model import Verb
from bot.requests.transactions.remove_several import ListChanged, Removable, SeveralRemoved
from bot.words import N_, _, translate
from bot.words.formats import all_of
from handlers.replying.afterwards import say_if_refused
from handlers.replying.background import Background
from handlers.replying.console_windows import turn_page
from handlers.replying.errors import NOT_READ, REQUEST_NOT_SAVED, Say, explain_errors
from handlers.replying.form_answers import FormAnswers
from handlers.replying.interaction import NO_PLACE
from handlers.replying.replies import Replies
from handlers.routes import Routes
from handlers.services import Services

# docs.slack.dev, "Views": private_metadata.
LONGEST_METADATA: Final = 3_000


def register(
    routes: Routes, *, services: Services, replies: Replies, background: Background
) -> None:
    removals, answers = services.removals, FormAnswers()

    @routes.action("latchkey_remove")
    async def remove(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Ask why one access is to be removed."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=NOT_READ):
            row, automatic = await removals.find(slack_user=reply.user, assignment_id=reply.value)
            page = _page_below(body)
            of = About(page=page, key=None if page else answers.keep(reply), assignment_id=row.id)
            reply.open_form(removal_forms.one(row, of, automatic=automatic))
        await ack()

    @routes.action("latchkey_remove_several")
    async def choose(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Let an admin choose among the rows of a page of the console."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.refuse, busy=NOT_READ):
            await services.guard.check_admin(reply.user)
            place = _place_in(reply.value)
            listing = await services.assignment_lists.page(slack_user=reply.user, place=place)
            rows = [row for row in listing.page.rows if row.state is AssignmentState.LIVE]
            if not rows:
                raise TooLate(N_("Nothing on this page can be removed any more."))
            alike = await removals.namesakes(rows)
            form = removal_forms.several(rows, About(page=reply.value), others_alike=alike)
            reply.open_form(form)
        await ack()

    @routes.action("latchkey_remove_all")
    async def preview(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Show everything of a person, of a package or of both that one confirmation removes."""
        reply = replies.to_click(body, action)

        async def is_refused() -> bool:
            why = await removals.find_reason_against(slack_user=reply.user)
            if why is not None:
                await reply.refuse(message(escape_sentence(translate(why))))
            return why is not None

        async with explain_errors(reply.refuse, busy=NOT_READ):
            await services.guard.check_admin(reply.user)
            found = await removals.listed(
                slack_user=reply.user,
                place=_place_in(reply.value),
                of_leaver=_is_of_leaver(reply.value),
            )
            reply.open_form(_everything(reply.value, found), unless=is_refused)
        await ack()

    @routes.view("latchkey_remove_reason")
    async def remove_one(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save the removal of one access."""
        of, reason = removal_forms.about(view), reason_in(view)
        async with explain_errors(_at_reason(ack), busy=REQUEST_NOT_SAVED):
            _check_reason(reason)
            submitted = await removals.remove(
                slack_user=body["user"]["id"], assignment_id=of.assignment_id or "", reason=reason
            )
            await finish(
                ack,
                body,
                view,
                command_answers.removing(submitted.request, is_new=submitted.created),
            )

    @routes.view("latchkey_remove_chosen")
    async def remove_chosen(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save the removals of what was chosen."""
        reason = reason_in(view)
        async with explain_errors(_at_reason(ack), busy=REQUEST_NOT_SAVED):
            _check_reason(reason)
            chosen = removal_forms.chosen_in(view)
            if not chosen:
                raise TooLate(N_("Please choose at least one."))
            done = await removals.remove_chosen(
                slack_user=body["user"]["id"], assignment_ids=chosen, reason=reason
            )
            await finish(ack, body, view, _words(done))

    @routes.view("latchkey_remove_listed")
    async def remove_listed(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Save the removals of everything that was shown; what has changed meanwhile is shown anew."""
        of, reason = removal_forms.about(view), reason_in(view)
        async with explain_errors(_at_reason(ack), busy=REQUEST_NOT_SAVED):
            _check_reason(reason)
            try:
                done = await removals.remove_listed(
                    slack_user=body["user"]["id"],
                    place=_place_in(of.page),
                    fingerprint=of.fingerprint or "",
                    of_leaver=_is_of_leaver(of.page),
                    reason=reason,
                )
            except ListChanged as changed:
                again = _everything(of.page or "", changed.now, changed=True)
                await ack(response_action="update", view=again)
                return
            await finish(ack, body, view, _words(done))

    async def finish(
        ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any], said: Message
    ) -> None:
        """Say what was set going: in the console below the form, where the form was opened, or in its place."""
        of, user = removal_forms.about(view), body["user"]["id"]
        page, pressed = _read_page(of.page), answers.take(of.key)
        console = {"id": view["previous_view_id"]} if view.get("previous_view_id") else None

        async def say(words: Message) -> None:
            if page is not None and console is not None:
                note = str(words["text"])
                turn_page(
                    background, services.console, user=user, view=console, page=page, note=note
                )
            elif pressed is not None:
                await pressed.done(words)
            else:
                replies.update_view(view.get("id"), removal_forms.done(words))

        if page is not None and console is not None:
            await ack()
            await say(said)
        elif pressed is not None:
            await pressed.finish(ack, view, said)
        else:
            await ack(response_action="update", view=removal_forms.done(said))
        say_if_refused(background, services.guard, user=user, verb=Verb.REMOVE, say=say)


def _everything(written: str, found: Removable, *, changed: bool = False) -> dict[str, Any]:
    page = _read_page(written) or ConsolePage(tab=Tab.ASSIGNMENTS)
    place = page.place or Place(list=ListName.ASSIGNMENTS)
    name = found.rows[0].package_name if found.rows and place.package_id else None
    if place.entra_ids and place.package_id and not found.rows:
        # Of what else they have, nothing is known here.
        return removal_forms.nothing_left(None, sent=found.sent)
    who = _who(page, found)
    if place.entra_ids and name:
        whose = _("What {person} has of “{package}”").format(person=who, package=escape(name))
    elif place.entra_ids:
        whose = _("Everything that {person} has").format(person=who)
    else:
        whose = _("Everybody's access to “{package}”").format(package=escape(name or page.sought))
    if not found.rows and not found.waiting:
        return removal_forms.nothing_left(whose, sent=found.sent)
    of = About(page=written, fingerprint=found.fingerprint)
    return removal_forms.everything(
        found.rows,
        of,
        count=found.count,
        whose=whose,
        changed=changed,
        waiting=found.waiting,
        sent=found.sent,
        people=place.entra_ids,
    )


def _who(page: ConsolePage, found: Removable) -> str:
    """Return whom a list is about, fit for Slack: by name as in Entra, for what was sought may name a package as well."""
    names = dict.fromkeys(row.holder_name for row in found.rows if row.holder_name)
    if page.mentioned or not names:
        return whom_sought(page)
    return all_of([escape(each) for each in names])


def _words(done: SeveralRemoved) -> Message:
    return removal_forms.removing_several(
        done.asked,
        already=done.already,
        over=done.over,
        canceled=done.canceled,
        untold=done.untold,
    )


def _page_below(body: Mapping[str, Any]) -> str | None:
    """Return the page of the console that was pressed in; None if it was pressed elsewhere."""
    view = body.get("view") or {}
    if view.get("callback_id") != window.CALLBACK:
        return None
    written = str(view.get("private_metadata") or "")
    fits = len(About(page=written, assignment_id="x" * 64).words()) <= LONGEST_METADATA
    return written if fits and _read_page(written) is not None else None


def _read_page(written: object) -> ConsolePage | None:
    try:
        return read_console_page(written)
    except ValueError:
        return None


def _is_of_leaver(written: object) -> bool:
    page = _read_page(written)
    return page is not None and page.tab is Tab.LEAVER


def _place_in(written: object) -> Place:
    """
    Return the list that a page of the console shows.

    Raises:
        TooLate: It is none of assignments.
    """
    page = _read_page(written)
    if page is None or page.place is None or page.place.list is not ListName.ASSIGNMENTS:
        raise TooLate(NO_PLACE)
    return page.place


def _check_reason(reason: str) -> None:
    if not reason:
        raise TooLate(N_("Please say why."))


def _at_reason(ack: AsyncAck) -> Say:
    async def say(said: Mapping[str, Any]) -> None:
        await ack(response_action="errors", errors={"reason": str(said["text"])[:2_000]})

    return say

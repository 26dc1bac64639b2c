"""``/request-access <package> [because …]``, and the form where no package is named."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.errors import (
    FormNeeded,
    ReasonIncomplete,
    ReasonNeeded,
    SeenBefore,
    UnknownPackage,
)
from bot.messages.blocks.pages import read_page
from bot.messages.blocks.parts import Message, message
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.overviews.helping import HELP, help_message
from bot.messages.requests import acknowledging, offering
from bot.requests.asking.forms import PersonalOffer, RequestForms
from bot.requests.service import RequestService
from bot.requests.transactions.ask import AlreadyHeld
from bot.words import translate
from handlers.dispatch.deduplicate import RecentKeys, key_of
from handlers.replying.asking import answer_to_ask, offer_for_other, say_asked
from handlers.replying.errors import NOT_READ, REQUEST_NOT_SAVED, explain_errors
from handlers.replying.replies import Replies, Reply
from handlers.replying.request_opening import open_form_about, open_request_form
from handlers.routes import Routes


def register(
    routes: Routes, *, requests: RequestService, forms: RequestForms, replies: Replies
) -> None:
    # Opening a form writes nothing, and Slack opens it once: what a replica remembers is enough.
    opened = RecentKeys()

    @routes.command("/request-access")
    async def request_access(ack: AsyncAck, command: dict[str, Any]) -> None:
        """Answer once, after the request is on disk."""

        async def say(message: Mapping[str, Any]) -> None:
            await ack(**message)

        if not (command.get("text") or "").strip():
            await ack()
            key = key_of(command)
            if key is None or opened.is_new(key):
                open_request_form(forms=forms, reply=replies.to_command(command))
            return
        text = command.get("text") or ""
        if text.strip().lower() in HELP:
            await say(help_message())
            return
        wants_list = read_page(text) is not None
        busy = NOT_READ if wants_list else REQUEST_NOT_SAVED
        async with explain_errors(say, busy=busy):
            user, key = command["user_id"], key_of(command)
            try:
                urgent = await requests.ask_in_emergency(slack_user=user, text=text, key=key)
                if urgent is not None:
                    await say(await say_asked(forms, user, urgent, in_emergency=True))
                    return
                for_other = await offer_for_other(forms, user, text)
                if for_other is not None:
                    await say(for_other)
                    return
                asked = requests.ask(slack_user=user, text=text, key=key)
                await say(await answer_to_ask(forms, user, asked))
            except AlreadyHeld as held:
                await say(
                    acknowledging.already_held(
                        held.assignment, held.held_under, asked=held.extension
                    )
                )
            except SeenBefore:
                await ack()
            except UnknownPackage as unknown:
                await _offered(ack, forms, unknown, replies.to_command(command))

    @routes.action("latchkey_ask_now")
    async def ask_now(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        """Ask for the package of a button, with the reason that was given before; open its form if it needs more."""
        reply = replies.to_click(body, action)
        async with explain_errors(reply.say, busy=REQUEST_NOT_SAVED):
            try:
                submitted = await requests.ask_about(slack_user=reply.user, about=reply.value)
                await reply.replace(await say_asked(forms, reply.user, submitted))
            except AlreadyHeld as held:
                await reply.replace(
                    acknowledging.already_held(
                        held.assignment, held.held_under, asked=held.extension
                    )
                )
            except (FormNeeded, ReasonIncomplete, ReasonNeeded):
                await open_form_about(forms=forms, reply=reply)
        await ack()


async def _offered(
    ack: AsyncAck, forms: RequestForms, unknown: UnknownPackage, reply: Reply
) -> None:
    """
    Offer packages to choose from when the text names none, or one that does not exist.

    Whoever is not known yet may be a guest, who is offered nothing: they are looked up after the answer to Slack.
    """
    offer = await forms.offer_to(reply.user)
    if offer.is_known:
        await ack(**_listed(offer, unknown))
        return
    await ack()

    async def look_up() -> Message:
        return _listed(await forms.find_offer(reply.user), unknown)

    reply.say_made(look_up)


def _listed(offer: PersonalOffer, unknown: UnknownPackage) -> Message:
    if offer.refusal is not None:
        return message(escape_sentence(translate(offer.refusal)))
    page = read_page(unknown.asked)
    if page is not None:
        return offering.offer(offer.packages, prospects=offer.prospects, page=page)
    return offering.offer(
        offer.packages,
        prospects=offer.prospects,
        intro=offering.no_such_package(unknown.asked),
    )

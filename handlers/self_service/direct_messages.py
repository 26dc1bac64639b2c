"""
Answer what people write to the bot in their direct messages with it: a package to ask for, or what they can do.

Slack tells of the bot's own messages, of changes and of deletions as well; only what a person has just written is
answered, so that no two bots talk to each other.

Source: docs.slack.dev, events "message.im" and "message".
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import structlog

from bot.database import Busy
from bot.errors import LatchkeyError, SeenBefore, TooOften, UnknownPackage, WhichPackage
from bot.messages.blocks.parts import Message, message
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.overviews.helping import HELP, help_message, not_understood
from bot.messages.requests import acknowledging
from bot.packages.whom import without_mention_of
from bot.people.guard import Guard
from bot.requests.asking.forms import RequestForms
from bot.words import _, translate
from handlers.dispatch.command_limit import TOO_MANY, CommandLimit, write_down
from handlers.dispatch.deduplicate import key_of
from handlers.replying.asking import offer_for_other
from handlers.replying.background import Background
from handlers.replying.errors import NOT_READ
from handlers.routes import Routes

log = structlog.get_logger(__name__)

# What comes with a file, or was written with /me, was written all the same.
WRITTEN: Final = frozenset({None, "file_share", "me_message"})


def register(
    routes: Routes,
    *,
    forms: RequestForms,
    guard: Guard,
    background: Background,
    limit: CommandLimit,
) -> None:
    @routes.event("message")
    async def written(body: dict[str, Any], event: dict[str, Any]) -> None:
        """Answer after Slack has its acknowledgment, so that it does not send the event three times more."""
        if _is_of_a_person(event):
            key = key_of(body)
            text = without_mention_of(_bot_in(body), str(event.get("text") or ""))
            background.start(partial(answer, event["user"], event["channel"], text, key))

    # Who has been told that it was too much, until it is not any more.
    silenced: set[str] = set()

    async def answer(user: str, channel: str, text: str, key: str | None) -> None:
        again_in = limit.take(user)
        if again_in is not None:
            why = str(TooOften(TOO_MANY, again_in=again_in))
            await write_down(guard, user, why)
            if user not in silenced:
                # Once: an answer to each would go on for as long as they do.
                silenced.add(user)
                await background.tell(channel, user, message(escape_sentence(translate(why))))
            return
        silenced.discard(user)
        try:
            # What somebody says is kept for the button of the answer.
            await guard.note(key)
            said = await _answer(forms, guard, user, text)
        except SeenBefore:
            log.info("seen-before")
            return
        except Busy:
            said = message(_(NOT_READ))
        await background.tell(channel, user, said)


def _bot_in(body: Mapping[str, Any]) -> str | None:
    """Return as whom Slack knows the bot that it sends an event to."""
    found = [each for each in body.get("authorizations") or () if each.get("is_bot")]
    return str(found[0].get("user_id") or "") or None if found else None


def _is_of_a_person(event: Mapping[str, Any]) -> bool:
    user, channel = event.get("user"), event.get("channel")
    return (
        event.get("channel_type") == "im"
        and event.get("subtype") in WRITTEN
        and not event.get("bot_id")
        and not event.get("hidden")
        and isinstance(user, str)
        and user.startswith(("U", "W"))
        and user != "USLACKBOT"
        and isinstance(channel, str)
    )


async def _answer(forms: RequestForms, guard: Guard, user: str, text: str) -> Message:
    """Say what one can do about what somebody has written; nothing is asked for before they press."""
    refusal = await forms.find_form_refusal(slack_user=user)
    if refusal is not None:
        return message(escape_sentence(translate(refusal)))
    is_admin = guard.is_admin(user)
    if not text.strip() or text.strip().lower() in HELP:
        return help_message(is_admin=is_admin)
    try:
        for_other = await offer_for_other(forms, user, text)
        if for_other is not None:
            return for_other
        package, reason = await forms.read_name(text)
    except UnknownPackage as unknown:
        if not unknown.near:
            return not_understood(is_admin=is_admin)
        abouts = await forms.keep_reasons(
            slack_user=user, package_ids=[each.id for each in unknown.near], reason=unknown.reason
        )
        return acknowledging.near(
            unknown.asked, unknown.near, more=unknown.more, abouts=abouts, reason=unknown.reason
        )
    except WhichPackage as which:
        abouts = await forms.keep_reasons(
            slack_user=user, package_ids=[each.id for each in which.choices], reason=which.reason
        )
        return acknowledging.which_package(
            which.asked,
            which.choices,
            abouts=abouts,
            reason=which.reason,
            are_listed=which.are_listed,
        )
    except LatchkeyError as error:
        return message(escape_sentence(translate(str(error))))
    about = await forms.keep_reason(slack_user=user, package_id=package.id, reason=reason)
    return acknowledging.ask_for_it(package, about=about, reason=reason)

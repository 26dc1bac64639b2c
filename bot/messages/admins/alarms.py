"""Tell admins what went wrong, or takes long."""

from typing import Final

from bot.messages.blocks.parts import (
    Message,
    escape,
    message,
    moment,
    person,
)
from bot.messages.blocks.quotes import quote
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.phrases.request_words import for_admins, stage_of_work
from bot.requests.model import Request
from bot.words import N_, _, ngettext, translate

# What whoever asked is told.
NOBODY_DECIDES: Final = N_(
    "Its policy in Entra needs somebody's approval and names nobody who could give it. I "
    "have told the admins."
)


def not_understood(request: Request, *, others: int = 0) -> Message:
    """Say once a day for each package that its rules are not understood; *others* were refused for the same reason on that day."""
    more = ""
    if others:
        sentence = ngettext(
            "{count} more request was refused for it on the same day.",
            "{count} more requests were refused for it on the same day.",
            others,
        )
        more = f"\n{sentence.format(count=others)}"
    return message(
        _(
            "I refused {person} access to *{package}* and told them:{said}\n“Policies” in the "
            "documentation’s “How it works” lists what I understand.{more}"
        ).format(
            person=person(request.holder, request.holder_name),
            package=escape(request.package_name),
            said=quote(translate(request.why or "")),
            more=more,
        )
    )


def nobody_decides(request: Request) -> Message:
    return message(
        _(
            ":warning: I refused {person} access to *{package}*: its policy needs an approval and "
            "names nobody who can approve it, and LATCHKEY_ADMINS_DECIDE does not let an admin do "
            "it. Put an approver or a fallback approver into the policy."
        ).format(
            person=person(request.holder, request.holder_name), package=escape(request.package_name)
        )
    )


def failed(request: Request) -> Message:
    return message(
        _(":warning: {request} failed. {why}").format(
            request=for_admins(request),
            why=escape_sentence(translate(request.why or "")),
        )
    )


def slow(request: Request) -> Message:
    """Tell the admins that a request takes unusually long; nothing has been given up."""
    if request.failures > request.attempts:
        return message(
            _(
                ":warning: {request} has failed {failures} times since {when} "
                "and is still {stage_of_work}: Microsoft Entra does not answer me at all just now. I "
                "keep trying."
            ).format(
                request=for_admins(request),
                failures=request.failures,
                when=moment(request.asked_at),
                stage_of_work=stage_of_work(request, own=False),
            )
        )
    return message(
        _(
            ":warning: {request} takes long: it was asked for {when}, I "
            "have looked {attempts} times since, and it is still {stage_of_work}. Entra takes its "
            "time, or asks me to wait. I keep looking."
        ).format(
            request=for_admins(request),
            when=moment(request.asked_at),
            attempts=request.attempts,
            stage_of_work=stage_of_work(request, own=False),
        )
    )


def misshapen(kind: str, word: str) -> Message:
    return message(
        _(
            ":warning: Slack refused a message of mine ({kind}) as it was made: `{word}`. I sent a "
            "shorter one. That is a fault of Latchkey, or a limit of Slack that it does not know; "
            "its log names the message, and I say this once a day."
        ).format(kind=escape(kind), word=escape(word))
    )


def channel_not_reached(channel: str, word: str) -> Message:
    """Tell the admins when a package's own channel takes no cards."""
    return message(
        _(
            ":warning: Slack does not let me post approval cards to <#{channel}> (`{channel}`): "
            "`{word}`. Please invite me there, or name another channel in the package settings. "
            "The cards wait, and I try again each minute; until then `/access-admin pending` shows "
            "what waits for a decision. I say this once a day."
        ).format(channel=escape(channel), word=escape(word))
    )


def clock_is_wrong(why: str) -> Message:
    return message(
        _(
            ":warning: {why} Until then two replicas may be at the same request, and I may ask "
            "Entra twice."
        ).format(why=escape_sentence(translate(why)))
    )

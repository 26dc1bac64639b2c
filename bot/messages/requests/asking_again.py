"""Offer to ask again, and explain why somebody cannot have a package."""

from dataclasses import dataclass
from typing import Any

from bot.messages.blocks.parts import (
    Block,
    Message,
    actions,
    button,
    escape,
    plain,
    section,
    shorten,
)
from bot.messages.blocks.sentences import escape_sentence
from bot.messages.phrases.policy_words import decides, lasts, open_to
from bot.messages.requests.acknowledging import my_access_button
from bot.packages.model import Package
from bot.packages.refusals import says_whom_it_is_for
from bot.requests.model import Kind, Request
from bot.words import N_, _, translate

MOST_RULES = 10
LONGEST_NAME = 250


@dataclass(frozen=True, kw_only=True)
class RefusalExplained:
    """
    A refused request, with what there is to say about it.

    Attributes:
        package: None if its rules are not for everybody to see, or it is gone.
        channel: The Slack id of the channel where those are who can help; empty if there is none.
    """

    request: Request
    package: Package | None
    channel: str

    @classmethod
    def about(
        cls, request: Request, package: Package | None, *, channel: str
    ) -> "RefusalExplained":
        """Return a refusal with what may be said: whom a hidden package is for is not, to whoever has guessed its name."""
        is_shown = package is not None and package.can_be_asked_for and not package.is_hidden
        return cls(request=request, package=package if is_shown else None, channel=channel)


def with_again_buttons(content: Message, request: Request, *, is_offered: bool) -> Message:
    """
    Add what the reader may do next to the news that they do not get access.

    Args:
        is_offered: The package can still be asked for.
    """
    if request.kind is not Kind.ADD:
        return content
    why = None
    if request.is_refused:
        why = button(_("Why can't I?"), "why", request.id, about=request.package_name)
    again = None
    if is_offered:
        again = button(_("Ask again"), "ask_again", request.id, about=request.package_name)
    # What is said of that list has its button beside it.
    mine = my_access_button() if "/my-access" in (request.why or "") else None
    if why is None and again is None and mine is None:
        return content
    return {**content, "blocks": [*content["blocks"], actions(why, again, mine)]}


def may_ask_again(request: Request, *, is_offered: bool) -> str:
    """Say whether somebody may ask for the same once more."""
    if request.kind is Kind.REMOVE:
        return _("You can try it again.")
    return _("You can ask again.") if is_offered else _("It is not offered any more.")


def explanation(explained: RefusalExplained) -> dict[str, Any]:
    """Say which rule stands against a request, whom the package is for, and who can help; names nobody who has it."""
    request, package = explained.request, explained.package
    blocks: list[Block] = [
        section(f"*{escape(shorten(request.package_name, LONGEST_NAME))}*"),
        section(escape_sentence(translate(request.why or N_("I do not know any more.")))),
    ]
    # By the last sync: beside what was read when it was refused, it could say something else.
    if package is not None and package.policies and not says_whom_it_is_for(request.why or ""):
        blocks.append(section(_("*Who may ask for it, as far as I know:*")))
        blocks += [section(_rule(package, number, request)) for number in _numbers(package)]
    blocks.append(section(who_helps(explained.channel)))
    return {
        "type": "modal",
        "callback_id": "latchkey_explanation",
        "title": plain(_("Why can't I?")),
        "close": plain(_("Close")),
        "blocks": blocks,
    }


def who_helps(channel: str) -> str:
    """Say who can help whoever was refused."""
    if channel:
        # A private channel has no name for those who are not in it, and the app may not ask which ones are.
        return _(
            "<#{channel}> can help you. If you cannot open it, ask your identity team."
        ).format(channel=channel)
    return _("Your identity team can help you.")


def _numbers(package: Package) -> range:
    return range(min(len(package.policies), MOST_RULES))


def _rule(package: Package, number: int, request: Request) -> str:
    policy = package.policies[number]
    who = open_to(policy.open_to) or _("those whom its policy in Entra names")
    facts = [
        escape(shorten(each, LONGEST_NAME))
        for each in (
            who,
            lasts(policy.lasts),
            decides(policy.stages, for_other=request.is_on_behalf),
            "" if policy.for_oneself else _("managers ask for their people"),
        )
    ]
    return f"• {'; '.join(fact for fact in facts if fact)}"

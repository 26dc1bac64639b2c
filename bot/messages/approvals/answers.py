"""Show what somebody answered to the questions of a package, to those who decide."""

from typing import Any, Final

from bot.messages.blocks.pages import VIEW, fitted
from bot.messages.blocks.parts import (
    Block,
    about_person,
    button,
    context,
    escape,
    length,
    plain,
    section,
    shorten,
    split,
)
from bot.messages.blocks.quotes import quote
from bot.packages.questions import Answered
from bot.paging import Count
from bot.requests.model import Request
from bot.words import _, ngettext
from bot.words.formats import in_a_row

# On a card, beside all else that it says; the whole is a button away.
MOST_SHOWN: Final = 6
LONGEST_QUESTION: Final = 150
LONGEST_ANSWER: Final = 300
# Slack's limits: docs.slack.dev, Block Kit reference.
LONGEST_SECTION: Final = 3_000


def answer_blocks(request: Request) -> list[Block]:
    """Show the answers on a card; what does not fit there is said, and a button away."""
    given = request.answered
    if not given:
        return []
    shown = given[:MOST_SHOWN]
    blocks = [section(_short(each)) for each in shown]
    if len(given) > len(shown) or any(_is_cut(each) for each in shown):
        rest = len(given) - len(shown)
        more = (
            ngettext("… and {count} more answer.", "… and {count} more answers.", rest).format(
                count=rest
            )
            if rest
            else _("Some of it is cut.")
        )
        blocks.append(section(f"_{more}_", accessory=answers_button(request)))
    return blocks


def answers_button(request: Request) -> Block:
    """Make a button that opens all that was answered, whole."""
    return button(
        _("All answers"),
        "answers",
        request.id,
        about=about_person(request.holder_name, request.package_name),
    )


def _short(given: Answered) -> str:
    # Escaped first: a short text of many signs is a long one to Slack.
    question = escape(_one_line(given.question.text))
    return f"*{shorten(question, LONGEST_QUESTION)}*{quote(_said(given), LONGEST_ANSWER)}"


def _is_cut(given: Answered) -> bool:
    return (
        length(escape(_one_line(given.question.text))) > LONGEST_QUESTION
        or length(quote(_said(given), LONGEST_SECTION)) > LONGEST_ANSWER
    )


def _said(given: Answered) -> str:
    return in_a_row(given.shown)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def all_answers(request: Request) -> dict[str, Any]:
    """Make a modal with everything that was answered, as plain text."""
    head: list[Block] = [
        context(f"*{escape(request.package_name)}*, {escape(request.holder_name or '?')}")
    ]
    parts: list[list[Block]] = []
    for given in request.answered:
        text = f"{given.question.text}\n{_said(given)}"
        parts += [
            [{"type": "section", "text": plain(part)}] for part in split(text, LONGEST_SECTION)
        ]
    rest = fitted(
        parts,
        count=Count(len(parts)),
        room=VIEW.less(head),
        rest=lambda left: _("… and {left} more parts: see the request in Entra.").format(left=left),
    )
    blocks = [*head, *rest]
    return {
        "type": "modal",
        "callback_id": "latchkey_all_answers",
        "title": plain(_("Answers")),
        "close": plain(_("Close")),
        "blocks": blocks,
    }

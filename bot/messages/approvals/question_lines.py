"""Show on a card what those who decide have asked before deciding, and what was answered; offer to ask."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.approvals.model import ApproverQuestion
from bot.messages.blocks.pages import Room, fitted
from bot.messages.blocks.parts import (
    Block,
    about_person,
    button,
    context,
    moment,
    person,
)
from bot.messages.blocks.quotes import as_written
from bot.paging import Count
from bot.requests.model import Request
from bot.words import _, ngettext

# On a card, beside what is asked for: the last ones first, each with its answer.
ROOM_FOR_QUESTIONS: Final = Room(blocks=10, characters=3_000)
# Of each question and answer, escaped: what is longer stands whole in the card's thread, and in the messages to the two.
LONGEST_ON_CARD: Final = 1_200
SHORTEST_ON_CARD: Final = 100
# The JSON around a question and its answer, with who said it when.
AROUND: Final = 600


def ask_button(request: Request) -> Block:
    """Make the button with which somebody who decides asks a question first."""
    about = about_person(request.holder_name, request.package_name)
    return button(_("Ask a question"), "ask_question", request.ask_id, about=about)


def question_blocks(questions: Sequence[ApproverQuestion], *, room: Room) -> list[Block]:
    """
    Return the questions about a request with their answers, in their order; of many, the last ones.

    Args:
        room: What the card has left for this and for what is asked for, which share it.
    """
    if not questions:
        return []
    characters = min(ROOM_FOR_QUESTIONS.characters, room.characters // 2)
    longest = min(LONGEST_ON_CARD, max((characters - AROUND) // 2, SHORTEST_ON_CARD))
    shown = fitted(
        # Upside down, because the last ones are taken first.
        [_row(each, longest)[::-1] for each in reversed(questions)],
        count=Count(len(questions)),
        room=replace(ROOM_FOR_QUESTIONS, characters=characters),
        rest=_earlier,
    )
    return shown[::-1]


def _row(question: ApproverQuestion, longest: int) -> list[Block]:
    """Say who has asked what, and what was answered; what people wrote formats nothing."""
    asked = _(":speech_balloon: {person} asked {moment}: {question}").format(
        person=person(question.slack_user),
        moment=moment(question.at),
        question=as_written(question.question, longest),
    )
    if question.answer is None or question.answered_at is None:
        return [context(asked), context(_("That is not answered yet."))]
    answered = _("{person} answered {moment}: {answer}").format(
        person=person(question.answered_by),
        moment=moment(question.answered_at),
        answer=as_written(question.answer, longest),
    )
    return [context(asked), context(answered)]


def _earlier(left: Count) -> str:
    said = ngettext(
        "… and {count} earlier question.", "… and {count} earlier questions.", left.number
    )
    return said.format(count=left)

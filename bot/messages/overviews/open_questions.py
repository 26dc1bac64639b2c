"""List the questions that wait for somebody's answer: in App Home and in `/my-access`."""

from typing import Final

from bot.approvals.model import OpenQuestion, OpenQuestions
from bot.messages.approvals.approver_questions import answer_button, asks_about
from bot.messages.blocks.pages import Room, Row, fitted
from bot.messages.blocks.parts import (
    Block,
    divider,
    header,
    section,
)
from bot.messages.blocks.quotes import quote
from bot.paging import Count
from bot.words import _, ngettext
from bot.words.formats import number

# Of a question, in a row; the form that answers it has the whole.
LONGEST_QUESTION: Final = 300
# Above what else a message has.
IN_MESSAGE: Final = Room(blocks=6, characters=4_500)


def question_rows(questions: OpenQuestions, *, room: Room = IN_MESSAGE) -> list[Block]:
    """Make the part of a list about questions that are open; nothing where none is."""
    if not questions.rows:
        return []
    rows = fitted(
        (_row(each, reader=questions.reader) for each in questions.rows),
        count=Count(questions.count),
        room=room,
        rest=_rest,
    )
    return [header(_("Waiting for your answer")), *rows, divider()]


def counted(questions: OpenQuestions) -> str:
    """Say how many questions are open; empty where none is."""
    if not questions.count:
        return ""
    said = ngettext(
        "{count} question waits for your answer.",
        "{count} questions wait for your answer.",
        questions.count,
    )
    return said.format(count=number(questions.count))


def _rest(left: Count) -> str:
    more = ngettext(
        "… and {count} more question; it comes up here when these are answered.",
        "… and {count} more questions; they come up here when these are answered.",
        left.number,
    )
    return more.format(count=number(left.number))


def _row(each: OpenQuestion, *, reader: str) -> Row:
    intro = asks_about(each.question, each.request, reader=reader)
    asked = quote(each.question.question, LONGEST_QUESTION)
    answer = answer_button(each.question, each.request)
    return [section(f"{intro}{asked}", accessory=answer, block_id=f"question:{each.question.id}")]

"""Answer a package's questions at the command line: with --answer, or when asked."""

from collections.abc import Mapping, Sequence

import click

from bot.errors import NotAllowed
from bot.packages.names import clean
from bot.packages.questions import Answers, Question, find_wrong_answers, normalize_answers
from bot.same_name import folded

answer_option = click.option(
    "--answer",
    "given",
    metavar="ID=TEXT",
    multiple=True,
    help="Answer a question of the policy, by its id or number; again for more choices.",
)


def answers_to(questions: Sequence[Question], given: Sequence[str], *, may_ask: bool) -> Answers:
    """
    Return the answers to *questions*: what was *given* as ID=TEXT, and what is missing by asking for it.

    Raises:
        NotAllowed: Something is wrong with what was given, or is missing and nobody may be asked.
    """
    answers = normalize_answers(questions, _read(questions, given))
    wrong = find_wrong_answers(questions, answers)
    for number, question in enumerate(questions, 1):
        if question.id in wrong and may_ask and question.id not in answers:
            answers[question.id] = _ask(question)
            del wrong[question.id]
        elif question.id in wrong:
            raise NotAllowed(f"{_described(question, number)}: {wrong[question.id]} {_how(number)}")
    return answers


def _read(questions: Sequence[Question], given: Sequence[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in given:
        name, sign, text = pair.partition("=")
        question = _named(questions, name.strip())
        if not sign or question is None:
            asked = "; ".join(_described(each, n) for n, each in enumerate(questions, 1))
            raise NotAllowed(
                f"“{clean(pair)[:80]}” answers no question of the policy. "
                + (f"It asks {asked}." if asked else "It asks none.")
            )
        found.setdefault(question.id, []).append(_value(question, text))
    return found


def _named(questions: Sequence[Question], name: str) -> Question | None:
    for number, question in enumerate(questions, 1):
        if name.casefold() in {question.id.casefold(), str(number)}:
            return question
    return None


def _value(question: Question, text: str) -> str:
    """Return the value of the choice that was meant, by value or by what people read; else the text itself."""
    meant = folded(text.strip())
    for choice in question.choices:
        if meant in {folded(choice.value), folded(choice.text)}:
            return choice.value
    return text


def _ask(question: Question) -> tuple[str, ...]:
    """Ask until the answer will do; several choices are typed with commas between them."""
    click.echo(clean(question.text), err=True)
    for choice in question.choices:
        click.echo(f"  {clean(choice.text)}", err=True)
    while True:
        typed = click.prompt("Answer", err=True)
        parts = _parts(question, typed) if question.takes_several else [typed]
        kept = normalize_answers(
            [question], {question.id: [_value(question, part) for part in parts]}
        )
        wrong = find_wrong_answers([question], kept)
        if not wrong:
            return kept[question.id]
        click.echo(wrong[question.id], err=True)


def _parts(question: Question, typed: str) -> list[str]:
    """Take apart what was typed at its commas, but for those that belong to a choice."""
    pieces = typed.split(",")
    choices = {folded(said) for each in question.choices for said in (each.value, each.text)}
    parts: list[str] = []
    while pieces:
        lengths = (
            length
            for length in range(len(pieces), 1, -1)
            if folded(",".join(pieces[:length]).strip()) in choices
        )
        length = next(lengths, 1)
        parts.append(",".join(pieces[:length]))
        del pieces[:length]
    return parts


def _described(question: Question, number: int) -> str:
    choices = ", ".join(clean(choice.text) for choice in question.choices)
    return f"question {number} “{clean(question.text)[:200]}”" + (
        f" ({choices})" if choices else ""
    )


def _how(number: int) -> str:
    return f"Say it with --answer {number}=…"

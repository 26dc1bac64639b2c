"""Ask the questions of a policy in a form, and read the answers."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.messages.blocks.parts import Block, beginning, length, plain, shorten, split
from bot.messages.requests.request_form.reading import field_in
from bot.packages.questions import LONGEST_ANSWER, Choice, Question, in_language
from bot.words import _

# Slack's limits: docs.slack.dev, Block Kit reference, "Modals".
LONGEST_LABEL: Final = 2_000
LONGEST_OPTION: Final = 75
LONGEST_TEXT: Final = 3_000
ANSWER: Final = "latchkey_answer"


def question_fields(question: Question, locale: str | None, given: Sequence[str]) -> list[Block]:
    """Show one question; what is too long for its label or its menu stands whole above it."""
    text = in_language(question.text, question.translations, locale)
    above = [_plain_section(part) for part in _parts(text)] if length(text) > LONGEST_LABEL else []
    if question.choices:
        element, listed = _menu(question, locale)
        above += listed
        _fill_in_menu(element, question, given)
    else:
        element = {
            "type": "plain_text_input",
            "action_id": ANSWER,
            "multiline": not question.is_single_line,
            "max_length": LONGEST_ANSWER,
        }
        if given and given[0]:
            element["initial_value"] = beginning(given[0], LONGEST_ANSWER)
    block: Block = {
        "type": "input",
        "block_id": block_of(question),
        "optional": not question.required,
        "label": plain(shorten(text, LONGEST_LABEL)),
        "element": element,
    }
    hints = _form_hints(question)
    if question.attribute:
        hints.append(_("Microsoft Entra keeps the answer with your account."))
    if hints:
        block["hint"] = plain(shorten(" ".join(hints), LONGEST_LABEL))
    return [*above, block]


def _form_hints(question: Question) -> list[str]:
    """Say that not every answer will do, by an example; a pattern is nothing that people read."""
    if not question.pattern:
        return []
    if question.example is None:
        return [
            _(
                "Microsoft Entra takes only an answer of a certain form; whoever looks after this package knows which."
            )
        ]
    hint = _("Microsoft Entra takes only an answer of a certain form, for example: {example}")
    return [hint.format(example=question.example)]


def _menu(question: Question, locale: str | None) -> tuple[Block, list[Block]]:
    texts = [in_language(choice.text, choice.translations, locale) for choice in question.choices]
    listed: list[Block] = []
    if any(length(_one_line(text)) > LONGEST_OPTION for text in texts):
        texts = [f"{number}. {text}" for number, text in enumerate(texts, 1)]
        listed = [_plain_section(part) for text in texts for part in _parts(text)]
    options = [
        option(text, choice.key) for text, choice in zip(texts, question.choices, strict=True)
    ]
    kind = "multi_static_select" if question.takes_several else "static_select"
    return {"type": kind, "action_id": ANSWER, "options": options}, listed


def _fill_in_menu(element: Block, question: Question, given: Sequence[str]) -> None:
    """Choose what was chosen before, as far as it is still there."""
    keys = {choice.key for choice in question.choices if choice.value in given}
    options = [each for each in element["options"] if each["value"] in keys]
    if options and question.takes_several:
        element["initial_options"] = options
    elif options:
        element["initial_option"] = options[0]


def option(text: str, value: str) -> Block:
    return {"text": plain(shorten(_one_line(text), LONGEST_OPTION)), "value": value}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _parts(text: str) -> list[str]:
    return split(text, LONGEST_TEXT)


def _plain_section(text: str) -> Block:
    return {"type": "section", "text": plain(text)}


def block_of(question: Question) -> str:
    """Return the id of a question's block: the same wherever the question is the same, so that Slack keeps what was typed."""
    return f"question:{hashlib.sha256(question.id.encode()).hexdigest()[:32]}"


def answers_in(view: Mapping[str, Any], questions: Sequence[Question]) -> dict[str, list[str]]:
    """Return what was answered, by question id: the text, or the values of the choices."""
    given = {}
    for question in questions:
        field = field_in(view, block_of(question), ANSWER)
        if question.choices:
            given[question.id] = [_value(each, question.choices) for each in _options(field)]
        else:
            given[question.id] = [str(field.get("value") or "")]
    return given


def _options(field: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    picked = field.get("selected_options")
    options = picked if isinstance(picked, list) else [field.get("selected_option")]
    return [each for each in options if isinstance(each, Mapping)]


def _value(option: Mapping[str, Any], choices: Sequence[Choice]) -> str:
    key = str(option.get("value") or "")
    # A key that is none of ours stays what it is, and is no choice.
    return next((choice.value for choice in choices if choice.key == key), key or "?")

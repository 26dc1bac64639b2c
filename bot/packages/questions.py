"""
Read the questions of a package, and check the answers.

Source: Graph reference, "accessPackageTextInputQuestion", "accessPackageMultipleChoiceQuestion", "accessPackageAnswerString";
Microsoft Learn, "Change request settings for an access package", "Create and manage a catalog" (attributes of resources).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from bot.packages import pattern_examples, patterns
from bot.words import N_
from bot.words.formats import number
from graph.models import AccessPackageQuestion, AnswerChoice, LocalizedText
from graph.models import Answer as GraphAnswer

TEXT_QUESTION: Final = "accessPackageTextInputQuestion"
CHOICE_QUESTION: Final = "accessPackageMultipleChoiceQuestion"
NAMESPACE: Final = "#microsoft.graph."
LONGEST_ANSWER: Final = 1_000
# What one menu of Slack's shows: docs.slack.dev, "Select menu element".
MOST_CHOICES: Final = 100
# All characters of a question or a choice; longer ones are no question that anybody reads.
LONGEST_TEXT: Final = 10_000

Translations = tuple[tuple[str, str], ...]
# By question id: the text that was typed, or the values of the choices.
Answers = Mapping[str, Sequence[str]]


class NotAskable(Exception):
    """A question that cannot be asked as it is meant; ``str(error)`` says what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """
    One answer to choose.

    Attributes:
        value: What Entra keeps.
        text: What people read, unless it is translated for them.
        translations: Language code ("de", "de-DE") and text.
    """

    value: str
    text: str
    translations: Translations = ()

    @property
    def key(self) -> str:
        """A short word that stands for it in a form; values may be longer than Slack takes."""
        return hashlib.sha256(self.value.encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True)
class Question:
    """
    One question that whoever asks for a package answers, as Entra's policy or a resource puts it.

    Attributes:
        id: Graph's id of the question; answers are kept and sent under it.
        choices: What may be answered; empty for free text.
        pattern: A regular expression that the whole of a text must match.
        attribute: Where Entra stores the answer with the person, if a resource of the package asks.
    """

    id: str
    text: str
    required: bool
    translations: Translations = ()
    choices: tuple[Choice, ...] = ()
    takes_several: bool = False
    is_single_line: bool = True
    pattern: str | None = None
    attribute: str | None = None

    @property
    def example(self) -> str | None:
        """Return an answer that has the form that is asked for; None if any has it, or none is found."""
        return pattern_examples.example(patterns.parse(self.pattern)) if self.pattern else None

    def untranslated(self) -> "Question":
        """Return the question in its own words: what it asks, whoever reads it."""
        choices = tuple(replace(choice, translations=()) for choice in self.choices)
        return replace(self, translations=(), choices=choices)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """
    A question and what was answered, for people and for Entra.

    Attributes:
        values: What Entra keeps: the text, or the values of the choices.
        shown: The same for people, in the question's own language.
    """

    question: Question
    values: tuple[str, ...]
    shown: tuple[str, ...]


def in_language(text: str, translations: Translations, locale: str | None) -> str:
    """Return the text for somebody's *locale* ("de-DE"), or for its language; else the text itself."""
    wanted = _code(locale or "")
    if not wanted:
        return text
    language = wanted.partition("-")[0]
    known = {_code(code): said for code, said in translations}
    for code in (wanted, language):
        if code in known:
            return known[code]
    kin = (said for code, said in known.items() if code.partition("-")[0] == language)
    return next(kin, text)


def _code(locale: str) -> str:
    return locale.replace("_", "-").casefold()


def read_question(question: AccessPackageQuestion, *, attribute: str | None = None) -> Question:
    """
    Return a question of Graph's, as it can be asked.

    Args:
        attribute: Where Entra stores the answer, if a resource asks: then there must be one.

    Raises:
        NotAskable: It has something that is not understood, or cannot be shown.
    """
    kind = (question.odata_type or "").rpartition(".")[2].casefold()
    if kind not in {TEXT_QUESTION.casefold(), CHOICE_QUESTION.casefold()}:
        raise NotAskable(
            N_("it is of a kind that is not known ({kind})").format(kind=kind or "none")
        )
    if not question.id:
        raise NotAskable(N_("it has no id"))
    is_choice = kind == CHOICE_QUESTION.casefold()
    choices = tuple(_choice(each) for each in question.choices) if is_choice else ()
    if is_choice and not 0 < len(choices) <= MOST_CHOICES:
        raise NotAskable(
            N_("it has {count} choices, and Slack shows 1 to {most}").format(
                count=len(choices), most=MOST_CHOICES
            )
        )
    if len({choice.value for choice in choices}) < len(choices):
        raise NotAskable(N_("two of its choices have the same value"))
    text, translations = _text(question.text, question.localizations)
    return Question(
        id=question.id,
        text=text,
        translations=translations,
        # Required unless Graph says that it is not.
        required=attribute is not None or question.is_required is not False,
        choices=choices,
        takes_several=is_choice and bool(question.is_multiple_selection_allowed),
        is_single_line=bool(question.is_single_line_question),
        pattern=None if is_choice else _pattern(question.regex_pattern),
        attribute=attribute,
    )


def _choice(choice: AnswerChoice) -> Choice:
    if not (choice.actual_value or "").strip():
        raise NotAskable(N_("one of its choices has no value"))
    text, translations = _text(choice.text, choice.localizations)
    return Choice(value=choice.actual_value or "", text=text, translations=translations)


def _text(text: str | None, localized: Iterable[LocalizedText]) -> tuple[str, Translations]:
    translations = tuple(
        (each.language_code, _readable(each.text))
        for each in localized
        if each.language_code and each.text
    )
    # Without a text of its own, the first translation must do.
    own = _readable(text or "") or (translations[0][1] if translations else "")
    texts = (own, *(said for _, said in translations))
    if not all(texts):
        raise NotAskable(N_("it has no text"))
    if any(len(each) > LONGEST_TEXT for each in texts):
        raise NotAskable(N_("it is too long to be read"))
    return own, translations


def _readable(text: str) -> str:
    """Without what cannot be seen, and could disguise the rest."""
    visible = (each if each.isprintable() or each == "\n" else " " for each in text)
    return "".join(visible).strip()


def _pattern(source: str | None) -> str | None:
    if not source:
        return None
    try:
        patterns.parse(source)
    except patterns.UnsupportedPattern as error:
        raise NotAskable(
            N_("its regular expression is not understood ({error})").format(error=error)
        ) from None
    return source


def fingerprint(questions: Iterable[Question]) -> str:
    """Equal for questions that ask the same in the same way; a form remembers what it asked."""
    rules = [asdict(question) for question in questions]
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()[:16]


def normalize_answers(questions: Iterable[Question], given: Answers) -> dict[str, tuple[str, ...]]:
    """Return what was given to these questions, as it is kept: without blanks around it, and without what is empty."""
    kept = {}
    for question in questions:
        values = tuple(given.get(question.id, ()))
        if not question.choices:
            values = tuple(_readable(value.replace("\r\n", "\n")) for value in values)
        if any(values):
            kept[question.id] = values
    return kept


def find_wrong_answers(questions: Iterable[Question], answers: Answers) -> dict[str, str]:
    """Return what is wrong with answers, a sentence by question id; empty if they will do."""
    found = {}
    for question in questions:
        complaint = _error_of(question, answers.get(question.id, ()))
        if complaint:
            found[question.id] = complaint
    return found


def _error_of(question: Question, values: Sequence[str]) -> str | None:
    if not any(value.strip() for value in values):
        return N_("Please answer this question.") if question.required else None
    if question.choices:
        return _wrong_choice(question, values)
    if len(values) > 1:
        return N_("Please give one answer.")
    [text] = values
    if len(text) > LONGEST_ANSWER:
        return N_("Please keep it to {most} characters; these are {count}.").format(
            most=number(LONGEST_ANSWER), count=number(len(text))
        )
    if question.is_single_line and "\n" in text:
        return N_("Please answer on one line.")
    if question.pattern and not patterns.parse(question.pattern).fits(text):
        return _misshapen(question)
    return None


def _misshapen(question: Question) -> str:
    """Say how to answer; a pattern is nothing that people read."""
    if question.example is not None:
        return N_(
            "Microsoft Entra does not take this answer. Please write it in the same form as this example: {example}"
        ).format(example=question.example)
    return N_(
        "Microsoft Entra does not take this answer. Please read the question again, or ask whoever looks after this "
        "package how the answer must look."
    )


def _wrong_choice(question: Question, values: Sequence[str]) -> str | None:
    known = {choice.value for choice in question.choices}
    if not set(values) <= known:
        return N_("Please choose from what is offered.")
    if len(values) != len(set(values)) or (len(values) > 1 and not question.takes_several):
        return N_("Please choose one.")
    return None


def answered(questions: Iterable[Question], answers: Answers) -> list[Answered]:
    """Return the questions that were answered, in their order, with their answers."""
    found = []
    for question in questions:
        values = tuple(answers.get(question.id, ()))
        if values:
            texts = {choice.value: choice.text for choice in question.choices}
            shown = tuple(texts.get(value, value) for value in values)
            found.append(Answered(question=question, values=values, shown=shown))
    return found


def for_graph(given: Iterable[Answered]) -> list[GraphAnswer]:
    """
    Answers as a request to Graph carries them.

    Of several choices each is an answer of its own; how Entra's own portal sends them is not documented.
    """
    return [
        GraphAnswer(
            odata_type=f"{NAMESPACE}accessPackageAnswerString",
            value=value,
            display_value=shown,
            answered_question=AccessPackageQuestion(
                odata_type=NAMESPACE
                + (CHOICE_QUESTION if each.question.choices else TEXT_QUESTION),
                id=each.question.id,
            ),
        )
        for each in given
        for value, shown in zip(each.values, each.shown, strict=True)
    ]

"""Questions are read from Graph or refused, shown in one's language, and their answers checked."""

import pytest

from bot.packages.questions import (
    LONGEST_ANSWER,
    Choice,
    NotAskable,
    Question,
    answered,
    find_wrong_answers,
    fingerprint,
    for_graph,
    in_language,
    normalize_answers,
    read_question,
)
from graph.models import AccessPackageQuestion
from tests.bot.samples import question

GERMAN = (("de", "Hallo"), ("de-AT", "Servus"), ("fr-FR", "Salut"))


def choice_question(**changes):
    facts = {
        "@odata.type": "#microsoft.graph.accessPackageMultipleChoiceQuestion",
        "choices": [
            {"actualValue": "EU", "text": "Europe"},
            {"actualValue": "NA", "text": "North America"},
        ],
        "isMultipleSelectionAllowed": False,
    }
    return question(**{**facts, **changes})


def from_graph(body):
    return read_question(AccessPackageQuestion.model_validate(body))


def test_a_text_question_is_read():
    """With all that says how it is asked."""
    body = question(isSingleLineQuestion=False, regexPattern=r"\d+", isRequired=False)
    assert from_graph(body) == Question(
        id="q", text="Which ticket?", required=False, is_single_line=False, pattern=r"\d+"
    )


def test_a_choice_is_read():
    """The value is what Entra keeps, beside the text that people read."""
    read_ = from_graph(choice_question(isMultipleSelectionAllowed=True))
    assert read_.takes_several
    assert read_.choices == (
        Choice(value="EU", text="Europe"),
        Choice(value="NA", text="North America"),
    )


def test_a_question_that_does_not_say_must_be_answered():
    """And so must one that a resource asks, whatever it says."""
    assert from_graph(question(isRequired=None)).required
    body = AccessPackageQuestion.model_validate(question(isRequired=False))
    assert read_question(body, attribute="badge").required


@pytest.mark.parametrize(
    "body",
    [
        question(**{"@odata.type": "#microsoft.graph.accessPackageFileQuestion"}),
        question(**{"@odata.type": None}),
        question(id=None),
        question(text=None),
        question(text=" \u200b "),
        question(text="x" * 10_001),
        question(regexPattern="(?=a)"),
        choice_question(choices=[]),
        choice_question(choices=[{"actualValue": str(n), "text": "x"} for n in range(101)]),
        choice_question(choices=[{"actualValue": "a", "text": "x"}] * 2),
        choice_question(choices=[{"actualValue": None, "text": "x"}]),
        choice_question(choices=[{"actualValue": "a", "text": None}]),
    ],
)
def test_what_cannot_be_asked_as_it_is_meant_is_refused(body):
    """With what is wrong."""
    with pytest.raises(NotAskable) as refused:
        from_graph(body)
    assert str(refused.value)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("de", "Hallo"),
        ("de-DE", "Hallo"),
        ("de-AT", "Servus"),
        ("de_at", "Servus"),
        ("fr-CA", "Salut"),
        ("en-US", "Hello"),
        ("", "Hello"),
        (None, "Hello"),
    ],
)
def test_a_text_is_shown_in_the_readers_language(locale, text):
    """The very locale, its language, a kin of it, else the text itself."""
    assert in_language("Hello", GERMAN, locale) == text


TEXT = Question(id="t", text="Which ticket?", required=True, pattern=r"[A-Z]+-\d+")
LINES = Question(id="l", text="Why?", required=False, is_single_line=False)
ONE = Question(
    id="c", text="Where?", required=True, choices=(Choice(value="EU", text="Europe"),) * 1
)
MANY = Question(
    id="m",
    text="Where?",
    required=False,
    takes_several=True,
    choices=(Choice(value="EU", text="Europe"), Choice(value="NA", text="America")),
)


@pytest.mark.parametrize(
    ("asked", "values", "is_fine"),
    [
        (TEXT, ("OPS-17",), True),
        (TEXT, (), False),
        (TEXT, (" ",), False),
        (TEXT, ("17",), False),
        (TEXT, ("OPS-17\n",), False),
        (TEXT, ("OPS-17", "OPS-18"), False),
        (LINES, (), True),
        (LINES, ("a\nb",), True),
        (LINES, ("x" * LONGEST_ANSWER,), True),
        (LINES, ("x" * (LONGEST_ANSWER + 1),), False),
        (ONE, ("EU",), True),
        (ONE, ("Europe",), False),
        (ONE, ("EU", "EU"), False),
        (ONE, (), False),
        (MANY, ("EU", "NA"), True),
        (MANY, ("EU", "EU"), False),
        (MANY, ("EU", "?"), False),
        (MANY, (), True),
    ],
)
def test_answers_are_checked(asked, values, is_fine):
    """What must be answered is, and as it is asked."""
    assert bool(find_wrong_answers([asked], {asked.id: values})) is not is_fine


def test_answers_are_kept_without_the_blanks_around_them():
    """Choices as they are; what is empty was not answered."""
    given = {"t": [" OPS-17 "], "l": ["  "], "m": ["EU"], "x": ["nobody asked"]}
    assert normalize_answers([TEXT, LINES, MANY], given) == {"t": ("OPS-17",), "m": ("EU",)}


def test_answers_carry_their_types_to_graph():
    """Each choice is an answer of its own; what was not asked is not sent."""
    given = {"m": ("NA", "EU"), "t": ("OPS-17",), "x": ("?",)}
    sent = [
        each.model_dump(mode="json", by_alias=True, exclude_unset=True)
        for each in for_graph(answered([TEXT, LINES, MANY], given))
    ]
    text, choice = "accessPackageTextInputQuestion", "accessPackageMultipleChoiceQuestion"
    assert [(each["value"], each["displayValue"], each["answeredQuestion"]) for each in sent] == [
        ("OPS-17", "OPS-17", {"@odata.type": f"#microsoft.graph.{text}", "id": "t"}),
        ("NA", "America", {"@odata.type": f"#microsoft.graph.{choice}", "id": "m"}),
        ("EU", "Europe", {"@odata.type": f"#microsoft.graph.{choice}", "id": "m"}),
    ]
    assert {each["@odata.type"] for each in sent} == {"#microsoft.graph.accessPackageAnswerString"}


def test_a_form_knows_other_questions_by_their_fingerprint():
    """Whatever of them has changed."""
    assert fingerprint([TEXT, LINES]) != fingerprint([LINES, TEXT])
    assert fingerprint([ONE]) != fingerprint([MANY])

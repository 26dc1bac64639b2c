"""Whatever a package asks, its form is one that Slack takes, and what comes back is read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.requests.request_form.form import request_form
from bot.messages.requests.request_form.questions import answers_in, block_of
from bot.messages.requests.request_form.reading import moment_in, policy_in, reason_in
from bot.messages.requests.request_form.subject import FormSubject, subject_in
from bot.packages.model import Package
from bot.packages.named_stages import ApproverKind, NamedApprover, NamedStage
from bot.packages.offers import OfferedPolicy
from bot.packages.questions import Choice, Question
from sandbox.slack.block_kit import problems_with_view
from sandbox.slack.forms import initial_values

PACKAGE = Package(id="campaign", slug="campaign", name="Campaign", contents=("a", "b"))
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200).filter(
    lambda text: bool(text.strip())
)
LONG = st.builds(lambda text, times: text * times, TEXTS, st.sampled_from([1, 1, 1, 40]))
TRANSLATIONS = st.lists(st.tuples(st.sampled_from(["de", "fr-FR"]), TEXTS), max_size=2).map(tuple)
CHOICES = st.lists(
    st.builds(Choice, value=LONG, text=LONG, translations=TRANSLATIONS),
    max_size=8,
    unique_by=lambda choice: choice.value,
).map(tuple)
QUESTIONS = st.lists(
    st.builds(
        Question,
        id=LONG,
        text=LONG,
        required=st.booleans(),
        translations=TRANSLATIONS,
        choices=CHOICES,
        takes_several=st.booleans(),
        is_single_line=st.booleans(),
        pattern=st.sampled_from([None, r"\d+"]),
        attribute=st.sampled_from([None, "badge"]),
    ),
    max_size=6,
    unique_by=lambda question: question.id,
).map(tuple)
STAGES = st.none() | st.lists(
    st.builds(
        NamedStage,
        approvers=st.lists(
            st.builds(NamedApprover, kind=st.sampled_from(ApproverKind), name=LONG), max_size=4
        ).map(tuple),
        quorum=st.integers(1, 20),
    ),
    max_size=3,
).map(tuple)
POLICIES = st.lists(
    st.builds(
        OfferedPolicy,
        id=st.uuids().map(str),
        name=LONG,
        rank=st.integers(1, 3),
        lasts=st.sampled_from(["30 days", "no end date"]),
        stages=STAGES,
        needs_reason=st.booleans(),
        questions=QUESTIONS,
        not_askable=st.sampled_from([None, None, "It cannot be asked in Slack."]),
        has_own_dates=st.booleans(),
    ),
    max_size=3,
    unique_by=lambda policy: policy.id,
)


@given(POLICIES, st.sampled_from([None, "de-DE"]), st.none() | LONG, st.integers(0, 3))
def test_every_form_is_one_that_slack_takes(policies, locale, reason, number):
    """Its labels, menus, blocks and size are within what Slack allows."""
    chosen = policies[number] if number < len(policies) else None
    view = request_form(
        PACKAGE, policies=policies, chosen=chosen, locale=locale, reason=reason, note="Look again."
    )
    assert problems_with_view(view) == []


@pytest.mark.parametrize(
    "questions",
    [
        [Question(id=str(number), text="Why?", required=True) for number in range(120)],
        [Question(id=str(number), text="w" * 9_000, required=True) for number in range(25)],
        [
            Question(
                id=str(number),
                text="Which?",
                required=True,
                choices=tuple(Choice(value=f"{n}", text="x" * 2_900) for n in range(99)),
            )
            for number in range(2)
        ],
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(questions):
    """Nothing is left out of a form that says nothing about it."""
    policy = OfferedPolicy(
        id="p", name="P", rank=1, lasts="30 days", stages=(), questions=tuple(questions)
    )
    view = request_form(PACKAGE, policies=[policy])

    assert problems_with_view(view) == []
    assert "My Access" in view["blocks"][-1]["text"]["text"]
    assert "submit" not in view


@given(QUESTIONS)
def test_no_text_of_a_question_is_lost(questions):
    """What is too long for a label or a menu stands whole above it."""
    policy = OfferedPolicy(
        id="p", name="P", rank=1, lasts="30 days", stages=(), questions=questions
    )
    view = request_form(PACKAGE, policies=[policy])
    said = "".join(
        block["text"]["text"] for block in view["blocks"] if block["type"] == "section"
    ) + "".join(block["label"]["text"] for block in view["blocks"] if "label" in block)
    if "submit" in view:
        assert [each for each in questions if each.text not in said] == []


def test_what_a_form_is_about_travels_with_it():
    """As words, and whatever comes back is read."""
    told = FormSubject(
        package_id="campaign", shown_policy="p", asked="f", locale="de-DE", offered=("p", "q")
    )
    assert subject_in({"private_metadata": told.words()}) == told
    assert subject_in({"private_metadata": "campaign"}) == FormSubject(package_id="campaign")
    assert subject_in({}) == FormSubject(package_id="")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
WHERE = Question(id="c", text="Where?", required=True, choices=(Choice(value="EU", text="Europe"),))
WHY = Question(id="t", text="Why?", required=True)


@given(JSON, JSON, JSON)
def test_a_form_of_any_shape_is_read(field, state, view):
    """Signed, but not as Slack sends it: nothing was answered then."""
    strange = {"state": {"values": {block_of(WHERE): {"latchkey_answer": field}, "start": state}}}
    for each in (strange, {"state": state}, view if isinstance(view, dict) else {}):
        assert set(answers_in(each, [WHERE, WHY])) == {"c", "t"}
        policy_in(each)
        moment_in(each, "start")
        assert isinstance(reason_in(each), str)


def test_answers_are_read_from_where_the_form_asks():
    """Choices by a short word that stands for their value."""
    policy = OfferedPolicy(
        id="p",
        name="P",
        rank=1,
        lasts="30 days",
        stages=(),
        questions=(WHERE, WHY),
        has_own_dates=True,
    )
    view = request_form(PACKAGE, policies=[policy])
    values = initial_values(view["blocks"])
    values[block_of(WHERE)]["latchkey_answer"]["selected_option"] = {"value": WHERE.choices[0].key}
    values[block_of(WHY)]["latchkey_answer"]["value"] = "because"
    values["start"]["start"]["selected_date_time"] = 1_800_000_000
    sent = {"state": {"values": values}}

    assert answers_in(sent, policy.questions) == {"c": ["EU"], "t": ["because"]}
    assert moment_in(sent, "start") == datetime.fromtimestamp(1_800_000_000, UTC)
    assert moment_in(sent, "end") is None

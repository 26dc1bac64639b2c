"""People read an example of what a pattern takes, which it does take, or none; and never the pattern."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.requests.request_form.questions import question_fields
from bot.packages.pattern_examples import LONGEST_EXAMPLE, example
from bot.packages.patterns import UnsupportedPattern, parse
from bot.packages.questions import find_wrong_answers, read_question
from graph.models import AccessPackageQuestion
from tests.bot.samples import question

EXAMPLES = {
    r"^[A-Z]{2,8}-\d+$": "ABC-123",
    r"INC\d{7}": "INC1234567",
    r"^[\w.-]+@[\w-]+\.\w{2,}$": "abc@def.ghi",
    r"(?i)chg-?\d{1,5}": "chg-123",
    r"(OPS|DEV)-\d+": "OPS-123",
    r"a\b c|x+": "a c",
    r"Größe \d": "Größe 1",
    r"\p{Lu}x": "Ax",
    r"(((a+)+)+)+": "a",
}
NONE = ["^$", r"\t", r"\s+", "a{100}", r"(\b){3}"]


@pytest.mark.parametrize("pattern", EXAMPLES)
def test_an_example_is_short_and_plain(pattern):
    """Of every kind of character the first ones, and not as many as there may be."""
    assert example(parse(pattern)) == EXAMPLES[pattern]


@pytest.mark.parametrize("pattern", NONE)
def test_there_may_be_none(pattern):
    """It would be blank, too long, or nothing that anybody types."""
    assert example(parse(pattern)) is None


@given(st.text(st.sampled_from("ab1-.^$|()[]{}*+?,\\dwsb 3"), max_size=25))
def test_an_example_is_taken(source):
    """Whatever the pattern; it is on one line and has no blanks around it, which are not kept."""
    try:
        pattern = parse(source)
    except UnsupportedPattern:
        return
    text = example(pattern)
    if text is not None:
        assert pattern.fits(text)
        assert text == text.strip()
        assert "\n" not in text
        assert 0 < len(text) <= LONGEST_EXAMPLE + 1


@pytest.mark.parametrize("pattern", [*EXAMPLES, *NONE])
def test_nobody_reads_the_pattern(pattern):
    """Neither in the form nor as what is wrong; both say what to do."""
    body = question(regexPattern=pattern)
    asked = read_question(AccessPackageQuestion.model_validate(body))

    [block] = question_fields(asked, None, ())
    wrong = find_wrong_answers([asked], {asked.id: ["§"]})[asked.id]

    hint = block["hint"]["text"]
    assert json.dumps(pattern) not in json.dumps(hint)
    for said in (hint, wrong):
        assert pattern not in said
        assert (EXAMPLES.get(pattern) or "whoever looks after this package") in said

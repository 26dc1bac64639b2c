"""The approval card and the list of what waits: what they say, and who has buttons."""

import re
from dataclasses import replace
from typing import Any

import pytest

from bot import clock
from bot.approvals.model import Outcome
from bot.messages.admins import pending_list
from bot.messages.approvals import approval_card, approving_several, card_threads
from bot.messages.approvals.review import review
from bot.messages.blocks.pages import MESSAGE
from bot.messages.blocks.parts import moment
from bot.packages.model import NamedObject, Removal
from bot.packages.questions import Question
from bot.requests.model import Kind, State
from tests.bot.messages.every_message import request, texts_of
from tests.bot.samples import SOME_DAY, approver_question, click, page, terms


@pytest.mark.parametrize("contents", [1, 20, 60])
def test_a_card_says_everything_that_counts(contents):
    """The card says who, what exactly, why, until when and under which policy, however much is in the package."""
    lines = tuple(
        f"Member of the group Resources of the team number {number:03} in the building"
        for number in range(contents)
    )
    one = request(state=State.PENDING, terms=terms(contents=lines, policy_name="Night shift"))

    said = texts_of(approval_card.card(one, []))

    for part in ("<@U0ANN>", "Ann Abara", "Marketing Campaign", "I run the launch", "Night shift"):
        assert part in said
    assert "Ends" in said
    assert f"!date^{int((one.ends_at or clock.now()).timestamp())}" in said
    assert all(line in said for line in lines) or "more" in said


def test_a_card_that_was_decided_has_no_buttons():
    """And says who decided."""
    for state in State:
        card = approval_card.card(request(state=state), [])
        has_buttons = any(block["type"] == "actions" for block in card["blocks"])
        assert has_buttons is (state is State.PENDING), state


@pytest.mark.parametrize("known", [terms(), None], ids=["checked", "not yet"])
def test_a_card_says_since_when_it_is_asked(known):
    """Also where no message around it has a time: in a form, in Home, in a list."""
    one = request(state=State.PENDING, terms=known, asked_at=SOME_DAY)

    assert f"*Asked*\\n{moment(SOME_DAY)}" in texts_of(review(one, [], reader="U0BO"))


@pytest.mark.parametrize("reader", ["U0ANN", "U0BO"])
def test_nothing_is_decided_in_a_list(reader):
    """Nobody decides what they have not read: the button shows the whole card."""
    listed = pending_list.pending(page([request(state=State.PENDING)]), reader=reader)

    assert set(re.findall(r"latchkey_\w+", texts_of(listed))) == {"latchkey_review"}


def test_what_speaks_against_one_of_several_is_said_with_it():
    """As on its card: what does not go together with it, and that an admin has removed it before."""
    excluded = (NamedObject(id="x", name="Release Approvals"),)
    removal = Removal(by="U0DANA", at="2026-11-01T10:00:00+00:00", why="She moved")
    one = request(state=State.PENDING, terms=terms(excluded=excluded, contents=("A", "B")))
    other = replace(one, id="r2", terms=terms(removal=removal, contents=("A", "C")))

    form = texts_of(approving_several.form([one, other]))

    assert "“Release Approvals”" in form
    assert "She moved" in form
    # Whoever asked first was shown another version of the package.
    assert form.count("The package gives") == 2


QUESTIONS = tuple(
    Question(id=f"q{place}", text=f"Question {place}?", required=True) for place in range(8)
)
ONE_OF_SEVERAL: dict[str, dict[str, Any]] = {
    "answers": {
        "terms": terms(questions=QUESTIONS[:2]),
        "answers": {"q0": ("Alpha",), "q1": ("Beta",)},
    },
    "more answers than a card has": {
        "terms": terms(questions=QUESTIONS),
        "answers": {each.id: (f"Said to {each.id}",) for each in QUESTIONS},
    },
    "asked for as an emergency": {"no_emergency_why": "Nobody may do that at night."},
    "an extension": {"kind": Kind.EXTEND, "access_ended_at": SOME_DAY},
    "asked anew": {"round": 1},
    "from a day on": {"starts_at": SOME_DAY, "terms": terms(catalog="General")},
    "for somebody else": {"asked_by": "U0MIA", "wanted_for": "U0ANN"},
    "not read yet": {"terms": None},
    "nothing besides": {},
}


@pytest.mark.parametrize("case", ONE_OF_SEVERAL)
def test_one_of_several_says_all_that_its_card_says(case):
    """Whoever approves several has read of each what they would have read alone; what the package gives is said once."""
    one = request(state=State.PENDING, **ONE_OF_SEVERAL[case])
    decided = [click(one, name="Bo Berg", reason="As agreed", outcome=Outcome.ACCEPTED)]
    asked = [approver_question(one, question="Which month?")]
    on_card = approval_card.facts(one, decided, questions=asked, room=MESSAGE)

    form = approving_several.form(
        [one, replace(one, id="r2")], decided={one.id: decided}, questions={one.id: asked}
    )

    given = approval_card.gives(one.terms.contents, characters=12_000) if one.terms else []
    assert [each for each in on_card if each not in [*form["blocks"], *given]] == []


def _choice_of(form: dict[str, Any]) -> tuple[set[str], set[str]]:
    """What can be chosen in a form, and what is chosen at first."""
    (choice,) = [each["element"] for each in form["blocks"] if each.get("block_id") == "chosen"]
    chosen = {each["value"] for each in choice["initial_options"]}
    return {each["value"] for each in choice["options"]}, chosen


@pytest.mark.parametrize(("answers", "is_whole"), [(1, True), (8, False)])
def test_nobody_approves_what_does_not_fit(answers, is_whole):
    """What is chosen is what is listed; how many are not is said."""
    said = {each.id: (each.text,) for each in QUESTIONS[:answers]}
    many = [
        request(
            id=f"r{place}",
            holder_name=f"Nr {place}",
            state=State.PENDING,
            terms=terms(questions=QUESTIONS[:answers]),
            answers=said,
        )
        for place in range(10)
    ]

    form = approving_several.form(many)

    offered, chosen = _choice_of(form)
    listed = {each.ask_id for each in many if f'Account*\\n{each.holder_name}"' in texts_of(form)}
    assert offered == chosen == listed
    assert (len(listed) == len(many)) is is_whole
    left = len(many) - len(listed)
    assert (f"… and {left} more, which do not fit here" in texts_of(form)) is not is_whole
    assert len(form["blocks"]) <= 100


def test_ones_own_request_has_no_buttons():
    """Nobody is tempted."""
    own = request(state=State.PENDING)

    assert "latchkey_approve" not in texts_of(review(own, [], reader="U0ANN"))
    assert "latchkey_approve" in texts_of(review(own, [], reader="U0BO"))


@pytest.mark.parametrize(
    ("asked_by", "to"),
    [("U0ANN", "<@U0ANN>"), ("U0MIA", "<@U0MIA>"), ("", "Ann &amp; Co"), ("cli:ops", "cli:ops")],
)
def test_what_whoever_asked_is_told_is_not_said_to_those_who_decide(asked_by, to):
    """The sentence says "you": whose account is disabled is said before it, on the card and below it."""
    why = "Your account in Entra is disabled."
    one = request(state=State.REFUSED, why=why, asked_by=asked_by, holder_name="Ann & Co")

    for shown in (approval_card.card(one, []), card_threads.ending(one, [])):
        assert f"To {to}: {why}" in texts_of(shown)


def test_what_an_admin_wrote_is_said_to_nobody_else():
    """Who gives up, or cancels for a leaver, writes why for everybody."""
    for given in ({"state": State.FAILED, "give_up_by": "U0DANA"}, {"state": State.CANCELED}):
        said = approval_card.outcome_and_why(request(why="It is not needed", **given))
        assert "It is not needed" in said
        assert "To <@" not in said

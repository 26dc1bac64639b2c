"""What people wrote keeps its lines wherever it is shown, and none of them passes for a line of ours."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import clock
from bot.approvals.model import OpenQuestion, OpenQuestions, Outcome
from bot.drift.model import DriftKind, DriftState, Mismatch, ShownMismatch
from bot.emergencies.model import Emergency, Finding
from bot.messages.admins import drift, pending_list
from bot.messages.approvals import (
    approval_card,
    approver_questions,
    approving_several,
    decision_lines,
    pending_rows,
)
from bot.messages.approvals.question_lines import question_blocks
from bot.messages.assignments import troubles
from bot.messages.blocks.pages import MESSAGE
from bot.messages.blocks.quotes import as_written, one_line, quote
from bot.messages.emergencies import emergency
from bot.messages.overviews.open_questions import question_rows
from bot.messages.phrases.decided_there import there_line
from bot.messages.requests import on_behalf, outcomes
from bot.packages.model import Removal
from bot.packages.questions import Question
from bot.people.model import Verb
from bot.requests.model import DecidedThere, Kind, State
from tests.bot.messages.every_message import request
from tests.bot.samples import approver_question, click, page, terms

WROTE = "No.\n1. Ask *Lee*\n\n> Denied by <@U0BO>"
# What looks like a format, and is none.
STAR, QUOTE = "\N{ASTERISK OPERATOR}", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
SHOWN = ["No.", f"1. Ask {STAR}Lee{STAR}", f"{QUOTE} Denied by &lt;@U0BO&gt;"]


def test_one_line_stays_behind_the_colon():
    """Escaped, and no quote."""
    assert as_written("  *Fine*  by me ") == f"{STAR}Fine{STAR} by me"


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\n\n \n", "\u2028"])
def test_several_lines_become_a_quote(line_break):
    """Each line by itself; what is empty is left out."""
    assert as_written(f"One{line_break}two") == "\n> One\n> two"


@pytest.mark.parametrize("limit", [1, 2, 5, 80, 2_000])
@pytest.mark.parametrize("text", ["", "x" * 5_000, "a\n" * 3_000, "<&>\n" * 1_000, "🗝\n" * 900])
def test_nothing_is_longer_than_there_is_room(text, limit):
    """Not after it was escaped, either."""
    for shown in (as_written(text, limit), quote(text, limit)):
        assert len(shown.encode("utf-16-le")) // 2 <= limit


def test_a_list_has_one_line_of_it():
    """Where there is no room for more."""
    assert one_line("One\n two") == "One two"


def _denied() -> Any:
    return click(request(), verb=Verb.DENY, reason=WROTE, outcome=Outcome.ACCEPTED)


def places() -> dict[str, Any]:
    """Return everything that shows what somebody wrote, each with three lines of it."""
    pending = request(state=State.PENDING, justification=WROTE)
    denied = _denied()
    approved = replace(denied, verb=Verb.APPROVE)
    shorter = replace(approved, ends_at=clock.now() + timedelta(days=1))
    there = DecidedThere(stage=0, verb=Verb.DENY, name="Bo", reason=WROTE)
    question = approver_question(pending, question=WROTE)
    answered = replace(question, answer=WROTE, answered_by="U0ANN", answered_at=clock.now())
    removed = Removal(by="U0DANA", at=clock.now().isoformat(), why=WROTE)
    asks = terms(questions=(Question(id="q", text="Which?", required=True),))
    review = Emergency(
        request_id=pending.id,
        holder="U0ANN",
        entra_id="e1",
        package_id="p1",
        opened_at=clock.now(),
        review_by=clock.now(),
        closed_at=clock.now(),
        closed_by="U0BO",
        comment=WROTE,
    )
    mismatch = Mismatch(
        id="m",
        kind=DriftKind.UNASKED,
        about="assignment",
        entra_id="e1",
        package_id="p1",
        package_name="X",
        state=DriftState.OPEN,
        found_at=clock.now(),
        seen_at=clock.now(),
        done_by="U0DANA",
        done_at=clock.now(),
        until=clock.now(),
        why=WROTE,
    )
    return {
        "why, on a card": approval_card.card(pending, []),
        "an approval, on a card": approval_card.card(request(justification=None), [approved]),
        "a denial, on a card": approval_card.card(request(justification=None), [denied]),
        "a shorter end": decision_lines.decision_line(shorter),
        "below a card": decision_lines.denial_line(denied),
        "decided in Entra": there_line(there),
        "a denial": outcomes.denied(request(state=State.DENIED, why=WROTE), by="Bo"),
        "a removal": outcomes.removed(
            request(kind=Kind.REMOVE, asked_by="U0DANA", justification=WROTE), told="U0ANN"
        ),
        "removed before": troubles.removed_before("X", by="U0DANA", at="today", why=WROTE),
        "removed before, on a card": approval_card.card(
            request(state=State.PENDING, justification=None, terms=terms(removal=removed)), []
        ),
        "a question": question_blocks([question], room=MESSAGE),
        "an answer": question_blocks([replace(answered, question="Which?")], room=MESSAGE),
        "a question, told": approver_questions.asked_in_thread(question, "1.1"),
        "an answer, told": approver_questions.answered_in_thread(answered, "1.1"),
        "a question, in Home": question_rows(
            OpenQuestions(
                reader="U0ANN", rows=[OpenQuestion(question=question, request=pending)], count=1
            )
        ),
        "answers to a package's questions": approval_card.card(
            request(terms=asks, answers={"q": (WROTE,)}, justification=None), []
        ),
        "in Home": pending_rows.pending_review(pending, reader="U0BO"),
        "in a list": pending_list.pending(page([pending]), reader="U0BO"),
        "several": approving_several.form([pending, replace(pending, id="r2")]),
        "an emergency": emergency.card_facts(review, pending, now=clock.now()),
        "a review": emergency.closed(review, pending),
        "a review, as an admin": emergency.closed(replace(review, as_admin=True), pending),
        "a review, for another": emergency.closed(replace(review, for_user="U0LEE"), pending),
        "access taken in a review": emergency.closed(
            replace(review, finding=Finding.REMOVE), pending
        ),
        "adopted": drift.blocks(
            ShownMismatch(mismatch=replace(mismatch, state=DriftState.ADOPTED), row=None)
        ),
        "ignored": drift.blocks(
            ShownMismatch(mismatch=replace(mismatch, state=DriftState.IGNORED), row=None)
        ),
        "denied, for somebody else": on_behalf.outcome_for_asker(
            request(state=State.DENIED, wanted_for="U0CY", why=WROTE), by="Bo"
        ),
    }


def texts_in(said: Any) -> list[tuple[str, bool]]:
    """Return every text of a message or of blocks, and whether Slack formats it."""
    if isinstance(said, str):
        return [(said, True)]
    if isinstance(said, Mapping):
        if said.get("type") in {"mrkdwn", "plain_text"}:
            return [(said["text"], said["type"] == "mrkdwn")]
        return [text for each in said.values() for text in texts_in(each)]
    if isinstance(said, list | tuple):
        return [text for each in said for text in texts_in(each)]
    return []


@pytest.mark.parametrize("place", places())
def test_each_place_keeps_the_lines(place):
    """Of an approval, a denial, a removal, a question, its answer, an emergency, and what admins say of drift."""
    shown = [(text, formats) for text, formats in texts_in(places()[place]) if "Lee" in text]

    assert shown, json.dumps(places()[place])
    for text, formats in shown:
        lines = [line.strip() for line in text.splitlines()]
        written = [f"> {line}" for line in SHOWN] if formats else WROTE.splitlines()
        assert all(line in lines for line in written if line), text

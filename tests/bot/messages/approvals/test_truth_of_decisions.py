"""Every sentence about a decision names who did it, and nobody else: whoever decided, at whatever stage, as whatever."""

import itertools
import re
from dataclasses import replace
from typing import Any

import pytest

from bot.approvals.model import Decision, Outcome
from bot.messages.approvals import approval_card, approver_questions, card_threads
from bot.notifications import outcome_notices
from bot.packages.model import Stage
from bot.people.model import Verb
from bot.requests.in_entra.justification import written_for
from bot.requests.model import Kind, Request, State
from bot.words.formats import all_of
from tests.bot.samples import approver_question, click, terms, wish
from tests.harness.world import said

PEOPLE = (("U0MIA", "Mia Moreau"), ("U0BO", "Bo Berg"), ("U0DANA", "Dana Diaz"))
ROLES = ("approver", "admin", "delegate")
# How many stages there are, and what becomes of it at the last one that was reached.
ENDS = (State.DELIVERED, State.DENIED, State.LAPSED, State.REFUSED, State.FAILED)


def case(
    kind: Kind, end: State, *, stages: int, decided: int, roles: tuple[str, ...]
) -> tuple[Request, list[Decision]]:
    """A request with so many stages of which so many were decided: approved, and of a denied one the last denied."""
    request = wish(
        kind=kind,
        state=end,
        terms=terms(stages=(Stage(),) * stages),
        stage=min(decided, stages - 1),
        why=None if end is State.LAPSED else "Because.",
    )
    made = []
    for stage in range(decided):
        is_denial = end is State.DENIED and stage == decided - 1
        user, name = PEOPLE[stage]
        facts: dict[str, Any] = {
            "slack_user": user,
            "name": name,
            "entra_id": user.lower(),
            "stage": stage,
            "verb": Verb.DENY if is_denial else Verb.APPROVE,
            "reason": f"{name} says so" if is_denial else None,
            "outcome": Outcome.ACCEPTED,
            "as_admin": roles[stage] == "admin",
        }
        if roles[stage] == "delegate":
            facts |= {"for_user": "U0LEE", "for_entra_id": "lee", "for_name": "Lee Lin"}
        made.append(click(request, **facts))
    return request, made


def cases() -> list[Any]:
    found = []
    for kind, end, stages in itertools.product((Kind.ADD, Kind.EXTEND), ENDS, (1, 2, 3)):
        if end in {State.DELIVERED, State.REFUSED, State.FAILED}:
            reached = [stages]
        elif end is State.DENIED:
            reached = list(range(1, stages + 1))
        else:
            reached = list(range(stages))
        for decided in reached:
            for roles in itertools.product(ROLES, repeat=decided):
                label = f"{kind} {end} {decided} of {stages} {' '.join(roles)}"
                found.append(pytest.param(kind, end, stages, decided, roles, id=label))
    return found


def as_called(decision: Decision) -> str:
    if decision.for_name:
        return f"{decision.name} for {decision.for_name}"
    return f"{decision.name} (as an admin)" if decision.as_admin else str(decision.name)


@pytest.mark.parametrize(("kind", "end", "stages", "decided", "roles"), cases())
def test_the_requester_reads_who_did_what(kind, end, stages, decided, roles):
    """Those who approved have approved, and who denied has denied."""
    request, made = case(kind, end, stages=stages, decided=decided, roles=roles)
    [(_, content), *_] = outcome_notices.notices_for_request(
        request, decided=made, admin_channel="C0APPROVALS", will_remind=False
    )
    told = said(content)
    approvals = [each for each in made if each.verb is Verb.APPROVE]
    # Of several, for whom one of them did stands in parentheses.
    approved = [
        f"{each.name} (for {each.for_name})"
        if each.for_name and len(approvals) > 1
        else as_called(each)
        for each in approvals
    ]
    denied = [as_called(each) for each in made if each.verb is Verb.DENY]

    if denied:
        assert f"was denied by {denied[0]}." in told
        assert "Because." in told
    else:
        assert "denied" not in told
    if end in {State.DENIED, State.LAPSED} and approved:
        assert f"{all_of(approved)} had approved it before." in told
    if end is State.DELIVERED:
        assert f"Approved by {all_of(approved)}." in told
    if end is State.LAPSED:
        whole = not approved
        assert ("Nobody decided your" in told) is whole
        assert (f"Nobody decided step {decided + 1} of {stages}" in told) is not whole
    for _, name in PEOPLE[decided:]:
        assert name not in told


@pytest.mark.parametrize(("kind", "end", "stages", "decided", "roles"), cases())
def test_the_card_and_its_thread_say_who_did_what(kind, end, stages, decided, roles):
    """A line for each decision that counts, and the last word by whoever had it."""
    request, made = case(kind, end, stages=stages, decided=decided, roles=roles)
    shown = said(approval_card.card(request, made))
    below = card_threads.ending(request, made)["text"]
    asked = approver_question(
        request, answer="Both.", answered_by="U0ANN", answered_at=request.asked_at
    )
    brought = said(
        approver_questions.told_asker(
            asked, request, made, questions=[asked], named_as=None, card=False, review=False
        )
    )

    for each, place in itertools.product(made, (shown, brought)):
        did = "Denied" if each.verb is Verb.DENY else "Approved"
        [line] = re.findall(rf"(\w+) by <@{each.slack_user}>([^\n]*)", place)
        assert line[0] == did
        assert ("as an admin" in line[1]) is each.as_admin
        assert (" for <@U0LEE>" in line[1]) is (each.for_user is not None)
    if end is State.DENIED:
        assert below.startswith(f"Denied by <@{made[-1].slack_user}>")
        assert ("as an admin" in below) is made[-1].as_admin
        assert (" for <@U0LEE>" in below) is (made[-1].for_user is not None)
        assert f"{made[-1].name} says so" in below
    else:
        assert "Denied" not in below
    if end is State.LAPSED and decided:
        assert f"nobody decided step {decided + 1} of {stages} in time" in below
    assert approval_card.outcome_and_why(request) in brought
    for user, _ in PEOPLE[decided:]:
        assert user not in shown


@pytest.mark.parametrize("roles", [*itertools.product(ROLES, repeat=2)])
def test_entra_reads_who_approved(roles):
    """By name and object id, with the stage, and as what."""
    request, made = case(Kind.ADD, State.APPROVED, stages=2, decided=2, roles=roles)

    written = written_for(request, made)

    for each in made:
        assert f"{each.name} ({each.entra_id})" in written
        assert (f"({each.entra_id}), stage {each.stage + 1}, as an admin" in written) is (
            each.as_admin
        )
        assert (f"({each.entra_id}) for Lee Lin (lee)" in written) is bool(each.for_name)


@pytest.mark.parametrize(
    ("state", "changes", "sentence"),
    [
        (State.CANCELED, {"why": None}, "Canceled by the requester."),
        (
            State.CANCELED,
            {"why": "The access is being removed."},
            "Canceled. The access is being removed.",
        ),
        (State.FAILED, {"why": "Why.", "give_up_by": "U0DANA"}, "An admin has given it up. Why."),
        (State.FAILED, {"why": "Why."}, "Entra did not deliver it. Why."),
        (State.LAPSED, {"why": None}, "Expired: nobody decided in time."),
        (State.LAPSED, {"why": "The access has ended."}, "Expired. The access has ended."),
    ],
)
def test_an_end_is_put_down_to_whoever_caused_it(state, changes, sentence):
    """And to nobody else."""
    request = replace(wish(state=state, terms=terms()), **changes)

    assert sentence in said(approval_card.card(request, []))
    assert card_threads.ending(request, [])["text"] == sentence

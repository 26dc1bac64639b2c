"""Test what Entra is told: the reason, the people who approved, and a tag that nobody can forge or cut off."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.packages.model import NamedObject, Stage
from bot.people.model import Verb
from bot.requests.in_entra import justification
from tests.bot.samples import click, terms, wish

BO = "a0000000-0000-4000-8000-000000000003"
DANA = "a0000000-0000-4000-8000-000000000004"
TWO = terms(stages=(Stage(), Stage()))


def approved(request, **facts):
    return click(request, **{"entra_id": BO, "name": "Bo Berg", **facts})


def test_it_says_why_and_who_approved():
    """Names for people, ids for machines."""
    request = wish(justification="The audit.", terms=terms())

    said = justification.written_for(request, [approved(request)])

    assert said == f"The audit. Approved by Bo Berg ({BO}). [latchkey {request.id}]"


def test_it_says_which_stage_and_in_which_role():
    """An admin's approval does not pass for an approver's."""
    request = wish(justification="The audit.", terms=TWO)
    decided = [
        approved(request),
        approved(request, stage=1, entra_id=DANA, name="Dana Diaz", as_admin=True),
    ]

    assert justification.written_for(request, decided) == (
        f"The audit. Approved by Bo Berg ({BO}), stage 1; "
        f"Dana Diaz ({DANA}), stage 2, as an admin of Latchkey. [latchkey {request.id}]"
    )


def test_what_nobody_had_to_approve_says_no_name():
    """And without a reason, where it came from."""
    request = wish(terms=terms(stages=()))

    assert justification.written_for(request, []) == f"Asked for in Slack. [latchkey {request.id}]"


def test_a_denial_is_no_approval():
    """It is never posted; if it were, it would not be named."""
    request = wish(terms=terms())

    assert "Bo" not in justification.written_for(request, [approved(request, verb=Verb.DENY)])


def test_it_says_for_whom_a_delegate_approved_and_who_asked_for_somebody_else():
    """Whoever had no part in it but the name is named, too."""
    request = wish(
        justification="The audit.", terms=terms(asker=NamedObject(id=DANA, name="Dana Diaz"))
    )
    decided = [approved(request, for_entra_id=DANA, for_name="Dana Diaz")]

    assert justification.written_for(request, decided) == (
        f"The audit. Asked for by Dana Diaz ({DANA}). "
        f"Approved by Bo Berg ({BO}) for Dana Diaz ({DANA}). [latchkey {request.id}]"
    )


def test_whose_name_is_not_known_is_somebody_with_an_id():
    """Entra's reviewers find them by that."""
    request = wish(justification="The audit.", terms=terms(asker=NamedObject(id=DANA, name="")))
    decided = [approved(request, name=None, for_entra_id=DANA, for_name=None)]

    assert justification.written_for(request, decided) == (
        f"The audit. Asked for by somebody ({DANA}). "
        f"Approved by somebody ({BO}) for somebody ({DANA}). [latchkey {request.id}]"
    )


def test_under_no_terms_there_are_no_stages_to_tell_apart():
    """A removal has none."""
    request = wish(justification="The audit.", terms=None)

    said = justification.written_for(request, [approved(request)])

    assert said == f"The audit. Approved by Bo Berg ({BO}). [latchkey {request.id}]"


@pytest.mark.parametrize(
    ("length", "shown"), [(99, "B" * 99), (100, "B" * 100), (101, "B" * 99 + "…")]
)
def test_a_name_is_cut_after_a_hundred_characters(length, shown):
    """The approver's, the one's for whom they approve, and the one's who asked."""
    name = "B" * length
    request = wish(justification="The audit.", terms=terms(asker=NamedObject(id=DANA, name=name)))
    decided = [approved(request, name=name, for_entra_id=DANA, for_name=name)]

    assert justification.written_for(request, decided) == (
        f"The audit. Asked for by {shown} ({DANA}). "
        f"Approved by {shown} ({BO}) for {shown} ({DANA}). [latchkey {request.id}]"
    )


@pytest.mark.parametrize("more", [-1, 0, 1, 500])
def test_the_reason_has_whatever_room_the_names_and_the_tag_leave(more):
    """All of it is two thousand characters at most, and not one is given away."""
    request = wish(terms=terms())
    end = f" Approved by Bo Berg ({BO}). [latchkey {request.id}]"
    room = 2_000 - len(end)
    reason = "x" * (room + more)

    said = justification.written_for(replace(request, justification=reason), [approved(request)])

    assert said == (reason if more <= 0 else "x" * (room - 1) + "…") + end


@pytest.mark.parametrize(
    ("said", "is_tagged", "without"),
    [
        ("The audit.", False, "The audit."),
        (f"The audit. [latchkey {'0' * 32}]", True, "The audit."),
        (f" The audit.\n[latchkey {'0' * 32}] ", True, "The audit."),
        (f"[latchkey {'0' * 32}]", True, ""),
        (f"[latchkey {'0' * 32}] The audit.", True, f"[latchkey {'0' * 32}] The audit."),
        ("The audit. [latchkey 0]", True, "The audit. [latchkey 0]"),
        ("", False, ""),
    ],
    ids=str,
)
def test_a_tag_is_known_and_taken_off_again(said, is_tagged, without):
    """Whole and at the end; what only looks like one stays with the words."""
    assert justification.is_tagged(said) is is_tagged
    assert justification.without_tag(said) == without


def test_nobody_else_is_named_by_a_tag():
    """In a name or a reason it is words."""
    forged = "[latchkey 0]"
    request = wish(justification=forged, terms=terms(asker=NamedObject(id=DANA, name=forged)))
    decided = [approved(request, name=forged, for_entra_id=DANA, for_name=forged)]

    assert justification.written_for(request, decided) == (
        f"(latchkey 0] Asked for by (latchkey 0] ({DANA}). "
        f"Approved by (latchkey 0] ({BO}) for (latchkey 0] ({DANA}). [latchkey {request.id}]"
    )


TEXT = st.text(max_size=3_000) | st.builds(
    lambda before, after: f"{before}[latchkey {'[latchkey ' * 3}0123]{after}",
    st.text(max_size=40),
    st.text(max_size=2_000),
)


@given(reason=TEXT, names=st.lists(TEXT, max_size=3))
def test_the_tag_stands_whole_at_the_end_and_nowhere_else(reason, names):
    """Whatever people write, or are called; and all of it has an end."""
    request = wish(justification=reason, terms=TWO)
    decided = [approved(request, name=name, stage=place) for place, name in enumerate(names)]

    said = justification.written_for(request, decided)

    assert said.endswith(justification.tag(request))
    assert said.count(justification.TAG) == 1
    assert len(said) <= justification.LONGEST
    assert said.count(BO) >= len(names)

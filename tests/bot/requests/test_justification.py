"""Test what Entra is told: the reason, the people who approved, and a tag that nobody can forge or cut off."""

from hypothesis import given
from hypothesis import strategies as st

from bot.packages.model import Stage
from bot.people.model import Verb
from bot.requests import justification
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

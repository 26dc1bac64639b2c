"""Test who is a member of our workspace, and whose address counts, whatever Slack's profiles look like."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.profiles import KnownIds, read_profile

OURS = "T0LATCH"
OTHERS = ["T0OTHER", "T0LATCH2", "0LATCH", "t0latch", "E0ORG"]
ANOTHER = "a member of another workspace"

teams = st.one_of(st.none(), st.sampled_from([OURS, *OTHERS]))
lists = st.one_of(st.none(), st.lists(st.sampled_from([OURS, *OTHERS]), max_size=3))
# Also what no API should send.
strange = st.sampled_from([None, "", 0, 7, True, OURS, f"x{OURS}", {"0": OURS}, [[OURS]], [None]])


def user(**facts: Any) -> dict[str, Any]:
    return {"id": "W0ANN", "name": "ann", "profile": {"email": "ann@contoso.example"}, **facts}


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Any]:
    made = user()
    for name in ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger"):
        if draw(st.booleans()):
            made[name] = draw(st.booleans())
    made["team_id"] = draw(teams)
    if draw(st.booleans()):
        made["enterprise_user"] = {"id": "W0ANN", "teams": draw(st.one_of(lists, strange))}
    # Not documented, so it counts for nothing.
    made["teams"] = draw(lists)
    said = draw(st.sampled_from(["absent", None, True, False, "true", 1, 0]))
    if said != "absent":
        made["is_email_confirmed"] = said
    return made


@given(profiles(), st.booleans())
def test_only_whom_slack_names_a_member_of_ours_is_one(made, trusts):
    """By the home workspace, or by the organization's list of theirs; by nothing else."""
    read = read_profile(made, team_id=OURS, trusts_provisioned=trusts)

    listed = (made.get("enterprise_user") or {}).get("teams")
    named = made["team_id"] == OURS or (isinstance(listed, list) and OURS in listed)
    out = any(
        made.get(name)
        for name in ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
    )
    assert (read.not_a_member is None) is (named and not out)


@given(profiles(), st.booleans())
def test_an_address_counts_only_if_slack_confirms_it_or_we_trust_its_silence(made, trusts):
    """What Slack calls unconfirmed never counts, and neither does any other word than true."""
    read = read_profile(made, team_id=OURS, trusts_provisioned=trusts)

    said = made.get("is_email_confirmed")
    counts = said is True or (said is None and trusts)
    assert read.email == ("ann@contoso.example" if counts else None)
    assert read.shown_email == "ann@contoso.example"


GRID: list[tuple[str, dict[str, Any], str | None]] = [
    (
        "no team, and ours among the organization's",
        {"teams": [OURS, "T0C"], "enterprise_user": {"id": "W0ANN", "teams": [OURS, "T0C"]}},
        None,
    ),
    (
        "called after another workspace of theirs",
        {"team_id": "T0C", "enterprise_user": {"id": "W0ANN", "teams": [OURS, "T0C"]}},
        None,
    ),
    (
        "only others, and no team",
        {"teams": ["T0C"], "enterprise_user": {"id": "W0ANN", "teams": ["T0C"]}},
        ANOTHER,
    ),
    ("only others", {"team_id": "T0C", "enterprise_user": {"teams": ["T0C"]}}, ANOTHER),
    ("no team at all", {}, ANOTHER),
    ("an empty list", {"enterprise_user": {"id": "W0ANN", "teams": []}}, ANOTHER),
    ("a text that holds ours", {"enterprise_user": {"teams": f"{OURS},T0C"}}, ANOTHER),
    ("a guest here", {"team_id": OURS, "is_restricted": True}, "a guest"),
    (
        "a stranger who claims ours",
        {"is_stranger": True, "enterprise_user": {"teams": [OURS]}},
        ANOTHER,
    ),
]


@pytest.mark.parametrize(
    ("facts", "expected"), [each[1:] for each in GRID], ids=[each[0] for each in GRID]
)
def test_on_enterprise_grid_every_workspace_of_theirs_counts(facts, expected):
    """And somebody whose workspaces are only others is refused, whatever else is missing."""
    assert read_profile(user(**facts), team_id=OURS).not_a_member == expected


def test_without_a_workspace_of_ours_nobody_is_a_member():
    """Before we know where we are."""
    assert read_profile(user(team_id=None), team_id=None).not_a_member == ANOTHER


def test_both_ids_of_one_person_lead_to_both():
    """The one that Slack was asked about, and those in its answer."""
    ids = KnownIds()
    ids.learn("U0ANN", read_profile(user(enterprise_user={"id": "W0ORG"}), team_id=OURS))

    for each in ("U0ANN", "W0ANN", "W0ORG"):
        assert ids.of(each) == {"U0ANN", "W0ANN", "W0ORG"}
    assert ids.of("U0BO") == {"U0BO"}

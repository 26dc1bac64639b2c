"""The facts by which rights are judged: who is an admin, who is an approver, and who is nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.authority import ROSTER_IS_GOOD_FOR, Actor
from bot.errors import NotAllowed
from bot.models import Stage
from sandbox.tenant import seed
from tests.bot.samples import terms, wish
from tests.harness.loop import simulated

SECOND = timedelta(seconds=1)
ANN, BO, CY, DANA, MIA = (
    {"kind": "singleuser", "user_id": each}
    for each in (seed.ANN, seed.BO, seed.CY, seed.DANA, seed.MIA)
)
REVIEWERS = {"kind": "groupmembers", "group_id": seed.SECURITY_REVIEWERS}
GONE = "a0000000-0000-4000-8000-0000000000ff"


async def named(harness, *subjects, stage=None, **changes):
    """The ids of those whom a stage names, for a wish of Ann's."""
    request = wish(**{"entra_id": seed.ANN, **changes})
    users = await harness.authority.approvers(stage or Stage(approvers=subjects), request)
    return [user.id for user in users]


def of_bo(stage):
    """A wish of Ann's that waits in a stage."""
    return wish(entra_id=seed.ANN, terms=terms(stages=(stage,)))


async def test_admins_are_named_one_by_one_and_by_group(harness):
    """All of each group."""
    harness.workspace.usergroups["S0MORE"] = replace(
        harness.workspace.usergroups["S0IAM"], id="S0MORE", users=["U0MIA"]
    )
    authority = replace(harness.authority, admins=("U0BO", "S0IAM", "S0MORE"))

    await authority.refresh()

    assert authority.known_admins == {"U0BO", "U0DANA", "U0MIA"}
    assert authority.is_known_admin("U0BO")
    assert not authority.is_known_admin("U0CY")


@pytest.mark.parametrize(("late", "sees"), [(timedelta(0), True), (SECOND, False)])
async def test_what_was_read_of_the_admins_is_good_for_five_minutes(harness, late, sees):
    """To the second; then nobody can tell."""
    assert timedelta(minutes=5) == ROSTER_IS_GOOD_FOR
    await harness.authority.refresh()
    simulated().stand_still(ROSTER_IS_GOOD_FOR + late)

    if sees:
        harness.authority.lists_for("U0DANA")
        return
    with pytest.raises(NotAllowed, match="cannot check just now"):
        harness.authority.lists_for("U0DANA")


async def test_who_is_no_admin_sees_no_list(harness):
    """However fresh the roster is."""
    with pytest.raises(NotAllowed, match="Only Latchkey's admins"):
        harness.authority.lists_for("U0BO")


async def test_a_click_from_another_workspace_is_nobodys(harness):
    """Nothing else is read about it."""
    actor = await harness.authority.actor("U0DANA", team="T0OTHER", home_team="T0LATCH")

    assert actor == Actor(slack_user="U0DANA", not_a_person=actor.not_a_person)
    assert "another one" in (actor.not_a_person or "")


@pytest.mark.parametrize(
    ("team", "home"), [("T0LATCH", "T0LATCH"), (None, "T0LATCH"), ("T0LATCH", None), (None, None)]
)
async def test_an_admin_is_known_with_all_that_counts(harness, team, home):
    """Slack need not say the workspace twice."""
    actor = await harness.authority.actor("U0DANA", team=team, home_team=home)

    assert actor == Actor(
        slack_user="U0DANA", entra_id=seed.DANA, name="Dana Diaz", is_admin=True, is_approver=False
    )


async def test_who_cannot_be_placed_is_nobody(harness):
    """With the reason, and no right."""
    actor = await harness.authority.actor("U0GUS")

    assert actor == Actor(slack_user="U0GUS", not_a_person=actor.not_a_person)
    assert "a guest" in (actor.not_a_person or "")


@pytest.mark.parametrize(
    ("user", "entra_id", "name", "is_approver"),
    [("U0BO", seed.BO, "Bo Berg", True), ("U0CY", seed.CY, "Cy Chen", False)],
)
async def test_an_approver_is_whom_the_stage_names(harness, user, entra_id, name, is_approver):
    """And nobody beside."""
    request = of_bo(Stage(approvers=(BO, MIA)))

    assert await harness.authority.actor(user, request=request) == Actor(
        slack_user=user, entra_id=entra_id, name=name, is_admin=False, is_approver=is_approver
    )


async def test_an_admin_needs_no_stage_to_decide(harness):
    """So nobody looks whom it names."""
    actor = await harness.authority.actor("U0DANA", request=of_bo(Stage(approvers=(DANA,))))

    assert (actor.is_admin, actor.is_approver) == (True, False)


async def test_nobody_is_an_approver_where_no_stage_is_decided(harness):
    """The request has no terms yet."""
    actor = await harness.authority.actor("U0BO", request=wish(entra_id=seed.ANN))

    assert not actor.is_approver


async def test_a_group_names_its_members(harness):
    """Each once, whoever else names them."""
    assert await named(harness, BO, REVIEWERS) == [seed.BO, seed.DANA]


async def test_nobody_approves_their_own_wish(harness):
    """Even if the policy names them."""
    assert await named(harness, ANN, CY) == [seed.CY]


@pytest.mark.parametrize(("is_enabled", "counts"), [(True, True), (None, True), (False, False)])
async def test_a_disabled_account_approves_nothing(harness, is_enabled, counts):
    """Only Graph's plain no counts as one."""
    harness.tenant.world.users[seed.CY].account_enabled = is_enabled

    assert await named(harness, CY) == [seed.CY] * counts


async def test_who_was_deleted_is_nobody(harness):
    """A person or a group; the others still count."""
    gone = [{"kind": "singleuser", "user_id": GONE}, {"kind": "groupmembers", "group_id": GONE}]

    assert await named(harness, *gone, BO) == [seed.BO]


@pytest.mark.parametrize(
    ("first", "expected"), [((BO,), [seed.BO]), ((), [seed.CY]), ((MIA, BO), [seed.MIA, seed.BO])]
)
async def test_the_fallback_counts_only_if_nobody_comes_first(harness, first, expected):
    """A requester without a manager, for one."""
    stage = Stage(approvers=first, fallback=(CY,))

    assert await named(harness, stage=stage) == expected


@pytest.mark.parametrize(
    ("escalated", "expected"), [(False, [seed.BO]), (True, [seed.BO, seed.MIA])]
)
async def test_the_alternates_join_with_the_escalation(harness, escalated, expected):
    """And not before."""
    stage = Stage(approvers=(BO,), escalation=(MIA,))

    assert await named(harness, stage=stage, escalated=escalated) == expected


@pytest.mark.parametrize(
    ("level", "expected"),
    [(None, [seed.MIA]), (1, [seed.MIA]), (2, [seed.DANA]), (3, []), (-1, [])],
)
async def test_a_manager_is_so_many_steps_up(harness, level, expected):
    """One without a word about it; nobody above the top."""
    harness.tenant.world.users[seed.MIA].manager_id = seed.DANA
    subject = {"kind": "requestormanager"}

    assert await named(harness, subject | ({"manager_level": level} if level else {})) == expected


@pytest.mark.parametrize(
    "subject",
    [
        {"kind": "unknownfuturevalue", "user_id": seed.BO},
        {"kind": "unknownfuturevalue", "group_id": seed.SECURITY_REVIEWERS},
        {"kind": "singleuser"},
        {"kind": "groupmembers"},
    ],
)
async def test_who_is_not_understood_is_nobody(harness, subject):
    """Then the admins decide."""
    assert await named(harness, subject) == []


async def test_nobody_unknown_has_a_manager(harness):
    """Without an Entra account there is nobody to ask for it."""
    assert await named(harness, {"kind": "requestormanager"}, entra_id=None) == []

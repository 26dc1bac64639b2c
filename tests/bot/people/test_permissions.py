"""The facts by which rights are judged: who is an admin, who is an approver, and who is nobody."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.approvals.delegations import make_delegation
from bot.errors import NotAllowed
from bot.packages.model import EmergencyTerms, NamedObject, Stage
from bot.people.admins import GOOD_FOR_A_NO, GOOD_FOR_LISTS, MEMBER_FOR, Roster
from bot.people.model import Person
from bot.people.permissions import Actor
from bot.people.store import delegations, people
from sandbox.tenant import seed
from tests.bot.samples import delegation, terms, wish
from tests.harness.loop import simulated

SECOND = timedelta(seconds=1)
ANN, BO, CY, DANA, MIA = (
    {"kind": "singleuser", "user_id": each}
    for each in (seed.ANN, seed.BO, seed.CY, seed.DANA, seed.MIA)
)


def of_bo(stage):
    """A wish of Ann's that waits in a stage."""
    return wish(entra_id=seed.ANN, terms=terms(stages=(stage,)))


def known_admins(harness, permissions):
    """Everybody in Slack who counts as an admin at the moment."""
    return {each for each in harness.workspace.people if permissions.is_known_admin(each)}


async def test_admins_are_named_one_by_one_and_by_group(harness):
    """All of each group."""
    harness.workspace.usergroups["S0MORE"] = replace(
        harness.workspace.usergroups["S0IAM"], id="S0MORE", users=["U0MIA"]
    )
    roster = Roster(slack=harness.slack, admins=("U0BO", "S0IAM", "S0MORE"))
    permissions = replace(harness.permissions, roster=roster)

    await permissions.refresh()

    assert known_admins(harness, permissions) == {"U0BO", "U0DANA", "U0MIA"}
    assert permissions.is_known_admin("U0BO")
    assert not permissions.is_known_admin("U0CY")


@pytest.mark.parametrize(("late", "sees"), [(timedelta(0), True), (SECOND, False)])
async def test_what_was_read_of_the_admins_is_good_for_five_minutes(harness, late, sees):
    """To the second; then nobody can tell."""
    assert timedelta(minutes=5) == GOOD_FOR_LISTS
    await harness.permissions.refresh()
    simulated().stand_still(GOOD_FOR_LISTS + late)

    if sees:
        harness.permissions.check_may_list("U0DANA")
        return
    with pytest.raises(NotAllowed, match="cannot check just now"):
        harness.permissions.check_may_list("U0DANA")


async def test_who_is_no_admin_sees_no_list(harness):
    """However fresh the roster is."""
    with pytest.raises(NotAllowed, match="Only Latchkey's admins"):
        harness.permissions.check_may_list("U0BO")


async def test_a_click_from_another_workspace_is_nobodys(harness):
    """Nothing else is read about it."""
    actor = await harness.permissions.actor("U0DANA", team="T0OTHER", home_team="T0LATCH")

    assert actor == Actor(slack_user="U0DANA", not_a_person=actor.not_a_person)
    assert "another one" in (actor.not_a_person or "")


@pytest.mark.parametrize(
    ("team", "home"), [("T0LATCH", "T0LATCH"), (None, "T0LATCH"), ("T0LATCH", None), (None, None)]
)
async def test_an_admin_is_known_with_all_that_counts(harness, team, home):
    """Slack need not say the workspace twice."""
    actor = await harness.permissions.actor("U0DANA", team=team, home_team=home)

    assert actor == Actor(
        slack_user="U0DANA", entra_id=seed.DANA, name="Dana Diaz", is_admin=True, is_approver=False
    )


async def test_who_cannot_be_placed_is_nobody(harness):
    """With the reason, and no right."""
    actor = await harness.permissions.actor("U0GUS")

    assert actor == Actor(slack_user="U0GUS", not_a_person=actor.not_a_person)
    assert "a guest" in (actor.not_a_person or "")


@pytest.mark.parametrize(
    ("user", "entra_id", "name", "is_approver"),
    [("U0BO", seed.BO, "Bo Berg", True), ("U0CY", seed.CY, "Cy Chen", False)],
)
async def test_an_approver_is_whom_the_stage_names(harness, user, entra_id, name, is_approver):
    """And nobody beside."""
    request = of_bo(Stage(approvers=(BO, MIA)))

    assert await harness.permissions.actor(user, request=request) == Actor(
        slack_user=user, entra_id=entra_id, name=name, is_admin=False, is_approver=is_approver
    )


async def test_an_admin_whom_the_stage_names_decides_as_an_approver(harness):
    """What the policy says comes first, and nobody need ask Slack for the admins."""
    before = calls_of(harness, "usergroups.users.list")

    actor = await harness.permissions.actor("U0DANA", request=of_bo(Stage(approvers=(DANA,))))

    assert (actor.is_approver, actor.stands_in) == (True, False)
    assert not actor.decides_as_admin
    assert calls_of(harness, "usergroups.users.list") == before


async def test_nobody_is_an_approver_where_no_stage_is_decided(harness):
    """The request has no terms yet."""
    actor = await harness.permissions.actor("U0BO", request=wish(entra_id=seed.ANN))

    assert not actor.is_approver


STAGES = {
    "names Bo": Stage(approvers=(BO,)),
    "names nobody": Stage(),
    "names the requester only": Stage(approvers=(ANN,)),
    "has a fallback": Stage(approvers=(ANN,), fallback=(BO,)),
    "cannot be told": Stage(approvers=({"kind": "someapproverofnextyear"},)),
}


@pytest.mark.parametrize(
    ("setting", "stage", "stands_in"),
    [
        *(("always", stage, True) for stage in STAGES),
        *(("never", stage, False) for stage in STAGES),
        ("fallback", "names Bo", False),
        ("fallback", "names nobody", True),
        ("fallback", "names the requester only", True),
        ("fallback", "has a fallback", False),
        ("fallback", "cannot be told", False),
    ],
)
async def test_admins_stand_in_as_the_setting_says(harness, setting, stage, stands_in):
    """Always; only where the policy finds nobody, which is not where it cannot be read; or never."""
    permissions = replace(harness.permissions, admins_decide=setting)

    actor = await permissions.actor("U0DANA", request=of_bo(STAGES[stage]))

    assert (actor.is_admin, actor.stands_in) == (True, stands_in)
    assert actor.decides_as_admin is stands_in


async def test_who_has_decided_an_earlier_stage_decides_no_other(harness):
    """Approver and admin alike; nothing more is read about them."""
    for user, entra_id in (("U0BO", seed.BO), ("U0DANA", seed.DANA)):
        actor = await harness.permissions.actor(
            user, request=of_bo(Stage(approvers=(BO,))), decided={entra_id}
        )

        assert actor.has_decided
        assert (actor.is_approver, actor.is_admin, actor.stands_in) == (False, False, False)


async def test_where_all_approvers_have_decided_before_the_admins_stand_in(harness):
    """Bo alone is named by both stages: in `fallback`, somebody else must be able to decide the second."""
    permissions = replace(harness.permissions, admins_decide="fallback")

    actor = await permissions.actor(
        "U0DANA", request=of_bo(Stage(approvers=(BO,))), decided={seed.BO}
    )

    assert actor.stands_in


@pytest.mark.parametrize("delegate", ["W0BO", "U0BO2", "U0BO"])
async def test_whoever_decides_for_the_holder_reviews_by_no_account_of_theirs(
    harness, monkeypatch, delegate
):
    """The delegation names one id of theirs: on Enterprise Grid the other, or that of a second Slack account."""
    await harness.store.run(delegations.add, delegation(delegator="U0ANN", delegate=delegate))
    await harness.people.identify("U0BO")
    second = Person(slack_user="U0BO2", slack_name="bo2", entra_id=seed.BO, entra_name="Bo")
    await harness.store.run(people.bind, second)
    identify = harness.people.identify

    async def on_grid(slack_user, **more):
        found = await identify(slack_user, **more)
        return replace(found, slack_ids=found.slack_ids | {"W0BO"})

    monkeypatch.setattr(harness.permissions.people, "identify", on_grid)
    emergency = EmergencyTerms(seconds=60, review_seconds=60, stages=(Stage(approvers=(BO,)),))
    request = wish(entra_id=seed.ANN, emergency=True, terms=terms(stages=(), emergency=emergency))

    actor = await harness.permissions.reviewer("U0BO", request=request, team=None, home_team=None)

    assert actor.is_approver
    assert actor.has_decided_for_holder


@pytest.mark.parametrize(
    ("facts", "decides"),
    [
        # What Dana asks for herself, by the account that has arranged it, and by another one; however Entra spells her id.
        ({"holder": "U0DANA", "asked_by": "U0DANA", "entra_id": seed.DANA}, False),
        ({"holder": "U0DANA2", "asked_by": "U0DANA2", "entra_id": seed.DANA.upper()}, False),
        # What somebody else asks for her.
        ({"holder": "U0DANA2", "asked_by": "U0MIA", "entra_id": seed.DANA}, False),
        # What she asks for Ann.
        ({"asked_by": "U0DANA2", "wanted_for": "U0ANN", "asker": seed.DANA}, False),
        ({}, True),
        ({"asked_by": "U0MIA", "wanted_for": "U0ANN", "asker": seed.MIA}, True),
    ],
    ids=str,
)
async def test_whom_an_admin_has_named_decides_nothing_that_the_admin_wants(
    harness, facts, decides
):
    """By no account of theirs, neither as whoever asks nor as whoever gets it."""
    await harness.store.run(delegations.add, delegation(made_by="U0DANA"))
    for account in ("U0DANA", "U0DANA2"):
        dana = Person(slack_user=account, slack_name="d", entra_id=seed.DANA, entra_name="Dana")
        await harness.store.run(people.bind, dana)
    asker = facts.get("asker")
    about = terms(
        stages=(Stage(approvers=(BO,)),), asker=NamedObject(id=asker, name="A") if asker else None
    )
    given = {name: value for name, value in facts.items() if name != "asker"}
    request = wish(**{"entra_id": seed.ANN, **given}, terms=about)

    actor = await harness.permissions.actor("U0CY", request=request)

    assert (actor.acts_for is not None) is decides


@pytest.mark.parametrize("setting", ["always", "fallback", "never"])
@pytest.mark.parametrize("by", ["U0CY", "U0CY2"])
async def test_admins_name_no_admin_where_admins_do_not_decide(harness, setting, by):
    """Two of them could otherwise let each other decide; what the approver has arranged counts."""
    roster = Roster(slack=harness.slack, admins=("S0IAM", by))
    harness.workspace.people["U0CY2"] = replace(harness.workspace.people["U0CY"], id="U0CY2")
    for account in ("U0CY", "U0CY2"):
        cy = Person(slack_user=account, slack_name="c", entra_id=seed.CY, entra_name="Cy")
        await harness.store.run(people.bind, cy)
    permissions = replace(harness.permissions, roster=roster, admins_decide=setting)
    await permissions.refresh()
    await harness.store.run(delegations.add, delegation(id="d1", made_by="U0DANA"))
    request = of_bo(Stage(approvers=(BO,)))

    actor = await permissions.actor("U0CY", request=request)
    assert (actor.acts_for is not None) is (setting == "always")

    # It comes in the place of the one before.
    await harness.store.run(make_delegation, delegation(id="d2"))
    assert (await permissions.actor("U0CY", request=request)).acts_for is not None


def calls_of(harness, method):
    return sum(call.method == method for call in harness.workspace.calls)


async def test_a_no_may_be_a_minute_old(harness):
    """Whoever presses in vain costs no call of those that Slack allows twenty times a minute."""
    await harness.permissions.refresh()
    before = calls_of(harness, "usergroups.users.list")
    harness.workspace.usergroups["S0IAM"].users.append("U0MIA")

    assert not await harness.permissions.roster.is_admin_now({"U0MIA"})
    assert calls_of(harness, "usergroups.users.list") == before

    simulated().stand_still(GOOD_FOR_A_NO + SECOND)
    assert await harness.permissions.roster.is_admin_now({"U0MIA"})


async def test_a_yes_is_never_old(harness):
    """Dana was in the group a moment ago, and is not any more."""
    await harness.permissions.refresh()
    assert await harness.permissions.roster.is_admin_now({"U0DANA"})

    harness.workspace.usergroups["S0IAM"].users = []

    assert not await harness.permissions.roster.is_admin_now({"U0DANA"})


async def test_many_who_are_checked_together_share_one_read(harness):
    """It began after each of them asked."""
    await harness.permissions.refresh()
    before = calls_of(harness, "usergroups.users.list")

    answers = await asyncio.gather(
        *(harness.permissions.roster.is_admin_now({"U0DANA"}) for _ in range(8))
    )

    assert answers == [True] * 8
    # The first may have begun before the last of them asked.
    assert calls_of(harness, "usergroups.users.list") - before <= 2


async def test_who_is_named_one_by_one_needs_no_group(harness):
    """The setting itself says so."""
    roster = Roster(slack=harness.slack, admins=("U0BO", "S0IAM"))

    before = calls_of(harness, "usergroups.users.list")

    assert await roster.is_admin_now({"U0BO"})
    assert calls_of(harness, "usergroups.users.list") == before


@pytest.mark.parametrize(
    "change",
    [
        {"is_restricted": True},
        {"is_ultra_restricted": True},
        {"team_id": "T0OTHER"},
        {"deleted": True},
        {"is_bot": True},
    ],
)
async def test_who_is_no_full_member_is_no_admin(harness, change):
    """A guest in the admins' user group sees no list."""
    for name, value in change.items():
        setattr(harness.workspace.people["U0DANA"], name, value)
    permissions = replace(
        harness.permissions, roster=Roster(slack=harness.slack, admins=("S0IAM", "U0BO"))
    )

    await permissions.refresh()

    assert known_admins(harness, permissions) == {"U0BO"}
    with pytest.raises(NotAllowed, match="Only Latchkey's admins"):
        permissions.check_may_list("U0DANA")


async def test_who_is_a_full_member_is_remembered_for_ten_minutes(harness):
    """The roster is read each minute, and users.info has its limit, too."""
    await harness.permissions.refresh()
    before = calls_of(harness, "users.info")
    await harness.permissions.refresh()
    assert calls_of(harness, "users.info") == before

    harness.workspace.people["U0DANA"].is_restricted = True
    simulated().stand_still(MEMBER_FOR + SECOND)
    await harness.permissions.refresh()

    assert known_admins(harness, harness.permissions) == set()


async def test_who_cannot_be_looked_up_stays_what_they_were(harness):
    """An admin while Slack stumbles; somebody new is none before Slack has said who they are."""
    await harness.permissions.refresh()
    simulated().stand_still(MEMBER_FOR + SECOND)
    harness.workspace.usergroups["S0IAM"].users.append("U0MIA")
    harness.workspace.faults.set("server_error", only="users.info")

    await harness.permissions.refresh()

    assert known_admins(harness, harness.permissions) == {"U0DANA"}


async def test_an_admin_whom_slack_does_not_know_is_none(harness):
    """A slip in LATCHKEY_ADMINS stops nobody else."""
    roster = Roster(slack=harness.slack, admins=("U0NOBODY", "S0IAM"))
    permissions = replace(harness.permissions, roster=roster)

    await permissions.refresh()

    assert known_admins(harness, permissions) == {"U0DANA"}


BY_MIA = terms(
    stages=(Stage(approvers=(MIA, BO)),), asker=NamedObject(id=seed.MIA, name="Mia Moreau")
)
ASKED_FOR_ANN = wish(wanted_for="U0ANN", asked_by="U0MIA", entra_id=seed.ANN, terms=BY_MIA)


@pytest.mark.parametrize(
    ("request_", "has_asked"),
    [
        (ASKED_FOR_ANN, True),
        # From another Slack account of hers, which alone the request names; however Entra spells her id.
        (replace(ASKED_FOR_ANN, asked_by="U0MIA2"), True),
        (
            replace(
                ASKED_FOR_ANN,
                asked_by="U0MIA2",
                terms=replace(BY_MIA, asker=NamedObject(id=seed.MIA.upper(), name="Mia")),
            ),
            True,
        ),
        # Before it is known who that is in Entra.
        (replace(ASKED_FOR_ANN, terms=replace(BY_MIA, asker=None)), True),
        (
            replace(ASKED_FOR_ANN, asked_by="U0CY", terms=replace(BY_MIA, asker=None)),
            False,
        ),
        (
            replace(
                ASKED_FOR_ANN,
                asked_by="U0CY",
                terms=replace(BY_MIA, asker=NamedObject(id=seed.CY, name="Cy")),
            ),
            False,
        ),
        # Nobody has asked for somebody else.
        (
            replace(ASKED_FOR_ANN, wanted_for=None, terms=replace(BY_MIA, asker=None)),
            False,
        ),
    ],
)
async def test_whoever_has_asked_for_another_is_known_by_either_account(
    harness, request_, has_asked
):
    """And has no other right to it, though the policy names them."""
    actor = await harness.permissions.actor("U0MIA", request=request_)

    assert (actor.has_asked, actor.is_approver) == (has_asked, not has_asked)
    assert (actor.entra_id, actor.name) == (seed.MIA, "Mia Moreau")


@pytest.mark.parametrize(("approved", "has_approved"), [((seed.BO,), True), ((seed.MIA,), False)])
async def test_who_has_approved_the_stage_has_so_much_of_a_say(harness, approved, has_approved):
    """It stays theirs: they may deny it after all."""
    request = of_bo(Stage(approvers=(BO, MIA), quorum=2))

    actor = await harness.permissions.actor("U0BO", request=request, approved=approved)

    assert (actor.has_approved, actor.is_approver) == (has_approved, True)


@pytest.mark.parametrize("said", ["decided", "approved"])
async def test_where_all_approvers_have_had_their_say_the_admins_stand_in(harness, said):
    """In `fallback`: in an earlier stage, or in this one, which needs one more."""
    permissions = replace(harness.permissions, admins_decide="fallback")
    request = of_bo(Stage(approvers=(BO,), quorum=2))

    actor = await permissions.actor("U0DANA", request=request, **{said: {seed.BO}})

    assert actor.stands_in
    assert not (await permissions.actor("U0DANA", request=request)).stands_in


@pytest.mark.parametrize("user", ["U0DANA", "U0CY"])
async def test_where_entra_decides_nobody_stands_in(harness, user):
    """Neither an admin nor an approver's delegate."""
    await harness.store.run(delegations.add, delegation(delegator="U0BO", delegate=user))
    stage = Stage(approvers=(BO,))
    request = wish(entra_id=seed.ANN, terms=terms(stages=(stage,), entra_decides=True))

    actor = await harness.permissions.actor(user, request=request)

    assert (actor.in_entra, actor.stands_in, actor.acts_for) == (True, False, None)
    assert actor.is_admin is (user == "U0DANA")
    here = await harness.permissions.actor(user, request=of_bo(stage))
    assert (here.in_entra, here.acts_for and here.acts_for.slack_user) == (False, "U0BO")


NAMED_BY = {"first": (BO, MIA), "second": (MIA, BO), "neither": (MIA, MIA)}


def emergency_of(*approvers):
    """An emergency of Ann's that went past a stage of each of these."""
    left_out = tuple(Stage(approvers=(each,)) for each in approvers)
    emergency = EmergencyTerms(seconds=60, review_seconds=60, stages=left_out)
    return wish(entra_id=seed.ANN, emergency=True, terms=terms(stages=(), emergency=emergency))


@pytest.mark.parametrize("stages", NAMED_BY)
@pytest.mark.parametrize("user", ["U0BO", "U0CY", "U0DANA"])
async def test_whoever_might_have_decided_any_stage_reviews(harness, user, stages):
    """Whether the policy names them first or last; an admin where nothing better is known of them."""
    await harness.store.run(delegations.add, delegation(delegator="U0BO", delegate="U0CY"))
    is_named = stages != "neither"

    actor = await harness.permissions.reviewer(
        user, request=emergency_of(*NAMED_BY[stages]), team="T0LATCH", home_team="T0LATCH"
    )

    assert actor.is_approver is (user == "U0BO" and is_named)
    assert (actor.acts_for is not None) is (user == "U0CY" and is_named)
    assert actor.stands_in is (user == "U0DANA")
    assert not actor.has_decided_for_holder


async def test_nobody_reviews_what_is_no_emergency_or_from_another_workspace(harness):
    """They are told which of the two."""
    ordinary = await harness.permissions.reviewer(
        "U0BO", request=of_bo(Stage(approvers=(BO,))), team=None, home_team=None
    )
    assert "no emergency" in (ordinary.not_a_person or "")
    bare = await harness.permissions.reviewer("U0BO", request=wish(), team=None, home_team=None)
    assert "no emergency" in (bare.not_a_person or "")
    stranger = await harness.permissions.reviewer(
        "U0BO", request=emergency_of(BO, MIA), team="T0OTHER", home_team="T0LATCH"
    )
    assert "another one" in (stranger.not_a_person or "")

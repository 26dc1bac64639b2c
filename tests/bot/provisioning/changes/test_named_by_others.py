"""Groups and people whom others' policies name stay: without them nobody could ask, or decide, or be kept out."""

from dataclasses import replace

import pytest

from bot.errors import LatchkeyError
from bot.provisioning.changes.apply import Applier
from bot.provisioning.changes.destroy import Destroyer, destruction
from bot.provisioning.changes.plan import make_plan
from tests.bot.provisioning.conftest import Provisioner, picture

MINE = """\
people:
  - name: Tess Trial
    email: tess@contoso.example
groups:
  - name: Crew
"""
THEIRS = """\
catalogs:
  - name: Theirs
    packages:
      - name: Theirs
        policies:
          - name: Everyone
            may ask: all members
            durations: 30 days
"""
USES = {
    "may ask": (
        THEIRS.replace("all members", "[group Crew, person tess@contoso.example]"),
        ["group Crew", "person tess@contoso.example"],
    ),
    "approvers": (
        THEIRS + "            decided by: [{approvers: manager, fallback: group Crew}]\n",
        ["group Crew"],
    ),
    "escalation": (
        THEIRS
        + "            decided by:\n              - approvers: manager\n"
        + "                escalation: {after: 1 day, to: person tess@contoso.example}\n",
        ["person tess@contoso.example"],
    ),
    "reviews": (
        THEIRS
        + "            reviews: {every: year, start: 2027-01-01, lasts: 9 days, by: group Crew}\n",
        ["group Crew"],
    ),
    "not together with": (
        THEIRS.replace(
            "        policies", "        not together with: group Crew\n        policies"
        ),
        ["group Crew"],
    ),
}


async def by_others(provisioner: Provisioner, text: str) -> Provisioner:
    """Somebody else's file, in the same tenant."""
    other = Provisioner(provisioner.tenant, provisioner.version, provisioner.folder / "theirs")
    other.folder.mkdir()
    await other.apply(text)
    return other


@pytest.mark.parametrize("use", USES)
async def test_neither_apply_nor_destroy_deletes_them(provisioner: Provisioner, use: str) -> None:
    """Until the others name them no more."""
    text, stay = USES[use]
    await provisioner.apply(MINE)
    others = await by_others(provisioner, text)
    planned = await provisioner.apply("groups: []\n")
    kept = [each.partition(": no longer in this file, but ") for each in planned.plan.left_alone]
    assert [each for each, _, _ in kept] == stay
    assert {why for _, _, why in kept} == {
        "package Theirs does not go together with it"
        if use == "not together with"
        else "policy Everyone of package Theirs names it"
    }
    destroyed = (await provisioner.destroy("groups: []\n")).kept
    assert sorted(each.partition(" stays: ")[0].split(" (")[0] for each in destroyed) == stay
    await others.destroy(text)
    assert await provisioner.changes("groups: []\n") == [f"delete {each}" for each in stay]


@pytest.mark.parametrize("provisioner", ["v1.0"], indirect=True)
async def test_who_may_ask_for_others_stays(provisioner: Provisioner) -> None:
    """The file has no words for it, and beta does not say it."""
    await provisioner.apply(MINE)
    await by_others(provisioner, THEIRS)
    world = provisioner.tenant.world
    crew = next(each for each in world.groups.values() if each.display_name == "Crew")
    policy = next(each for each in world.policies.values() if each.display_name == "Everyone")
    policy.settings["requestorSettings"] |= {
        "enableOnBehalfRequestorsToAddAccess": True,
        "onBehalfRequestors": [
            {"@odata.type": "#microsoft.graph.groupMembers", "groupId": crew.id}
        ],
    }
    assert "delete group Crew" not in await provisioner.changes("groups: []\n")


@pytest.mark.parametrize("use", ["may ask", "not together with"])
async def test_who_is_in_a_group_that_stays_so_stays_in_it(
    provisioner: Provisioner, use: str
) -> None:
    """An empty group lets nobody ask, and keeps nobody out."""
    mine = MINE + "    members: [ann@contoso.example, bo@contoso.example]\n"
    await provisioner.apply(mine)
    others = await by_others(provisioner, USES[use][0])
    await provisioner.apply("groups: []\n")
    await provisioner.destroy("groups: []\n")
    in_it = dict(picture(provisioner.tenant)["groups"])["Crew"]
    assert in_it == ["ann@contoso.example", "bo@contoso.example"]
    kept = (await provisioner.plan("groups: []\n")).plan.left_alone
    why = "policy Everyone of package Theirs names it"
    if use == "not together with":
        why = "package Theirs does not go together with it"
    assert (
        "ann@contoso.example as a member of group Crew: no longer in this file, but the group may not go: "
        f"{why}"
    ) in kept
    # Whom the file takes out of a group that it describes goes.
    fewer = mine.replace(", bo@contoso.example", "")
    changes = await provisioner.changes(fewer)
    assert "delete bo@contoso.example as a member of group Crew" in changes
    await others.destroy(USES[use][0])
    await provisioner.destroy("groups: []\n")
    assert "Crew" not in dict(picture(provisioner.tenant)["groups"])


async def test_whom_latchkey_made_stays_in_a_group_that_stays_so(provisioner: Provisioner) -> None:
    """Whoever is deleted is in no group any more."""
    mine = MINE + "    members: [tess@contoso.example]\n"
    await provisioner.apply(mine)
    others = await by_others(provisioner, THEIRS.replace("all members", "group Crew"))
    planned = await provisioner.apply("groups: []\n")
    assert (
        "person tess@contoso.example: no longer in this file, but whoever it is stays in a group that may not go"
        in planned.plan.left_alone
    )
    await provisioner.destroy("groups: []\n")
    assert dict(picture(provisioner.tenant)["groups"])["Crew"] == ["tess@contoso.example"]
    await others.destroy(THEIRS)
    assert (await provisioner.destroy("groups: []\n")).kept == ()
    assert provisioner.state.entries() == []


async def test_what_names_them_may_go_with_them(provisioner: Provisioner) -> None:
    """Everything that Latchkey made goes at once when it leaves the file."""
    before = picture(provisioner.tenant)
    for use in ("may ask", "not together with"):
        text = MINE + USES[use][0]
        await provisioner.apply(text)
        await provisioner.apply("groups: []\n")
        assert picture(provisioner.tenant) == before
        await provisioner.apply(text)
        await provisioner.destroy(text)
        assert picture(provisioner.tenant) == before


async def test_what_the_file_names_them_in_no_more_is_no_obstacle(provisioner: Provisioner) -> None:
    """The policy and the package are changed by the same plan."""
    await provisioner.apply(MINE + USES["may ask"][0])
    await provisioner.apply(THEIRS)
    assert await provisioner.changes(THEIRS) == []
    names = [name for name, _ in picture(provisioner.tenant)["groups"]]
    assert "Crew" not in names
    await provisioner.apply(MINE + USES["not together with"][0])
    await provisioner.apply(THEIRS)
    assert await provisioner.changes(THEIRS) == []


@pytest.mark.parametrize(
    "part",
    [
        "not together with: group Crew",
        "gives: group Crew",
        "policies: [{name: Mine, may ask: [group Crew, person tess@contoso.example], durations: 30 days}]",
    ],
)
async def test_what_is_ours_in_their_package_goes_with_them_at_once(
    provisioner: Provisioner, part: str
) -> None:
    """Destroy takes it away before them, and so nobody else's names them."""
    theirs, _, _ = THEIRS.partition("        policies")
    await by_others(provisioner, theirs)
    before = picture(provisioner.tenant)
    text = f"{MINE}{theirs}        {part}\n"
    await provisioner.apply(text)
    assert (await provisioner.destroy(text)).kept == ()
    assert picture(provisioner.tenant) == before


WITH_A_PACKAGE = (
    MINE
    + """\
catalogs:
  - name: Mine
    packages:
      - name: Mine
        gives: Member of group Crew
        not together with: group Security reviewers
        policies:
          - name: Ours
            may ask: all members
            durations: 30 days
"""
)


def add_a_policy(provisioner: Provisioner) -> None:
    """Do what a colleague does in the portal, to the package that Latchkey made."""
    world = provisioner.tenant.world
    ours = next(each for each in world.policies.values() if each.display_name == "Ours")
    theirs = replace(ours, id=world.new_id(), display_name="By hand")
    world.policies[theirs.id] = theirs


async def test_a_package_with_a_policy_of_somebody_elses_stays(provisioner: Provisioner) -> None:
    """It would go with its package, and so would what people may do by it."""
    await provisioner.apply(WITH_A_PACKAGE)
    add_a_policy(provisioner)
    before = picture(provisioner.tenant)
    planned = await provisioner.apply("groups: []\n")
    assert [each for each in planned.plan.left_alone if each.startswith("package ")] == [
        "package Mine in catalog Mine: no longer in this file, but policy By hand of it is not known to be Latchkey's. "
        "What it gives stays with it"
    ]
    after = picture(provisioner.tenant)
    assert (after["packages"], after["policies"]) == (before["packages"], before["policies"])


async def test_a_policy_that_an_apply_began_is_not_called_somebody_elses(
    provisioner: Provisioner,
) -> None:
    """It was cut short before it learned the id."""
    await provisioner.apply(WITH_A_PACKAGE)
    state = provisioner.state
    for each in state.entries("policy"):
        state.remove([each.key])
        await state.begin(each.key)
    left = (await provisioner.plan("groups: []\n")).plan.left_alone
    assert "policy Ours of it is not known to be Latchkey's" in left[0]
    assert "an apply that was cut short may have made it" in left[1]


async def test_a_policy_that_somebody_adds_before_the_package_is_deleted_is_kept(
    provisioner: Provisioner,
) -> None:
    """After the plan of an apply, and while a destroy is at work; the next plan says what stays."""
    await provisioner.apply(WITH_A_PACKAGE)
    document, state = provisioner.read("groups: []\n"), provisioner.state
    async with provisioner.graph() as graph:
        planned = await make_plan(graph, document, state, version=provisioner.version)
        what = await destruction(graph, state)
        add_a_policy(provisioner)
        destroyer = Destroyer(graph=graph, state=state, retrier=provisioner.retrier)
        with pytest.raises(LatchkeyError, match="policy By hand of it is not known"):
            await destroyer.destroy(what)
        applier = Applier(graph=graph, document=document, state=state, retrier=provisioner.retrier)
        await applier.apply(planned)
    assert applier.remarks[0].startswith("package Mine in catalog Mine was left alone: policy By")
    assert "By hand" in [each[1] for each in picture(provisioner.tenant)["policies"]]
    await provisioner.apply("groups: []\n")
    assert (await provisioner.destroy("groups: []\n")).kept


async def test_destroy_leaves_such_a_package_with_what_it_gives(provisioner: Provisioner) -> None:
    """Only our own policy of it goes; once theirs is gone, the rest does."""
    empty = picture(provisioner.tenant)
    await provisioner.apply(WITH_A_PACKAGE)
    add_a_policy(provisioner)
    kept = (await provisioner.destroy(WITH_A_PACKAGE)).kept
    assert (
        "package Mine in catalog Mine stays: policy By hand of it is not known to be Latchkey's"
        in kept
    )
    left = picture(provisioner.tenant)
    assert [each[1] for each in left["policies"] if each[0] == "Mine"] == ["By hand"]
    package = next(each for each in left["packages"] if each[0] == "Mine")
    assert ([name for name, _ in package[1]], package[2]) == (["Crew"], ["Security reviewers"])
    world = provisioner.tenant.world
    theirs = next(each for each in world.policies.values() if each.display_name == "By hand")
    del world.policies[theirs.id]
    assert (await provisioner.destroy(WITH_A_PACKAGE)).kept == ()
    assert picture(provisioner.tenant) == empty

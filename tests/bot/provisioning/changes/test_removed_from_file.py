"""What leaves the file takes nothing away that somebody holds."""

import asyncio
import itertools
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.provisioning.changes.apply import Applier
from bot.provisioning.changes.plan import make_plan
from bot.source import FileError
from sandbox.clock import SandboxClock
from sandbox.tenant import Tenant
from sandbox.tenant.seed import ANN, BO
from tests.bot.provisioning.conftest import Provisioner, picture

ALPHA = """\
groups:
  - name: New g
catalogs:
  - name: Mine
    description: Ours
    packages:
      - name: Alpha
        gives: Member of group New g
        policies:
          - name: Everyone
            may ask: all members
            durations: 30 days
"""
RENAMED = ALPHA.replace("name: Alpha", "name: Beta")
WITHOUT_PACKAGE = "groups:\n  - name: New g\ncatalogs:\n  - name: Mine\n    description: Ours\n"
WITHOUT_GROUP = "catalogs:\n  - name: Mine\n    description: Ours\n"


async def hold(provisioner: Provisioner, name: str, *, who: str = ANN) -> None:
    """Somebody gets a package."""
    world = provisioner.tenant.world
    package = next(each for each in world.packages.values() if each.display_name == name)
    async with provisioner.graph() as graph:
        await graph.assignment_requests.create(
            request_type="adminAdd",
            target_id=who,
            package_id=package.id,
            policy_id=world.policies_of(package.id)[0].id,
        )
    provisioner.tenant.tick()


def held(tenant: Tenant) -> dict[str, Any]:
    """Return what live access rests on: its package, catalog, resources, roles, groups and who is in them."""
    world = tenant.world
    world.advance()
    found: dict[str, Any] = {}
    for assignment in world.assignments.values():
        if not assignment.is_live:
            continue
        package = world.packages.get(assignment.package_id)
        groups = [origin for system, origin, _ in assignment.given if system == "AadGroup"]
        found[assignment.id] = {
            "package": package is not None,
            "policy": assignment.policy_id in world.policies,
            "catalog": package is not None and package.catalog_id in world.catalogs,
            "roles": sorted(each.role_origin_id for each in package.role_scopes) if package else [],
            "resources": package is not None
            and all(each.resource_id in world.resources for each in package.role_scopes),
            "given": sorted(assignment.given),
            "in": sorted(
                origin
                for origin in groups
                if origin in world.groups and assignment.target_id in world.groups[origin].members
            ),
        }
    return found


@pytest.mark.parametrize(
    "after", [RENAMED, WITHOUT_PACKAGE, WITHOUT_GROUP, "people: []\n", ""], ids=range(5)
)
async def test_what_somebody_holds_stays_whatever_leaves_the_file(
    provisioner: Provisioner, after: str
) -> None:
    """Renamed, left out, with its group, or all of it: package, role, resource, catalog and group stay."""
    await provisioner.apply(ALPHA)
    await hold(provisioner, "Alpha")
    before = held(provisioner.tenant)
    planned = await provisioner.apply(after)
    assert [each.title for each in planned.plan.changes if each.operation == "delete"] == []
    assert held(provisioner.tenant) == before
    (sentence,) = [each for each in planned.plan.left_alone if "Alpha" in each]
    assert sentence.startswith(
        "package Alpha in catalog Mine: no longer in this file, but 1 assignment is live; end it first"
    )
    # And the next apply goes on leaving it alone, until the access has ended.
    assert held(provisioner.tenant) == before
    assert not any("delete" in each for each in await provisioner.changes(after))


async def test_what_nobody_holds_any_more_goes(provisioner: Provisioner, tenant: Tenant) -> None:
    """Once the access has ended, the same file deletes all of it."""
    before = picture(tenant)
    await provisioner.apply(ALPHA)
    await hold(provisioner, "Alpha")
    await provisioner.apply("")
    for assignment in list(tenant.world.assignments):
        tenant.remove_assignment(assignment)
    await provisioner.apply("")
    assert picture(tenant) == before


async def test_a_request_under_way_keeps_its_package(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Whoever waits for an approval is not made to wait for nothing."""
    await provisioner.apply(ALPHA + "            decided by: bo@contoso.example\n")
    package = next(each for each in tenant.world.packages.values() if each.display_name == "Alpha")
    async with provisioner.graph() as graph:
        request = await graph.assignment_requests.create(
            request_type="adminAdd",
            target_id=ANN,
            package_id=package.id,
            policy_id=tenant.world.policies_of(package.id)[0].id,
        )
    tenant.world.requests[request.id].state = "pendingApproval"
    tenant.world.assignments.clear()
    planned = await provisioner.plan("")
    assert [each.title for each in planned.plan.changes] == []
    assert "1 request is under way" in planned.plan.left_alone[0]


async def test_a_role_that_leaves_a_list_is_not_taken_from_who_holds_it(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """The package stays in the file; its role does not, and Ann keeps it."""
    two = ALPHA.replace(
        "gives: Member of group New g", "gives: [Member of group New g, group Marketing resources]"
    )
    await provisioner.apply(two)
    await hold(provisioner, "Alpha")
    before = held(tenant)
    planned = await provisioner.apply(ALPHA)
    assert planned.plan.changes == ()
    assert held(tenant) == before
    assert planned.plan.left_alone == (
        "Member of group Marketing resources in package Alpha: no longer in its list, but "
        "1 assignment is live; end it first",
    )


async def test_a_group_that_another_package_gives_stays(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """By hand somebody put our group into a package of their own: neither apply nor destroy deletes it."""
    await provisioner.apply(ALPHA)
    by_hand = Provisioner(tenant, provisioner.version, provisioner.folder / "elsewhere")
    by_hand.folder.mkdir()
    other = ALPHA.replace("name: Mine", "name: Theirs").replace("name: Alpha", "name: Theirs")
    await by_hand.apply(other)
    await hold(by_hand, "Theirs")
    before = held(tenant)
    planned = await provisioner.apply("")
    assert held(tenant) == before
    assert "group New g: no longer in this file, but package Theirs gives it" in (
        planned.plan.left_alone
    )
    kept = (await provisioner.destroy("")).kept
    assert kept == ("group New g stays: package Theirs gives it",)
    assert held(tenant) == before


NAMING = """\
people:
  - name: Tess Trial
    email: tess@contoso.example
groups:
  - name: Crew
    members: [tess@contoso.example]
catalogs:
  - name: Mine
    description: Ours
    packages:
      - name: Alpha
        policies:
          - name: Some
            may ask: group Crew
            durations: 30 days
            decided by: [{approvers: person tess@contoso.example, fallback: group Crew}]
"""
_, _, USED = NAMING.partition("catalogs:\n")


async def test_whom_the_file_still_names_is_not_deleted(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """A group that is no longer described, and may still ask, goes on to exist with whoever is in it."""
    await provisioner.apply(NAMING)
    before = picture(tenant)
    shorter = f"catalogs:\n{USED}"

    planned = await provisioner.plan(shorter)

    assert planned.plan.changes == ()
    assert sorted(planned.plan.left_alone) == [
        "group Crew: no longer in this file, but it is named elsewhere in the file",
        "person tess@contoso.example: no longer in this file, but it is named elsewhere in the file",
        "tess@contoso.example as a member of group Crew: no longer in this file, but the group is named elsewhere in the file",
    ]
    await provisioner.apply(shorter)
    assert picture(tenant) == before


async def test_who_leaves_the_list_of_a_group_that_is_described_leaves_the_group(
    provisioner: Provisioner,
) -> None:
    """That the file names the group in a policy keeps nobody in it."""
    await provisioner.apply(NAMING)
    shorter = NAMING.replace("    members: [tess@contoso.example]\n", "")
    assert await provisioner.changes(shorter) == [
        "delete tess@contoso.example as a member of group Crew"
    ]


async def test_an_import_over_a_file_deletes_nobody_whom_a_policy_names(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """It writes neither people nor groups, and the state beside the file knows both."""
    await provisioner.apply(NAMING)
    imported = await provisioner.import_()
    assert await provisioner.changes(imported.text) == []


async def test_a_member_who_holds_the_group_by_a_package_stays_in_it(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """The line that put Ann into the group goes; the package that gives it to her does not."""
    members = ALPHA.replace(
        "- name: New g\n", "- name: New g\n    members: [ann@contoso.example]\n"
    )
    await provisioner.apply(members)
    await hold(provisioner, "Alpha")
    before = held(tenant)
    planned = await provisioner.apply(ALPHA)
    assert held(tenant) == before
    assert planned.plan.left_alone == (
        "ann@contoso.example as a member of group New g: no longer in this file, but package Alpha "
        "gives it",
    )


async def test_who_gets_it_between_plan_and_apply_keeps_it(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Apply looks again before it deletes, leaves it alone and says so."""
    await provisioner.apply(ALPHA.replace("gives: Member of group New g", "gives: [group New g]"))
    document, state = (
        provisioner.read(ALPHA.replace("gives: Member of group New g", "gives: []")),
        (provisioner.state),
    )
    async with provisioner.graph() as graph:
        planned = await make_plan(graph, document, state, version=provisioner.version)
        assert [each.operation for each in planned.plan.changes if each.kind == "role"] == [
            "delete"
        ]
        await hold(provisioner, "Alpha")
        before = held(tenant)
        applier = Applier(graph=graph, document=document, state=state, retrier=provisioner.retrier)
        await applier.apply(planned)
    assert held(tenant) == before
    assert applier.remarks[0] == (
        "Member of group New g in package Alpha was left alone: 1 assignment is live; end it first"
    )


async def test_a_plan_names_nothing_twice(provisioner: Provisioner) -> None:
    """What goes is not also left alone, and what stays is not said to be somebody else's."""
    await provisioner.apply(ALPHA.replace("name: Everyone", "name: All"))
    planned = await provisioner.plan(RENAMED)
    said = [*(each.title for each in planned.plan.changes), *planned.plan.left_alone]
    assert "delete package Alpha in catalog Mine" in await provisioner.changes(RENAMED)
    assert not any("not in this file" in each for each in said)
    await hold(provisioner, "Alpha")
    planned = await provisioner.plan(RENAMED)
    assert len([each for each in planned.plan.left_alone if "Alpha in" in each]) == 1
    assert "write “was: Alpha”" in planned.plan.left_alone[0]


async def test_a_policy_that_stays_is_said_to_let_people_ask(provisioner: Provisioner) -> None:
    """Whoever made it stricter under a new name must know that the old one goes on."""
    await provisioner.apply(ALPHA)
    await hold(provisioner, "Alpha")
    stricter = "name: Strict\n            decided by: manager"
    planned = await provisioner.apply(ALPHA.replace("name: Everyone", stricter))
    assert planned.plan.left_alone == (
        "policy Everyone of package Alpha: no longer in this file, but 1 assignment is live; end it first. "
        "Whom it lets ask may ask as before. If it was renamed, write “was: Everyone” under its new name",
    )


async def test_a_group_that_stays_is_said_with_how_it_is_renamed(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """As packages and policies are."""
    await provisioner.apply(ALPHA)
    by_hand = Provisioner(tenant, provisioner.version, provisioner.folder / "elsewhere")
    by_hand.folder.mkdir()
    await by_hand.apply(ALPHA.replace("name: Mine", "name: Theirs").replace("Alpha", "Theirs"))
    planned = await provisioner.plan(ALPHA.replace("New g", "Newer g"))
    assert (
        "group New g: no longer in this file, but package Theirs gives it. "
        "If it was renamed, write “was: New g” under its new name"
    ) in planned.plan.left_alone


# -- renaming ------------------------------------------------------------------------------


RENAMINGS = {
    "package": ("      - name: Alpha\n", "      - name: Beta\n        was: Alpha\n"),
    "policy": (
        "          - name: Everyone\n",
        "          - name: Anyone\n            was: Everyone\n",
    ),
    "catalog": ("  - name: Mine\n", "  - name: Ours\n    was: Mine\n"),
}


@pytest.mark.parametrize("kind", RENAMINGS)
async def test_a_thing_renamed_by_was_is_the_same_thing(
    provisioner: Provisioner, tenant: Tenant, kind: str
) -> None:
    """One change, nothing made, nothing deleted, access untouched, and destroy still knows it."""
    empty = picture(tenant)
    await provisioner.apply(ALPHA)
    await hold(provisioner, "Alpha")
    before = held(tenant)
    text = ALPHA.replace(*RENAMINGS[kind])
    planned = await provisioner.apply(text)
    (change,) = planned.plan.changes
    assert (change.operation, change.kind) == ("change", kind)
    assert [(each.what) for each in change.differences] == ["name"]
    assert "renamed from" in change.title
    assert held(tenant) == before
    assert await provisioner.changes(text) == []
    # The word may stay in the file, and go from it.
    without = text.replace(f"was: {change.differences[0].before}\n", "\n")
    assert await provisioner.changes(without) == []
    await provisioner.destroy(without)
    assert picture(tenant) == empty


async def test_a_group_renamed_by_was_keeps_who_is_in_it(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Its new name stands wherever the file names it."""
    empty = picture(tenant)
    await provisioner.apply(ALPHA)
    await hold(provisioner, "Alpha")
    before = held(tenant)
    text = ALPHA.replace("New g", "Better g").replace(
        "- name: Better g\n", "- name: Better g\n    was: New g\n"
    )
    planned = await provisioner.apply(text)
    assert [each.title for each in planned.plan.changes] == ["group Better g, renamed from New g"]
    assert held(tenant) == before
    assert await provisioner.changes(text) == []
    await provisioner.destroy(text)
    assert picture(tenant) == empty


@pytest.mark.parametrize("kind", [*RENAMINGS, "group"])
async def test_a_former_name_that_nothing_has_is_said(provisioner: Provisioner, kind: str) -> None:
    """It may be misspelled: something new is made, and what it was to be stays as it is."""
    await provisioner.apply(ALPHA)
    old, new = {**RENAMINGS, "group": ("- name: New g\n", "- name: New h\n    was: New g\n")}[kind]
    was = new.partition("was: ")[2].strip()
    text = ALPHA.replace(old, new.replace(f"was: {was}", "was: Misspelled"))
    if kind == "group":
        text = text.replace("New g", "New h")

    planned = await provisioner.plan(text)

    (made,) = [
        each for each in planned.plan.changes if (each.operation, each.kind) == ("create", kind)
    ]
    assert [note for note in made.notes if "“Misspelled”" in note and "made anew" in note]
    # What has no former name in the file says nothing of one.
    assert not [
        note
        for each in planned.plan.changes
        if each is not made
        for note in each.notes
        if "says the file" in note
    ]


async def test_a_rename_cut_short_is_finished_by_the_next_apply(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """The tenant took the name, the state did not learn of it: nothing is made twice or deleted."""
    await provisioner.apply(ALPHA)
    next(
        each for each in tenant.world.packages.values() if each.display_name == "Alpha"
    ).display_name = "Beta"
    text = ALPHA.replace(*RENAMINGS["package"])
    assert await provisioner.changes(text) == []
    await provisioner.apply(text)
    assert ("package", "Mine", "Beta") in [each.key for each in provisioner.state.entries()]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            ALPHA.replace(*RENAMINGS["package"]) + ALPHA[ALPHA.index("      - name: Alpha") :],
            "Alpha",
        ),
        (ALPHA.replace("- name: New g\n", "- name: New g\n    was: new G\n"), "new G"),
    ],
)
async def test_a_former_name_that_is_still_in_use_is_refused(
    provisioner: Provisioner, text: str, problem: str
) -> None:
    """Which of the two is meant would be a guess."""
    with pytest.raises(FileError, match=f"“was: {problem}”"):
        provisioner.read(text)


# -- any two files -------------------------------------------------------------------------


def file_of(said: Any) -> str:
    """A file of groups and packages: which groups it creates, and which package gives which, by letters."""
    groups, packages = said
    lines = ["groups:"] if groups else []
    lines += [f"  - name: Group {each}" for each in sorted(groups)]
    for catalog in sorted({each[0] for each in packages}):
        lines += [] if "catalogs:" in lines else ["catalogs:"]
        lines += [f"  - name: Catalog {catalog}", "    packages:"]
        for _, name, gives, policies in sorted(each for each in packages if each[0] == catalog):
            given = [f"group Group {each}" for each in gives if each in groups]
            lines += [f"      - name: Package {name}", f"        gives: [{', '.join(given)}]"]
            lines += ["        policies:"]
            for policy in sorted(policies):
                lines += [
                    f"          - name: Policy {policy}",
                    "            may ask: all members",
                    "            durations: 30 days",
                ]
    return "\n".join([*lines, ""]) or "people: []\n"


PACKAGES = st.lists(
    st.tuples(
        st.sampled_from("XY"),
        st.sampled_from("AB"),
        st.sampled_from(["1", "2", "12"]),
        st.sampled_from(["p", "q", "pq"]),
    ),
    max_size=3,
    unique_by=lambda each: each[:2],
)
FILES = st.tuples(st.sets(st.sampled_from("12")), PACKAGES)


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(FILES, FILES, st.lists(st.tuples(st.integers(0, 3), st.sampled_from([ANN, BO])), max_size=3))
def test_no_two_files_take_access_away(first: Any, second: Any, holders: Any) -> None:
    """Whatever the first file made and whoever holds it, applying the second takes nothing from them."""
    assert asyncio.run(_taken(file_of(first), file_of(second), holders)) == []


async def _taken(first: str, second: str, holders: Any) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder:
        tenant = Tenant(clock=SandboxClock(), delivery=timedelta(0), directory_lag=timedelta(0))
        tenant.seed_tutorial_world()
        provisioner = Provisioner(tenant, "v1.0", Path(folder))
        await provisioner.apply(first)
        made = [
            each for each in tenant.world.packages.values() if each.display_name.startswith("Pack")
        ]
        for at, who in dict.fromkeys(holders):
            if at < len(made) and not tenant.world.assignments_of(made[at].id, user_id=who):
                policy = tenant.world.policies_of(made[at].id)[-1]
                async with provisioner.graph() as graph:
                    await graph.assignment_requests.create(
                        request_type="adminAdd",
                        target_id=who,
                        package_id=made[at].id,
                        policy_id=policy.id,
                    )
        tenant.tick()
        before = held(tenant)
        await provisioner.apply(second)
        after = held(tenant)
        gone = [
            (key, before[key], after.get(key))
            for key in before
            if not _has_all(after.get(key, {}), before[key])
        ]
        return gone + [each for each in await provisioner.changes(second) if "create" in each]


def _has_all(after: dict[str, Any], before: dict[str, Any]) -> bool:
    """Tell whether people still have everything that they had; more is no loss."""
    return all(
        set(before[key]) <= set(after.get(key, ()))
        if isinstance(before[key], list)
        else after.get(key)
        for key in before
    )


def test_the_generated_files_differ() -> None:
    """The property would hold of files that are all the same."""
    texts = [
        file_of((groups, [(catalog, "A", "1", "p")]))
        for groups, catalog in itertools.product([set(), {"1"}], "XY")
    ]
    assert len(set(texts)) == 4

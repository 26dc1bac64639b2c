"""Test what plan, apply and destroy do to a tenant, in both versions of Graph."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.provisioning.changes.apply import Applier, ApplyError
from bot.provisioning.changes.plan import make_plan
from bot.provisioning.writing.diff import Operation
from bot.source import FileError
from sandbox.tenant import Tenant
from sandbox.tenant.model import Package
from sandbox.tenant.seed import ANN, CY
from tests.bot.provisioning.conftest import FaultyAnswer, Provisioner, picture
from tests.bot.provisioning.files import EXAMPLE, SMALL, with_policy


async def test_a_plan_writes_nothing(provisioner: Provisioner, tenant: Tenant) -> None:
    """Planning sends no call but reads, and leaves no state."""
    before = picture(tenant)
    await provisioner.plan(EXAMPLE)
    assert picture(tenant) == before
    assert {call.partition(" ")[0] for call in provisioner.transport.calls} == {"GET"}
    assert not provisioner.state.path.exists()


async def test_what_is_new_is_not_called_renamed(provisioner: Provisioner) -> None:
    """Nothing of it had another name."""
    planned = await provisioner.plan(EXAMPLE)
    assert {each.operation for each in planned.plan.changes} == {Operation.CREATE}
    assert [each.title for each in planned.plan.changes if "renamed" in each.title] == []


async def test_after_apply_nothing_would_change(provisioner: Provisioner) -> None:
    """What apply wrote is what the next plan reads."""
    await provisioner.apply(EXAMPLE)
    assert await provisioner.changes(EXAMPLE) == []


async def test_apply_twice_writes_once(provisioner: Provisioner, tenant: Tenant) -> None:
    """The second apply sends no call but reads."""
    await provisioner.apply(EXAMPLE)
    made = picture(tenant)
    provisioner.transport.calls.clear()
    await provisioner.apply(EXAMPLE)
    assert picture(tenant) == made
    assert {call.partition(" ")[0] for call in provisioner.transport.calls} == {"GET"}


async def test_destroy_leaves_the_tenant_as_it_was(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """All that apply made goes, and nothing else."""
    before = picture(tenant)
    await provisioner.apply(EXAMPLE)
    assert picture(tenant) != before
    await provisioner.destroy(EXAMPLE)
    assert picture(tenant) == before
    assert not provisioner.state.path.exists()


async def held_by(provisioner: Provisioner, tenant: Tenant, *people: str) -> Package:
    """Apply the small file, and let these people have its package."""
    await provisioner.apply(SMALL)
    package = next(
        each for each in tenant.world.packages.values() if each.display_name == "Autumn Campaign"
    )
    policy = tenant.world.policies_of(package.id)[0]
    async with provisioner.graph() as graph:
        for each in people:
            await graph.assignment_requests.create(
                request_type="adminAdd", target_id=each, package_id=package.id, policy_id=policy.id
            )
    tenant.tick()
    return package


async def test_destroy_ends_access_before_it_deletes(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Somebody holds the package; the access ends, and then the package goes."""
    package = await held_by(provisioner, tenant, ANN)
    what = await provisioner.destroy(SMALL)
    assert what.lines()[0] == "access of Ann Abara to Autumn Campaign"
    assert package.id not in tenant.world.packages
    assert not any(each.is_live for each in tenant.world.assignments.values())


async def test_an_assignment_that_graph_does_not_show_keeps_no_other_waiting(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """The access of the others is asked to end at the first look."""
    await held_by(provisioner, tenant, ANN, CY)
    name = "ssignments/[0-9a-f-]{36}$"
    provisioner.transport.faulty.append(FaultyAnswer(on=f"GET .*{name}", status=404))
    provisioner.transport.operations.clear()

    await provisioner.destroy(SMALL)

    operations = provisioner.transport.operations
    removal = next(
        at
        for at, each in enumerate(operations)
        if each.endswith("ssignmentRequests") and each.startswith("POST")
    )
    assert len({each for each in operations[:removal] if re.search(name, each)}) == 2
    assert not any(each.is_live for each in tenant.world.assignments.values())


async def test_a_member_is_a_person_in_any_capitals(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """As everywhere else in the file."""
    await provisioner.apply(SMALL.replace("members: [tess", "members: [Person tess"))
    crew = next(
        each for each in tenant.world.groups.values() if each.display_name == "Campaign files"
    )
    assert len(crew.members) == 1
    assert await provisioner.changes(SMALL) == []


async def test_destroy_of_an_imported_file_deletes_nothing(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """What Latchkey did not make is not Latchkey's to delete, even where the file describes it."""
    before = picture(tenant)
    text = (await provisioner.import_()).text
    await provisioner.apply(text)
    what = await provisioner.destroy(text)
    assert what.lines() == []
    assert picture(tenant) == before


async def test_what_the_file_does_not_name_is_left_alone(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """A policy and a package made by hand beside ours survive apply, and the plan says so."""
    await provisioner.apply(SMALL)
    made = next(each for each in tenant.world.policies.values() if each.display_name == "Marketing")
    other = SMALL.replace("name: Marketing\n", "name: By hand\n")
    by_hand = Provisioner(tenant, provisioner.version, provisioner.folder / "elsewhere")
    by_hand.folder.mkdir()
    await by_hand.apply(other)
    planned = await provisioner.plan(SMALL)
    assert planned.plan.changes == ()
    assert planned.plan.left_alone == (
        "policy By hand of package Autumn Campaign: not in this file",
    )
    assert made.id in tenant.world.policies


async def test_a_changed_word_changes_only_that(provisioner: Provisioner, tenant: Tenant) -> None:
    """Fourteen days instead of thirty: one change, one difference, the rest of the policy stays."""
    await provisioner.apply(SMALL)
    shorter = SMALL.replace("30 days", "14 days")
    planned = await provisioner.apply(shorter)
    (change,) = planned.plan.changes
    assert change.operation is Operation.CHANGE
    assert [(each.what, each.before, each.after) for each in change.differences] == [
        ("durations", "30 days", "14 days")
    ]
    policy = next(
        each for each in tenant.world.policies.values() if each.display_name == "Marketing"
    )
    assert policy.expiration.duration == timedelta(days=14)
    assert policy.settings["requestorSettings"]["enableTargetsToSelfUpdateAccess"]
    assert await provisioner.changes(shorter) == []


async def test_changes_are_shown_with_names(provisioner: Provisioner) -> None:
    """People and groups appear in a difference by name, never by id."""
    await provisioner.apply(SMALL)
    planned = await provisioner.plan(
        SMALL.replace("may ask: group Marketing", "may ask: ann@contoso.example")
    )
    (difference,) = planned.plan.changes[0].differences
    assert (difference.before, difference.after) == (
        "group Marketing",
        "person ann@contoso.example",
    )


async def test_a_catalog_and_a_package_are_changed_in_place(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Their descriptions follow the file."""
    await provisioner.apply(SMALL)
    after = SMALL.replace("The autumn campaign", "Leaves fall").replace(
        "Its files", "All its files"
    )
    await provisioner.apply(after)
    assert ("Autumn", "Leaves fall") in picture(tenant)["catalogs"]
    assert await provisioner.changes(after) == []


async def test_a_role_no_longer_named_is_taken_away(provisioner: Provisioner) -> None:
    """What a package gives is what its list says, and no more."""
    await provisioner.apply(EXAMPLE)
    less = EXAMPLE.replace("          - Reader of application Contoso Ledger\n", "")
    assert await provisioner.changes(less) == [
        "delete Reader of application Contoso Ledger in package Autumn Campaign"
    ]
    await provisioner.apply(less)
    assert await provisioner.changes(less) == []


async def test_what_was_made_and_is_no_longer_named_is_deleted(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Leaving everything out of the file undoes it, last made first."""
    before = picture(tenant)
    await provisioner.apply(SMALL)
    await provisioner.apply("people: []\n")
    assert picture(tenant) == before


async def test_access_that_somebody_holds_is_not_ended_by_leaving_out_a_line(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """The plan keeps the package and says why."""
    await provisioner.apply(SMALL)
    package = next(
        each for each in tenant.world.packages.values() if each.display_name == "Autumn Campaign"
    )
    async with provisioner.graph() as graph:
        await graph.assignment_requests.create(
            request_type="adminAdd",
            target_id=ANN,
            package_id=package.id,
            policy_id=tenant.world.policies_of(package.id)[0].id,
        )
    tenant.tick()
    planned = await provisioner.plan("people: []\n")
    assert not any(each.kind in ("package", "policy") for each in planned.plan.changes)
    assert any("1 assignment is live" in each for each in planned.plan.left_alone)


async def test_adopted_things_may_be_destroyed(provisioner: Provisioner, tenant: Tenant) -> None:
    """Whoever lost the state takes charge again with adopt."""
    before = picture(tenant)
    await provisioner.apply(SMALL)
    provisioner.state.path.unlink()
    await provisioner.apply(SMALL, adopt=True)
    await provisioner.destroy(SMALL)
    assert picture(tenant) == before


async def test_entras_own_catalog_is_never_adopted(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """General stays whatever happens."""
    text = with_policy("may ask: all members", "durations: 7 days")
    await provisioner.apply(text, adopt=True)
    await provisioner.destroy(text)
    assert "General" in [name for name, _ in picture(tenant)["catalogs"]]


async def test_apply_waits_for_a_group_that_entra_does_not_show_yet(
    provisioner: Provisioner,
) -> None:
    """A new group is unknown to catalogs for a while; apply waits and says so."""
    # Longer than any machine stands still: the tenant's clock goes on meanwhile.
    provisioner.tenant.world.directory_lag = timedelta(minutes=4)
    await provisioner.apply(SMALL)
    assert any(
        "for group Campaign files in catalog Autumn" in each for each in provisioner.waited_for
    )


@pytest.mark.parametrize("fault", ["error_after", "cut_after", "truncated"])
async def test_a_lost_answer_makes_nothing_twice(
    provisioner: Provisioner, tenant: Tenant, fault: str
) -> None:
    """Every write takes effect and no answer arrives: apply looks instead of writing again."""
    tenant.faults.set(fault, only=r"^(POST|PUT|PATCH) (?!.*\$batch)")
    await provisioner.apply(SMALL)
    tenant.faults.clear()
    assert await provisioner.changes(SMALL) == []
    assert [name for name, _ in picture(tenant)["groups"]].count("Campaign files") == 1


async def test_a_throttled_write_is_sent_again(provisioner: Provisioner, tenant: Tenant) -> None:
    """Too many requests means that nothing happened."""
    tenant.faults.set("throttle", only="^POST ", count=3)
    await provisioner.apply(SMALL)
    assert tenant.faults.counts["throttle"] == 3
    assert await provisioner.changes(SMALL) == []


async def test_a_refusal_says_what_was_to_be_done_and_how_far_it_got(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """The sentence names the change, what Graph says, and that apply goes on."""
    tenant.permissions.discard("Group.ReadWrite.All")
    with pytest.raises(ApplyError) as caught:
        await provisioner.apply(SMALL)
    assert str(caught.value).startswith("Cannot create group Campaign files: ")
    assert "2 of 9 changes are made; apply again" in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            "group Marketing\n",
            "group Campain files\n",
            "line 17, column 13: The tenant has no group “Campain files”. Did you mean “Campaign files”?",
        ),
        (
            "Member of group Campaign files",
            "Membre of group Marketing resources",
            "line 13, column 9: group Marketing resources has no role “Membre”. Did you mean “Member”?",
        ),
        (
            "group Marketing\n",
            "person nobody@contoso.example\n",
            "line 17, column 13: The tenant has no person “nobody@contoso.example”.",
        ),
        (
            "Member of group Campaign files",
            "Reader of application Contoso Leger",
            "line 13, column 9: The tenant has no application “Contoso Leger”.",
        ),
    ],
)
async def test_a_name_that_means_nothing_is_found_before_anything_is_written(
    provisioner: Provisioner, tenant: Tenant, before: str, after: str, sentence: str
) -> None:
    """File, line and the nearest name; the tenant is as it was."""
    pictured = picture(tenant)
    with pytest.raises(FileError) as caught:
        await provisioner.apply(SMALL.replace(before, after, 1))
    assert f"access.yml, {sentence}" in str(caught.value)
    assert picture(tenant) == pictured


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["may ask: all members", "durations: 8 hours"], "counts whole days of access"),
        (
            ["may ask: all members", "durations: 7 days", "custom dates: yes"],
            "allowCustomAssignmentSchedule",
        ),
        (
            ["may ask: all members", "durations: 7 days", "automatic: {give: yes}"],
            "no automatic requests",
        ),
        (["may ask: all members", "durations: 7 days", "may return: no"], "giving it back"),
        (
            ["may ask: all members", "durations: 7 days", "new requests: no", "may extend: yes"],
            "lets nobody extend",
        ),
        (["may ask: nobody", "durations: 7 days", "may extend: yes"], "lets nobody extend"),
        (
            [
                "may ask: all members",
                "durations: 7 days",
                "reviews: {every: week, start: 2027-01-01, lasts: 5 days, by: [manager, group Marketing]}",
            ],
            "lets the manager review, or others",
        ),
        (
            [
                "may ask: all members",
                "durations: 7 days",
                "reviews: {every: week, start: 2027-01-01, lasts: 5 days, by: manager level 2}",
            ],
            "no manager further up",
        ),
    ],
)
async def test_what_beta_cannot_say_is_refused_before_anything_is_written(
    tenant: Tenant, tmp_path: Path, lines: list[str], sentence: str
) -> None:
    """A sentence with the line of the policy; v1.0 takes the same file."""
    before = picture(tenant)
    with pytest.raises(FileError) as caught:
        await Provisioner(tenant, "beta", tmp_path).apply(with_policy(*lines))
    assert "access.yml, line 6, column 13: Policy “Policy” cannot be said: " in str(caught.value)
    assert sentence in str(caught.value)
    assert picture(tenant) == before
    await Provisioner(tenant, "v1.0", tmp_path).apply(with_policy(*lines))


async def test_beta_refuses_nothing_that_is_there_as_the_file_says(
    tenant: Tenant, tmp_path: Path
) -> None:
    """What beta shows and could not write needs no writing."""
    text = with_policy(
        "may ask: all members", "durations: 7 days", "new requests: no", "may extend: yes"
    )
    await Provisioner(tenant, "v1.0", tmp_path).apply(text)
    assert await Provisioner(tenant, "beta", tmp_path).changes(text) == []


async def test_what_somebody_else_made_meanwhile_is_not_claimed(
    provisioner: Provisioner, tenant: Tenant
) -> None:
    """Between plan and apply another program makes the same package: destroy will not delete it."""
    other = Provisioner(tenant, provisioner.version, provisioner.folder / "other")
    other.folder.mkdir()
    text = with_policy("may ask: all members", "durations: 7 days")
    document, state = provisioner.read(text), provisioner.state
    async with provisioner.graph() as graph:
        planned = await make_plan(graph, document, state, version=provisioner.version)
        await other.apply(text)
        applier = Applier(graph=graph, document=document, state=state, retrier=provisioner.retrier)
        with pytest.raises(ApplyError, match="Cannot create package Trial"):
            await applier.apply(planned)
    await provisioner.apply(text)
    assert (await provisioner.destroy(text)).lines() == []


async def test_a_name_that_two_packages_of_the_file_share_is_refused(
    provisioner: Provisioner,
) -> None:
    """Whom a package is kept apart from is never guessed."""
    text = SMALL + "  - name: Spring\n    packages: [{name: Autumn Campaign}]\n"
    text = text.replace("group Security reviewers", "package Autumn Campaign")
    with pytest.raises(FileError, match="This file has 2 of the name package “Autumn Campaign”"):
        await provisioner.plan(text)


@pytest.mark.parametrize("word", ["published", "for external users", "hidden"])
async def test_a_word_that_the_file_does_not_say_is_left_alone(
    provisioner: Provisioner, tenant: Tenant, word: str
) -> None:
    """A draft catalog stays a draft, and a hidden package hidden, whatever the file adds beside."""
    await provisioner.apply(SMALL)
    catalog = next(each for each in tenant.world.catalogs.values() if each.display_name == "Autumn")
    package = next(
        each for each in tenant.world.packages.values() if each.display_name == "Autumn Campaign"
    )
    catalog.state, catalog.is_externally_visible, package.is_hidden = "unpublished", True, True
    more = SMALL + "      - name: Another\n        description: One more\n"
    assert await provisioner.changes(more) == ["create package Another in catalog Autumn"]
    await provisioner.apply(more)
    assert (catalog.state, catalog.is_externally_visible, package.is_hidden) == (
        "unpublished",
        True,
        True,
    )
    said = SMALL.replace("  - name: Autumn\n", "  - name: Autumn\n    published: yes\n")
    assert "change catalog Autumn" in await provisioner.changes(said)


@pytest.mark.parametrize(
    ("before", "after", "near"),
    [
        ("group Marketing\n", "group Marketting\n", "Marketing”"),
        ("group Security reviewers", "group Securty reviewers", "Security reviewers”"),
        ("group Marketing\n", "person anna@contoso.example\n", "ann@contoso.example”"),
        (
            "Member of group Campaign files",
            "Reader of application Contoso Leger",
            "Contoso Ledger”",
        ),
    ],
)
async def test_the_nearest_name_is_one_of_the_tenants(
    provisioner: Provisioner, before: str, after: str, near: str
) -> None:
    """Not only names that the file happens to use are compared."""
    with pytest.raises(FileError) as caught:
        await provisioner.plan(SMALL.replace(before, after, 1))
    assert f"Did you mean “{near}" in str(caught.value)

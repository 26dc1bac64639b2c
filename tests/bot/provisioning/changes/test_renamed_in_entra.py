"""What Latchkey made, and somebody renamed in Entra since or Entra does not list, is not made a second time."""

import unicodedata

import pytest

from bot.source import FileError
from sandbox.tenant.seed import LEDGER
from tests.bot.provisioning.conftest import FaultyAnswer, Provisioner, picture
from tests.bot.provisioning.files import SMALL

CALLED = {  # kind: the tenant's list, the name, the line of the file, and what the plan calls it
    "catalog": ("catalogs", "Autumn", 8, "catalog Autumn"),
    "group": ("groups", "Campaign files", 5, "group Campaign files"),
    "package": ("packages", "Autumn Campaign", 11, "package Autumn Campaign in catalog Autumn"),
    "policy": ("policies", "Marketing", 16, "policy Marketing of package Autumn Campaign"),
}


def rename(provisioner: Provisioner, things: str, name: str) -> None:
    """Do what a colleague does in the portal."""
    world = provisioner.tenant.world
    package = next(
        each for each in world.packages.values() if each.display_name == "Autumn Campaign"
    )
    found = getattr(world, things).values()
    mine = [each for each in found if getattr(each, "package_id", package.id) == package.id]
    next(each for each in mine if each.display_name == name).display_name = "Renamed"


@pytest.mark.parametrize("kind", CALLED)
async def test_it_is_refused_with_both_ways_out(provisioner: Provisioner, kind: str) -> None:
    """The first one would stay as it is, and nobody would know whose it is."""
    await provisioner.apply(SMALL)
    things, name, line, _ = CALLED[kind]
    rename(provisioner, things, name)
    before = picture(provisioner.tenant)
    with pytest.raises(FileError) as refused:
        await provisioner.apply(SMALL)
    assert [each.partition(": ")[2] for each in refused.value.problems] == [
        f"Latchkey made {kind} “{name}”, which is called “Renamed” in Entra now. Write that name, or “was: Renamed” "
        "below yours to rename it; a second one is not made."
    ]
    assert refused.value.problems[0].startswith(f"access.yml, line {line}, ")
    assert picture(provisioner.tenant) == before


@pytest.mark.parametrize("kind", CALLED)
async def test_either_way_out_leads_on(provisioner: Provisioner, kind: str) -> None:
    """With its new name nothing would change; with “was” it gets its old one back."""
    await provisioner.apply(SMALL)
    things, name, line, title = CALLED[kind]
    rename(provisioner, things, name)
    lines = SMALL.splitlines(keepends=True)
    lines.insert(line, f"{' ' * (lines[line - 1].index('-') + 2)}was: Renamed\n")
    assert await provisioner.changes("".join(lines)) == [f"change {title}, renamed from Renamed"]
    renamed = SMALL.replace(f"- name: {name}\n", "- name: Renamed\n")
    if kind == "group":
        renamed = renamed.replace("of group Campaign files", "of group Renamed")
    assert await provisioner.changes(renamed) == []


async def test_a_person_whose_address_changed_is_not_created_again(
    provisioner: Provisioner,
) -> None:
    """People have no former name: only the new address is a way out."""
    await provisioner.apply(SMALL)
    world = provisioner.tenant.world
    tess = next(each for each in world.users.values() if each.display_name == "Tess Trial")
    tess.user_principal_name = "tess.trial@contoso.example"
    with pytest.raises(FileError, match="Write that name; a second one is not made"):
        await provisioner.plan(SMALL)


async def test_what_was_deleted_in_entra_is_made_again(provisioner: Provisioner) -> None:
    """Only what is still there has another name."""
    await provisioner.apply(SMALL)
    world = provisioner.tenant.world
    policy = next(each for each in world.policies.values() if each.display_name == "Marketing")
    del world.policies[policy.id]
    assert await provisioner.changes(SMALL) == [
        "create policy Marketing of package Autumn Campaign"
    ]


async def test_another_one_may_have_the_old_name_when_the_file_has_both(
    provisioner: Provisioner,
) -> None:
    """Whoever writes both says which is which."""
    await provisioner.apply(SMALL)
    rename(provisioner, "packages", "Autumn Campaign")
    both = SMALL.replace("- name: Autumn Campaign", "- name: Renamed")
    both += "      - name: Autumn Campaign\n        description: Another\n"
    await provisioner.apply(both)
    assert await provisioner.changes(both) == []
    names = [each[0] for each in picture(provisioner.tenant)["packages"]]
    assert {"Renamed", "Autumn Campaign"} <= set(names)


@pytest.mark.parametrize(
    ("kind", "lists", "name", "text"),
    [
        ("group", "GET .*/groups$", "Crew", "groups:\n  - name: Crew\n"),
        ("catalog", "GET .*atalogs$", "Autumn", SMALL),
        ("package", "GET .*/accessPackages$", "Autumn Campaign", SMALL),
    ],
)
async def test_what_entra_does_not_list_at_the_moment_is_not_made_again(
    provisioner: Provisioner, kind: str, lists: str, name: str, text: str
) -> None:
    """A list comes from another copy of the directory than the answer about one thing."""
    await provisioner.apply(text)
    before = picture(provisioner.tenant)
    provisioner.transport.faulty.append(FaultyAnswer(on=lists, body={"value": []}, times=50))
    with pytest.raises(FileError) as refused:
        await provisioner.apply(text)
    assert (
        f"Latchkey made {kind} “{name}”, which is there and which Entra does not list at the moment"
        in str(refused.value)
    )
    provisioner.transport.faulty.clear()
    assert picture(provisioner.tenant) == before
    assert await provisioner.changes(text) == []


async def test_one_of_the_same_name_in_another_catalog_is_another_one(
    provisioner: Provisioner,
) -> None:
    """Ours was renamed with all that is in it, and somebody has made a catalog with its old name."""
    await provisioner.apply(SMALL)
    rename(provisioner, "catalogs", "Autumn")
    async with provisioner.graph() as graph:
        await graph.catalogs.create(display_name="Autumn", description="By hand")
    changes = await provisioner.changes(SMALL)
    assert "create package Autumn Campaign in catalog Autumn" in changes


@pytest.mark.parametrize(
    ("kind", "outer"),
    [("package", ["catalog"]), ("policy", ["package"]), ("policy", ["catalog", "package"])],
)
@pytest.mark.parametrize("back", [False, True])
async def test_it_is_known_by_what_it_is_in_when_that_was_renamed_too(
    provisioner: Provisioner, kind: str, outer: list[str], back: bool
) -> None:
    """The file says so of what it is in already, and of itself not yet."""
    await provisioner.apply(SMALL)
    lines = SMALL.splitlines(keepends=True)
    for each in ("policy", "catalog", "package"):  # the package's name finds the others
        things, name, line, _ = CALLED[each]
        if each == kind or each in outer:
            rename(provisioner, things, name)
        if each in outer:
            said, indent = lines[line - 1], " " * (lines[line - 1].index("-") + 2)
            lines[line - 1] = (
                said.replace(name, "Anew") + f"{indent}was: Renamed\n"
                if back
                else said.replace(name, "Renamed")
            )
    before = picture(provisioner.tenant)
    with pytest.raises(
        FileError, match=f"made {kind} “{CALLED[kind][1]}”.* “Renamed” in Entra now"
    ):
        await provisioner.apply("".join(lines))
    assert picture(provisioner.tenant) == before


@pytest.mark.parametrize("kind", CALLED)
async def test_the_former_name_of_the_file_is_no_way_to_a_second_one(
    provisioner: Provisioner, kind: str
) -> None:
    """The file renames what somebody has renamed in Entra meanwhile, and then names what it is called there."""
    await provisioner.apply(SMALL)
    things, name, line, title = CALLED[kind]
    rename(provisioner, things, name)
    lines = SMALL.replace(f"- name: {name}\n", "- name: Anew\n").splitlines(keepends=True)
    lines.insert(line, f"{' ' * (lines[line - 1].index('-') + 2)}was: {name}\n")
    text = "".join(lines)
    if kind == "group":
        text = text.replace("of group Campaign files", "of group Anew")
    with pytest.raises(
        FileError, match=f"made {kind} “{name}”, which is called “Renamed” .*, or “was: Renamed”"
    ):
        await provisioner.plan(text)
    assert await provisioner.changes(text.replace(f"was: {name}", "was: Renamed")) == [
        f"change {title.replace(name, 'Anew', 1)}, renamed from Renamed"
    ]


@pytest.mark.parametrize("kind", ["package", "policy"])
async def test_it_is_known_in_what_latchkey_did_not_make(
    provisioner: Provisioner, kind: str
) -> None:
    """Its catalog, or its package too, was there before, and has another name since."""
    there = SMALL.partition("        policies:\n" if kind == "policy" else "    packages:\n")[0]
    by_hand = Provisioner(provisioner.tenant, provisioner.version, provisioner.folder / "by-hand")
    by_hand.folder.mkdir()
    await by_hand.apply(there)
    await provisioner.apply(SMALL)
    text = SMALL.replace("- name: Autumn\n", "- name: Renamed\n")
    for each in ("policy", "catalog", "package"):
        things, name, *_ = CALLED[each]
        if each in ("catalog", "package") or each == kind:
            rename(provisioner, things, name)
    if kind == "policy":
        text = text.replace("- name: Autumn Campaign\n", "- name: Renamed\n")
    with pytest.raises(FileError, match=f"made {kind} “{CALLED[kind][1]}”.* “Renamed” in Entra"):
        await provisioner.plan(text)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("\ufa19\u5c71", id="a kanji that looks otherwise than its like"),
        pytest.param("100 \u2126", id="a sign that looks like a letter"),
        pytest.param("K\u00ea\u0301 toa\u0301n", id="tones behind accents"),
        pytest.param("Cafe\u0301", id="an accent of its own"),
    ],
)
async def test_a_name_is_found_as_the_import_has_written_it(
    provisioner: Provisioner, name: str
) -> None:
    """Of a group, and of an application and its role, which Graph compares character by character."""
    world = provisioner.tenant.world
    next(iter(world.groups.values())).display_name = name
    application = world.applications[LEDGER]
    application.display_name = name
    application.roles = dict.fromkeys(application.roles, name)
    for each in world.resources.values():
        if each.origin_id == LEDGER:
            each.display_name = name
    text = "groups: []\ncatalogs:\n  - name: General\n    resources:\n      - application {0}\n" + (
        "    packages:\n      - name: New\n        gives: ['{0} of application {0}']\n        policies:\n"
        "          - name: Everyone\n            may ask: group {0}\n            durations: 30 days\n"
    )
    await provisioner.apply(text.format(name))
    assert await provisioner.changes(text.format(name)) == []
    imported = (await provisioner.import_()).text
    assert await provisioner.changes(imported) == []


ACCENTS = """\
groups:
  - name: Équipe
catalogs:
  - name: Été
    packages:
      - name: Café
        gives: Member of group Équipe
        policies:
          - name: Naïve
            may ask: group Équipe
            durations: 30 days
"""


@pytest.mark.parametrize("things", ["groups", "catalogs", "packages", "policies"])
async def test_an_accent_that_is_a_character_of_its_own_is_no_other_name(
    provisioner: Provisioner, things: str
) -> None:
    """In the file or in Entra: on the screen it is the same name, and a second one would be told from it by nobody."""
    await provisioner.apply(ACCENTS)
    apart = unicodedata.normalize("NFD", ACCENTS)
    assert apart != ACCENTS
    assert await provisioner.changes(apart) == []
    for each in getattr(provisioner.tenant.world, things).values():
        each.display_name = unicodedata.normalize("NFD", each.display_name)
    assert await provisioner.changes(ACCENTS) == []
    assert await provisioner.changes(apart) == []

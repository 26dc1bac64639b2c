"""The same thing twice in a list is refused: each apply would make it again, and no plan would ever be empty."""

import pytest

from bot.source import FileError
from sandbox.tenant.seed import MARKETING, SECURITY_REVIEWERS
from tests.bot.provisioning.conftest import Provisioner
from tests.bot.provisioning.files import SMALL

IN_LISTS = {
    "gives: Member of group Campaign files": [
        "gives: [group Campaign files, Member of group Campaign files]",
        "gives: [Member of group Campaign files, member of group campaign files]",
        f"gives: [Member of group Marketing, Member of group {MARKETING}]",
    ],
    "not together with: group Security reviewers": [
        "not together with: [group Security reviewers, group security reviewers]",
        f"not together with: [group Security reviewers, group {SECURITY_REVIEWERS}]",
        "not together with: [package Marketing Campaign, package marketing campaign]",
    ],
    "members: [tess@contoso.example]": [
        "members: [tess@contoso.example, person tess@contoso.example]",
        "members: [Tess Trial, tess@contoso.example]",
        "members: [ann@contoso.example, ANN@contoso.example]",
    ],
    "    packages:\n": [
        f"    resources: [group Marketing, group {MARKETING}]\n    packages:\n",
    ],
}


@pytest.mark.parametrize(
    ("once", "twice"), [(once, each) for once, some in IN_LISTS.items() for each in some]
)
async def test_it_is_refused_by_whatever_names(
    provisioner: Provisioner, once: str, twice: str
) -> None:
    """A name in other letters, with another word before it, or an id."""
    assert once in SMALL
    with pytest.raises(FileError, match="stands here twice") as refused:
        await provisioner.plan(SMALL.replace(once, twice))
    assert len(refused.value.problems) == 1


async def test_a_resource_may_go_by_its_id_in_one_place_and_by_its_name_in_another(
    provisioner: Provisioner,
) -> None:
    """Then it is put into the catalog once."""
    text = SMALL.replace("    packages:\n", "    resources: [group Marketing]\n    packages:\n")
    text = text.replace("Member of group Campaign files", f"Member of group {MARKETING}")
    changes = await provisioner.changes(text)
    assert (
        len([each for each in changes if each.endswith("in catalog Autumn")]) == 2
    )  # and the package
    await provisioner.apply(text)
    assert await provisioner.changes(text) == []


@pytest.mark.parametrize("exists", [False, True])
async def test_a_package_is_not_kept_apart_from_itself(
    provisioner: Provisioner, exists: bool
) -> None:
    """Graph would refuse it in the middle of apply, before the policies."""
    if exists:
        await provisioner.apply(SMALL)
    text = SMALL.replace("group Security reviewers", "package autumn campaign")
    with pytest.raises(FileError, match="Autumn Campaign cannot be kept apart from itself"):
        await provisioner.plan(text)

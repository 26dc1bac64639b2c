"""What comes of a change and the words of the file do not show stands under it in the plan."""

from pathlib import Path

import pytest

from sandbox.tenant import Tenant
from tests.bot.provisioning.conftest import Provisioner
from tests.bot.provisioning.files import SMALL, with_policy

MEMBERS = "may ask: all members"
SALES = 'may ask: rule (user.department -eq "Sales")'
MARKETING = 'may ask: rule (user.department -eq "Marketing")'
TAKES = "automatic: {give: yes, take when they leave: yes, grace: 7 days}"


async def notes(provisioner: Provisioner, text: str) -> list[str]:
    """What the plan says of the package's policy."""
    changes = (await provisioner.plan(text)).plan.changes
    return [note for each in changes if each.kind == "policy" for note in each.notes]


@pytest.fixture
def v1(tenant: Tenant, tmp_path: Path) -> Provisioner:
    """Only v1.0 has policies by which Entra gives and takes."""
    return Provisioner(tenant, "v1.0", tmp_path)


async def test_a_role_that_is_added_goes_to_whoever_has_the_package(
    provisioner: Provisioner,
) -> None:
    """Nobody decides about it, so the reviewer of the file has to know; a new package has nobody."""
    gives = "gives: [Member of group Campaign files, group Marketing resources]"
    more = SMALL.replace("gives: Member of group Campaign files", gives)

    async def said() -> list[tuple[str, ...]]:
        changes = (await provisioner.plan(more)).plan.changes
        return [each.notes for each in changes if each.kind == "role"]

    assert await said() == [(), ()]
    await provisioner.apply(SMALL)
    assert await said() == [
        ("whoever has the package already gets it, too, and nobody decides about that",)
    ]


async def test_a_day_that_is_over_is_said(provisioner: Provisioner) -> None:
    """Nobody would get anything by that policy."""
    over = with_policy(MEMBERS, "durations: until 2020-01-31")
    said = ["that day is over: nobody gets access by this policy"]
    assert await notes(provisioner, over) == said
    await provisioner.apply(with_policy(MEMBERS, "durations: until 2999-01-31"))
    assert await notes(provisioner, over) == said
    assert await notes(provisioner, with_policy(MEMBERS, "durations: until 2999-02-28")) == []


@pytest.mark.parametrize(
    ("after", "comes"), [("2 days", True), ("3 days", False), ("4 days", False)]
)
async def test_an_escalation_that_never_comes_is_said(
    provisioner: Provisioner, after: str, comes: bool
) -> None:
    """The request is denied first."""
    escalation = f"escalation: {{after: {after}, to: person dana@contoso.example}}"
    decided = ["decided by:", "  - approvers: manager", "    within: 3 days", f"    {escalation}"]
    said = await notes(provisioner, with_policy(MEMBERS, "durations: 1 day", *decided))
    assert said == (
        []
        if comes
        else [
            f"nobody is asked instead in stage 1: that is after {after}, and after 3 days the request is denied"
        ]
    )


async def test_a_policy_by_which_entra_takes_says_so_when_it_covers_others(
    v1: Provisioner,
) -> None:
    """Elsewhere no change of a policy takes anything from who has the package."""
    await v1.apply(with_policy(SALES, "durations: no end", TAKES))
    changed = with_policy(MARKETING, "durations: no end", TAKES)
    assert await notes(v1, changed) == [
        "Entra takes the access from everybody whom the policy gave it to and does not cover any more"
    ]
    assert await notes(v1, with_policy(MARKETING, "durations: no end")) == []
    assert await notes(v1, with_policy(SALES, "durations: 30 days", TAKES)) == []


async def test_whose_manager_somebody_else_is_so_far_is_said(provisioner: Provisioner) -> None:
    """People who are there already may stand in the file, and their manager decides for them."""
    person = "people:\n  - name: Ann Abara\n    email: ann@contoso.example\n    manager: {}\n"
    (change,) = (await provisioner.plan(person.format("bo@contoso.example"))).plan.changes
    assert change.notes == (
        "in place of person mia@contoso.example, who decides until then where a policy asks the manager",
    )
    assert (await provisioner.plan(person.format("mia@contoso.example"))).plan.changes == ()


@pytest.mark.parametrize(
    ("kind", "before", "after", "meant"),
    [
        ("package", "name: Autumn Campaign", "name: Autumn Campaing", "Autumn Campaign"),
        ("package", "name: Autumn Campaign", "name: Autumn-Campaign", "Autumn Campaign"),
        ("catalog", "name: Autumn\n", "name: Autunm\n", "Autumn"),
        ("policy", "name: Marketing\n", "name: Markting\n", "Marketing"),
    ],
)
async def test_what_reads_like_one_that_is_there_is_said(
    provisioner: Provisioner, kind: str, before: str, after: str, meant: str
) -> None:
    """A slip of the pen in a name makes a second one; whoever wrote the first is not Latchkey here."""
    await provisioner.apply(SMALL)
    provisioner.state.path.unlink()
    changes = (await provisioner.plan(SMALL.replace(before, after))).plan.changes
    (change,) = [each for each in changes if each.kind == kind]
    assert change.notes == (
        f"“{meant}” is there, and not in this file; if that is meant, write its name",
    )


async def test_what_is_told_apart_by_a_word_is_no_slip(provisioner: Provisioner) -> None:
    """Numbers, short words and other words are what people tell things apart by."""
    await provisioner.apply(SMALL)
    provisioner.state.path.unlink()
    for name in ("Autumn Campaign 2", "Winter Campaign", "Autumn Campaign EU", "Autumn C"):
        text = SMALL.replace("name: Autumn Campaign", f"name: {name}")
        changes = (await provisioner.plan(text)).plan.changes
        assert [each.notes for each in changes if each.kind == "package"] == [()]

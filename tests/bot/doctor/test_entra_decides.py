"""The doctor says who could not decide in Slack what Entra decides, and whether an administrator has consented."""

from dataclasses import replace
from typing import Any

import pytest

from bot.doctor.connecting import subject_by
from bot.doctor.model import CheckFinding, Severity
from bot.doctor.table import examine
from sandbox.tenant import seed
from sandbox.tenant.model import Policy
from tests.flow.entra.test_entra_decides import FILE, deciding
from tests.harness.accounts import SETTINGS, connect, registered
from tests.harness.doctoring import doctors_findings
from tests.harness.simulation import Bot, simulation
from tests.harness.world import BO, CY, World

ONE = "packages:\n  Finance Reports: {decides: entra}\n"


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, text=ONE, GRAPH_API_VERSION=request.param) as made:
        stage_of(made)["primaryApprovers"] = [
            {"@odata.type": "#microsoft.graph.singleUser", "userId": each}
            for each in (seed.BO, seed.CY)
        ]
        await made.synced()
        yield made


def policy_of(world: World) -> Policy:
    """The one policy of the package that Entra decides."""
    (policy,) = [
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == seed.FINANCE_REPORTS
    ]
    return policy


def stage_of(world: World) -> dict[str, Any]:
    """The one stage of it."""
    stage: dict[str, Any] = policy_of(world).approval["stages"][0]
    return stage


async def found(world: World, check: str = "entra-decides") -> list[CheckFinding]:
    """What the doctor says of it."""
    return [each for each in await doctors_findings(world.bot) if each.check == check]


def marks(findings: list[CheckFinding]) -> list[Severity]:
    return [each.severity for each in findings]


async def test_approvers_without_an_account_are_named(world):
    """With what they can do about it; until two of them can decide."""
    (few, consent) = await found(world)
    assert (few.severity, consent.severity) == (Severity.WARNING, Severity.NOTE)
    assert "nobody of 2 approvers can do it in Slack: Bo Berg, Cy Chen must connect" in few.sentence
    assert "once an approver has connected" in consent.sentence

    await connect(world, BO)
    (few, consent) = await found(world)
    assert "only one of 2 approvers can do it in Slack: Cy Chen must connect" in few.sentence
    assert consent.severity is Severity.FINE

    await connect(world, CY)
    assert marks(await found(world)) == [Severity.FINE, Severity.FINE]


WELL = "two approvers or more can do it in Slack at each stage."
COUNTED = "two approvers or more can do it in Slack at each stage that was counted."


@pytest.mark.parametrize("fewer", [True, False])
async def test_an_approver_who_is_alone_is_no_two(world, fewer):
    """Even if they can do it in Slack; the findings of packages say that they are too few."""
    if fewer:
        stage_of(world)["primaryApprovers"].pop()
    else:
        world.tenant.world.users[seed.CY].account_enabled = False
    await connect(world, BO)
    (alone, consent) = await found(world)
    assert (alone.severity, consent.severity) == (Severity.NOTE, Severity.FINE)
    assert "by one approver alone, who can do it in Slack" in alone.sentence


MANAGER = [{"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1}]
NOBODY = [{"@odata.type": "#microsoft.graph.singleUser", "userId": seed.MIA}]


@pytest.mark.parametrize(
    ("approvers", "said"),
    [
        (MANAGER, "stages where who decides depends on who asks: 1."),
        (NOBODY, "stages whose approvers cannot be told: 1."),
    ],
)
async def test_a_stage_that_was_not_counted_is_not_called_well(world, approvers, said):
    """Beside one that was; and where there is no other, nothing is called well."""
    world.tenant.world.users[seed.MIA].account_enabled = False
    await connect(world, BO)
    await connect(world, CY)
    (well, _) = await found(world)
    assert well.sentence.endswith(WELL)
    stages = policy_of(world).approval["stages"]
    stages.append({**stages[0], "primaryApprovers": approvers})
    (well, left_out, consent) = await found(world)
    assert marks([well, left_out, consent]) == [Severity.FINE, Severity.NOTE, Severity.FINE]
    assert well.sentence.endswith(COUNTED)
    assert left_out.sentence.endswith(said)

    del stages[0]
    (nothing, left_out) = await found(world)
    assert marks([nothing, left_out]) == [Severity.NOTE, Severity.NOTE]
    assert left_out.sentence.endswith(said)


async def test_packages_that_were_not_looked_at_are_not_called_well(world, monkeypatch):
    """Neither those beyond the first, nor those that cannot be read."""
    await connect(world, BO)
    await connect(world, CY)
    monkeypatch.setattr("bot.doctor.packages.MOST_PACKAGES", 0)
    (_, left_out) = await found(world)
    assert "packages beyond the first 0: " in left_out.sentence
    monkeypatch.undo()
    world.tenant.faults.set("forbidden", only=r"/accessPackages/[0-9a-f-]+")
    (_, left_out) = await found(world)
    assert "packages that cannot be read: " in left_out.sentence


async def test_a_long_list_of_names_is_cut(world):
    """Whoever reads it can count the others."""
    bo = world.tenant.world.users[seed.BO]
    everybody = [f"b0000000-0000-4000-8000-00000000000{number}" for number in range(8)]
    for each in everybody:
        world.tenant.world.users[each] = replace(
            bo, id=each, user_principal_name=f"{each}@x.example"
        )
    stage_of(world)["primaryApprovers"] = [
        {"@odata.type": "#microsoft.graph.singleUser", "userId": each} for each in everybody
    ]
    (few, _) = await found(world)
    assert "Bo Berg and 3 more must connect" in few.sentence


async def test_a_missing_consent_is_said_as_microsofts_login_says_it(world):
    """An administrator has taken it back; nothing that is kept changes by asking."""
    await connect(world, BO)
    await connect(world, CY)
    world.tenant.login.app.admin_consented.clear()

    before = world.bot.store.read_here(_accounts)
    (fewer, consent) = await found(world)
    assert fewer.severity is Severity.FINE
    assert consent.severity is Severity.BROKEN
    assert "AADSTS65001" in consent.sentence
    assert "EntitlementManagement.ReadWrite.All" in consent.sentence
    assert world.bot.store.read_here(_accounts) == before


def _accounts(db):
    from bot.database.tables import account_tokens, accounts

    return [
        [tuple(row) for row in db.execute(each.select())] for each in (accounts, account_tokens)
    ]


async def test_a_sign_in_that_is_over_is_no_consent_that_is_missing(world):
    """Another approver's is tried; if all are over, that is what is said."""
    await connect(world, BO)
    await connect(world, CY)
    world.tenant.login.sign_ins.revoke(seed.BO)
    assert (await found(world))[-1].severity is Severity.FINE

    world.tenant.login.sign_ins.revoke(seed.CY)
    last = (await found(world))[-1]
    assert last.severity is Severity.WARNING
    assert "2 approvers whose account is connected must connect it again" in last.sentence


@pytest.fixture
async def beside(database, tmp_path):
    """A bot of which Bo has connected an account, and the machine of a doctor beside it."""
    file = tmp_path / "latchkey.yml"
    file.write_text(ONE, "utf-8")
    async with simulation(database) as around:
        registered(around.outside)
        settings: dict[str, Any] = {**SETTINGS, "LATCHKEY_PACKAGE_SETTINGS": str(file)}
        bot = await around.start(**settings)
        world = World(around.outside, bot.latchkey)
        await world.looked_at_everything()
        await connect(world, BO)
        yield world, around, bot


async def by_settings(world: World, bot: Bot) -> list[CheckFinding]:
    """What `latchkey doctor` finds beside the bot."""
    settings = world.bot.settings.model_copy(update={"port": 0})
    async with subject_by(settings, machine=bot.machine()) as subject:
        return [each for each in await examine(subject) if each.check == "entra-decides"]


async def test_by_the_settings_alone_it_finds_the_same(beside):
    """As the command does."""
    world, _, bot = beside
    assert [each.severity for each in await by_settings(world, bot)] == [
        each.severity for each in await found(world)
    ]
    assert (await by_settings(world, bot))[-1].severity is Severity.FINE


async def test_a_login_that_cannot_be_reached_is_said_as_such(beside):
    """Nothing is known then."""
    world, around, _ = beside
    around.login_fails = lambda: True
    last = (await found(world))[-1]
    assert last.severity is Severity.WARNING
    assert "is not known: Microsoft's login" in last.sentence


async def test_no_admin_is_promised_where_entra_decides(world):
    """A stage without anybody who could decide it is broken, whatever LATCHKEY_ADMINS_DECIDE says."""
    world.tenant.world.users[seed.BO].account_enabled = False
    world.tenant.world.users[seed.CY].account_enabled = False
    broken = [each for each in await found(world, "packages") if each.severity is Severity.BROKEN]
    assert ["Finance Reports" in each.sentence for each in broken] == [True]
    assert "Entra, which decides, knows no admins" in broken[0].sentence


async def test_where_latchkey_decides_nobody_needs_an_account(harness):
    """And nothing is looked up."""
    (one,) = [
        each for each in await doctors_findings(harness.latchkey) if each.check == "entra-decides"
    ]
    assert one.severity is Severity.FINE


async def test_a_missing_key_for_tokens_is_named(database, tmp_path, harness):
    """Whatever needs the file of package settings is not looked at, and called neither right nor wrong."""
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE, "utf-8")
    settings = harness.latchkey.settings.model_copy(update={"package_settings": file, "port": 0})
    async with subject_by(settings, machine=harness.bot.machine()) as subject:
        findings = await examine(subject)

    by_check = {each.check: each for each in findings}
    assert by_check["package settings"].severity is Severity.BROKEN
    assert "LATCHKEY_TOKEN_KEY" in by_check["package settings"].sentence
    for check in ("packages", "package-settings", "entra-decides"):
        assert by_check[check].severity is Severity.SKIPPED

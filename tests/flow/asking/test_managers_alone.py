"""Test a package that managers ask for, for the people who report to them, and nobody for themselves."""

import copy

import pytest

from sandbox.tenant.seed import FINANCE_REPORTS, MARKETING_CAMPAIGN
from tests.flow.asking.test_on_behalf import MANAGER, ask_for
from tests.flow.entra.test_entra_decides import deciding
from tests.harness.world import ANN, BO, CY, DANA, GENERAL, MIA, eventually, living, said

NOT_YOURSELF = "You cannot ask for it yourself: its policy lets your manager ask for you."
MANAGERS_ALONE = {
    "enableTargetsToSelfAddAccess": False,
    "enableOnBehalfRequestorsToAddAccess": True,
    "onBehalfRequestors": [MANAGER],
}
THEIR_PEOPLE = "Managers ask for it for their people."


def only_managers(world, package_id=FINANCE_REPORTS):
    """Let managers ask, and nobody for themselves."""
    for policy in world.tenant.world.policies_of(package_id):
        policy.settings["requestorSettings"] |= MANAGERS_ALONE


def beside_it(world):
    """Let managers ask under a policy of its own, beside the one under which people ask for themselves."""
    [own] = world.tenant.world.policies_of(FINANCE_REPORTS)
    other = copy.deepcopy(own)
    other.id, other.display_name = world.tenant.world.new_id(), "By managers"
    world.tenant.world.policies[other.id] = other
    other.settings["requestorSettings"] |= MANAGERS_ALONE
    return other


@pytest.mark.parametrize("asker", [MIA, DANA])
async def test_a_manager_or_an_admin_asks_for_somebody(world, asker):
    """Mia is Cy's manager, and Dana asks for anybody; what is approved is Cy's."""
    only_managers(world)
    await world.synced()

    assert await ask_for(world, asker, CY)
    await world.press(BO, await world.card(BO), "Approve")

    await world.told(CY, "You now have access")
    assert len(world.posts("adminAdd")) == 1


async def test_it_is_listed_with_who_asks_for_it(world):
    """Its form asks for whom, and takes nobody's request for themselves."""
    only_managers(world)
    await world.synced()
    # Who is known already reads the list at once.
    await world.type(ANN, "/request-access marketing-campaign")
    await world.told(ANN, "You now have access")
    listed = (await world.type(ANN, "/request-access list")).message
    shown = next(
        block["text"]["text"] for block in listed.blocks if "Finance Reports" in str(block)
    )
    assert THEIR_PEOPLE in shown

    await world.press(ANN, listed, "Ask for it", about="Finance Reports")
    form = await eventually(lambda: world.form(ANN), about="the form")
    [field] = [block for block in form.blocks if block["block_id"] == "for_whom"]
    assert field["optional"] is False
    assert "nobody for themselves" in field["hint"]["text"]
    sent = await world.slack.submit(
        user=ANN,
        view_id=form.id,
        values={"for_whom": {"latchkey_for_whom": ANN}, "reason": {"reason": "Q4"}},
    )
    assert "choose somebody who reports to you" in str(sent)
    assert await world.states() == ["add delivered"]


async def test_whoever_types_its_name_is_offered_the_form(world):
    """With the reason that they have given."""
    only_managers(world)
    await world.synced()
    answer = (await world.type(MIA, "/request-access finance-reports because Q4")).message
    assert "Managers ask for “Finance Reports” for the people who report to them" in said(answer)

    await world.press(MIA, answer, "Open the form")
    form = await eventually(lambda: world.form(MIA), about="the form")
    await world.slack.submit(
        user=MIA,
        view_id=form.id,
        values={"for_whom": {"latchkey_for_whom": CY}, "reason": {"reason": "Q4"}},
    )
    await world.card(BO)
    assert await world.states() == ["add pending"]


async def test_whoever_names_one_of_theirs_has_them_chosen(world):
    """ "for @cy" behind the name of the package."""
    only_managers(world)
    await world.synced()
    answer = (await world.type(MIA, f"/request-access finance-reports for <@{CY}>")).message
    await world.press(MIA, answer, "Open the form")
    form = await eventually(lambda: world.form(MIA), about="the form")
    assert CY in str(form.blocks)


@pytest.mark.parametrize("asker", [ANN, BO])
async def test_whoever_manages_somebody_else_asks_in_vain(world, asker):
    """And the other hears nothing."""
    only_managers(world)
    await world.synced()
    await ask_for(world, asker, CY)
    await world.told(asker, "manager")
    assert world.direct(CY) == []
    assert world.posts() == []


async def test_who_asked_before_only_managers_may_is_refused_at_the_grant(world):
    """They read who can ask for them."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(BO)
    only_managers(world)
    await world.synced()

    await world.press(BO, card, "Approve")
    assert NOT_YOURSELF in said(await world.told(ANN, "cannot ask for it yourself"))
    assert world.posts() == []


async def test_beside_a_policy_for_all_it_changes_nothing_for_oneself(world):
    """Who asks for themselves needs no form, and gets what is theirs."""
    [own] = world.tenant.world.policies_of(FINANCE_REPORTS)
    beside_it(world)
    await world.synced()
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    [post] = world.posts("adminAdd")
    assert own.id in str(post)


async def test_among_several_packages_its_own_form_asks_for_whom(world):
    """What is chosen beside it is for whoever asks."""
    only_managers(world)
    await world.synced()
    await world.type(MIA, "/request-access")
    form = await eventually(lambda: world.form(MIA), about="the form")
    await world.slack.suggest(user=MIA, view_id=form.id, action_id="latchkey_package", query="")
    await world.slack.click_view(
        user=MIA,
        view_id=form.id,
        action_id="latchkey_package",
        value=[FINANCE_REPORTS, MARKETING_CAMPAIGN],
    )
    await eventually(lambda: "Marketing Campaign" in said(world.form(MIA)), about="both")
    assert "managers ask for their people" in said(world.form(MIA))
    assert "has questions of its own" not in said(world.form(MIA))

    await world.slack.submit(user=MIA, view_id=form.id, values={"reason": {"reason": "Q4"}})
    await world.bot.background.finish()
    form = world.form(MIA)
    assert "for_whom" in {block["block_id"] for block in form.blocks}
    await world.slack.submit(
        user=MIA,
        view_id=form.id,
        values={"for_whom": {"latchkey_for_whom": CY}, "reason": {"reason": "Q4"}},
    )
    await world.card(BO)


async def test_who_is_refused_reads_that_managers_ask_and_may_do_so(world):
    """They may manage somebody themselves."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(BO)
    only_managers(world)
    await world.synced()
    await world.press(BO, card, "Approve")
    news = await world.told(ANN, "cannot ask for it yourself")

    await world.press(ANN, news, "Why can't I?")
    shown = await eventually(lambda: world.form(ANN), about="the explanation")
    assert "managers ask for their people" in said(shown)
    await world.slack.close(user=ANN, view_id=shown.id)
    await world.press(ANN, news, "Ask again")
    form = await eventually(lambda: world.form(ANN), about="the form")
    [field] = [block for block in form.blocks if block["block_id"] == "for_whom"]
    assert field["optional"] is False


async def test_who_decides_what_managers_ask_for_is_nothing_to_who_asks_for_themselves(world):
    """They read who decides theirs."""
    other = beside_it(world)
    [stage] = other.settings["requestApprovalSettings"]["stages"]
    stage["primaryApprovers"] = [MANAGER]
    await world.synced()

    answer = (await world.type(ANN, "/request-access finance-reports because Q4")).message
    assert "By its policy, Bo Berg approves." in said(answer)


async def test_where_entra_decides_managers_ask_there(database, tmp_path):
    """Nobody is told to have the other ask, who may not."""
    async with deciding(database, tmp_path) as world:
        only_managers(world)
        await world.synced()
        assert await ask_for(world, MIA, CY)
        news = said(await world.told(MIA, "Please ask in My Access"))
        assert "have them ask" not in news


async def test_it_gives_no_emergency_access(database, tmp_path):
    """Which is for oneself only."""
    file = tmp_path / "packages.yaml"
    file.write_text(
        "packages:\n  Finance Reports: {break_glass: {minutes: 60, review_within: 4h}}\n"
    )
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=str(file)) as world:
        only_managers(world)
        await world.synced()
        await world.type(MIA, "/request-access finance-reports emergency: it burns")
        await world.whispered(MIA, GENERAL, "no emergency access")

        answer = (await world.type(MIA, "/request-access finance-reports because Q4")).message
        assert answer is not None
        await world.press(MIA, answer, "Open the form")
        form = await eventually(lambda: world.form(MIA), about="the form")
        assert "emergency" not in said(form)

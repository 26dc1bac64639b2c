"""Approve several requests for one package at once: each is a decision of its own."""

import pytest

from bot.database.audit_log import audit
from tests.harness.world import ANN, BO, CY, DANA, ENTRA_ID, MIA, buttons, eventually, labels, said

DATABASE = "/request-access production-database"
APPROVE_ALL = "Approve all 2 for Finance Reports"
ALL_OF_DATABASE = "Approve all 2 for Production Database"


async def both_ask(world):
    for user, why in ((ANN, "Q4"), (CY, "the audit")):
        await world.type(user, f"/request-access finance-reports because {why}")
    await eventually(lambda: len(world.cards(BO)) == 2, about="two cards")


async def form_of(world, user, *, about=""):
    return await eventually(
        lambda: (form := world.form(user)) and about in said(form) and form, about="the form"
    )


async def in_home(world, user):
    await world.slack.open_home(user=user)
    await eventually(lambda: world.home(user) and APPROVE_ALL in labels(world.home(user)))
    await world.press_home(user, APPROVE_ALL)
    return await form_of(world, user)


async def in_list(world, user):
    shown = (await world.type(user, "/access-admin pending")).message
    await world.press(user, shown, APPROVE_ALL)
    return await form_of(world, user)


async def approvals(world):
    rows = await world.bot.store.run(audit.rows)
    return [(row["actor"], row["verb"]) for row in rows if row["verb"].startswith("approve-")]


async def test_an_approver_approves_all_in_home(world):
    """Each with its reason in the form; each is granted, and has its own decision."""
    await both_ask(world)
    form = await in_home(world, BO)
    assert "Q4" in said(form)
    assert "the audit" in said(form)
    # What a card shows of each; and of the package, once.
    assert said(form).count("manager Mia Moreau") == 2
    assert said(form).count("The package gives") == 1

    outcome = await world.slack.submit(
        user=BO, view_id=form.id, values={"reason": {"reason": "Fine"}}
    )

    assert outcome.ok
    for user in (ANN, CY):
        await world.told(user, "You now have access to \\*Finance Reports")
    assert await approvals(world) == [(BO, "approve-accepted")] * 2
    assert APPROVE_ALL not in labels(world.home(BO))


async def test_an_admin_approves_those_chosen_in_the_list(world):
    """What is unchecked stays as it is."""
    await both_ask(world)
    form = await in_list(world, DANA)
    [choice] = [block for block in form.blocks if block.get("block_id") == "chosen"]
    [first, second] = choice["element"]["options"]
    # Two of one name are told apart by that, if by anything.
    posts = {each["description"]["text"] for each in (first, second)}
    assert posts == {"Campaign lead, Marketing", "Designer, Marketing"}

    await world.slack.submit(
        user=DANA, view_id=form.id, values={"chosen": {"chosen": [first["value"]]}}
    )

    await eventually(lambda: _is_accepted(world, 1))
    assert (
        sorted(await world.states()) == ["add delivered", "add pending"]
        or sorted(await world.states())[-1] == "add pending"
    )


def call_like_ann(world, *users):
    """Give people Ann's name, title and department."""
    ann = world.tenant.world.users[ENTRA_ID[ANN]]
    for user in users:
        theirs = world.tenant.world.users[ENTRA_ID[user]]
        for field in ("display_name", "job_title", "department"):
            setattr(theirs, field, getattr(ann, field))


def choices(form):
    [choice] = [block for block in form.blocks if block.get("block_id") == "chosen"]
    return sorted(each["text"]["text"] for each in choice["element"]["options"])


async def test_two_of_one_name_and_post_are_told_apart_by_their_accounts(world):
    """In the choice, and above what each of them asks for."""
    call_like_ann(world, CY)
    await both_ask(world)
    form = await in_home(world, BO)
    assert choices(form) == ["Ann Abara (ann@contoso.example)", "Ann Abara (cy@contoso.example)"]
    assert "Account in Entra: cy@contoso.example" in said(form)


async def test_who_is_on_another_page_is_told_from_who_is_listed(world):
    """Dana has Ann's name, and is not in this form."""
    call_like_ann(world, DANA)
    await world.type(DANA, "/request-access marketing-campaign")
    await world.told(DANA, "Marketing Campaign")
    await both_ask(world)
    assert choices(await in_home(world, BO)) == ["Ann Abara (ann@contoso.example)", "Cy Chen"]


async def test_whom_name_and_post_tell_apart_have_no_account_beside_them(world):
    """Nobody reads more of anybody than it takes."""
    await both_ask(world)
    form = await in_home(world, BO)
    assert choices(form) == ["Ann Abara", "Cy Chen"]
    assert "Account in Entra" not in said(form)


@pytest.mark.parametrize("length", [54, 56])
async def test_an_account_too_long_for_a_choice_gives_way_to_the_id(world, length):
    """What is cut might be the same of both."""
    call_like_ann(world, CY)
    account = f"{'c' * (length - len('@contoso.example'))}@contoso.example"
    world.tenant.world.users[ENTRA_ID[CY]].user_principal_name = account
    world.tenant.world.users[ENTRA_ID[CY]].mail = "cy@contoso.example"
    await both_ask(world)
    shown = account if length == 54 else ENTRA_ID[CY]
    assert f"Ann Abara ({shown})" in choices(await in_home(world, BO))


async def _is_accepted(world, times):
    return (await approvals(world)).count((DANA, "approve-accepted")) == times


async def test_each_of_several_packages_has_a_button_of_its_own(world):
    """Slack takes the list, and the second button lists the requests for its package alone."""
    for user in (ANN, CY):
        await world.type(user, "/request-access finance-reports because Q4")
        await world.type(user, f"{DATABASE} because of the outage")
    await eventually(lambda: len(world.cards(MIA)) == 2 and len(world.cards(BO)) == 2)
    shown = (await world.type(DANA, "/access-admin pending")).message

    for label, why in ((APPROVE_ALL, "Q4"), (ALL_OF_DATABASE, "the outage")):
        await world.press(DANA, shown, label)
        form = await form_of(world, DANA, about=why)
        assert said(form).count(why) == 2
        await world.slack.submit(user=DANA, view_id=form.id, values={})

    await eventually(lambda: _is_accepted(world, 4))


async def test_what_does_not_count_is_said_by_name(world):
    """Ann's was denied meanwhile; Cy's is approved all the same."""
    await both_ask(world)
    form = await in_list(world, DANA)
    ann = next(card for card in world.cards(BO) if "Ann Abara" in card.text)
    await world.press(BO, ann, "Deny")
    await world.give_reason(BO, "Not now")
    await world.told(ANN, "was denied")

    await world.slack.submit(user=DANA, view_id=form.id, values={})

    await world.told(CY, "You now have access to \\*Finance Reports")
    told = await world.told(DANA, "already denied by Bo Berg")
    assert "Finance Reports for Ann Abara" in told.text


async def test_ones_own_request_is_not_among_them(world):
    """Dana's own is decided by somebody else: one is left, for which there is no such button."""
    for user in (ANN, DANA):
        await world.type(user, "/request-access finance-reports because Q4")
    await eventually(lambda: len(world.cards(BO)) == 2, about="two cards")

    shown = (await world.type(DANA, "/access-admin pending")).message

    assert not [each for each in buttons(shown) if "Approve all" in each["text"]["text"]]


async def test_a_reason_is_asked_for_where_the_stage_wants_one(world):
    """Mia's step wants none, Bo's does: without it nothing is saved, and the form says so."""
    for user in (ANN, CY):
        await world.type(user, f"{DATABASE} because of the outage")
    await eventually(lambda: len(world.cards(MIA)) == 2, about="two cards")
    form = await approve_all_of(world, MIA)
    await world.slack.submit(user=MIA, view_id=form.id, values={})
    await eventually(lambda: len(world.cards(BO)) == 2, about="the cards of the second step")
    form = await approve_all_of(world, BO)

    refused = await world.slack.submit(user=BO, view_id=form.id, values={})
    assert not refused.ok
    assert await approvals(world) == [(MIA, "approve-accepted")] * 2

    await world.slack.submit(user=BO, view_id=form.id, values={"reason": {"reason": "INC-42"}})
    for user in (ANN, CY):
        await world.told(user, "You now have access to \\*Production Database")


async def approve_all_of(world, user):
    await world.slack.open_home(user=user)
    await eventually(lambda: world.home(user) and ALL_OF_DATABASE in labels(world.home(user)))
    await world.press_home(user, ALL_OF_DATABASE)
    return await form_of(world, user)

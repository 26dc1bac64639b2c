"""`/access-admin pending`: the whole card of a request is a press away, where the list is."""

import pytest

from bot.requests.store import request_lists
from sandbox.tenant import seed
from tests.flow.slack.test_replies import listed
from tests.harness.valid import complaints
from tests.harness.world import (
    ANN,
    APPROVALS,
    BO,
    CY,
    DANA,
    MIA,
    buttons,
    eventually,
    labels,
    living,
    said,
)


async def review(world, user, shown, about):
    """Press Review in a list; the card that opens over it."""
    await world.press(user, shown, "Review", about=about)
    return await eventually(lambda: world.form(user), about="the card")


async def press_in(world, user, card, label):
    button = next(each for each in buttons(card) if each["text"]["text"] == label)
    await world.slack.click_view(
        user=user,
        view_id=card.id,
        action_id=button["action_id"],
        block_id=button["block_id"],
        value=button["value"],
    )


async def test_a_line_of_the_list_opens_its_whole_card(world):
    """With all that an approver reads, and its buttons; deciding in it is answered in it."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")
    shown = await listed(world, DANA, "/access-admin pending")
    told = len(world.direct(DANA))

    card = await review(world, DANA, shown, "Ann Abara")
    assert "The package gives" in said(card)
    await press_in(world, DANA, card, "Approve")
    await eventually(lambda: "Your decision is saved" in said(world.form(DANA)))

    await world.told(ANN, "You now have access")
    assert not [each for each in world.direct(DANA)[told:] if "decision" in said(each)]
    assert complaints(world) == []


async def test_ones_own_line_decides_nothing(world):
    """Somebody else decides it: the line says so, and so does its card, which has no button."""
    await world.type(DANA, "/request-access finance-reports because Q4")
    await world.card(APPROVALS, "Finance Reports")

    shown = await listed(world, DANA, "/access-admin pending")

    assert "somebody else decides it" in said(shown)
    assert labels(shown) == ["Review"]
    card = await review(world, DANA, shown, "Dana Diaz")
    assert "somebody else decides it" in said(card)
    assert labels(card) == []


async def test_a_review_that_comes_too_late_shows_how_it_was_decided(world):
    """The list was drawn before: the card that it opens has no buttons any more."""
    await world.type(ANN, "/request-access finance-reports because Q4")
    card = await world.card(APPROVALS, "Finance Reports")
    shown = await listed(world, DANA, "/access-admin pending")
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")

    card = await review(world, DANA, shown, "Ann Abara")

    assert "Delivered" in said(card)
    assert labels(card) == []


def nobody_approves(outside):
    """Let the policy name as its only approver whoever asks."""
    for policy in outside.tenant.world.policies.values():
        if policy.package_id == seed.FINANCE_REPORTS:
            stage = policy.settings["requestApprovalSettings"]["stages"][0]
            stage["primaryApprovers"] = [
                {"@odata.type": "#microsoft.graph.singleUser", "userId": seed.ANN}
            ]


@pytest.mark.parametrize(
    ("setting", "prepare", "is_offered"),
    [
        ("always", None, True),
        ("fallback", None, False),
        ("never", None, False),
        ("fallback", nobody_approves, True),
    ],
    ids=["always", "fallback", "never", "fallback, and nobody is named"],
)
async def test_an_admin_is_offered_what_would_count(database, setting, prepare, is_offered):
    """Where admins do not decide, neither the list nor its cards have a button that is refused; and it is said why."""
    async with living(database, prepare=prepare, LATCHKEY_ADMINS_DECIDE=setting) as world:
        for user in (ANN,) if prepare else (ANN, CY):
            await world.type(user, "/request-access finance-reports because Q4")
            await world.card(APPROVALS, {ANN: "Ann Abara", CY: "Cy Chen"}[user])
        await world.looked_at_everything()

        async def is_known() -> bool:
            rows = await world.bot.store.run(request_lists.pending)
            return all(bool(each.deciders) or each.unnamed for each in rows.rows)

        await eventually(is_known, about="who is asked")
        shown = await listed(world, DANA, "/access-admin pending")
        several = [each for each in labels(shown) if "Approve all" in each]
        card = await review(world, DANA, shown, "Ann Abara")

        assert bool(several) is (is_offered and not prepare)
        assert ("Approve" in labels(card)) is is_offered
        assert ("The admins may not decide this request" in said(card)) is not is_offered


async def test_an_admin_who_is_an_approver_decides_whatever_admins_may(database):
    """The policy names Dana for the second step."""
    async with living(database, LATCHKEY_ADMINS_DECIDE="never") as world:
        await world.type(ANN, "/request-access production-database because of the outage")
        await world.press(MIA, await world.card(MIA), "Approve")
        await world.card(DANA)
        shown = await listed(world, DANA, "/access-admin pending")

        assert "Approve" in labels(await review(world, DANA, shown, "Ann Abara"))

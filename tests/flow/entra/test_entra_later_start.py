"""Access that is asked for from a later day on: when it begins is said, and where Entra decides it can be canceled until then."""

import asyncio
from datetime import datetime, timedelta

import pytest

from bot import clock
from sandbox.run import StandIns
from sandbox.tenant import lifecycle, seed
from sandbox.tenant.model import Request
from sandbox.tenant.requests import NewRequest, accept
from tests.flow.asking.test_questions import NUMBER, TICKET, open_form, send, with_examples
from tests.flow.entra.test_entra_decides import asked, decide_in_portal, deciding, in_entra
from tests.flow.entra.test_entra_edges import policy_of
from tests.flow.entra.test_entra_ends import cancel, disconnect
from tests.flow.entra.test_made_in_entra import A_LOOK
from tests.harness.accounts import connect, registered
from tests.harness.world import ANN, BO, GENERAL, World, eventually, labels, living, said

DAYS = timedelta(days=5)
AT_ONCE = 10.0


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, GRAPH_API_VERSION=request.param) as made:
        yield made


def dates_may_be_chosen(world: World) -> None:
    policy_of(world).settings["requestorSettings"]["allowCustomAssignmentSchedule"] = True


def begins(at: datetime) -> str:
    return f"<!date^{int(at.timestamp())}^"


async def scheduled(world: World) -> Request:
    """Ann has asked from a later day on, at My Access, and Bo has approved it in Slack."""
    dates_may_be_chosen(world)
    await connect(world, ANN)
    await connect(world, BO)
    tenant = world.tenant.world
    new = NewRequest(
        request_type="userAdd",
        package_id=seed.FINANCE_REPORTS,
        justification="Q4",
        start=clock.now() + DAYS,
    )
    made = accept(tenant, new, user=tenant.users[seed.ANN])
    tenant.announce()
    await world.later(A_LOOK)
    await world.press(BO, await world.card(BO), "Approve")
    await eventually(lambda: made.state == "scheduled", about="it is scheduled")
    return made


async def shown_to_ann(world: World) -> str:
    return said((await world.type(ANN, "/my-access")).message)


async def test_when_it_begins_is_said(world):
    """In the list, to whoever asks once more, and on the card."""
    made = await scheduled(world)
    await eventually(lambda: "to begin" in said(world.cards(BO)[-1]), about="the card")
    assert made.start is not None
    assert f"due to begin {begins(made.start)}" in await shown_to_ann(world)
    again = await world.type(ANN, "/request-access finance-reports because again")
    assert "due to begin" in (again.text or "")
    await world.later(DAYS)
    moved = asyncio.get_running_loop().time()
    await world.told(ANN, "You now have access")
    # Where time is moved, nobody sits through what the clock of the machine still has to go.
    assert asyncio.get_running_loop().time() - moved < AT_ONCE
    assert (await world.states())[-1] == "add delivered"


async def test_it_is_canceled_until_then(world):
    """By whoever asked, in their own name; nobody has it on the day."""
    made = await scheduled(world)
    await cancel(world)
    await world.told(ANN, "is canceled in Microsoft Entra")
    assert made.state == "canceled"
    await eventually(
        lambda: "Canceled in Microsoft Entra" in said(world.cards(BO)[-1]), about="the card"
    )
    await world.later(2 * DAYS)
    assert not world.holders(seed.FINANCE_READERS)
    assert (await world.states())[-1] == "add canceled"


async def test_what_is_canceled_there_is_said_here(world):
    """Within a few minutes, and not on the day."""
    made = await scheduled(world)
    lifecycle.cancel(world.tenant.world, made)
    await world.told(ANN, "is canceled in Microsoft Entra")


async def test_what_has_begun_by_then_is_not_said_to_be_decided_late(world, monkeypatch):
    """Between the press and Entra's answer."""
    await scheduled(world)
    real = lifecycle.cancel

    def late(there, request):
        world.outside.clock.shift(DAYS)
        there.advance()
        real(there, request)

    monkeypatch.setattr(lifecycle, "cancel", late)
    await cancel(world)
    await world.told(ANN, "(?s)had begun in Microsoft Entra before.*You now have access")


async def test_an_account_is_needed_for_that_too(world):
    """They are asked to connect before it begins, whoever has decided it by then."""
    made = await scheduled(world)
    assert made.start is not None
    await disconnect(world)
    await cancel(world)
    asked = said(await world.told(ANN, "To cancel your request"))
    assert f"before the access begins {begins(made.start)}" in asked
    assert "decided" not in asked
    assert "being canceled in Microsoft Entra" in await shown_to_ann(world)
    await connect(world, ANN)
    await world.told(ANN, "is canceled in Microsoft Entra")


@pytest.mark.parametrize("delivery", [timedelta(0), timedelta(hours=5)])
async def test_what_begins_before_they_have_connected_is_given(world, delivery):
    """As it was asked for; nothing of it waits for an account, and nothing expires."""
    await scheduled(world)
    await disconnect(world)
    await cancel(world)
    await world.told(ANN, "To cancel your request")
    world.tenant.world.delivery = delivery
    before = len(world.direct(ANN))
    await world.later(DAYS + timedelta(minutes=15))
    if delivery:
        assert len(world.direct(ANN)) == before
        assert "being set up by Entra" in await shown_to_ann(world)
        assert not await cancel_buttons(world)
    await world.later(delivery)
    await world.told(ANN, "(?s)had begun in Microsoft Entra before.*You now have access")
    assert len(world.direct(ANN)) == before + 1
    assert (await world.states())[-1] == "add delivered"


async def cancel_buttons(world: World) -> list[str]:
    shown = (await world.type(ANN, "/my-access")).message
    return [each for each in labels(shown) if each == "Cancel"]


async def test_an_account_that_is_connected_too_late_cancels_nothing(world):
    """It has begun: what was wanted before is not done to it now."""
    made = await scheduled(world)
    await disconnect(world)
    await cancel(world)
    await world.told(ANN, "To cancel your request")
    world.tenant.world.delivery = timedelta(hours=5)
    await world.later(DAYS + timedelta(minutes=15))
    await connect(world, ANN)
    await world.later(timedelta(hours=6))
    await world.told(ANN, "(?s)had begun in Microsoft Entra before.*You now have access")
    assert made.state == "delivered"


async def test_what_begins_at_once_has_no_cancel_once_it_is_approved(world):
    """Nothing of that has changed."""
    await asked(world)
    world.tenant.world.delivery = timedelta(hours=1)
    decide_in_portal(world, seed.BO)
    await world.later(A_LOOK)
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")
    shown = (await world.type(ANN, "/my-access")).message
    assert "being set up by Entra" in said(shown)
    assert "Cancel" not in labels(shown)
    assert in_entra(world, "delivering")


async def asked_in_slack(world: World) -> datetime:
    """Ann asks by the form from a later day on, and Bo approves; returns from when on."""
    start = clock.now() + DAYS
    form = await open_form(world, ANN, "customer-data")
    sent = await send(
        world,
        ANN,
        form,
        **{TICKET: {NUMBER: "OPS-17"}, "start": {"start": int(start.timestamp())}},
    )
    assert sent.ok, sent.errors
    await world.press(BO, await world.card(BO), "Approve")
    await scheduled_in(world)
    return start


async def scheduled_in(world: World) -> None:
    tenant = world.tenant.world
    await eventually(
        lambda: any(each.state == "scheduled" for each in tenant.requests.values()),
        about="it is scheduled",
    )


def examples_too(outside: StandIns) -> None:
    with_examples(outside)
    registered(outside)


async def test_it_can_be_asked_for_so_in_slack(database, tmp_path):
    """By the form, where the policy lets people choose dates; beta does not say whether it does."""
    file = "packages:\n  Customer Data: {decides: entra}\n"
    async with deciding(database, tmp_path, text=file, prepare=examples_too) as world:
        for user in (ANN, BO):
            await connect(world, user)
        start = await asked_in_slack(world)
        assert f"due to begin {begins(start)}" in await shown_to_ann(world)
        await cancel(world)
        await world.told(ANN, "is canceled in Microsoft Entra")


async def test_where_latchkey_decides_an_app_cannot_cancel_it(database):
    """Entra takes that from people only: when it begins is said, and no button promises more."""
    async with living(database, prepare=with_examples) as world:
        start = await asked_in_slack(world)
        shown = (await world.type(ANN, "/my-access")).message
        assert f"due to begin {begins(start)}" in said(shown)
        assert "Cancel" not in labels(shown)


async def test_a_cancel_that_is_pressed_too_late_reads_when_it_begins(database):
    """In their own zone, on a list from before it was approved."""
    async with living(database, prepare=with_examples) as world:
        start = clock.now() + DAYS
        form = await open_form(world, ANN, "customer-data")
        chosen = {TICKET: {NUMBER: "OPS-17"}, "start": {"start": int(start.timestamp())}}
        assert (await send(world, ANN, form, **chosen)).ok
        card = await world.card(BO)
        shown = (await world.type(ANN, "/my-access")).message
        assert shown is not None
        await world.press(BO, card, "Approve")
        await scheduled_in(world)
        await world.press(ANN, shown, "Cancel")
        told = await world.whispered(ANN, GENERAL, "cannot be withdrawn any more")
        assert f"it is due to begin {begins(start)}" in told

"""Requests that people make at My Access, for packages that Entra decides, are shown and followed in Slack."""

import asyncio
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.database import Transaction
from bot.database.tables import requests
from sandbox.tenant import examples, lifecycle, seed
from sandbox.tenant.answers import ANSWER, TEXT
from sandbox.tenant.model import Request
from sandbox.tenant.requests import NewRequest, accept
from tests.flow.entra.test_entra_decides import FILE, deciding
from tests.harness.accounts import SETTINGS, connect, registered
from tests.harness.simulation import simulation
from tests.harness.world import ANN, BO, CY, DANA, MIA, World, eventually, labels, living, said

A_LOOK = timedelta(minutes=1)


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, GRAPH_API_VERSION=request.param) as made:
        yield made


def ask_there(
    world: World,
    user: str,
    package: str = seed.FINANCE_REPORTS,
    *,
    kind: str = "userAdd",
    why: str = "Q4",
) -> Request:
    """Ask as somebody does at My Access."""
    tenant = world.tenant.world
    tenant.advance()
    held = next((each.id for each in tenant.assignments_of(package, user_id=user)), None)
    asked = NewRequest(
        request_type=kind,
        assignment_id=held if kind != "userAdd" else None,
        package_id=package,
        justification=why,
    )
    made = accept(tenant, asked, user=tenant.users[user])
    tenant.announce()
    return made


async def ends(world: World) -> list[datetime | None]:
    """The ends of our rows."""

    def read(db: Transaction) -> list[datetime | None]:
        return list(db.execute(sa.select(requests.c.ends_at)).scalars())

    return await world.bot.store.read(read)


async def test_it_is_shown_and_decided_in_slack(world):
    """Whoever asked is told, the approvers have cards, and Entra has the word of who approved."""
    await connect(world, ANN)
    there = ask_there(world, seed.ANN)
    await world.later(A_LOOK)
    await world.told(ANN, "You have asked for \\*Finance Reports\\* in My Access")
    card = await world.card(BO)
    assert "Q4" in said(card)
    shown = (await world.type(ANN, "/my-access")).message
    assert shown is not None
    assert "Finance Reports" in said(shown)
    assert "Cancel" in labels(shown)
    await connect(world, BO)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")
    assert there.state == "delivered"
    assert [stage.reviewed_by for stage in there.stages] == [seed.BO]
    assert [each.id for each in world.tenant.world.requests.values()] == [there.id]
    assert await world.states() == ["add delivered"]


async def rows(world: World) -> list[tuple[str, str | None]]:
    """The requests that there are here: their state and for whom."""

    def read(db: Transaction) -> list[tuple[str, str | None]]:
        query = sa.select(requests.c.state, requests.c.holder).order_by(requests.c.asked_at)
        return [(state, holder) for state, holder in db.execute(query)]

    return await world.bot.store.read(read)


async def seen(world: World, user: str = seed.ANN, slack: str = ANN, **more: Any) -> Request:
    """Somebody has asked at My Access, and Bo has a card for it."""
    await connect(world, slack)
    there = ask_there(world, user, **more)
    await world.later(A_LOOK)
    await world.card(BO)
    return there


@pytest.mark.parametrize("approve", [True, False])
async def test_what_is_decided_there_is_told_here(approve, world):
    """Made there and decided there: Slack only shows it."""
    there = await seen(world)
    stage = there.current_stage
    assert stage is not None
    lifecycle.decide(
        world.tenant.world,
        there,
        stage.id,
        user_id=seed.BO,
        approve=approve,
        justification="So it is",
    )
    await world.later(A_LOOK)
    await world.told(ANN, "You now have access" if approve else "denied in Microsoft Entra")
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")
    assert await rows(world) == [("delivered" if approve else "denied", ANN)]


async def test_what_is_canceled_there_is_over_here(world):
    """And is not begun again by the next look, whatever a list shows that lags."""
    there = await seen(world)
    lifecycle.cancel(world.tenant.world, there)
    await world.later(A_LOOK)
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")
    assert await rows(world) == [("canceled", ANN)]
    there.state = "pendingApproval"
    await world.later(A_LOOK)
    await world.later(A_LOOK)
    assert await rows(world) == [("canceled", ANN)]


async def test_whoever_asked_need_not_be_in_slack(world):
    """Those who decide are, and decide it."""
    tenant = world.tenant.world
    tenant.users["zoe"] = replace(
        tenant.users[seed.CY], id="zoe", display_name="Zoe Zimmer", mail="zoe@contoso.example"
    )
    tenant.users["zoe"].user_principal_name = "zoe@contoso.example"
    for policy in tenant.policies.values():
        # So that it is clear that Zoe asks for herself: beta does not say it of a policy.
        policy.settings["requestorSettings"]["enableOnBehalfRequestorsToAddAccess"] = False
    there = ask_there(world, "zoe")
    await world.later(A_LOOK)
    if world.bot.settings.graph_api_version == "beta":
        # Whether she asks for herself only her own account could say.
        assert await rows(world) == []
        return
    card = await world.card(BO)
    assert "Zoe Zimmer" in said(card)
    assert "Ask a question" not in labels(card)
    await connect(world, BO)
    await world.press(BO, card, "Approve")
    await eventually(lambda: there.state == "delivered", about="it is delivered")
    await world.later(A_LOOK)
    assert await rows(world) == [("delivered", None)]


@pytest.mark.parametrize("shown", [None, "notSpecified", "afterDuration", "noExpiration"])
async def test_somebody_asks_there_to_keep_it_longer(world, shown):
    """Its card says that it is an extension, and the new end is told, however Entra shows that the request names none."""
    world.tenant.world.unnamed_end = shown
    await seen(world)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=20))
    there = ask_there(world, seed.ANN, kind="userUpdate", why="The audit goes on")
    await world.later(A_LOOK)
    await world.told(ANN, "You have asked in My Access to extend \\*Finance Reports\\*")
    await eventually(lambda: "asks to extend" in said(world.cards(BO)[-1]), about="the card")
    await world.press(BO, world.cards(BO)[-1], "Approve")
    await world.told(ANN, "Your access to \\*Finance Reports\\* now lasts")
    assert there.state == "delivered"
    assert await rows(world) == [("delivered", ANN), ("delivered", ANN)]
    assert not world.posts()
    [held] = world.tenant.world.assignments_of(seed.FINANCE_REPORTS, user_id=seed.ANN)
    [kept] = [
        each
        for each in await ends(world)
        if each is not None and each > held.start + timedelta(days=31)
    ]
    assert kept == held.end


async def test_what_latchkey_has_made_there_is_no_second_request(world):
    """Neither while its answer is lost, nor later."""
    await connect(world, ANN)
    world.tenant.faults.set("timeout_after", count=1, only="^POST .*[aA]ssignmentRequests$")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await world.card(BO)
    await world.later(A_LOOK)
    await world.later(A_LOOK)
    assert await rows(world) == [("pending", ANN)]
    assert len(world.tenant.world.requests) == 1
    assert len(world.cards(BO)) == 1


async def test_whoever_asks_here_too_is_shown_what_there_is(world):
    """Nothing is sent to Entra by Latchkey, however often somebody asks."""
    there = await seen(world)
    await world.type(ANN, "/request-access finance-reports because again")
    await world.later(A_LOOK)
    assert await rows(world) == [("pending", ANN)]
    assert list(world.tenant.world.requests) == [there.id]
    assert not world.posts()


async def test_whoever_asks_in_both_places_at_once_gets_it_once(world):
    """Entra takes the one that is there first; the other is refused, and nothing waits twice for Bo."""
    for person in (ANN, BO):
        await connect(world, person)
    world.tenant.faults.set("slow", count=1, seconds=5, only="^POST .*[aA]ssignmentRequests$")
    await world.type(ANN, "/request-access finance-reports because Q4")
    await eventually(lambda: world.tenant.faults.counts["slow"], about="the POST is on its way")
    there = ask_there(world, seed.ANN, why="At My Access")
    await world.told(ANN, "already (has an open request|asked for it in Entra)")
    await asyncio.sleep(60)
    card = await world.card(BO)
    assert "At My Access" in said(card)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")
    assert list(world.tenant.world.requests) == [there.id]
    assert sorted(await rows(world)) == [("delivered", ANN), ("refused", ANN)]
    assert len(world.cards(BO)) == 1


async def test_packages_that_latchkey_decides_are_none_of_these(world):
    """Whoever asks for one at My Access is served there alone."""
    tenant = world.tenant.world
    decided, other = (
        next(each for each in tenant.policies.values() if each.package_id == package)
        for package in (seed.FINANCE_REPORTS, seed.MARKETING_CAMPAIGN)
    )
    other.settings["requestApprovalSettings"] = dict(decided.approval)
    await connect(world, ANN)
    ask_there(world, seed.ANN, seed.MARKETING_CAMPAIGN)
    await world.later(A_LOOK)
    assert await rows(world) == []


async def test_what_somebody_asks_for_another_is_not_taken_for_their_own(world):
    """It stays in Entra: that Mia asks does not say that Mia gets it."""
    tenant = world.tenant.world
    policy = next(e for e in tenant.policies.values() if e.package_id == seed.FINANCE_REPORTS)
    policy.settings["requestorSettings"] |= {
        "enableOnBehalfRequestorsToAddAccess": True,
        "onBehalfRequestors": [
            {"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}
        ],
    }
    await connect(world, MIA)
    asked = NewRequest(
        request_type="userAdd",
        package_id=seed.FINANCE_REPORTS,
        target_id=seed.ANN,
        justification="For Ann",
    )
    accept(tenant, asked, user=tenant.users[seed.MIA])
    await world.later(A_LOOK)
    assert await rows(world) == []


async def test_of_several_policies_none_is_guessed(world):
    """Which one it was made under, Entra shows no app before there is access; nobody is asked who may not decide."""
    tenant = world.tenant.world
    first = next(e for e in tenant.policies.values() if e.package_id == seed.FINANCE_REPORTS)
    other = deepcopy(first)
    other.id, other.display_name = tenant.new_id(), "For the auditors"
    tenant.policies[other.id] = other
    await connect(world, ANN)
    asked = NewRequest(
        request_type="userAdd",
        package_id=seed.FINANCE_REPORTS,
        policy_id=other.id,
        justification="The audit",
    )
    accept(tenant, asked, user=tenant.users[seed.ANN])
    tenant.announce()
    await world.later(A_LOOK)
    assert await rows(world) == []
    listed = (await world.type(DANA, "/access-admin pending")).message
    assert "and some of what they ask for themselves" in said(listed)


async def test_one_that_cannot_be_read_stops_no_other(world):
    """It is looked at again, and shown once it can be read."""
    for person in (ANN, CY):
        await connect(world, person)
    world.tenant.faults.set("forbidden", only=f"^GET .*/users/{seed.ANN}$")
    ask_there(world, seed.ANN)
    ask_there(world, seed.CY, why="I plan")
    await world.later(A_LOOK)
    assert "I plan" in said(await world.card(BO))
    assert await rows(world) == [("pending", CY)]
    world.tenant.faults.clear()
    await asyncio.sleep(120)
    assert sorted(await rows(world)) == [("pending", ANN), ("pending", CY)]


async def test_what_was_answered_there_is_on_the_card(world):
    """To the questions of the policy; managers may ask for others here, so that Ann's account says that she asks for herself."""
    world.tenant.seed_examples()
    policy = world.tenant.world.policies[examples.CUSTOMER_POLICY]
    policy.package_id = seed.FINANCE_REPORTS
    for other in list(world.tenant.world.policies.values()):
        if other.package_id == seed.FINANCE_REPORTS and other is not policy:
            del world.tenant.world.policies[other.id]
    await connect(world, ANN)
    question = {"@odata.type": f"#microsoft.graph.{TEXT}", "id": examples.TICKET}
    answer = {"@odata.type": f"#microsoft.graph.{ANSWER}", "value": "OPS-17"}
    tenant = world.tenant.world
    asked = NewRequest(
        request_type="userAdd",
        package_id=seed.FINANCE_REPORTS,
        answers=[{**answer, "answeredQuestion": question}],
    )
    accept(tenant, asked, user=tenant.users[seed.ANN])
    tenant.announce()
    await world.later(A_LOOK)
    card = said(await world.card(BO))
    assert "Which ticket is it about?" in card
    assert "OPS-17" in card


@pytest.mark.parametrize("is_scoped", [False, True])
async def test_many_packages_are_one_list(is_scoped, database, tmp_path):
    """Unless Graph shows requests package by package only, as to an app with a role in one catalog."""
    everything = "defaults: {decides: entra}\n"
    async with deciding(database, tmp_path, text=everything) as world:
        if is_scoped:
            world.tenant.faults.set("forbidden", count=1, only="^GET .*assignmentRequests$")
        ask_there(world, seed.ANN)
        # The one list, or its refusal, is of a look that has begun since.
        since = len(world.tenant.calls)
        await world.later(A_LOOK)
        await world.card(BO)
        lists = [
            each.query
            for each in world.tenant.calls[since:]
            if each.method == "GET" and each.path.endswith("/assignmentRequests")
        ]
        assert any(
            "accessPackage%2Fid" in each or "accessPackage/id" in each for each in lists
        ) is (is_scoped)
        assert await rows(world) == [("pending", ANN)]


async def test_two_replicas_make_one_request_of_it(simulated, database_url, tmp_path):
    """Also when both look at the same moment, and when they start over."""
    file = tmp_path / "latchkey.yml"
    file.write_text(FILE, "utf-8")
    more: dict[str, Any] = {**SETTINGS, "LATCHKEY_PACKAGE_SETTINGS": str(file)}
    async with simulation(database_url) as around:
        registered(around.outside)
        first, second = [await around.start(**more) for _ in range(2)]
        world = World(around.outside, first.latchkey)
        ask_there(world, seed.ANN)
        finders = [each.latchkey.jobs.made_in_entra for each in (first, second)]
        await asyncio.gather(*(each.look() for each in finders if each is not None))
        await world.later(A_LOOK)
        await world.card(BO)
        for each in (first, second):
            await each.stop()
        third = await around.start(**more)
        world = World(around.outside, third.latchkey)
        await world.later(A_LOOK)
        await world.later(A_LOOK)
        assert await rows(world) == [("pending", ANN)]
        assert len(world.cards(BO)) == 1


async def test_it_is_canceled_in_entra_by_a_button(world):
    """As anything else that waits there, in the name of whoever asked."""
    await connect(world, ANN)
    there = ask_there(world, seed.ANN)
    await world.later(A_LOOK)
    await world.card(BO)
    await world.press(ANN, (await world.type(ANN, "/my-access")).message, "Cancel")
    await world.told(ANN, "is canceled in Microsoft Entra")
    assert there.state == "canceled"


NOT_LISTED = "Not listed: what people ask for in My Access for somebody else"


async def test_lists_of_what_waits_say_what_they_have_not(world):
    """Where somebody would look for it: empty or not, for admins and for those who decide."""
    empty = (await world.type(DANA, "/access-admin pending")).message
    assert NOT_LISTED in said(empty)
    await seen(world)
    listed = (await world.type(DANA, "/access-admin pending")).message
    assert NOT_LISTED in said(listed)
    await world.type(DANA, "/access-admin")
    await eventually(lambda: NOT_LISTED in said(world.form(DANA)), about="the console")


async def test_where_latchkey_decides_everything_is_listed(database):
    """And nothing else is said."""
    async with living(database) as world:
        listed = (await world.type(DANA, "/access-admin pending")).message
        assert "Nothing waits for a decision." in said(listed)
        assert NOT_LISTED not in said(listed)

"""Packages that Entra decides about: people ask and approve there in their own name, and Slack shows it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.tenant import lifecycle, seed
from sandbox.tenant.model import Request
from tests.harness.accounts import (
    SETTINGS,
    connect,
    email_of,
    link_of,
    registered,
    sign_in_by,
)
from tests.harness.world import (
    ANN,
    BO,
    GENERAL,
    MIA,
    World,
    eventually,
    labels,
    living,
    said,
)

FILE = "packages:\n  Finance Reports: {decides: entra}\n  Production Database: {decides: entra}\n"
ASK = "/request-access finance-reports because Q4"


@asynccontextmanager
async def deciding(
    database: Path | str, tmp_path: Path, *, text: str = FILE, **more: Any
) -> AsyncIterator[World]:
    """A world in which Entra decides about some packages."""
    file = tmp_path / "latchkey.yml"
    file.write_text(text, "utf-8")
    settings: dict[str, Any] = {"prepare": registered, **SETTINGS, **more}
    async with living(database, LATCHKEY_PACKAGE_SETTINGS=str(file), **settings) as made:
        yield made


@pytest.fixture(params=["v1.0", "beta"])
async def world(request, database, tmp_path):
    async with deciding(database, tmp_path, GRAPH_API_VERSION=request.param) as made:
        yield made


def in_entra(world: World, state: str) -> Request:
    """The one request of somebody's own that is in that state in Entra."""
    found = [
        each
        for each in world.tenant.world.requests.values()
        if each.request_type.startswith("user") and each.state == state
    ]
    assert len(found) == 1, [(each.request_type, each.state) for each in found]
    return found[0]


async def asked(world: World) -> None:
    """Ann has connected her account, and asked; Bo has a card."""
    await connect(world, ANN)
    await world.type(ANN, ASK)
    await world.card(BO)


def nothing_granted_by_the_app(world: World) -> bool:
    return not world.posts("adminAdd") and not world.posts("AdminAdd")


async def test_somebody_asks_and_an_approver_approves_in_their_own_name(world):
    """Entra shows who has asked and who has approved, and no app."""
    await asked(world)
    there = in_entra(world, "pendingApproval")
    assert there.requestor_id == seed.ANN
    assert (await world.states())[-1] == "add pending"
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    assert there.state == "delivered"
    assert [stage.reviewed_by for stage in there.stages] == [seed.BO]
    assert (await world.states())[-1] == "add delivered"
    assert nothing_granted_by_the_app(world)


async def test_the_request_is_kept_until_the_account_is_connected(world):
    """And goes on by itself then; nothing is sent before."""
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    assert not world.posts("userAdd")
    assert (await world.states())[-1] == "add approved"
    await connect(world, ANN)
    await world.card(BO)
    assert in_entra(world, "pendingApproval").requestor_id == seed.ANN


async def test_an_approver_without_an_account_is_told_how(world):
    """Nothing is decided until they have connected, and then the same button does it."""
    await asked(world)
    await world.press(BO, await world.card(BO), "Approve")
    await world.whispered(
        BO, (await world.card(BO)).channel, "Please connect your Microsoft account"
    )
    assert in_entra(world, "pendingApproval")
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")


def decide_in_portal(
    world: World, by: str, *, approve: bool = True, justification: str = "Fine"
) -> None:
    """Decide the stage that waits as somebody does in My Access."""
    there = in_entra(world, "pendingApproval")
    stage = there.current_stage
    assert stage is not None
    lifecycle.decide(
        world.tenant.world,
        there,
        stage.id,
        user_id=by,
        approve=approve,
        justification=justification,
    )


async def test_what_is_approved_in_the_portal_is_shown_in_slack(world):
    """Within a look; the card has no button any more, and the access is there."""
    await asked(world)
    decide_in_portal(world, seed.BO)
    await world.later(timedelta(minutes=1))
    await world.told(ANN, "You now have access")
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")


async def test_what_is_denied_in_the_portal_is_told(world):
    """And that it was there."""
    await asked(world)
    decide_in_portal(world, seed.BO, approve=False)
    await world.later(timedelta(minutes=1))
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")
    assert (await world.states())[-1] == "add denied"
    news = await world.told(ANN, "denied in Microsoft Entra")
    assert news.text == "Your request for *Finance Reports* was denied in Microsoft Entra."
    assert not any(block["type"] in {"rich_text", "context"} for block in news.blocks)
    assert "Denied in Microsoft Entra." in said(world.cards(BO)[-1])
    await world.type(ANN, "/my-access past")
    listed = await world.whispered(ANN, GENERAL, "Your past requests")
    assert "Denied in Microsoft Entra." in listed
    assert "It was denied" not in listed


async def test_somebody_denies_in_slack(world):
    """Entra has their word and their reason."""
    await asked(world)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Deny")
    await world.give_reason(BO, "Not this quarter")
    await world.told(ANN, "Not this quarter")
    there = in_entra(world, "denied")
    assert [(each.reviewed_by, each.justification) for each in there.stages] == [
        (seed.BO, "Not this quarter")
    ]
    assert (await world.states())[-1] == "add denied"


async def test_what_is_canceled_in_the_portal_is_over(world):
    """Whoever comes to the card later finds nothing left to decide."""
    await asked(world)
    lifecycle.cancel(world.tenant.world, in_entra(world, "pendingApproval"))
    await world.later(timedelta(minutes=1))
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")
    assert (await world.states())[-1] == "add canceled"


async def test_what_nobody_decides_expires_in_entra(world):
    """And by Entra's clock, not by ours."""
    policy = next(
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == seed.FINANCE_REPORTS
    )
    policy.approval["stages"][0]["durationBeforeAutomaticDenial"] = "P1D"
    await asked(world)
    await world.later(timedelta(days=1, minutes=2))
    await eventually(lambda: "Approve" not in labels(world.cards(BO)[-1]), about="the card")
    assert (await world.states())[-1] == "add lapsed"


async def test_two_stages_are_decided_by_two_people(world):
    """Each with their own token, in Entra's order."""
    await connect(world, ANN)
    await world.type(ANN, "/request-access production-database because deploy")
    await world.card(MIA)
    await connect(world, MIA)
    await world.press(MIA, await world.card(MIA), "Approve")
    await world.card(BO)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.give_reason(BO, "On call")
    await world.told(ANN, "You now have access")
    assert [each.reviewed_by for each in in_entra(world, "delivered").stages] == [
        seed.MIA,
        seed.BO,
    ]


async def test_a_stage_that_was_approved_in_the_portal_brings_the_next_card(world):
    """Somebody who was asked has connected, so that Entra can be asked for the stages."""
    await connect(world, ANN)
    await world.type(ANN, "/request-access production-database because deploy")
    await world.card(MIA)
    await connect(world, MIA)
    decide_in_portal(world, seed.MIA)
    await world.later(timedelta(minutes=1))
    await world.card(BO)


async def test_whom_entra_does_not_let_decide_reads_so(world, monkeypatch):
    """Latchkey takes somebody for an approver who is none there."""
    await asked(world)
    await connect(world, BO)
    monkeypatch.setattr(lifecycle, "approvers", lambda *args: set())
    card = await world.card(BO)
    await world.press(BO, card, "Approve")
    await world.whispered(BO, card.channel, "Microsoft Entra does not let you decide")
    assert in_entra(world, "pendingApproval")
    assert (await world.states())[-1] == "add pending"


async def test_entra_refuses_the_request(world):
    """Latchkey's own look is the first gate, and Entra's word is final: here the scope changes between the two."""
    await connect(world, ANN)
    world.tenant.faults.set("slow", count=1, seconds=5, only=POST)
    await world.type(ANN, ASK)
    await eventually(lambda: world.tenant.faults.counts["slow"], about="the POST is on its way")
    policy = next(
        each
        for each in world.tenant.world.policies.values()
        if each.package_id == seed.FINANCE_REPORTS
    )
    policy.allowed_target_scope = "specificDirectoryUsers"
    await world.told(ANN, "Microsoft Entra refused it: .*meet policy requirements")
    assert not world.tenant.world.requests
    assert (await world.states())[-1] == "add failed"


async def test_deciding_takes_an_admins_consent(world):
    """Without it the sign-in ends at "Need admin approval", and nothing is decided; with it, it goes on."""
    await asked(world)
    app = world.tenant.login.app
    app.admin_consented.discard("EntitlementManagement.ReadWrite.All")
    page = await sign_in_by(world, await link_of(world, BO), email_of(BO, world))
    assert page.heading == "Need admin approval"
    card = await world.card(BO)
    await world.press(BO, card, "Approve")
    await world.whispered(BO, card.channel, "Please connect your Microsoft account")
    assert in_entra(world, "pendingApproval")
    app.admin_consented.add("EntitlementManagement.ReadWrite.All")
    await connect(world, BO)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")


async def test_whoever_decides_may_connect_to_ask_without_an_admins_consent(world):
    """By the second link; to decide takes the first, once there is a consent."""
    await asked(world)
    app = world.tenant.login.app
    app.admin_consented.discard("EntitlementManagement.ReadWrite.All")
    link = await link_of(world, BO, "Sign in without deciding")
    page = await sign_in_by(world, link, email_of(BO, world))
    assert page.heading == "Your Microsoft account is connected", page.shown
    card = await world.card(BO)
    await world.press(BO, card, "Approve")
    await world.whispered(BO, card.channel, "Please connect your Microsoft account")
    # They ask in their own name as before.
    await world.type(BO, "/request-access production-database because of the deployment")
    await eventually(lambda: _has_asked(world, seed.BO), about="Bo's own request")
    app.admin_consented.add("EntitlementManagement.ReadWrite.All")
    await connect(world, BO)
    await world.press(BO, card, "Approve")
    await world.told(ANN, "You now have access")


def _has_asked(world: World, entra_id: str) -> bool:
    return any(each.requestor_id == entra_id for each in world.tenant.world.requests.values())


async def test_whoever_disconnects_in_between_is_asked_to_connect(world):
    """A token that is over by the time of the POST loses no request."""
    await connect(world, ANN)
    world.tenant.login.sign_ins.revoke(seed.ANN)
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    await connect(world, ANN)
    await world.card(BO)
    assert in_entra(world, "pendingApproval")


async def test_an_extension_is_asked_for_in_their_own_name(world):
    """By userUpdate, which its policy lets them."""
    await asked(world)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(days=25))
    await world.extend(ANN, (await world.type(ANN, "/my-access")).message)
    await eventually(lambda: _extending(world), about="it is asked for in Entra")
    assert not world.posts("adminUpdate")


def _extending(world: World) -> bool:
    return any(
        each.request_type == "userUpdate" and each.state == "pendingApproval"
        for each in world.tenant.world.requests.values()
    )


POST = "^POST .*[aA]ssignmentRequests$"
PATCH = "^PATCH .*accessPackageAssignmentApprovals"
UNCLEAR = ["timeout_after", "error_after", "cut_after"]
REFUSED = ["throttle", "unavailable", "html", "unauthorized"]


@pytest.mark.parametrize("fault", [*UNCLEAR, "truncated", *REFUSED])
async def test_a_request_of_somebodys_own_is_made_once(fault, world):
    """Whatever the answer to the POST was."""
    world.tenant.world.lenient = True
    await connect(world, ANN)
    world.tenant.faults.set(fault, count=1, only=POST)
    await world.type(ANN, ASK)
    await world.card(BO)
    assert world.tenant.faults.counts[fault] == 1
    assert in_entra(world, "pendingApproval").requestor_id == seed.ANN


@pytest.mark.parametrize("fault", [*UNCLEAR, *REFUSED])
async def test_an_approval_counts_once(fault, world):
    """Whatever the answer to the PATCH was; and it is theirs in our log, too."""
    await asked(world)
    await connect(world, BO)
    world.tenant.faults.set(fault, count=1, only=PATCH)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    await world.later(timedelta(minutes=5))
    assert world.tenant.faults.counts[fault] == 1
    assert [stage.reviewed_by for stage in in_entra(world, "delivered").stages] == [seed.BO]
    approvals = [each for each in await world.deeds() if each[1].startswith("approve-")]
    assert [each[:2] for each in approvals] == [(BO, "approve-accepted")]


async def test_what_waits_for_the_account_can_be_canceled(world):
    """Nothing of it has left yet."""
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    shown = (await world.type(ANN, "/my-access")).message
    assert shown is not None
    assert "waiting until you connect your Microsoft account" in said(shown)
    await world.press(ANN, shown, "Cancel")
    await connect(world, ANN)
    await world.later(timedelta(minutes=11))
    assert (await world.states())[-1] == "add canceled"
    assert not world.posts("userAdd")


async def test_a_token_that_comes_to_its_end_on_the_way_loses_nothing(world):
    """Graph refuses it at the POST, and Microsoft renews it no more: the request waits, and is made once."""
    await connect(world, ANN)
    assert await world.bot.accounts.tokens.of(ANN).token()
    world.tenant.login.sign_ins.revoke(seed.ANN)
    world.tenant.faults.set("unauthorized", count=1, only=POST)
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    assert world.tenant.faults.counts["unauthorized"] == 1
    assert not world.tenant.world.requests
    await connect(world, ANN)
    await world.card(BO)
    assert in_entra(world, "pendingApproval").requestor_id == seed.ANN


async def test_a_request_that_is_kept_asks_for_the_account_once(world):
    """However often it is looked at meanwhile."""
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    await world.later(timedelta(hours=1))
    await world.later(timedelta(days=1))
    await world.told(ANN, "Please connect your Microsoft account")
    assert (await world.states())[-1] == "add approved"

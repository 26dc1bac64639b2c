"""Where Entra decides: a sign-in that is not enough, a pause, and requests from My Access that are not what they seem."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.database import flags
from sandbox.tenant import lifecycle, seed, tokens
from sandbox.tenant.errors import conflict
from sandbox.tenant.model import Policy, Request
from sandbox.tenant.requests import NewRequest, accept
from tests.flow.entra.test_entra_decides import ASK, asked, deciding, in_entra
from tests.flow.entra.test_made_in_entra import A_LOOK, ask_there, rows
from tests.harness.accounts import connect
from tests.harness.world import ANN, BO, CY, MIA, World, eventually


@pytest.fixture
async def world(database, tmp_path):
    async with deciding(database, tmp_path) as made:
        yield made


def challenge(monkeypatch: pytest.MonkeyPatch, user_id: str) -> set[str]:
    """Let Graph want more of somebody's sign-in at each call, as conditional access does; until they are taken out."""
    challenged = {user_id}
    read = tokens.Tokens.read

    def reads(self: tokens.Tokens, authorization: str | None) -> tokens.Caller:
        caller = read(self, authorization)
        if caller.user_id in challenged:
            raise tokens._revoked(at=self.seconds())
        return caller

    monkeypatch.setattr(tokens.Tokens, "read", reads)
    return challenged


async def test_a_request_for_which_graph_wants_another_sign_in(world, monkeypatch):
    """Microsoft's login renews the token, and Graph refuses it: whoever asks is told, and it goes on once they have signed in."""
    await connect(world, ANN)
    challenged = challenge(monkeypatch, seed.ANN)
    await world.type(ANN, ASK)
    await world.told(ANN, "Please connect your Microsoft account")
    tried = len(world.posts("userAdd"))
    await asyncio.sleep(1_800)
    assert len(world.posts("userAdd")) == tried
    challenged.clear()
    await connect(world, ANN)
    await world.card(BO)
    assert in_entra(world, "pendingApproval").requestor_id == seed.ANN


async def test_access_is_given_back_although_graph_wants_another_sign_in(world, monkeypatch):
    """To take access away waits for nothing: the app does it."""
    await asked(world)
    await connect(world, BO)
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(ANN, "You now have access")
    challenge(monkeypatch, seed.ANN)
    shown = (await world.type(ANN, "/my-access")).message
    assert shown is not None
    await world.press(ANN, shown, "Return")
    await eventually(lambda: world.posts("adminRemove"), about="the app removes it")


async def test_nothing_is_approved_in_entra_while_granting_is_paused(world):
    """The approval itself would grant it; it is kept, and counts when granting goes on."""
    await asked(world)
    await connect(world, BO)
    await world.bot.store.run(flags.pause, why="An approver's account was taken over.")
    await world.press(BO, await world.card(BO), "Approve")
    await world.told(BO, "Your decision is saved. Granting is paused")
    await asyncio.sleep(600)
    assert in_entra(world, "pendingApproval").stages[0].reviewed_by is None
    await world.bot.store.run(flags.resume)
    await world.told(ANN, "You now have access")
    assert in_entra(world, "delivered").stages[0].reviewed_by == seed.BO


async def test_a_denial_is_taken_to_entra_while_granting_is_paused(world):
    """It grants nothing."""
    await asked(world)
    await connect(world, BO)
    await world.bot.store.run(flags.pause, why="An approver's account was taken over.")
    await world.press(BO, await world.card(BO), "Deny")
    await world.give_reason(BO, "Not now")
    await world.told(ANN, "Not now")
    assert in_entra(world, "denied")


def policy_of(world: World) -> Policy:
    found = world.tenant.world.policies.values()
    return next(each for each in found if each.package_id == seed.FINANCE_REPORTS)


def let_managers_ask(world: World, yes: bool) -> None:
    policy_of(world).settings["requestorSettings"] |= {
        "enableOnBehalfRequestorsToAddAccess": yes,
        "onBehalfRequestors": [
            {"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}
        ],
    }


def ask_for_ann(world: World) -> Request:
    """Mia asks for Ann in My Access, as a policy lets managers, and does not any more a moment later."""
    let_managers_ask(world, True)
    new = NewRequest(
        request_type="userAdd",
        package_id=seed.FINANCE_REPORTS,
        target_id=seed.ANN,
        justification="For Ann",
    )
    tenant = world.tenant.world
    made = accept(tenant, new, user=tenant.users[seed.MIA])
    let_managers_ask(world, False)
    return made


async def test_a_policy_that_was_changed_since_says_not_for_whom_it_was_asked(world):
    """When it was asked, managers may have asked for others: whose it is, is not guessed."""
    ask_for_ann(world)
    policy_of(world).modified_at = world.tenant.world.now() + timedelta(seconds=1)
    await world.later(A_LOOK)
    await asyncio.sleep(100)
    assert await rows(world) == []


async def test_what_was_asked_for_another_there_is_not_taken_away(world):
    """Even where Latchkey took it for the request of whoever asked."""
    there = ask_for_ann(world)
    await world.later(A_LOOK)
    await world.card(BO)
    stage = there.current_stage
    assert stage is not None
    lifecycle.decide(
        world.tenant.world, there, stage.id, user_id=seed.BO, approve=True, justification="Fine"
    )
    await world.told(MIA, "it was asked for somebody else, who has the access now")
    await asyncio.sleep(600)
    assert await world.states() == ["add failed"]
    assert not world.posts()
    assert any(
        each.target_id == seed.ANN and each.package_id == seed.FINANCE_REPORTS
        for each in world.tenant.world.assignments.values()
    )


async def test_what_was_asked_long_before_it_is_seen_is_decided_by_the_next_in_time(world):
    """Entra counts from when it was asked until it asks the escalation's approvers, and so does Latchkey."""
    stage: dict[str, Any] = policy_of(world).approval["stages"][0]
    stage |= {
        "isEscalationEnabled": True,
        "durationBeforeEscalation": "P1D",
        "escalationApprovers": [{"@odata.type": "#microsoft.graph.singleUser", "userId": seed.CY}],
    }
    job, is_off = world.bot.jobs.made_in_entra, [True]
    assert job is not None
    look = job.look

    async def looks() -> None:
        if not is_off:
            await look()

    job.look = looks
    ask_there(world, seed.ANN)
    await world.later(timedelta(days=1, hours=1))
    is_off.clear()
    await world.later(A_LOOK)
    await world.card(BO)
    await world.card(CY)


async def test_whoever_has_asked_there_before_is_told_so(database, tmp_path):
    """Beta does not show an app for whom that is; the person's own token does, and nothing is tried for ever."""
    async with deciding(database, tmp_path, GRAPH_API_VERSION="beta") as world:
        ask_there(world, seed.ANN)
        await world.later(A_LOOK)
        assert await rows(world) == []
        await world.type(ANN, ASK)
        await world.told(ANN, "Please connect your Microsoft account")
        await connect(world, ANN)
        await world.told(ANN, "already has an open request for this access")
        assert len(world.posts("UserAdd")) == 2
        # By now Entra says that it is hers, and it is shown.
        await asyncio.sleep(900)
        await world.card(BO)
        assert [state for state, _ in await rows(world)] in (
            ["refused", "pending"],
            ["pending", "refused"],
        )


async def test_a_decision_that_entra_does_not_take_and_does_not_say_why(world, monkeypatch):
    """A conflict, while the stage is shown as open: whoever decides is told in the end, and it is not tried for ever."""

    def decide(*args: Any, **named: Any) -> None:
        raise conflict("The stage is already decided.")

    await asked(world)
    await connect(world, BO)
    monkeypatch.setattr(lifecycle, "decide", decide)
    card = await world.card(BO)
    await world.press(BO, card, "Approve")
    await world.whispered(BO, card.channel, "Microsoft Entra refused it: .*already decided")
    tried = sum(each.method == "PATCH" for each in world.tenant.calls)
    await asyncio.sleep(1_800)
    assert sum(each.method == "PATCH" for each in world.tenant.calls) == tried
    assert (await world.states())[-1] == "add pending"

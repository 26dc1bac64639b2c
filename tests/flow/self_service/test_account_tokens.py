"""Access tokens of connected accounts: whoever asks and approves has two kinds, and neither takes the place of the other."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.accounts.connecting import APPROVER_SCOPES, SCOPES
from graph.sign_in.tokens import MARGIN
from sandbox.tenant import seed
from sandbox.tenant.tokens import LIFETIME_SECONDS
from tests.flow.entra.test_entra_decides import ASK, asked, deciding
from tests.flow.entra.test_entra_edges import policy_of
from tests.harness.accounts import connect
from tests.harness.world import ANN, BO, World, eventually

ROUNDS = 5


def renewals(world: World) -> list[str]:
    """What the stand-in login is asked for by refresh tokens from now on, a line for each."""
    sign_ins, scopes = world.tenant.login.sign_ins, list[str]()
    redeem = sign_ins.redeem

    def listening(form: Mapping[str, str], **more: Any) -> dict[str, Any]:
        if form.get("grant_type") == "refresh_token":
            scopes.append(form.get("scope", ""))
        return redeem(form, **more)

    sign_ins.redeem = listening  # type: ignore[method-assign]
    return scopes


@pytest.fixture
async def world(database, tmp_path):
    """Entra decides, and Bo is connected with both kinds of rights, because something waits for him."""
    async with deciding(database, tmp_path) as made:
        await asked(made)
        await connect(made, BO)
        yield made


async def test_two_kinds_of_tokens_are_kept_beside_each_other(world):
    """However often they take turns, the login is asked for each once."""
    seen = renewals(world)
    tokens = world.bot.accounts.tokens
    kinds = [tokens.of(BO, scopes=each) for each in (SCOPES, APPROVER_SCOPES)]
    got = [[await each.token() for each in kinds] for _ in range(ROUNDS)]
    assert len(seen) == 2
    assert all(each == got[0] for each in got)
    assert got[0][0] != got[0][1]


async def test_a_token_for_both_serves_for_each(world):
    """One that has more rights than are asked for is good enough."""
    seen = renewals(world)
    tokens = world.bot.accounts.tokens
    both = await tokens.of(BO, scopes=(*SCOPES, *APPROVER_SCOPES)).token()
    assert await tokens.of(BO).token() == both
    assert await tokens.of(BO, scopes=APPROVER_SCOPES).token() == both
    assert len(seen) == 1


async def test_one_that_graph_refuses_is_renewed_and_not_the_other(world):
    """Graph has said nothing of it."""
    tokens = world.bot.accounts.tokens
    asking, approving = tokens.of(BO), tokens.of(BO, scopes=APPROVER_SCOPES)
    before = [await asking.token(), await approving.token()]
    seen = renewals(world)
    assert await asking.refresh() != before[0]
    assert await approving.token() == before[1]
    assert len(seen) == 1


async def test_each_is_renewed_when_its_time_is_over(world):
    """Shortly before it would be refused."""
    tokens = world.bot.accounts.tokens
    kinds = [tokens.of(BO, scopes=each) for each in (SCOPES, APPROVER_SCOPES)]
    first = [await each.token() for each in kinds]
    seen = renewals(world)
    await asyncio.sleep(LIFETIME_SECONDS - MARGIN.total_seconds() - 10)
    assert [await each.token() for each in kinds] == first
    await asyncio.sleep(20)
    assert not set(first) & {await each.token() for each in kinds}
    assert len(seen) == 2


async def test_whoever_connects_anew_has_none_of_before(world):
    """Both kinds come of the new sign-in."""
    tokens = world.bot.accounts.tokens
    kinds = [tokens.of(BO, scopes=each) for each in (SCOPES, APPROVER_SCOPES)]
    first = [await each.token() for each in kinds]
    await world.later(timedelta(minutes=1))
    await connect(world, BO)
    assert not set(first) & {await each.token() for each in kinds}


async def test_whoever_asks_and_decides_in_turn_asks_the_login_twice(world):
    """Bo denies what Ann asks for, asks for the same himself, and cancels it, again and again within the hour."""
    policy = policy_of(world)
    policy.allowed_target_scope, policy.specific_allowed_targets = "allMemberUsers", []
    await world.synced()
    seen = renewals(world)
    for times in range(1, ROUNDS + 1):
        await world.press(BO, await world.card(BO, "Ann Abara asks"), "Deny")
        await world.give_reason(BO, "Not yet")
        await world.told(ANN, "was denied by", times=times)
        await world.type(BO, ASK)
        await eventually(partial(_waiting, world, seed.BO), about="Bo's own")
        shown = (await world.type(BO, "/my-access")).message
        assert shown is not None
        await world.press(BO, shown, "Cancel")
        await world.told(BO, "is canceled in Microsoft Entra", times=times)
        await world.type(ANN, ASK)
        await eventually(partial(_waiting, world, seed.ANN), about="Ann's next")
    approving = [each for each in seen if APPROVER_SCOPES[0] in each]
    assert [len(approving), len(seen) - len(approving)] == [1, 1], seen


def _waiting(world: World, user: str) -> bool:
    return any(
        each.target_id == user and each.state == "pendingApproval"
        for each in world.tenant.world.requests.values()
    )
